"""Training: the solver, the optimiser and the recipes; then settings, runs and the rate search."""
