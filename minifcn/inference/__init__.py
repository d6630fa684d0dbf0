"""A trained model applied: label maps of images, the paper's figures, pictures."""

from minifcn.inference.apply import evaluate as evaluate
from minifcn.inference.apply import segment as segment
from minifcn.inference.apply import segment_all as segment_all
from minifcn.inference.model import Model as Model
from minifcn.inference.model import load_model as load_model
from minifcn.inference.model import save_model as save_model
