"""A net: a graph of named layers, run forwards and backwards, with crops derived from geometry."""

from minifcn.net.graph import Graph as Graph
from minifcn.net.graph import Node as Node
from minifcn.net.graph import derive_crop as derive_crop
from minifcn.net.net import Net as Net
from minifcn.net.net import Tape as Tape
