"""Compiled encoders; in their searches each SIMD lane is a group of its own, which keeps ggml's order of operations."""
