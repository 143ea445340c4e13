"""Octavo: open a language model, see what it needs here, make a smaller copy, and chat with it."""

__version__ = "0.1.0"
