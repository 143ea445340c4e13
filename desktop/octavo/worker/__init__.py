"""The engine in a child process, and its client."""
