"""Which of cuBLASLt's algorithms is taken, and keeping it."""

from __future__ import annotations

import base64
from ctypes import byref, c_int, c_size_t, create_string_buffer, sizeof
from dataclasses import dataclass
from typing import Any

from bpcore.words.errors import OptionError
from bpcore_cupy.products.abi import ALGORITHM_BYTES, NARROW, AlgorithmConfig, Attribute, HeuristicResult
from bpcore_cupy.products.descriptors import Described, preference
from bpcore_cupy.products.failures import ProductFailed, status_name
from bpcore_cupy.products.library import version_text
from bpcore_cupy.products.plan import Plan

__all__ = ["Algorithm", "Asked", "asked", "checked"]


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


@dataclass(frozen=True)
class Asked:
    """What the heuristic answered: algorithms, best guess first, or why there are none."""

    algorithms: tuple[Algorithm, ...]
    why: str = ""


def asked(
    library: Any,
    handle: int,
    described: Described,
    plan: Plan,
    *,
    workspace_bytes: int,
    deterministic: bool,
    limit: int,
) -> Asked:
    """Ask the heuristic for at most `limit` algorithms."""
    found, count = (HeuristicResult * limit)(), c_int()
    with preference(library, plan, workspace_bytes, deterministic=deterministic) as wishes:
        status = library.cublasLtMatmulAlgoGetHeuristic(
            handle,
            described.operation.pointer,
            *described.matrices,
            wishes.pointer,
            limit,
            found,
            byref(count),
        )
    if status:
        return Asked((), f"the heuristic answered {status_name(status)}")
    version = int(library.cublasLtGetVersion())
    usable = [result for result in found[: count.value] if not result.state]
    fit = [made for made in (_of(library, result, version, plan) for result in usable) if made]
    fit = [made for made in fit if made.workspace_bytes <= workspace_bytes]
    fit = [made for made in fit if made.split == 1 or not deterministic]
    why = "" if fit else f"none of {count.value} algorithms fits the precision, the workspace and determinism"
    return Asked(tuple(fit), why)


def _of(library: Any, result: HeuristicResult, version: int, plan: Plan) -> Algorithm | None:
    """Return one answer, None if it rounds float32 numbers that are to be multiplied as they are."""
    data = bytes(result.algorithm)
    if plan.compute == "32F" and plan.first.dtype == "float32":
        numerics = _read(library, "Cap", data, AlgorithmConfig.NUMERICS)
        if numerics & NARROW:
            return None
    split = _read(library, "Config", data, AlgorithmConfig.SPLIT)
    return Algorithm(data, int(result.workspace_bytes), version, max(split, 1), float(result.waves))


def _read(library: Any, what: str, data: bytes, attribute: Attribute) -> int:
    """Return one attribute of an algorithm, 0 if the library does not say.

    It is a second look: compute type and preference have told the heuristic what may be offered.
    """
    name = f"cublasLtMatmulAlgo{what}GetAttribute"
    held, written = attribute.kind(), c_size_t()
    algorithm = create_string_buffer(data, ALGORITHM_BYTES)
    status = getattr(library, name)(algorithm, attribute.number, byref(held), sizeof(held), byref(written))
    return 0 if status else int(held.value)


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
