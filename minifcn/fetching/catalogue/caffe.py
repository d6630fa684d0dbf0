"""Caffe's weights: the classifiers of its model zoo, and the FCNs of the paper's authors."""

from __future__ import annotations

from typing import Any

from minifcn.fetching.catalogue.remote_file import KEPT, VGG_TERMS, RemoteFile, entry

_HOST = "http://dl.caffe.berkeleyvision.org"
_OXFORD = "http://www.robots.ox.ac.uk/~vgg/software/very_deep/caffe"
_ZOO = "Caffe's model zoo"
_OPENCV = "third party: OpenCV's list of models"


def _berkeley(name: str, stem: str, purpose: str, **known: Any) -> RemoteFile:
    terms = {"terms": "BVLC model licence: unrestricted use"}
    return entry(name, f"{_HOST}/{stem}.caffemodel", purpose, **terms, **known)


_CLASSIFIERS = (
    entry(
        "vgg16-caffe",
        f"{_OXFORD}/VGG_ILSVRC_16_layers.caffemodel",
        "VGG16, the original ImageNet weights",
        size=553_432_081,
        checksums=("sha1:9363e1f6d65f7dba68c4f27a1e62105cdf6c4e24",),
        terms=VGG_TERMS,
        basis="third parties: OpenCV's and MXNet's lists of models; the size from logs",
    ),
    entry(
        "vgg16-caffe-prototxt",
        "https://gist.githubusercontent.com/ksimonyan/211839e770f7b538e2d8/raw/"
        "VGG_ILSVRC_16_layers_deploy.prototxt",
        "VGG16's definition, to look at",
        checksums=("sha1:2734e5500f1445bd7c9fee540c99f522485247bd",),
        terms=VGG_TERMS,
        basis=_OPENCV,
        then="keep",
    ),
    _berkeley(
        "alexnet-caffe",
        "bvlc_alexnet",
        f"AlexNet, normalised before pooling {KEPT}",
        checksums=("sha1:9116a64c0fbe4459d18f4bb6b56d647b63920377",),
        basis=_ZOO,
        about=244,
        then="keep",
    ),
    _berkeley(
        "caffenet-caffe",
        "bvlc_reference_caffenet",
        "CaffeNet, the paper's AlexNet, ImageNet",
        checksums=("sha1:4c8d77deb20ea792f84eb5e6d0a11ca0a8660a46",),
        basis=_ZOO,
        about=244,
    ),
    _berkeley(
        "googlenet-caffe",
        "bvlc_googlenet",
        "GoogLeNet, ImageNet",
        checksums=("sha1:405fc5acd08a3bb12de8ee5e23a96bec22f08204",),
        basis=f"{_ZOO}; the size from a third party",
        size=53_533_754,
    ),
)

_AUTHORS = (
    _berkeley(
        "fcn32s-caffe",
        "fcn32s-heavy-pascal",
        "the authors' FCN-32s, PASCAL VOC",
        arch="fcn32s",
        checksums=("sha1:05eb922d7829c39448f57e5ab9d8cd75d6c0be6d",),
        basis=_OPENCV,
    ),
    _berkeley(
        "fcn16s-caffe",
        "fcn16s-heavy-pascal",
        "the authors' FCN-16s, PASCAL VOC",
        arch="fcn16s",
    ),
    _berkeley(
        "fcn8s-caffe",
        "fcn8s-heavy-pascal",
        "the authors' FCN-8s, PASCAL VOC",
        arch="fcn8s",
        checksums=("sha1:c449ea74dd7d83751d1357d6a8c323fcf4038962",),
        basis=_OPENCV,
        about=538,
    ),
    _berkeley(
        "fcn8s-atonce-caffe",
        "fcn8s-atonce-pascal",
        "the authors' FCN-8s at once, VOC",
        arch="fcn8s-at-once",
    ),
    _berkeley(
        "fcn-alexnet-caffe",
        "fcn-alexnet-pascal",
        "the authors' FCN-AlexNet, VOC",
        arch="fcn32s",
    ),
    *(
        _berkeley(
            f"nyud-fcn32s-{inputs}-caffe",
            f"nyud-fcn32s-{inputs}-heavy",
            f"the authors' FCN-32s, NYUDv2, {inputs}",
            arch="fcn32s",
        )
        for inputs in ("color", "hha", "color-hha")
    ),
    *(
        _berkeley(
            f"{data}-fcn{stride}s-caffe",
            f"{data}-fcn{stride}s-heavy",
            f"the authors' FCN-{stride}s, {title}",
            arch=f"fcn{stride}s",
        )
        for data, title in (("siftflow", "SIFT Flow"), ("pascalcontext", "PASCAL-Context"))
        for stride in (32, 16, 8)
    ),
    *(
        _berkeley(
            f"fcn{stride}s-cvpr-caffe",
            f"fcn-{stride}s-pascal",
            f"the authors' FCN-{stride}s of 2015, VOC",
            arch=f"fcn{stride}s",
        )
        for stride in (32, 16, 8)
    ),
)

CAFFE: tuple[RemoteFile, ...] = (*_CLASSIFIERS, *_AUTHORS)
