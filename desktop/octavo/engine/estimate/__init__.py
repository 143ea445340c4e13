"""Bytes and seconds needed; what fits."""
