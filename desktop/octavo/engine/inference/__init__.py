"""The Numba backend: a model loaded, prompted and sampled."""
