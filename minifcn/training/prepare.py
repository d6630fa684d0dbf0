"""What a training is made of: a device, data, a net, an optimiser, batches.

Every command that trains is set up here, a run, a search for its rate and the classifier alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from minifcn.backend import IGNORE, get_threads
from minifcn.data import open_dataset
from minifcn.data.balance import class_weights
from minifcn.data.dataset import Dataset
from minifcn.data.inputs import hha_preprocess, net_inputs, subtracting
from minifcn.data.loader import Loader
from minifcn.data.masking import masked
from minifcn.data.shared_images import shared_images
from minifcn.data.statistics import looks, spread
from minifcn.data.subset import subset
from minifcn.data.transforms import Preprocess
from minifcn.distributed.communicator import ALONE, Communicator
from minifcn.inference.model import Model
from minifcn.models.build import ModelSpec, build, initialise
from minifcn.net import Net
from minifcn.net.heads import net_heads
from minifcn.net.memory import training_bytes
from minifcn.system import devices
from minifcn.system.devices import describe_device, device_memory
from minifcn.system.machine import gigabytes
from minifcn.system.records import SettingsError
from minifcn.training.layer_rates import freeze, set_layer_rates
from minifcn.training.optim import SGD
from minifcn.training.policies import POLICIES, with_warm_up
from minifcn.training.settings import Settings
from minifcn.training.solver import Step, report_interval, train
from minifcn.training.transfer import settle, start_from
from minifcn.training.values import images_of, scale_range

# What random weights are trained with: BGR as the paper's nets, brought to about unit variance.
FRESH_PREPROCESS = Preprocess("BGR", (104.00698793, 116.66876762, 122.67891434), 1 / 64)

MAIN_HEAD = "sem"  # the first head of a net with several
SETTLED_ON = 8  # images that new fully connected layers are scaled by
LABELS_CHECKED = 16  # label maps of each split that are looked at before training starts


def silent(text: str) -> None:
    """Say nothing."""


def take_device(
    wanted: Any, note: Callable[[str], None] = silent, communicator: Communicator = ALONE
) -> ModuleType:
    """Compute from now on as is wanted; say on what, and return its array module.

    What is wanted are the `device`, `threads` and `precision` of settings or of parsed options.
    """
    threads = wanted.threads or communicator.threads
    xp = devices.take_device(wanted.device, threads, wanted.precision, communicator.place)
    note(f"computing on {describe_device(xp)}")
    return xp


def open_splits(
    settings: Settings, own: tuple[Dataset, Dataset] | None = None
) -> tuple[Dataset, Dataset]:
    """Return the training and validation data: those of the settings, or one's own.

    Refused are images that are in both, and label maps that do not fit or say nothing (a few of
    them are looked at here; the others when their turn comes).
    """
    train_data, val_data = own or (
        open_dataset(settings.dataset, split, data_dir=settings.data_dir, **settings.data_options)
        for split in (settings.train_split, settings.val_split)
    )
    if settings.images is not None:
        train_data = subset(train_data, images_of(settings.images))
    train_data, val_data = (masked(one, settings.mask) for one in (train_data, val_data))
    for dataset in (train_data, val_data):
        found = list(looks(dataset, spread(len(dataset), LABELS_CHECKED), get_threads()))
        problems = [one.problem for one in found if one.problem]
        if problems:
            others = len(problems) - 1
            more = f" ({others} more of the {len(found)} that were looked at cannot be used)"
            raise SettingsError(f"{problems[0]}{more if others else ''}")
        if not any(counts[:IGNORE].any() for one in found for counts in one.counts.values()):
            raise SettingsError(
                f"the label maps of {len(found)} samples of {dataset.name} that were looked at are "
                f"{IGNORE} everywhere, so there is nothing to learn or to score: correct the maps, "
                "or take another split"
            )
    shared = shared_images(train_data, val_data)
    if shared:
        raise SettingsError(
            f"{len(shared)} validation images are among the training ones "
            f"({', '.join(map(str, shared[:3]))} ...): the evaluation would mean nothing; "
            "remove them from one of the splits"
        )
    return train_data, val_data


def make_model(settings: Settings, dataset: Dataset, note: Callable[[str], None] = silent) -> Model:
    """Build the net of the settings with the weights it starts from."""
    spec = spec_of(settings, dataset)
    net = build(
        spec,
        normalization=settings.normalization,
        learn_upsampling=settings.learn_upsampling,
        class_weight=class_weights(settings.class_weights, dataset, get_threads()),
        sample=settings.sample_loss,
        dropout=settings.dropout,
        bias_rate=settings.bias_rate,
    )
    if settings.freeze:
        freeze(net, settings.freeze, note)
    if settings.layer_rates:
        set_layer_rates(net, settings.layer_rates)
    initialise(net, settings.seed, random_scores=settings.score_init == "random")
    preprocess = FRESH_PREPROCESS
    new: list[str] = []
    if settings.modality == "hha":
        preprocess = hha_preprocess(FRESH_PREPROCESS)
    if settings.weights != "none":
        preprocess, new = start_from(net, spec, settings.weights, note, settings.weights_hha)
    if not isinstance(settings.mean, str):
        preprocess = subtracting(settings.mean, preprocess, spec.modality)
    first = dataset[0]
    net_inputs(first.image, first.extras, preprocess, spec.modality)  # does it have what is seen?
    fully_connected = [layer for layer in new if layer.startswith(("fc6", "fc7"))]
    if fully_connected:
        samples = [dataset[index] for index in range(min(SETTLED_ON, len(dataset)))]
        images = [net_inputs(s.image, s.extras, preprocess, spec.modality) for s in samples]
        settle(net, fully_connected, images)
    palette = np.asarray(dataset.palette)[: len(dataset.class_names)].tolist()
    extra_classes = dict(getattr(dataset, "extra_classes", {}))
    return Model(net, spec, preprocess, tuple(dataset.class_names), palette, extra_classes)


def spec_of(settings: Settings, dataset: Dataset) -> ModelSpec:
    """Return the description of the net of the settings, for the classes of a data set."""
    extra_classes = getattr(dataset, "extra_classes", {})
    heads = {MAIN_HEAD: dataset.class_names, **extra_classes}
    classes = {head: len(names) for head, names in heads.items()}
    return settings.spec(len(dataset.class_names), classes if extra_classes else None)


def make_optimiser(net: Net, settings: Settings) -> SGD:
    """Return the optimiser of a net's parameters."""
    return SGD(
        net.params,
        net.multipliers,
        momentum=settings.momentum,
        weight_decay=settings.weight_decay,
    )


