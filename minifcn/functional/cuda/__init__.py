"""CUDA kernels, for what would be many passes over memory as array expressions on a GPU.

Each file holds the sources of one operation and the functions that launch them. The definition of
the operation is its plain twin in `minifcn/functional/`, to which one line binds the kernel
(`bind.py`). Read `launch.py` first, then `relu.py`.

Common to all of them:

- one thread an element of what is *written*, and no atomics: the sum of a pixel or a weight is
  added up in a fixed order, so two runs give the same numbers;
- no shared memory and no synchronisation between threads: they are all bound by memory, and what
  neighbouring threads read lies side by side or in the cache;
- indices of 32 bits where they suffice, else of 64; a grid that fits the device, over which each
  thread strides as often as it takes.
"""

from __future__ import annotations

from minifcn.functional.cuda.dropout import DROPOUT, DROPOUT_BACKWARD
from minifcn.functional.cuda.im2col import COL2IM, IM2COL
from minifcn.functional.cuda.lrn import LRN, LRN_BACKWARD, LRN_RATIO
from minifcn.functional.cuda.pooling import MAX_POOL, MAX_POOL_BACKWARD
from minifcn.functional.cuda.relu import BIAS_RELU, RELU_BACKWARD
from minifcn.functional.cuda.sgd import SGD
from minifcn.functional.cuda.softmax import SOFTMAX_LOSS, SOFTMAX_LOSS_BACKWARD

SOURCES = (
    IM2COL,
    COL2IM,
    MAX_POOL,
    MAX_POOL_BACKWARD,
    BIAS_RELU,
    RELU_BACKWARD,
    SOFTMAX_LOSS,
    SOFTMAX_LOSS_BACKWARD,
    DROPOUT,
    DROPOUT_BACKWARD,
    LRN,
    LRN_RATIO,
    LRN_BACKWARD,
    SGD,
)
