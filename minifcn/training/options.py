"""The settings of a training: one frozen record, in which each says what it means.

Its options on the command line, with their help, and all checks come from its fields: see
`system/records.py`. Most stand in the three parts that it is made of. What has no default is
decided in `settings.py`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from minifcn.backend import PRECISIONS
from minifcn.system.records import AT_LEAST_0, THREADS, SettingsError, check, setting
from minifcn.training.data_settings import DataSettings
from minifcn.training.learning_settings import LearningSettings
from minifcn.training.net_settings import NetSettings
from minifcn.training.option_groups import RARE, RUN


@dataclass(frozen=True, kw_only=True)
class Settings(LearningSettings, NetSettings, DataSettings):
    """Everything that decides what a run computes; written to its `config.json`.

    What has no default here is decided by the data set (`data.dataset.Defaults`), by the recipe
    (`recipes.py`, `reference/solvers.py`) or by other settings; see `resolve`. What `changes` may
    be given anew when a run is resumed; the rest makes it what it is.
    """

    dataset: str = setting("a key of `data.DATASETS`")
    data_options: dict[str, Any] = setting('those of the data set, such as {"ignore": 11}')
    final_images: int = setting(
        "how many the last evaluation looks at; 0: all", default=0, valid=AT_LEAST_0, changes=True
    )
    device: str = setting(
        "what computes; auto: the GPU where one works",
        RUN,
        "auto",
        choices=("cpu", "gpu", "auto"),
        changes=True,
    )
    threads: int = setting(
        "how many threads of the CPU; 0: as many as allowed", RUN, 0, valid=THREADS, changes=True
    )
    precision: str = setting(
        "how precisely a GPU multiplies matrices; a CPU takes no notice",
        RARE,
        "float32",
        choices=PRECISIONS,
        changes=True,
    )
    log_every: int = setting(
        "after how many updates each to report; 0: 1 on a CPU, 20 on a GPU, which has to be "
        "waited for",
        RARE,
        0,
        valid=AT_LEAST_0,
        changes=True,
    )
    recompute: bool = setting(
        "compute large maps twice: a fifth less memory for a third more time",
        RARE,
        False,
        changes=True,
    )

    def __post_init__(self) -> None:
        check(Settings, vars(self))
        try:
            self.spec(1)
        except ValueError as error:
            raise SettingsError(str(error)) from error

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a dict for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Settings:
        """Return the settings of a `config.json`; unknown and missing names are refused.

        Those that were added later may be missing: they had the value then that is now the default.
        """
        names = {field.name for field in fields(cls)}
        added = {field.name: field.default for field in fields(cls) if field.metadata["added"]}
        values = {**added, **values}
        if set(values) != names:
            raise SettingsError(
                f"settings: unknown {sorted(set(values) - names)}, "
                f"missing {sorted(names - set(values))}"
            )
        return cls(**values)
