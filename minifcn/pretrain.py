"""Train the small classifier that FCNs start from: `python -m minifcn.pretrain shapes`.

The paper's nets start from classifiers trained on ImageNet. This is the same in small: VGG16 at an
eighth of its width learns to name the shape in an image of 64 x 64 pixels, and the
weights in the folder `weights/` are what it learned.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import numpy as np

from minifcn.backend import set_threads, to_device
from minifcn.data import Loader
from minifcn.data.shapes import ShapesClassification
from minifcn.data.transforms import Preprocess
from minifcn.inference.model import Model, save_model
from minifcn.models.backbone import SMALL_IMAGE_SIZE
from minifcn.models.build import ModelSpec, build, initialise
from minifcn.net import Net
from minifcn.system.devices import describe_device, device_module
from minifcn.training.console import EXPECTED_ERRORS, Console
from minifcn.training.optim import SGD
from minifcn.training.policies import policy_from_name
from minifcn.training.prepare import FRESH_PREPROCESS
from minifcn.training.solver import report_interval, train

DESCRIPTION = """\
Train the small VGG16 as a classifier of shapes, and write its weights.

  python -m minifcn.pretrain shapes -o my-weights.h5
  python -m minifcn.train shapes --weights my-weights.h5
"""


def parser() -> argparse.ArgumentParser:
    """Return the command's argument parser."""
    result = argparse.ArgumentParser(
        prog="python -m minifcn.pretrain",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    result.add_argument("dataset", choices=["shapes"])
    result.add_argument("-o", "--out", type=Path, default=Path("vgg16-shapes.h5"), metavar="FILE")
    result.add_argument("--width", type=float, default=0.125, help="factor on all channel counts")
    result.add_argument("--steps", type=int, default=1000, metavar="N", help="updates (1000)")
    result.add_argument("--batch-size", type=int, default=32, metavar="N", help="images (32)")
    result.add_argument("--lr", type=float, default=1e-2, help="learning rate at the start (0.01)")
    result.add_argument("--seed", type=int, default=0)
    result.add_argument("--device", choices=["cpu", "gpu", "auto"], default="auto")
    result.add_argument("--threads", type=int, default=0, metavar="N", help="0: as many as allowed")
    result.add_argument("--smoke", action="store_true", help="go the whole way in seconds")
    return result


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    args = parser().parse_args(argv)
    steps, batch_size, held_out = args.steps, args.batch_size, 200
    if args.smoke:
        steps, batch_size, held_out = 2, 2, 2
    set_threads(args.threads)
    try:
        xp = device_module(args.device)
        print(f"computing on {describe_device(xp)}")
        size = (SMALL_IMAGE_SIZE, SMALL_IMAGE_SIZE)
        images = ShapesClassification("train", size=size, length=steps * batch_size)
        spec = ModelSpec("classifier", "vgg16", len(images.class_names), args.width, "same")
        net = build(spec)
        initialise(net, args.seed)
        net.to(xp)
        optimiser = SGD(net.params, net.multipliers, momentum=0.9, weight_decay=5e-4)
        policy = policy_from_name("poly", args.lr, steps=steps, warm_up=min(20, steps))
        loader = Loader(
            images, FRESH_PREPROCESS, batch_size=batch_size, seed=args.seed, mirror=True
        )
        console = Console()
        interval = report_interval(0, xp)
        for step in train(
            net,
            loader,
            optimiser,
            policy,
            steps=steps,
            seed=args.seed,
            xp=xp,
            reports=lambda number: number % interval == 0,
        ):
            console.step(step, steps)
        balance(net, loader.batch(0).data, xp)
        validation = ShapesClassification("val", size=size, length=held_out)
        share = accuracy(net, validation, FRESH_PREPROCESS, xp)
        print(f"right class for {share:.1%} of {held_out} held-out images")
        model = Model(net, spec, FRESH_PREPROCESS, images.class_names, [])
        save_model(
            args.out, model, dtype="float16", source=f"pretrained on {images.name}", accuracy=share
        )
        print(f"weights are in {args.out}")
    except EXPECTED_ERRORS as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def balance(net: Net, images: np.ndarray, xp: ModuleType = np) -> None:
    """Give every layer's output unit variance over some images, without changing the scores.

    A rectified net computes the same if one layer is scaled down and the next one up. Training
    leaves layers of very different sizes, and the score layers of an FCN, which start at zero,
    would learn from each skip at the square of that size.

    Parameters
    ----------
    net : Net
        A chain of layers that ends in fc8; its parameters are changed in place.
    images : array (N, 3, H, W)
    xp : module
    """
    names = list(net.owners())
    outputs, _ = net.forward({"data": to_device(images, xp)}, outputs=names)
    before = 1.0
    for name in names:
        after = 1.0 if name == names[-1] else 1.0 / float(outputs[name].std())
        params = net.layer(name).params
        params["weight"] *= after / before
        params["bias"] *= after
        before = after


def accuracy(
    net: Net, images: ShapesClassification, preprocess: Preprocess, xp: ModuleType = np
) -> float:
    """Return the share of images whose highest score is that of their class."""
    right = 0
    for sample in (images[index] for index in range(len(images))):
        data = to_device(preprocess(sample.image)[None], xp)
        outputs, _ = net.forward({"data": data}, outputs=["fc8"])
        right += int(outputs["fc8"][0].argmax()) == sample.label
    return right / len(images)


if __name__ == "__main__":
    sys.exit(main())
