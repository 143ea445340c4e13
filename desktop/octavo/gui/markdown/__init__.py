"""Markdown of answers: cleaned, parsed block by block while it streams, never trusted."""
