"""The whole training as a loop in C, compiled by the system's compiler: what a small net could come to."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers.training import Training
from benchmarks.peers.workloads import Data, Workload

__all__ = ["prepare"]

FLAGS = ("-O3", "-march=native", "-ffast-math", "-fPIC", "-c")
"""Of the compiler alone: a library linked with -ffast-math takes the subnormal numbers from all others."""


def prepare(workload: Workload, data: Data) -> Training:
    """Return the training of a small network, of double numbers, in C.

    Raises
    ------
    RuntimeError
        When there is no C compiler.
    """
    train = _compiled(workload)
    params = np.concatenate([np.concatenate([w.T.reshape(-1), b]) for w, b in data.weights])
    mean, square = np.zeros_like(params), np.zeros_like(params)
    xs, ys = (np.ascontiguousarray(np.swapaxes(part, 1, 2)) for part in (data.xs, data.ys))
    pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in (params, mean, square, xs, ys)]
    position = 0

    def advance(steps: int) -> float:
        nonlocal position
        loss = train(*pointers, len(xs), position, steps)
        position += steps
        return float(loss)

    def weights() -> Any:
        found, start = [], 0
        for w, b in data.weights:
            end = start + w.size
            found.append((params[start:end].reshape(w.T.shape).T.copy(), params[end : end + b.size].copy()))
            start = end + b.size
        return found

    return Training(advance, weights)


def _compiled(workload: Workload) -> Any:
    compiler = shutil.which("cc")
    if compiler is None:
        raise RuntimeError("there is no C compiler here (cc)")
    constants = {
        "SIZES": ",".join(map(str, workload.sizes)),
        "WIDEST": max(workload.sizes),
        "BATCH": workload.batch,
        "COUNT": workload.parameters,
        "RATE": workload.rate,
        "ADAM": int(workload.optimizer == "adam"),
        "SIGMOID": int(workload.activation == "sigmoid"),
        "LOGITS": int(workload.loss == "binary"),
    }
    with tempfile.TemporaryDirectory() as folder:
        library, code = Path(folder) / "loop.so", Path(folder) / "loop.o"
        named = [f"-D{name}={value}" for name, value in constants.items()]
        source = Path(__file__).with_name("loop.c")
        subprocess.run([compiler, *FLAGS, *named, "-o", code, source], check=True)
        subprocess.run([compiler, "-shared", "-o", library, code, "-lm"], check=True)
        train = ctypes.CDLL(str(library)).train
    train.restype = ctypes.c_double
    train.argtypes = [ctypes.c_void_p] * 5 + [ctypes.c_long] * 3
    return train
