"""The precisions of PyTorch. What is set in its global switches for a step is put back after it.

The switches are CUDA's: on the CPU products of float32 are always IEEE's, and those of 16 bits are summed in
float32.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch

from bpcore.ground.precision import Precision

__all__ = ["PRECISIONS", "switched"]

MATMUL: Any = torch.backends.cuda.matmul
"""Where the switches are."""

AMPERE = (8, 0)
"""The first CUDA devices whose tensor cores have TF32."""

PRODUCTS = {"fp32_precision": "tf32"} if hasattr(MATMUL, "fp32_precision") else {"allow_tf32": True}
"""The switch of TF32: the one that PyTorch has had since 2.9, where it is there."""

SUMS = {"allow_bf16_reduced_precision_reduction": False, "allow_fp16_reduced_precision_reduction": False}


@contextmanager
def switched(switches: Mapping[str, object], /) -> Iterator[None]:
    """Set switches, and put them back."""
    before = {name: getattr(MATMUL, name) for name in switches}
    try:
        for name, value in switches.items():
            setattr(MATMUL, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(MATMUL, name, value)


def _is_plain(device: Any) -> bool:
    """Return whether a device has no TF32."""
    place = torch.get_default_device() if device is None else torch.device(device)
    return bool(place.type != "cuda" or torch.cuda.get_device_capability(place) < AMPERE)


PRECISIONS = {
    "tf32": Precision(scope=lambda: switched(PRODUCTS), plain=_is_plain),
    "bfloat16": Precision(dtype=torch.bfloat16, scope=lambda: switched(SUMS)),
    "float16": Precision(dtype=torch.float16, scope=lambda: switched(SUMS)),
}
