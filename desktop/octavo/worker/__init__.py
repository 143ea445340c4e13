"""The engine in a child process and the messages between it and the front-ends."""
