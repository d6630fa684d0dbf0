"""How the arithmetic gets fast on a CPU. A reader may leave this folder out.

Every file computes what a plain one beside this folder defines, and is tested against it. Read
`paths.py` first: the ways to compute a convolution, and which is chosen. `strips.py` goes by im2col
a part at a time, by the `columns.py` of some rows; `whole_columns.py` at once; `lines.py` with
columns that are a view; `pointwise.py` by one product; `phases.py` is for deconvolutions;
`winograd.py` and its parts take fewer multiplications. `product.py` multiplies matrices in the
precision that is set, `recycle.py` and `scratch.py` keep memory.
"""
