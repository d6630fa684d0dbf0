"""Figures of the paper's authors' own code, each with its source: solvers and mean colours."""
