"""Compiled operations on packed weights: matrix-vector, matrix-matrix, attention, threads."""
