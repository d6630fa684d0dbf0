"""File formats that data and weights both come in, read warily: the files may be anybody's.

What a reader is given as `data` is the whole file, a memory map of it as `mapped.py` makes it.
"""
