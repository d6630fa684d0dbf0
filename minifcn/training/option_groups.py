"""The titles that the options of a training are listed under, in this order."""

from __future__ import annotations

DATA, NET, TRAINING, RUN = "data", "net", "training", "run"
ONE_DATA_SET, RARE = "of single data sets", "rarely needed"
GROUPS = (DATA, NET, TRAINING, RUN, ONE_DATA_SET, RARE)
