"""A narrow VGG16 in the names and layouts of each framework, by the formats' definitions."""

import numpy as np

from minifcn.models.build import ModelSpec, build
from minifcn.weights.importing.formats.source import Source

WIDTH = 1 / 32
CLASSIFIER = ModelSpec("classifier", "vgg16", 10, WIDTH)
TORCHVISION = dict(
    zip(
        [
            f"conv{block}_{n}"
            for block, count in enumerate((2, 2, 3, 3, 3), 1)
            for n in range(1, count + 1)
        ],
        [f"features.{n}" for n in (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)],
        strict=True,
    )
) | {"fc6": "classifier.0", "fc7": "classifier.3", "fc8": "classifier.6"}
KERAS = {"fc6": "fc1", "fc7": "fc2", "fc8": "predictions"}


def random_params(spec: ModelSpec = CLASSIFIER, seed: int = 0) -> dict[str, np.ndarray]:
    """Return random parameters of a net, those of fully connected layers as matrices."""
    rng = np.random.default_rng(seed)
    return {
        address: rng.standard_normal(array.shape).astype(np.float32)
        for address, array in build(spec).params.items()
    }


def split(address: str) -> tuple[str, bool]:
    """Return the layer of an address, and whether it is the weight."""
    layer, _, part = address.rpartition("/")
    return layer, part == "weight"


def channels_last(weight: np.ndarray, layer: str) -> np.ndarray:
    """Return a weight as TensorFlow has it; fc6 reads a map of 7 x 7 row by row."""
    if weight.ndim == 4:
        return np.moveaxis(weight, (0, 1), (3, 2))
    if layer != "fc6":
        return weight.T
    outputs, inputs = weight.shape
    maps = weight.reshape(outputs, inputs // 49, 7, 7)  # channel, row, column
    rows = [maps[:, :, row, column] for row in range(7) for column in range(7)]
    return np.concatenate([row.T for row in rows])


def torch_source(params: dict[str, np.ndarray]) -> Source:
    """Return a state dict with torchvision's names."""
    arrays = {
        f"{TORCHVISION[split(a)[0]]}.{'weight' if split(a)[1] else 'bias'}": p
        for a, p in params.items()
    }
    return Source("PyTorch", "torch", arrays, {"state_dict_key": "", "not_used": []})


def keras_source(params: dict[str, np.ndarray], *, theano: bool) -> Source:
    """Return keras.applications' VGG16, in TensorFlow's or in Theano's layout."""
    arrays, layers = {}, {}
    for address, param in params.items():
        layer, is_weight = split(address)
        name = KERAS.get(layer) or f"block{layer[4]}_conv{layer[6]}"
        key = f"{name}/{'kernel' if is_weight else 'bias'}"
        if is_weight and theano:
            param = param[:, :, ::-1, ::-1] if param.ndim == 4 else param.T
        elif is_weight:
            param = channels_last(param, layer)
        arrays[key] = param
        layers.setdefault(name, []).append(key)
    return Source("Keras HDF5", "keras", arrays, {"layers": layers})


def numpy_source(params: dict[str, np.ndarray], style: str) -> Source:
    """Return one of the NumPy files: chainer, dezero, tensorflow or frossard."""
    arrays = {}
    for address, param in params.items():
        layer, is_weight = split(address)
        if is_weight and style in ("tensorflow", "frossard"):
            if style == "frossard" and layer == "conv1_1":
                param = param[:, ::-1]
            param = channels_last(param, layer)
        if is_weight and style == "dezero" and param.ndim == 2:
            param = param.T
        key = {"tensorflow": f"{layer}/{0 if is_weight else 1}"}.get(
            style, f"{layer}{'_' if style == 'frossard' else '/'}{'W' if is_weight else 'b'}"
        )
        arrays[key] = param
    return Source("NumPy", "numpy", arrays, {"skipped": {}} if style != "tensorflow" else {})


def matconvnet_source(params: dict[str, np.ndarray], *, dagnn: bool) -> Source:
    """Return a MatConvNet net: RGB, axes of MATLAB, fully connected layers as convolutions."""
    arrays = {}
    for address, param in params.items():
        layer, is_weight = split(address)
        if is_weight and param.ndim == 2:
            side = 7 if layer == "fc6" else 1
            param = param.reshape(param.shape[0], -1, side, side)
        if layer == "conv1_1" and is_weight:
            param = param[:, ::-1]
        param = np.moveaxis(param, (0, 1), (3, 2)) if is_weight else param[None]
        key = f"{layer}{'f' if is_weight else 'b'}" if dagnn else f"{layer}/{0 if is_weight else 1}"
        arrays[key] = param
    facts = {"average_image": [123.68, 116.779, 103.939], "class_names": [], "layers": []}
    return Source("MatConvNet", "matconvnet", arrays, facts)
