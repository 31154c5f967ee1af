"""One of cuBLASLt's algorithms, and keeping it."""

from __future__ import annotations

import base64
from ctypes import byref, create_string_buffer
from dataclasses import dataclass
from typing import Any

from bpcore.words.errors import OptionError
from bpcore_cupy.products.abi import ALGORITHM_BYTES, HeuristicResult
from bpcore_cupy.products.descriptors import Described
from bpcore_cupy.products.failures import ProductFailed
from bpcore_cupy.products.library import version_text
from bpcore_cupy.products.plan import Plan

__all__ = ["Algorithm", "checked"]


@dataclass(frozen=True)
class Algorithm:
    """One configured algorithm, as the same version can take it again on the same device.

    Attributes
    ----------
    data : bytes
        The library's own 64 bytes.
    workspace_bytes : int
    version : int
        Of the library that made it: no other may read it.
    split : int
        Into how many parts the sum over k is cut.
    waves : float
        The library's guess of how full the device is: 1 is full.
    """

    data: bytes
    workspace_bytes: int
    version: int
    split: int = 1
    waves: float = 0.0

    def text(self) -> str:
        """Return it as one word, for a file; `of_text` reads it."""
        data = base64.b64encode(self.data).decode()
        return f"{self.version}:{self.workspace_bytes}:{self.split}:{data}"

    @classmethod
    def of_text(cls, text: str) -> Algorithm:
        """Read what `text` wrote.

        Raises
        ------
        OptionError
            It did not write that.
        """
        try:
            version, workspace_bytes, split, data = text.split(":")
            made = cls(base64.b64decode(data, validate=True), int(workspace_bytes), int(version), int(split))
        except ValueError:
            made = None
        if made is None or len(made.data) != ALGORITHM_BYTES:
            raise OptionError("a kept algorithm", text, "a word that Algorithm.text wrote")
        return made


def checked(library: Any, handle: int, described: Described, plan: Plan, kept: Algorithm) -> Algorithm:
    """Return an algorithm that was kept, if the library takes it here.

    Raises
    ------
    ProductFailed
        Another version of the library made it, or it does not fit the product or the device.
    """
    version = int(library.cublasLtGetVersion())
    if version != kept.version:
        made, here = version_text(kept.version), version_text(version)
        why = f"its algorithm was kept by cuBLASLt {made}, and this is {here}"
        raise ProductFailed(plan.text, why, "Leave kept= out, and it is chosen anew.")
    result, data = HeuristicResult(), create_string_buffer(kept.data, ALGORITHM_BYTES)
    name = "cublasLtMatmulAlgoCheck"
    status = getattr(library, name)(
        handle, described.operation.pointer, *described.matrices, data, byref(result)
    )
    if status:
        raise ProductFailed.of_status(plan.text, name, status)
    return Algorithm(
        kept.data, int(result.workspace_bytes), version, split=kept.split, waves=float(result.waves)
    )
