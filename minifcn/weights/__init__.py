"""Weights on disk: the HDF5 store, checkpoints, and carrying weights from one net into another."""
