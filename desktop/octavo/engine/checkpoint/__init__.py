"""The door: model files opened, checked, read lazily, written atomically."""
