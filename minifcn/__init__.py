"""minifcn: fully convolutional networks for semantic segmentation, from scratch on NumPy."""

__version__ = "0.1.0"
