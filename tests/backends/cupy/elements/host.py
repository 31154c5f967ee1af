"""The text of kernels, run as host code by a C++ compiler: no GPU run, and nothing about the speed of one."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bpcore.program.equation import ArrayType
from bpcore_cupy.elements import SCRATCH, Kernel

__all__ = ["COMPILER", "Host", "aligned"]

COMPILER = (shutil.which("c++") or shutil.which("g++")) if sys.platform == "linux" else None
"""The shim is written for Linux: threads of a block are contexts that other systems have done away with."""
FLAGS = ("-std=c++17", "-O0", "-fPIC", "-shared", "-w", "-ffp-contract=off", "-fno-strict-aliasing")
WAITING = ("__syncthreads", "__shfl", "__syncwarp")


def aligned(size: int, offset: int = 0) -> np.ndarray:
    """Return bytes that begin `offset` behind a multiple of 256."""
    raw = np.zeros(size + 512, np.uint8)
    start = -raw.ctypes.data % 256 + offset
    return raw[start : start + size]


def _wrapped(number: int, kernel: Kernel) -> str:
    given = ", ".join(f"a[{i}]" for i in range(len(kernel.arguments)))
    kinds = ", ".join("void*" for _ in kernel.arguments)
    waits = int(any(word in kernel.source for word in WAITING))
    name = kernel.name
    return f"""
namespace n{number} {{
{kernel.source}
static void call(void** a) {{ ((void (*)({kinds})){name})({given}); }}
}}
extern "C" int run_{name}(void** a, unsigned int grid, unsigned int block) {{
  return host::launch(n{number}::call, a, grid, block, {waits});
}}
"""


class Host:
    """Kernels, compiled together for this machine's processor."""

    def __init__(self, kernels: Iterable[Kernel]) -> None:
        found = {stage.name: stage for kernel in kernels for stage in kernel.stages}
        shim = (Path(__file__).parent / "shim.h").read_text(encoding="utf-8")
        text = shim + "".join(_wrapped(i, kernel) for i, kernel in enumerate(found.values()))
        with tempfile.TemporaryDirectory() as folder:
            source, library = Path(folder, "kernels.cpp"), Path(folder, "kernels.so")
            source.write_text(text, encoding="utf-8")
            done = subprocess.run(
                [str(COMPILER), *FLAGS, str(source), "-o", str(library)],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr[:4000]
            self.library = ctypes.CDLL(str(library))

    def run(
        self, kernel: Kernel, arrays: Mapping[Any, np.ndarray], types: Mapping[Any, ArrayType]
    ) -> dict[Any, np.ndarray]:
        """Return what a kernel writes; arrays that are given and written are written in place."""
        memory = dict(arrays)
        for stage in kernel.stages:
            for name in stage.arguments:
                if name is not SCRATCH and name not in memory:
                    shape, dtype = types[name]
                    size = int(np.prod(shape, dtype=int))
                    room = aligned(max(size, 1) * np.dtype(dtype).itemsize)
                    memory[name] = np.full(len(room), 0xA5, np.uint8).view(dtype)[:size].reshape(shape)
                    memory[name] = _moved(memory[name], room)
        scratch = aligned(kernel.scratch_bytes + 64)
        scratch[:] = 0xA5
        for stage in kernel.stages:
            pointers = [
                scratch.ctypes.data if x is SCRATCH else memory[x].ctypes.data for x in stage.arguments
            ]
            given = (ctypes.c_void_p * max(len(pointers), 1))(*pointers)
            launch = getattr(self.library, f"run_{stage.name}")
            result = launch(given, stage.grid, stage.block)
            assert result == 0, f"threads do not wait for the same: {stage.source}"
        assert (scratch[kernel.scratch_bytes :] == 0xA5).all(), "written beyond the scratch memory"
        return memory


def _moved(array: np.ndarray, room: np.ndarray) -> np.ndarray:
    target = room[: array.nbytes].view(array.dtype).reshape(array.shape)
    target[...] = array
    return target