def make_loader(model: Model, dataset: Any, settings: Settings) -> Loader:
    """Return the batches that a model is trained on; see `Loader` for what it takes as data."""
    return Loader(
        dataset,
        model.preprocess,
        batch_size=settings.batch_size,
        seed=settings.seed,
        mirror=settings.mirror,
        jitter=settings.jitter,
        scale=scale_range(settings.scale),
        patches=settings.patches,
        modality=settings.modality,
    )


class Memory(NamedTuple):
    """What the updates of a training take."""

    # (N, C, H, W) of the first batch, as large as `--scale` can make it, or of its `--patches`.
    shape: tuple[int, ...]
    needed: int  # bytes, estimated
    free: int | None  # bytes; None where the machine does not say


def check_memory(
    model: Model,
    dataset: Dataset,
    settings: Settings,
    xp: ModuleType,
    note: Callable[[str], None] = silent,
) -> Memory:
    """Return what memory the updates need, judging by the first batch; say so if it is not free.

    Raises
    ------
    SettingsError
        If they need more than there is at all.
    """
    largest = scale_range(settings.scale)[1]
    settings = replace(settings, scale=f"{largest},{largest}")
    batch = make_loader(model, dataset, settings).batch(0).inputs
    losses = [head.loss for head in net_heads(model.net)]
    shapes = {name: array.shape for name, array in batch.items()}
    needed = training_bytes(
        model.net,
        losses,
        shapes,
        xp,
        recompute=settings.recompute,
        accumulate=settings.accumulate,
    )
    free, total = device_memory(xp)
    memory = Memory(shapes["data"], needed, free)
    if free is None or total is None or needed <= free:
        return memory
    count, _, height, width = shapes["data"]
    less = ["--recompute"] if not settings.recompute else []
    less += ["a smaller --batch-size"] if count > 1 else []
    less += ["--padding same"] if settings.padding != "same" else []
    said = (
        f"training on {count} x {height} x {width} pixels at a time needs about "
        f"{gigabytes(needed)} of memory, and of {gigabytes(total)} there are {gigabytes(free)} "
        f"free: less is needed with {', '.join([*less, 'a smaller --width'])}, or smaller images"
    )
    if needed > total:
        raise SettingsError(said)
    note(f"warning: {said}")
    return memory


def make_updates(
    model: Model,
    dataset: Any,
    settings: Settings,
    optimiser: SGD,
    *,
    xp: ModuleType,
    start: int = 0,
    stop: Callable[[], bool] = lambda: False,
    communicator: Communicator = ALONE,
    progress: Callable[[int], None] = lambda images: None,
) -> Iterator[Step]:
    """Train a model as the settings say, yielding reports; `progress` is told of each batch.

    They come as often as is asked for, whenever there is to be an evaluation, and when all ranks,
    asked after each update, are told to `stop`. The model is on the device of `xp`, and `start`
    updates have been made before; see `solver.train`, which does the work, for the rest and for
    what it raises.
    """
    policy = POLICIES[settings.policy](settings.rate, settings.steps)
    interval = communicator.from_leader(report_interval(settings.log_every, xp))
    return train(
        model.net,
        make_loader(model, dataset, settings),
        optimiser,
        with_warm_up(policy, settings.warm_up),
        steps=settings.steps,
        start=start,
        accumulate=settings.accumulate,
        seed=settings.seed,
        xp=xp,
        recompute=settings.recompute,
        communicator=communicator,
        reports=lambda number: (
            stop() or not number % interval or not number % settings.evaluate_every
        ),
        progress=lambda images: progress(images * communicator.size),
    )
