"""The smallest run of a training that there is, for tests of what comes after it."""

TINY = ["--width", "0.015625", "--weights", "none", "--smoke"]
