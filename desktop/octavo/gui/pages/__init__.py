"""Pages join widgets to the engine."""
