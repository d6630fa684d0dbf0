"""The embedded data set: textured shapes, drawn when they are asked for."""

from minifcn.data.shapes.dataset import ShapesClassification as ShapesClassification
from minifcn.data.shapes.dataset import ShapesDataset as ShapesDataset
