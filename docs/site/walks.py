"""The page in which the shipped net can be walked through, and where the pages of the site lead in.

It exists in the site alone: `prepare.py` has it written, and puts a link below the titles.
"""

from __future__ import annotations

import re
from pathlib import Path

from minifcn.exploring.contents import Textbook, contents
from minifcn.exploring.opened import open_net
from minifcn.exploring.page import page, write_page
from minifcn.exploring.subjects import find_subject
from minifcn.system.resources import SEGMENTER, shipped_weights

PHOTOGRAPH = Path(__file__).resolve().parents[1] / "images" / "cat.jpg"
SIDE = 160  # pixels
NAME = "explore.html"
# What each page of the site is best seen at: a layer, and a place in its map.
PLACES = {
    "first-look.md": "score/50,80",
    "walk.md": "",
    "layers/README.md": "",
    "layers/relu.md": "conv2/3x3/13,20",
    "layers/dropout.md": "pool5/drop_7x7_s1",
    "layers/linear.md": "score_fr/1,2",
    "layers/sum-and-crop.md": "fuse_inception_3b/6,10",
    "layers/pooling.md": "pool1/3x3_s2/13,20",
    "layers/conv.md": "conv2/3x3/13,20",
    "layers/deconv.md": "upscore2/3,5",
    "layers/bilinear.md": "upscore8/60,80",
    "layers/lrn.md": "pool1/norm1/13,20",
    "layers/softmax-loss.md": "score/50,80",
    "ideas/02-receptive-fields.md": "score/50,80",
    "ideas/03-upsampling.md": "upscore8/60,80",
    "ideas/04-skips.md": "score/50,80",
    "ideas/05-crops-and-padding.md": "upscore2c",
}
_TITLE = re.compile(r"\A# .*\n")


def write_walk(folder: Path) -> None:
    """Write the page of the shipped net and the photograph of a cat."""
    opened = open_net(shipped_weights(SEGMENTER))
    subject = find_subject(PHOTOGRAPH, opened.model.class_names, SIDE)
    told, blobs = contents(opened, [subject], SEGMENTER, Textbook("", ".html"))
    write_page(folder / NAME, page(told, blobs))


def with_walk(text: str, name: str) -> str:
    """Return a page of docs/ with the link into the walk below its title, if it has one.

    Parameters
    ----------
    text : str
        Of the page.
    name : str
        Its path in docs/.
    """
    if name not in PLACES:
        return text
    up, place = "../" * name.count("/"), PLACES[name]
    link = f"[Walk through it]({up}{NAME}{'#' if place else ''}{place})"
    said = (
        f"*{link} in the net that comes along, with what it computed for the photograph of a cat.*"
    )
    return _TITLE.sub(lambda title: f"{title[0]}\n{said}\n", text, count=1)
