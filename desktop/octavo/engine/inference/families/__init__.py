"""One file per model family: its hyper-parameters turned into a list of operations."""
