"""NYUDv2, as its authors publish it and as the paper's authors laid it out."""

from minifcn.data.nyud.dataset import NYUDDataset as NYUDDataset
