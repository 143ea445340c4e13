"""Qt item models: data as tables and lists."""
