"""torchfcn's own nets with random weights, saved as its trainer saves them: the same scores."""

import warnings

import numpy as np
import pytest
from helpers.fcn8s_files import IMAGE, fcn8s_arrays

from minifcn.inference.convert import convert
from minifcn.inference.model import load_model

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it imports what Python gives up
    models = pytest.importorskip("torchfcn.models")


def narrow(name):
    """Return a net of torchfcn's at 1/32 of its width, with the parameters of `fcn8s_arrays`.

    Its code has the full width: where this is built, it takes no memory ("meta"), and each layer
    with weights is put in place again.
    """
    with torch.device("meta"):
        net = getattr(models, name)()
    arrays = fcn8s_arrays()
    for layer, wide in list(net.named_children()):
        if isinstance(wide, (torch.nn.Conv2d, torch.nn.ConvTranspose2d)):
            first, second, *kernel = arrays[f"{layer}.weight"].shape
            turned = isinstance(wide, torch.nn.ConvTranspose2d)
            channels = (first, second) if turned else (second, first)
            options = {"stride": wide.stride, "padding": wide.padding}
            bias = wide.bias is not None
            setattr(net, layer, type(wide)(*channels, kernel, bias=bias, **options))
    net.load_state_dict({key: torch.from_numpy(array) for key, array in arrays.items()})
    return net.eval()


@pytest.mark.parametrize("name", ["FCN8s", "FCN8sAtOnce"])
def test_scores(name, tmp_path):
    net = narrow(name)
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-10, momentum=0.99)
    checkpoint = {
        "epoch": 3,
        "iteration": 4000,
        "arch": type(net).__name__,
        "optim_state_dict": optimizer.state_dict(),
        "model_state_dict": net.state_dict(),
        "best_mean_iu": np.float64(0.5),
    }
    torch.save(checkpoint, tmp_path / "checkpoint.pth.tar")
    convert(tmp_path / "checkpoint.pth.tar", tmp_path / "ours.h5")
    with torch.no_grad():
        expected = net(torch.from_numpy(IMAGE)).numpy()
    ours = load_model(tmp_path / "ours.h5").net
    found, _ = ours.forward({"data": IMAGE}, outputs=["score"])
    assert np.abs(found["score"] - expected).max() < 1e-5 * np.abs(expected).max()
