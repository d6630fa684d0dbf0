"""The data sets that can be downloaded. Their folders are made where `--data-dir` finds them."""

from __future__ import annotations

from typing import Any

from minifcn.fetching.catalogue.remote_file import RemoteFile, entry

_VOC_TERMS = "PASCAL VOC: images under Flickr's terms of use, for research"
_RESEARCH = "no terms are stated; for research"
_TORCHVISION = "torchvision's source"
_BERKELEY_SBD = "eecs.berkeley.edu/Research/Projects/CS/vision/grouping/semantic_contours"
_NYU = "http://horatio.cs.nyu.edu/mit/silberman/nyu_depth_v2"
_CONTEXT = "https://cs.stanford.edu/~roozbeh/pascal-context"


def _data(name: str, address: str, purpose: str, **known: Any) -> RemoteFile:
    """Return a file of a data set, which is extracted if there is a folder to extract it to."""
    then = "extract" if "folder" in known else "keep"
    fields = {"kind": "data", "terms": _RESEARCH, "then": then}
    return entry(name, address, purpose, **{**fields, **known})


def _voc(year: int, date: str, *checksums: str, size: int | None = None) -> RemoteFile:
    """Return the training and validation images of a year, from the host of today and of old."""
    path, file = f"pascal/VOC/voc{year}", f"VOCtrainval_{date}.tar"
    # The mirror has the years that detectors are trained on.
    mirrors = (f"https://data.pjreddie.com/files/{file}",) if year in (2007, 2012) else ()
    return _data(
        f"voc{year}",
        f"http://host.robots.ox.ac.uk/{path}/{file}",
        f"PASCAL VOC {year}, train and val",
        others=(f"https://thor.robots.ox.ac.uk/{path}/{file}", *mirrors),
        terms=_VOC_TERMS,
        basis=_TORCHVISION,
        checksums=checksums,
        size=size,
        folder=f"VOCdevkit/VOC{year}",
        holds="ImageSets",
    )


DATA: tuple[RemoteFile, ...] = (
    _voc(2012, "11-May-2012", "md5:6cd6e144f989b92b3379bac3b3de84fd", size=1_999_639_040),
    _voc(2011, "25-May-2011", "md5:6c3384ef61512963050cb5d687e5bf1e"),
    _voc(2010, "03-May-2010", "md5:da459979d0c395079b5c75ee67908abb"),
    _voc(
        2009,
        "11-May-2009",
        # The archive was changed; the second sum is the one in later versions of torchvision.
        "md5:59065e4b188729180974ef6572f6a212",
        "md5:a3e00b113cfcfebf17e343f59da3caa1",
    ),
    _voc(2008, "14-Jul-2008", "md5:2629fa636546599198acfcfbfcf1904a"),
    _voc(2007, "06-Nov-2007", "md5:c52e279531787c972589f7e41ab4ae64"),
    _data(
        "sbd",
        f"https://www2.{_BERKELEY_SBD}/benchmark.tgz",
        "SBD, 11,355 images of VOC 2011 labelled",
        others=(f"http://www.{_BERKELEY_SBD}/benchmark.tgz",),
        terms=_VOC_TERMS,
        basis=f"{_TORCHVISION}; the second sum, of the same as a bare tar, is K. Wada's",
        checksums=("md5:82b4d87ceb2ed10f6038a1cba92111cb", "md5:2b2af8a6cff7365684e002c08be823a6"),
        about=1420,
        folder="benchmark_RELEASE",
        holds="dataset",
    ),
    _data(
        "sbd-train-noval",
        "https://www.cs.cornell.edu/~bharathh/train_noval.txt",
        "the list of SBD's images outside of VOC 2012's val",
        others=("http://home.bharathh.info/pubs/codes/SBD/train_noval.txt",),
        basis=_TORCHVISION,
        checksums=("md5:79bff800c5f0b1ec6b21080a3c066722",),
    ),
    _data(
        "nyud-labeled",
        f"{_NYU}/nyu_depth_v2_labeled.mat",
        "NYUDv2, 1,449 images with depth and labels",
        basis="third parties: the md5 of four, the size of one",
        checksums=("md5:520609c519fba3ba5ac58c8fefcc3530",),
        size=2_972_037_809,
    ),
    _data(
        "nyud-splits",
        f"{_NYU}/splits.mat",
        "NYUDv2's lists, train and test",
        basis="one third party",
        checksums=("md5:08e3c3aea27130ac7c01ffd739a4535f",),
    ),
    _data(
        "nyud",
        "http://dl.caffe.berkeleyvision.org/nyud.tar.gz",
        "NYUDv2 as the authors trained on it",
        folder="nyud",
    ),
    _data(
        "nyud-gupta",
        "http://people.eecs.berkeley.edu/~sgupta/cvpr13/data.tgz",
        "NYUDv2's labels of 40 classes (Gupta et al.)",
        folder="nyud-gupta",
    ),
    _data(
        "siftflow",
        "http://www.cs.unc.edu/~jtighe/Papers/ECCV10/siftflow/SiftFlowDataset.zip",
        "SIFT Flow, 2,688 images with two labellings",
        folder="SiftFlowDataset",
        holds="SemanticLabels",
    ),
    _data(
        "context",
        f"{_CONTEXT}/trainval.tar.gz",
        "PASCAL-Context's labels of 459 classes (images: voc2010)",
        file="pascal-context.tar.gz",
        basis="one third party",
        checksums=("md5:df034edb2c12aa7d33b42b20bb1796e3",),
        folder="pascal-context/trainval",
        holds="2008_000002.mat",
    ),
    _data(
        "context-labels",
        f"{_CONTEXT}/labels.txt",
        "the names of PASCAL-Context's 459 classes",
        file="pascal-context/labels.txt",
    ),
)
