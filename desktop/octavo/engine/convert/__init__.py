"""Checkpoint in, checkpoint out: streamed, checked, atomic."""
