"""How large the features are that score layers take: against norms taken by hand."""

import numpy as np
import pytest

from minifcn.data.inputs import net_inputs
from minifcn.data.shapes import ShapesDataset
from minifcn.experiments.at_once import feature_sizes
from minifcn.inference.model import Model
from minifcn.models import ModelSpec, build, initialise
from minifcn.training.prepare import FRESH_PREPROCESS


@pytest.mark.parametrize("arch", ["fcn8s", "fcn8s-at-once"])
def test_features_are_measured_before_they_are_scaled(arch):
    spec = ModelSpec(arch, "vgg16", 7, width=1 / 32, padding="same")
    net = build(spec)
    initialise(net)
    dataset = ShapesDataset("val", size=(64, 96), length=2)
    palette = dataset.palette[:7].tolist()
    model = Model(net, spec, FRESH_PREPROCESS, dataset.class_names, palette, {})
    sizes = feature_sizes(model, dataset)
    assert list(sizes) == ["drop7", "pool4", "pool3"]
    images = [
        net_inputs(sample.image, sample.extras, FRESH_PREPROCESS, "rgb")["data"]
        for sample in (dataset[index] for index in range(2))
    ]
    pool3 = net.forward({"data": np.stack(images)}, outputs=["pool3"])[0]["pool3"]
    assert sizes["pool3"] == pytest.approx(np.sqrt((pool3**2).sum(axis=1)).mean(), rel=1e-5)
