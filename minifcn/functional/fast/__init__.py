"""How the arithmetic gets fast on a CPU. A reader may leave this folder out.

Every file computes what a plain one beside this folder defines, and is tested against it:
`strips.py` and `whole_columns.py` convolve by im2col a part at a time or at once, `pointwise.py`
by one product, `winograd.py` with fewer multiplications. `product.py` multiplies matrices in the
precision that is set, `recycle.py` and `scratch.py` keep memory.
"""
