"""What is wrong with the tree of a data set is said in a sentence that names the file."""

import numpy as np
import pytest
from helpers.data_files import edit, label_map
from helpers.data_trees import MAKE, SCENES, full_names, sbd_map, sbd_struct
from helpers.nyud_files import scene

from minifcn.data import DataError, open_dataset

VOC, VOC_LABEL = "VOCdevkit/VOC2012", "VOCdevkit/VOC2012/SegmentationClass/a.png"
SBD, SBD_LABEL = "benchmark_RELEASE/dataset", "benchmark_RELEASE/dataset/cls/a.mat"
SIFT = "SiftFlowDataset"
SEMANTIC, GEOMETRIC = (f"{SIFT}/{kind}/{SCENES}/c.mat" for kind in ("SemanticLabels", "GeoLabels"))
CONTEXT, CONTEXT_LABEL = "pascal-context", "pascal-context/trainval/c.mat"
IMAGE, DEPTH, HHA = (f"nyud/data/{kind}/img_5002.png" for kind in ("images", "depth", "hha"))
NYUD_LABEL = "nyud/segmentation/img_5002.mat"


def lines(names):
    return "".join(f"{number}: {name}\n" for number, name in names)


def full(value, size=(6, 8)):
    return np.full(size, value, np.uint16)


NUMBERED = list(enumerate(full_names(), 1))
WITHOUT_CLOTH = [(n, "clothing" if name == "cloth" else name) for n, name in NUMBERED]

# The data set, its split, what is changed in its tree, and what is said.
REFUSED = [
    (
        "voc",
        "train",
        {"VOCdevkit": None},
        r"no VOC data .*--data-dir or MINIFCN_DATA .*VOCtra",
    ),
    ("voc", "test", {}, r"no split 'test' in .*; the lists there: train, val"),
    ("voc", "train", {f"{VOC}/ImageSets/Segmentation/train.txt": "\n"}, r"train\.txt is empty"),
    ("voc", "train", {VOC_LABEL: full(0, (8, 6))}, r"a\.jpg is 8 x 6 pix.* .*a\.png is 6 x 8"),
    ("voc", "train", {VOC_LABEL: label_map(38)}, r"a\.png holds the value 38, .* 0\.\.20 and 255"),
    ("sbd", "train", {"benchmark_RELEASE": None}, r"no SBD .* in .*benchmark_REL.*benchmark\.tgz"),
    ("sbd", "test", {}, r"no split 'test' in .*; the lists there: train, val"),
    ("sbd", "val", {f"{SBD}/val.txt": ""}, r"val\.txt is empty"),
    (
        "sbd",
        "train",
        {SBD_LABEL: {"GTcls": sbd_struct(sbd_map(21))}},
        r"a\.mat holds 21, .*0\.\.2",
    ),
    ("sbd", "train", {SBD_LABEL: {"GTinst": {"x": 1}}}, r"a\.mat .* no variable 'GTcls', only GTi"),
    (
        *("sbd", "train", {SBD_LABEL: {"GTcls": sbd_struct(sbd_map(1)[:5])}}),
        r"a\.mat is 8 x 5 pixels but its image is 8 x 6",
    ),
    ("siftflow", "test", {SIFT: None}, r"no SIFT Flow .*SiftFlowDataset\.zip"),
    ("siftflow", "mine", {}, r"no list .*mine\.txt .*data/sift-flow"),
    ("siftflow", "train", {f"{SIFT}/test.txt": None}, r"no list .*data/sift-flow"),
    ("siftflow", "test", {f"{SIFT}/test.txt": None}, r"no list .*data/sift-flow"),
    ("siftflow", "trainval", {f"{SIFT}/test.txt": "a\nb\nc\n"}, "has no images for trainval"),
    ("siftflow", "test", {SEMANTIC: {"S": full(34)}}, r"Sem.*c\.mat holds 34, but .* 0\.\.33;"),
    (
        "siftflow",
        "test",
        {SEMANTIC: {"S": np.full((6, 8), -1)}},
        r"Sem.*c\.mat holds -1, .* 0\.\.33;",
    ),
    ("siftflow", "test", {GEOMETRIC: {"S": full(4)}}, r"Geo.*c\.mat holds 4, but .* -1\.\.3;"),
    ("context", "val", {CONTEXT: None}, r"no PASCAL-Context .*pascal-context/"),
    ("context", "val", {"VOC2010": None}, r"no VOC data in .*ImageSets/Main"),
    ("context", "val", {f"{CONTEXT}/labels.txt": lines(NUMBERED[::-1])}, 'lines "1: accordion"'),
    (
        *("context", "val", {f"{CONTEXT}/labels.txt": lines(WITHOUT_CLOTH)}),
        r"labels\.txt lacks 1 of the 59 classes \(cloth\)",
    ),
    ("context", "val", {CONTEXT_LABEL: {"LabelMap": full(460)}}, r"c\.mat holds 460, .* 0\.\.459"),
    (
        *("context", "val", {CONTEXT_LABEL: {"LabelMap": full(1, (8, 6))}}),
        r"c\.mat is 6 x 8 pixels but its image is 8 x 6",
    ),
    ("nyud", "train", {"nyud": None}, r"no NYUDv2 .*img_<id>\.png or .*download nyud` "),
    ("nyud", "train", {"nyud/train.txt": None}, r"no .*train\.txt \(one id a line.*data/nyud"),
    ("nyud", "trainval", {"nyud/val.txt": None}, r"no .*val\.txt \(one id a line.*data/nyud"),
    ("nyud", "mine", {}, r"no .*mine\.txt \(one id a line.*data/nyud"),
    ("nyud", "val", {"nyud/val.txt": "\n"}, "the list of val in .* is empty"),
    ("nyud", "val", {"nyud/segmentation": None}, r"no folder segmentation"),
    *(
        (
            "nyud",
            "val",
            {path: scene("5002", (6, 9))[kind]},
            rf"{kind}.*02\.png is 9 x 6 .* 8 x 6",
        )
        for kind, path in (("depth", DEPTH), ("hha", HHA))
    ),
    ("nyud", "val", {DEPTH: np.ones((6, 8), np.uint8)}, r"depth map .*5002\.png .* mode L; .*16"),
    ("nyud", "val", {DEPTH: full(0)}, r"depth map .*5002\.png is 0 everywhere"),
    *(
        ("nyud", "val", {NYUD_LABEL: {"segmentation": full(n)}}, rf"02\.mat holds {n}, .* 0\.\.40;")
        for n in (41, 255)
    ),
]


