"""How often an ImageNet classifier names what VOC says is in an image, among its five best guesses.

    python benchmarks/top5_on_voc.py weights/googlenet.h5 --data-dir VOCdevkit

An image counts as right if one of the five classes means the same as one of the classes in its
label map: for animals every breed and species that the challenge tells apart (all 118 dogs are
"dog", ox and water buffalo are "cow", ram and bighorn are "sheep", sorrel and zebra are "horse"),
for things the classes listed below. ImageNet has no "person"; its groom, ball player and diver
stand for one. The list was made before the guesses were looked at.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from tqdm import tqdm

from minifcn.classify import probabilities
from minifcn.data.voc import VOC_CLASSES, VOCDataset
from minifcn.inference.model import load_model

MEANS: dict[str, list[int]] = {
    "aeroplane": [404, 895],
    "bicycle": [444, 671],
    "bird": [*range(7, 25), *range(80, 101), *range(127, 147)],
    "boat": [403, 472, 484, 510, 554, 576, 625, 628, 724, 780, 814, 833, 871, 914],
    "bottle": [440, 720, 737, 898, 899, 907],
    "bus": [654, 779, 874],
    "car": [407, 436, 468, 511, 569, 609, 627, 656, 661, 675, 705, 717, 734, 751, 817, 867],
    "cat": [*range(281, 286)],
    "chair": [423, 559, 765, 857],
    "cow": [345, 346, 347, 690],
    "diningtable": [532],
    "dog": [*range(151, 269), 273, 274, 275],
    "horse": [339, 340],
    "motorbike": [665, 670],
    "person": [981, 982, 983],
    "pottedplant": [738],
    "sheep": [348, 349, 350],
    "sofa": [831],
    "train": [466, 547, 565, 705, 820, 829],
    "tvmonitor": [527, 620, 664, 782, 851],
}
TOP = 5


def main() -> None:
    """Print the count over all images, and for each class over the images that show it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("weights", type=Path)
    parser.add_argument("--data-dir")
    parser.add_argument("--split", default="val")
    args = parser.parse_args()
    model = load_model(args.weights)
    dataset = VOCDataset(args.split, args.data_dir)
    right = 0
    found = dict.fromkeys(MEANS, 0)
    shown = dict.fromkeys(MEANS, 0)
    for index in tqdm(range(len(dataset)), leave=False):
        sample = dataset[index]
        guesses = set(np.argsort(-probabilities(model, sample.image))[:TOP].tolist())
        present = [VOC_CLASSES[c] for c in np.unique(sample.label) if 0 < c < len(VOC_CLASSES)]
        hits = [name for name in present if guesses & set(MEANS[name])]
        right += bool(hits)
        for name in present:
            shown[name] += 1
            found[name] += name in hits
    print(f"{right} of {len(dataset)} images have a right class among the {TOP} best guesses")
    for name in MEANS:
        if shown[name]:
            print(f"  {name:12} {found[name]} of {shown[name]}")


if __name__ == "__main__":
    main()
