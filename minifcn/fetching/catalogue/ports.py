"""Weights for other frameworks than Caffe: PyTorch, Keras, TensorFlow, MatConvNet, Chainer."""

from __future__ import annotations

from typing import Any

from minifcn.fetching.catalogue.remote_file import KEPT, RemoteFile, entry, google_drive

_MATCONVNET = "http://www.vlfeat.org/matconvnet/models"
_KERAS = "https://storage.googleapis.com/tensorflow/keras-applications/vgg16"
_KERAS_OLD = "https://github.com/fchollet/deep-learning-models/releases/download/v0.1"
_JOHNSON = (
    "https://web.eecs.umich.edu/~justincj/models/vgg16-00b39a1b.pth",
    "https://s3-us-west-2.amazonaws.com/jcjohns-models/vgg16-00b39a1b.pth",
)


def _torchvision(name: str, stem: str, purpose: str, **known: Any) -> RemoteFile:
    """Return a file of PyTorch's host: what follows the last dash begins its SHA-256."""
    prefix = stem.rpartition("-")[2]
    fields = {
        "checksums": (f"sha256-prefix:{prefix}",),
        "basis": "the file's name",
        "terms": "torchvision, BSD 3-Clause",
    }
    address = f"https://download.pytorch.org/models/{stem}.pth"
    return entry(name, address, purpose, **{**fields, **known})


def _keras(name: str, stem: str, purpose: str, **known: Any) -> RemoteFile:
    others = (f"{_KERAS_OLD}/{stem}.h5",)
    return entry(name, f"{_KERAS}/{stem}.h5", purpose, others=others, **known)


def _matconvnet(name: str, stem: str, purpose: str, md5: str, **known: Any) -> RemoteFile:
    fields = {"checksums": (f"md5:{md5}",), "basis": "MatConvNet's page of models"}
    return entry(name, f"{_MATCONVNET}/{stem}.mat", purpose, **fields, **known)


def _wkentaro(
    name: str, file: str, ids: tuple[str, ...], md5: str, purpose: str, arch: str | None = None
) -> RemoteFile:
    """Return a file of K. Wada's ports, whose Google Drive folders have no names in addresses."""
    return RemoteFile(
        name=name,
        file=file,
        addresses=tuple(google_drive(file_id) for file_id in ids),
        kind="weights",
        purpose=purpose,
        terms="ported by K. Wada from the authors' Caffe weights",
        basis="the port's source",
        checksums=(f"md5:{md5}",),
        arch=arch,
        # Torchvision's names with Caffe's numbers: nothing in the file tells.
        colours="caffe" if file == "vgg16_from_caffe.pth" else None,
    )


_TORCH = (
    _torchvision(
        "vgg16-torch",
        "vgg16-397923af",
        "torchvision's VGG16, ImageNet",
        size=553_433_881,
        checksums=("sha256:397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",),
        basis="the file's name; the whole sum from one third party",
    ),
    _torchvision(
        "alexnet-torch",
        "alexnet-owt-7be5be79",
        "torchvision's AlexNet, ImageNet",
        size=244_408_911,
        checksums=("sha256:7be5be791159472b1fbf3c69796f7cb30dca7ad8466c2df70058c37116cdee02",),
        basis="the file's name; the whole sum from third parties",
    ),
    _torchvision(
        "alexnet-torch-old", "alexnet-owt-4df8aa71", "the same, as a tar of early PyTorch"
    ),
    _torchvision(
        "googlenet-torch", "googlenet-1378be20", "torchvision's GoogLeNet, ImageNet", about=50
    ),
    _torchvision(
        "vgg16-features-torch",
        "vgg16_features-amdegroot-88682ab5",
        "VGG16's convolutions with Caffe's weights",
        about=553,
    ),
    entry(
        "vgg16-jcjohnson",
        _JOHNSON[0],
        "VGG16 with Caffe's weights, ImageNet",
        others=_JOHNSON[1:],
        checksums=("sha256-prefix:00b39a1b",),
        basis="the file's name",
    ),
    _wkentaro(
        "vgg16-wkentaro-torch",
        "vgg16_from_caffe.pth",
        ("1adDBTGY3GcEB_47dvcibajyzi872RAs3",),
        "aa75b158f4181e7f6230029eb96c1b13",
        "VGG16, Caffe's weights for PyTorch",
    ),
    *(
        _wkentaro(
            f"{net}-wkentaro-torch",
            f"{net}_from_caffe.pth",
            (file_id,),
            md5,
            f"the authors' {net.replace('fcn', 'FCN-')} for PyTorch, VOC",
            arch=net.replace("atonce", "at-once"),
        )
        for net, file_id, md5 in (
            ("fcn32s", "11k2Q0bvRQgQbT6-jYWeh6nmAsWlSCY3f", "d3eb467a80e7da0468a20dfcbc13e6c8"),
            ("fcn16s", "1bctu58B6YH9bu6lBBSBB2rUeGlGhYLoP", "a2d4035f669f09483b39c9a14a0d6670"),
            ("fcn8s", "1ieXWyoG68xqoHJPWdyrDyaIaaWlfmUxI", "de93e540ec79512f8770033849c8ae89"),
            ("fcn8s-atonce", "0B9P1L--7Wd2vblE1VUIxV1o2d2M", "bfed4437e941fef58932891217fe6464"),
        )
    ),
)

