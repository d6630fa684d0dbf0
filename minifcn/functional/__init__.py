"""The arithmetic, as pure functions on arrays: read `naive.py` first, then `im2col.py`.

Every operation is a pair: `y, cache = f_forward(x, ...)` and `dx = f_backward(dy, cache)`. The
functions take the array module from their inputs, so one source serves NumPy and CuPy.
"""
