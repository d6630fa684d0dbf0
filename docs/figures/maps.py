"""Where the pixels of a blob lie in the image, by the library's coordinate maps."""

from __future__ import annotations

from minifcn.layers.geometry import IDENTITY, CoordMap, coordinate_map
from minifcn.net import Net

Maps = dict[str, tuple[CoordMap, CoordMap]]  # from pixels of the blob to those of the image


def places_in_image(net: Net) -> Maps:
    """Return, for each blob with positions, where its pixels are centred in the image.

    Per axis, pixel i of the blob is centred on pixel scale * i + offset of the image.
    """
    to_blob = {"data": IDENTITY}
    for node in net.nodes:
        footprint = node.layer.footprint()
        if footprint is not None and node.bottoms[0] in to_blob:
            before = to_blob[node.bottoms[0]]
            step = coordinate_map(footprint)
            to_blob[node.name] = step[0].after(before[0]), step[1].after(before[1])
    return {name: (rows.inverse(), columns.inverse()) for name, (rows, columns) in to_blob.items()}
