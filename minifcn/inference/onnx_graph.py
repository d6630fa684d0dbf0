"""A net and what surrounds it as a model of ONNX, from a photograph to a label map.

Inputs are what a program has at hand, outputs what it wants:

    image       (N, H, W, 3), uint8, RGB; for a net that sees only HHA, that as an image
    depth       (N, H, W), float32, metres: of a net that sees colour and depth
    hha_image   (N, H, W, 3), uint8: of a net that sees colour and HHA
    score       (N, C, H, W), float32; of further heads `score_NAME`
    label       (N, H, W), int64, the class of the highest score; `label_NAME`

The preprocessing is in the graph. An engine computes only the outputs that it is asked for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from minifcn.data.inputs import LOG_DEPTH_MEAN, hha_preprocess
from minifcn.data.transforms import Preprocess
from minifcn.inference.model import Model
from minifcn.inference.onnx_layers import Operator, constant, initializers, operators
from minifcn.net.heads import net_heads
from minifcn.system.extras import optional
from minifcn.weights.importing.conventions.ours import ATTRIBUTES

OPSET, IR_VERSION = 18, 8  # of December 2022: older engines are rare, newer ones read them
FLOAT = 1  # TensorProto.DataType of float32
Size = tuple[int, int]


class Input(NamedTuple):
    """An input of the model: what it is called, its type, and its channels, which come last."""

    name: str
    dtype: str
    channels: int  # 0 for a map without such an axis


INPUTS = {
    "rgb": (Input("image", "UINT8", 3),),
    "hha": (Input("image", "UINT8", 3),),
    "rgbd": (Input("image", "UINT8", 3), Input("depth", "FLOAT", 0)),
    "rgb-hha": (Input("image", "UINT8", 3), Input("hha_image", "UINT8", 3)),
}


def onnx_model(model: Model, attributes: Mapping[str, Any], size: Size | None = None) -> Any:
    """Return a segmenter as an `onnx.ModelProto`.

    Parameters
    ----------
    model : Model
    attributes : mapping of str to JSON values
        As in the weight file; they go into the metadata.
    size : (int, int), optional
        Height and width of all images; free, if not given.

    Raises
    ------
    ExtraError
        If the `onnx` library is not installed.
    WeightsError
        If a layer has no form in ONNX.
    """
    onnx = optional("onnx", "onnx")
    net, helper = model.net, onnx.helper
    scores = [head.score for head in net_heads(net)]
    shapes = net.shapes(**_net_shapes(model, size)) if size else {}
    owners = {id(layer): name for name, layer in net.owners().items()}
    written, arrays = list(_preprocessing(model)), {}
    for node in net.needed(scores):
        params = initializers(owners.get(id(node.layer), node.name), node.layer)
        arrays.update(params)
        _, _, height, width = shapes.get(node.name, (0, 0, 0, 0))
        fixed = (height, width) if size else None
        written += operators(node.name, node.layer, node.bottoms, list(params), fixed)
    for score in scores:
        written.append(("ArgMax", [score], label_of(score), {"axis": 1, "keepdims": 0}))
    graph = helper.make_graph(
        [_node(onnx, operator) for operator in written],
        f"{model.spec.arch}_{model.spec.backbone}",
        *_interface(onnx, model, scores, size),
        [onnx.numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    made = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="minifcn",
    )
    helper.set_model_props(made, {ATTRIBUTES: json.dumps(dict(attributes))})
    return made


def label_of(score: str) -> str:
    """Return what the label map of a head is called: "label_geo" beside "score_geo"."""
    return score.replace("score", "label", 1)


def _net_shapes(model: Model, size: Size) -> dict[str, tuple[int, int, int, int]]:
    """Return the shapes of what the net is given for an image of this size."""
    channels = {"data": 4 if model.spec.modality == "rgbd" else 3, "hha": 3}
    return {name: (1, channels[name], *size) for name in channels if name in model.net.inputs}


def _interface(onnx: Any, model: Model, scores: list[str], size: Size | None) -> tuple[Any, Any]:
    """Return the descriptions of the inputs and of the outputs."""
    types, describe = onnx.TensorProto, onnx.helper.make_tensor_value_info
    area = size or ("height", "width")
    inputs = [
        describe(name, getattr(types, dtype), ["batch", *area, *([channels] if channels else [])])
        for name, dtype, channels in INPUTS[model.spec.modality]
    ]
    outputs = []
    counts = [model.spec.num_classes, *map(len, model.extra_classes.values())]
    for score, classes in zip(scores, counts, strict=True):
        outputs.append(describe(score, types.FLOAT, ["batch", classes, *area]))
        outputs.append(describe(label_of(score), types.INT64, ["batch", *area]))
    return inputs, outputs


def _preprocessing(model: Model) -> Iterator[Operator]:
    """Yield the operators from the model's inputs to the net's, as `data.inputs.net_inputs`."""
    preprocess, modality = model.preprocess, model.spec.modality
    colour = "colour" if modality == "rgbd" else "data"
    yield from _channels("image", colour, preprocess)
    if modality == "rgb-hha":
        yield from _channels("hha_image", "hha", hha_preprocess(preprocess))
    if modality == "rgbd":
        yield from _log_depth("depth", "log_depth")
        yield "Concat", [colour, "log_depth"], "data", {"axis": 1}


def _channels(image: str, data: str, preprocess: Preprocess) -> Iterator[Operator]:
    """Yield the operators of a `Preprocess`: (channels - mean) * scale."""
    yield "Cast", [image], f"{image}:float", {"to": FLOAT}
    yield "Transpose", [f"{image}:float"], f"{image}:rgb", {"perm": (0, 3, 1, 2)}
    channels = f"{image}:rgb"
    if preprocess.order == "BGR":
        yield constant(f"{image}:order", (2, 1, 0), np.int64)
        yield "Gather", [channels, f"{image}:order"], f"{image}:bgr", {"axis": 1}
        channels = f"{image}:bgr"
    scale = np.broadcast_to(np.array(preprocess.scale, np.float32), 3)
    yield constant(f"{image}:mean", np.reshape(preprocess.mean, (3, 1, 1)), np.float32)
    yield constant(f"{image}:scale", scale.reshape(3, 1, 1), np.float32)
    yield "Sub", [channels, f"{image}:mean"], f"{image}:centred", {}
    yield "Mul", [f"{image}:centred", f"{image}:scale"], data, {}


def _log_depth(depth: str, data: str) -> Iterator[Operator]:
    """Yield the operators of `data.inputs.log_depth`: 0 where depth is not known."""
    for name, value in (("zero", 0), ("metre", 1), ("mean", LOG_DEPTH_MEAN - np.log(1000))):
        yield constant(f"{depth}:{name}", value, np.float32)
    yield constant(f"{depth}:axis", (1,), np.int64)
    yield "Greater", [depth, f"{depth}:zero"], f"{depth}:positive", {}  # not so: not a number
    yield "IsInf", [depth], f"{depth}:infinite", {}
    yield "Not", [f"{depth}:infinite"], f"{depth}:finite", {}
    yield "And", [f"{depth}:positive", f"{depth}:finite"], f"{depth}:known", {}
    yield "Where", [f"{depth}:known", depth, f"{depth}:metre"], f"{depth}:safe", {}
    yield "Log", [f"{depth}:safe"], f"{depth}:log", {}
    yield "Sub", [f"{depth}:log", f"{depth}:mean"], f"{depth}:centred", {}
    yield "Where", [f"{depth}:known", f"{depth}:centred", f"{depth}:zero"], f"{depth}:map", {}
    yield "Unsqueeze", [f"{depth}:map", f"{depth}:axis"], data, {}


def _node(onnx: Any, operator: Operator) -> Any:
    """Return an operator as a NodeProto."""
    kind, inputs, output, attributes = operator
    if kind == "Constant":
        attributes = {"value": onnx.numpy_helper.from_array(attributes["value"])}
    return onnx.helper.make_node(kind, inputs, [output], output, **attributes)
