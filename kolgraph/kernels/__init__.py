"""Algorithms on flat arrays, compiled by numba: numbers in, numbers out, nothing of ours known here.

Conventions every kernel follows: row pointers are int64, row numbers int32, vectors float64; a CSR is ``(ptr, idx)``
with optional weights aligned to ``idx``; the same input gives the same bytes on any number of threads.
"""
