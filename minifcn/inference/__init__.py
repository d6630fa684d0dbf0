"""A trained model applied: label maps of images, the paper's figures, pictures."""

from minifcn.inference.apply import evaluate, segment, segment_all
from minifcn.inference.model import Model, load_model, save_model

__all__ = ["Model", "evaluate", "load_model", "save_model", "segment", "segment_all"]
