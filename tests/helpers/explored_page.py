"""A page taken apart as a browser does it, and what follows from its arrays worked out alike."""

import base64
import io
import json
import zlib
from functools import cached_property
from html.parser import HTMLParser
from typing import Any

import numpy as np
from PIL import Image

VOID = {"meta", "img", "input", "br", "link"}


def unpack(text: str, described: dict[str, Any]) -> np.ndarray:
    """Return the array that was packed, as the page does."""
    dtype = np.dtype(described["dtype"]).newbyteorder("<")
    planes = np.frombuffer(zlib.decompress(base64.b64decode(text)), np.uint8)
    items = np.ascontiguousarray(planes.reshape(dtype.itemsize, -1).T)
    return items.view(dtype).reshape(described["shape"])


class Page(HTMLParser):
    """A page: what it is told, its arrays, and the addresses that it would fetch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.scripts: dict[str, str] = {}
        self.modules: list[str] = []
        self.addresses: list[str] = []
        self.tags: list[str] = []
        self.open: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        of = dict(attributes)
        self.addresses += [of[name] for name in ("src", "href") if name in of]
        if tag not in VOID:
            self.open.append((tag, of))

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        if self.open and self.open[-1][0] == "script":
            of = self.open[-1][1]
            if of.get("type") == "module":
                self.modules.append(data)
            else:
                self.scripts[of["id"]] = self.scripts.get(of["id"], "") + data

    @cached_property
    def net(self) -> dict[str, Any]:
        return json.loads(self.scripts["net"])

    @cached_property
    def stages(self) -> dict[str, dict[str, Any]]:
        return {stage["name"]: stage for stage in self.net["stages"]}

    def blob(self, name: str) -> np.ndarray:
        return unpack(self.scripts[f"blob-{name}"], self.net["blobs"][name])

    def picture(self, number: int) -> np.ndarray:
        kind, _, content = self.net["images"][number]["picture"].partition(",")
        assert kind == "data:image/png;base64"
        return np.array(Image.open(io.BytesIO(base64.b64decode(content))))

    def values(self, number: int, name: str) -> np.ndarray:
        """Return the kept maps of a stage, float32, by the rules of what follows from what."""
        stage = self.stages[name]
        if stage.get("residual"):
            summed = self.stamped(number, stage).astype(np.float32)
            return (summed.view(np.int32) + self.blob(f"{number}/{name}")).view(np.float32)
        if not stage["derived"]:
            return self.blob(f"{number}/{name}")
        if stage["kind"] == "input":
            return self.data(number)
        below = [self.values(number, one) for one in stage["inputs"]]
        size = stage["sizes"][number]
        if stage["kind"] == "maxpool":
            return pooled(below[0], stage, size)
        if stage["kind"] == "crop":
            (top, left), (height, width) = stage["offset"], size
            return below[0][:, top : top + height, left : left + width]
        assert stage["kind"] == "concat"
        return np.concatenate(below)

    def data(self, number: int) -> np.ndarray:
        how, channels = self.net["preprocess"], self.picture(number).transpose(2, 0, 1)
        ordered = channels[::-1] if how["order"] == "BGR" else channels
        mean = np.array(how["mean"], np.float32)[:, None, None]
        scale = np.array(how["scale"], np.float32).reshape(-1, 1, 1)
        return (ordered.astype(np.float32) - mean) * scale

    def stamped(self, number: int, stage: dict[str, Any]) -> np.ndarray:
        """Return the sum of the stamps at each pixel, one after the other, in double precision."""
        x = self.values(number, stage["inputs"][0]).astype(np.float64)
        kernel = self.blob(f"weight/{stage['name']}").astype(np.float64)
        (sh, sw), (ph, pw), (kh, kw) = stage["step"], stage["pad"], stage["kernel"]
        height, width = stage["sizes"][number]
        whole = np.zeros((len(x), sh * x.shape[1] + kh, sw * x.shape[2] + kw))
        for i, j in np.ndindex(*x.shape[1:]):
            whole[:, sh * i : sh * i + kh, sw * j : sw * j + kw] += kernel * x[:, i, j, None, None]
        return whole[:, ph : ph + height, pw : pw + width]


def pooled(x: np.ndarray, stage: dict[str, Any], size: list[int]) -> np.ndarray:
    """Return the maxima of windows, cut at the borders."""
    (kh, kw), (sh, sw), (ph, pw) = stage["kernel"], stage["step"], stage["pad"]
    y = np.empty((len(x), *size), x.dtype)
    for i, j in np.ndindex(*size):
        top, left = max(0, i * sh - ph), max(0, j * sw - pw)
        window = x[:, top : i * sh - ph + kh, left : j * sw - pw + kw]
        y[:, i, j] = window.max(axis=(1, 2))
    return y
