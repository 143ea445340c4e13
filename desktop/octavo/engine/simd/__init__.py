"""What Numba needs to make fast code: the tier of this processor, vector types, one decorator."""
