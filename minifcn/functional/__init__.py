"""The arithmetic, as pure functions on arrays: read `naive/` first, then `im2col.py`.

Every operation is a pair: `y, cache = f_forward(x, ...)` and `dx = f_backward(dy, cache)`. The
functions take the array module from their inputs, so one source serves NumPy and CuPy.

They are the rungs of a ladder, each held to the one below it by the same examples: `naive/` says
the operation in plain loops, both ways, and derives its gradient; `im2col.py` says convolution as a
matrix product; `fast/` computes the same numbers sooner, and `cuda/` on a GPU.
"""
