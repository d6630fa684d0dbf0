"""What is told of runs: their folders read, and the pages and events that are made of them.

And training in one call, which tells all of it.
"""
