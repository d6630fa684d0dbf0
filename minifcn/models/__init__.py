"""The nets: classifiers, and the fully convolutional networks made of them."""

from minifcn.models.build import ModelSpec, build, initialise

__all__ = ["ModelSpec", "build", "initialise"]
