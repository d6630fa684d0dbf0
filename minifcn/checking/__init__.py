"""What `python -m minifcn.gradcheck` does with the differences of `minifcn/net/gradcheck.py`.

It checks every way there is to compute an operation, whole nets, and what a learner has written.
"""
