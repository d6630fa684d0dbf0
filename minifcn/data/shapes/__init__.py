"""The embedded data set: textured shapes, drawn when they are asked for."""

from minifcn.data.shapes.dataset import ShapesClassification, ShapesDataset

__all__ = ["ShapesClassification", "ShapesDataset"]