@pytest.mark.parametrize(("name", "split", "changes", "words"), REFUSED)
def test_what_is_wrong_with_a_tree_is_said(name, split, changes, words, tmp_path):
    MAKE[name](tmp_path)
    edit(tmp_path, changes)
    with pytest.raises(DataError, match=words):
        open_dataset(name, split, data_dir=tmp_path)[0]


@pytest.mark.parametrize(
    ("name", "split", "file"),
    [
        *(("voc", "train", f"{VOC}/{file}") for file in ("JPEGImages/a.jpg", VOC_LABEL[18:])),
        *(("sbd", "train", f"{SBD}/{file}") for file in ("img/a.jpg", "cls/a.mat")),
        ("siftflow", "test", f"{SIFT}/Images/{SCENES}/c.jpg"),
        *(("siftflow", "test", file) for file in (SEMANTIC, GEOMETRIC)),
        *(("context", "val", file) for file in ("VOC2010/JPEGImages/c.jpg", CONTEXT_LABEL)),
        *(("nyud", "val", file) for file in (IMAGE, DEPTH, HHA, NYUD_LABEL)),
    ],
)
def test_a_truncated_or_missing_file_is_named(name, split, file, tmp_path):
    MAKE[name](tmp_path)
    path = tmp_path / file
    path.write_bytes(path.read_bytes()[:-60])
    opened = open_dataset(name, split, data_dir=tmp_path)
    with pytest.raises(DataError, match=rf"{file} .*(truncated or damaged|cut off)"):
        opened[0]
    path.unlink()
    with pytest.raises(DataError, match=rf"{file} does not exist"):
        opened[0]
