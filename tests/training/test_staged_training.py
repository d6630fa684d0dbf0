"""What `train` settles before it trains: all stages of a staged run, and what a run goes by."""

import pytest

from minifcn import train
from minifcn.training import stages
from minifcn.training.reporter import Reporter
from minifcn.training.settings import STAGES, SettingsError

TINY = {"weights": "none", "width": 1 / 64, "steps": 2, "batch_size": 1}
ANEW = {"resume": False, "reporter": Reporter()}


@pytest.fixture
def executed(monkeypatch):
    """The settings of each run that is trained; none is."""
    runs = []
    monkeypatch.setattr(stages, "execute", lambda settings, *_, **__: runs.append(settings))
    return runs


def test_each_stage_starts_from_the_one_before(executed, tmp_path, capsys):
    stages.train_stages("shapes", TINY, tmp_path, **ANEW)
    assert [(settings.arch, settings.weights) for settings in executed] == [
        ("fcn32s", "none"),
        ("fcn16s", str(tmp_path / "fcn32s")),
        ("fcn8s", str(tmp_path / "fcn16s")),
    ]


@pytest.mark.parametrize("dataset", ["shapes", "voc", "siftflow"])
@pytest.mark.parametrize("backbone", ["vgg16", "googlenet"])
def test_the_heavy_recipe_has_a_rate_for_each_stage(dataset, backbone, executed, tmp_path, capsys):
    options = ["--staged", "--recipe", "heavy", "--width", "1", "--backbone", backbone]
    assert train.main([dataset, *options, "--out", str(tmp_path)]) == 0
    assert [settings.arch for settings in executed] == ["fcn32s", "fcn16s", "fcn8s"]


@pytest.mark.parametrize(
    ("config", "options", "message"),
    [
        (None, {"stages": {"fcn8s": {"rate": 1e-14}}}, "a learning rate of 1e-14 does not fit"),
        (
            None,
            {"stages": {arch: {"freeze": "conv*,upscore"} for arch in STAGES}},
            "fcn16s: --freeze: no layer with parameters matches 'upscore'",
        ),
        ("{}", {}, "fcn16s: holds a run already"),
        ('{"settings": {}}', {"resume": True}, "missing"),
    ],
)
def test_a_stage_that_cannot_be_is_refused_before_the_first_is_trained(
    executed, tmp_path, config, options, message
):
    if config is not None:
        (tmp_path / "fcn16s").mkdir()
        for name in ("config.json", "log.jsonl"):
            (tmp_path / "fcn16s" / name).write_text(config)
    with pytest.raises(SettingsError, match=message):
        stages.train_stages("shapes", TINY, tmp_path, **{**ANEW, **options})
    assert not executed
