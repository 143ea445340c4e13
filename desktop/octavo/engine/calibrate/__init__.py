"""What a model does with text, and what that says about its weights."""
