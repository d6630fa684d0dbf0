"""What the commands show of a training."""

from minifcn.training.console import Console
from minifcn.training.solver import Step


def test_the_bar_moves_by_as_many_steps_as_a_report_tells_of(capsys):
    console = Console(profile=True)
    for number, steps, at in ((60, 20, 60), (80, 20, 80)):  # resumed after 40
        console.step(Step(number, 1.0, 0.5, 1e-3, 40, 10.0, 1.0, steps), 83)
        assert console.bar is not None
        assert console.bar.n == at
    assert console.bar.initial == 40
    console.step(Step(83, 1.0, 0.5, 1e-3, 6, 2.0, 1.0, 3), 83)
    assert console.bar is None
    assert (console.steps, console.seconds, console.waited) == (43, 22.0, 3.0)
    assert "images=3.0/s" in capsys.readouterr().err
