"""A net: a graph of named layers, run forwards and backwards, with crops derived from geometry."""

from minifcn.net.graph import Graph, Node, derive_crop
from minifcn.net.net import Net, Tape

__all__ = ["Graph", "Net", "Node", "Tape", "derive_crop"]
