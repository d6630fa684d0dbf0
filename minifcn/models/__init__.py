"""The nets: classifiers, and the fully convolutional networks made of them."""

from minifcn.models.build import ModelSpec as ModelSpec
from minifcn.models.build import build as build
from minifcn.models.build import initialise as initialise