_OTHERS = (
    _keras(
        "vgg16-keras",
        "vgg16_weights_tf_dim_ordering_tf_kernels",
        "Keras' VGG16, ImageNet",
        checksums=("md5:64373286793e3c8b2b4e3219cbf3544b",),
        basis="Keras' source; the size from a third party",
        size=553_467_096,
    ),
    _keras(
        "vgg16-keras-notop",
        "vgg16_weights_tf_dim_ordering_tf_kernels_notop",
        "Keras' VGG16 without its top",
        checksums=("md5:6d6bbae143d832006294945121d1f1fc",),
        basis="Keras' source; the size from a third party",
        size=58_889_256,
    ),
    *(
        entry(
            f"vgg16-keras-theano{top.replace('_', '-')}",
            f"{_KERAS_OLD}/vgg16_weights_th_dim_ordering_th_kernels{top}.h5",
            f"Keras' VGG16 for Theano{', without its top' if top else ''}",
        )
        for top in ("", "_notop")
    ),
    entry(
        "vgg16-tensorflow",
        "ftp://mi.eng.cam.ac.uk/pub/mttt2/models/vgg16.npy",
        "VGG16, vgg16.npy of tensorflow-fcn",
        others=(google_drive("0B6njwynsu2hXZWcwX0FKTGJKRWs"),),
    ),
    entry(
        "vgg16-frossard",
        "http://www.cs.toronto.edu/~frossard/vgg16/vgg16_weights.npz",
        "VGG16 for TensorFlow, vgg16_weights.npz",
        size=553_436_134,
        basis="the size from a third party, TensorLayer; no checksum is documented",
    ),
    _matconvnet(
        "vgg16-matconvnet",
        "imagenet-vgg-verydeep-16",
        "MatConvNet's VGG16, ImageNet",
        "f72d927587ca4c97fbd165ec9cb9997f",
    ),
    _matconvnet(
        "alexnet-matconvnet",
        "imagenet-caffe-alex",
        f"MatConvNet's AlexNet, normalised before pooling {KEPT}",
        "b5152a54bf61100a8ed61827c76e7d08",
        then="keep",
    ),
    _matconvnet(
        "caffenet-matconvnet",
        "imagenet-caffe-ref",
        "MatConvNet's CaffeNet, ImageNet",
        "675dd47906d34f4d9a70fc44210d3804",
    ),
    _matconvnet(
        "googlenet-matconvnet",
        "imagenet-googlenet-dag",
        "MatConvNet's GoogLeNet (Princeton's), ImageNet",
        "97f4e1aa9ad6ed33fd325835710c5092",
    ),
    *(
        _matconvnet(
            f"{net}-matconvnet",
            f"pascal-{net}-dag",
            f"MatConvNet's {title}, VOC",
            md5,
            arch=net.partition("-")[0],
        )
        for net, title, md5 in (
            ("fcn32s", "FCN-32s of 2015", "a1331885ec72a0721e51ac9d16262a48"),
            ("fcn16s", "FCN-16s of 2015", "2e49dd427829cdbc08a0154f994687d7"),
            ("fcn8s", "FCN-8s of 2015", "0eeb6a4bc819616ea66f88a3db878983"),
            ("fcn8s-tvg", "FCN-8s by Torr's group", "b0f7bd5833b555c6241dd0c05897ca41"),
        )
    ),
    _wkentaro(
        "vgg16-wkentaro-chainer",
        "vgg16_from_caffe.npz",
        ("1lKjYpFOc9EAPIt7foOO2nbaOWIpIZRaw", "0B9P1L--7Wd2vRy1XYnRSa1hNSW8"),
        "54a0cddc1392ccc4056bbeecbb30f3d4",
        "VGG16, Caffe's weights for Chainer",
    ),
    *(
        _wkentaro(
            f"{net}-wkentaro-chainer",
            f"{net}_from_caffe.npz",
            (file_id,),
            md5,
            f"the authors' {net.replace('fcn', 'FCN-')} for Chainer, VOC",
            arch=net.replace("atonce", "at-once"),
        )
        for net, file_id, md5 in (
            ("fcn32s", "0B9P1L--7Wd2vTElpa1p3WFNDczQ", "b7f0a2e66229ccdb099c0a60b432e8cf"),
            ("fcn16s", "0B9P1L--7Wd2vcnBiXzZTcG9FU3c", "7c9b50a1a8c6c20d3855d4823bbea61e"),
            ("fcn8s", "0B9P1L--7Wd2vb0cxV0VhcG1Lb28", "256c2a8235c1c65e62e48d3284fbd384"),
            ("fcn8s-atonce", "0B9P1L--7Wd2vZ1RJdXotZkNhSEk", "5f3ffdc7fae1066606e1ef45cfda548f"),
        )
    ),
    entry(
        "vgg16-dezero",
        "https://github.com/koki0702/dezero-models/releases/download/v0.1/vgg16.npz",
        "DeZero's VGG16, ImageNet",
        file="dezero-vgg16.npz",
    ),
)

PORTS: tuple[RemoteFile, ...] = (*_TORCH, *_OTHERS)
