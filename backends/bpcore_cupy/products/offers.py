"""What cuBLASLt's heuristic offers for a product; and why an answer is left out."""

from __future__ import annotations

from collections import Counter
from ctypes import byref, c_int, c_size_t, create_string_buffer, sizeof
from dataclasses import dataclass
from typing import Any

from bpcore_cupy.products.abi import (
    ALGORITHM_BYTES,
    NARROW,
    REDUCTION,
    AlgorithmConfig,
    Attribute,
    HeuristicResult,
)
from bpcore_cupy.products.algorithm import Algorithm
from bpcore_cupy.products.descriptors import Described, preference
from bpcore_cupy.products.failures import status_name
from bpcore_cupy.products.plan import Plan

__all__ = ["ROUNDED", "Asked", "Offer", "asked", "schemes_of"]

ROUNDED = "rounds the float32 numbers that it multiplies, by its own account"
"""The one reason that is looked into, where nothing else is offered."""


@dataclass(frozen=True)
class Offer:
    """One answer of the heuristic.

    Attributes
    ----------
    algorithm : Algorithm
    scheme : int
        How the parts of a sum that was cut are added up: a bit of `abi.REDUCTION`.
    numerics : int
        What it multiplies with, and in what: bits of `abi.NUMERICS`; 0 if the library does not say.
    why : str
        Why it is left out; nothing if it may be taken.
    """

    algorithm: Algorithm
    scheme: int = 0
    numerics: int = 0
    why: str = ""


@dataclass(frozen=True)
class Asked:
    """What the heuristic answered, best guess first; `failed` where it answered nothing but a status."""

    offers: tuple[Offer, ...]
    failed: str = ""

    @property
    def algorithms(self) -> tuple[Algorithm, ...]:
        """What may be taken."""
        return tuple(offer.algorithm for offer in self.offers if not offer.why)

    @property
    def doubtful(self) -> tuple[Algorithm, ...]:
        """What is left out only because it says that it rounds its inputs."""
        return tuple(offer.algorithm for offer in self.offers if offer.why == ROUNDED)

    @property
    def why(self) -> str:
        """Why there are no algorithms; nothing if there are some."""
        if self.failed or self.algorithms:
            return self.failed
        reasons = Counter(offer.why for offer in self.offers)
        each = "".join(f"; {count} of them: it {why}" for why, count in reasons.items())
        return f"none of the heuristic's {len(self.offers)} algorithms can be taken{each}"


def schemes_of(plan: Plan, *, deterministic: bool) -> int | None:
    """Return which ways of adding up the parts of a sum are asked for; None for all.

    In a fixed order means: each part is written to a place of its own in the workspace, and a second step
    adds them. Parts that are kept in the result's dtype are asked for only where that is no narrower.
    """
    if not deterministic:
        return None
    wide = plan.result.dtype == plan.scale
    return REDUCTION["COMPUTE_TYPE"] | (REDUCTION["OUTPUT_TYPE"] if wide else 0)


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
    schemes = schemes_of(plan, deterministic=deterministic)
    with preference(library, plan, workspace_bytes, schemes) as wishes:
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
    answers = found[: count.value]
    return Asked(tuple(_offer(library, x, version, plan, workspace_bytes, schemes) for x in answers))


def _offer(
    library: Any, result: HeuristicResult, version: int, plan: Plan, most: int, schemes: int | None
) -> Offer:
    """Return one answer, and why it is left out."""
    data = bytes(result.algorithm)
    split = max(_read(library, "Config", data, AlgorithmConfig.SPLIT), 1)
    scheme = _read(library, "Config", data, AlgorithmConfig.REDUCTION_SCHEME)
    numerics = _read(library, "Cap", data, AlgorithmConfig.NUMERICS)
    why = ""
    if result.state:
        why = f"failed with {status_name(result.state)}"
    elif result.workspace_bytes > most:
        why = f"wants more than {most} bytes of workspace"
    elif schemes is not None and (scheme & ~schemes or (split > 1 and not scheme)):
        why = "adds up the parts of a sum in an order that is not known to be fixed"
    elif plan.compute == "32F" and plan.first.dtype == "float32" and numerics & NARROW:
        why = ROUNDED
    made = Algorithm(data, int(result.workspace_bytes), version, split, float(result.waves))
    return Offer(made, scheme, numerics, why)


def _read(library: Any, what: str, data: bytes, attribute: Attribute) -> int:
    """Return one attribute of an algorithm, 0 if the library does not say.

    It is a second look: compute type and preference have told the heuristic what may be offered.
    """
    name = f"cublasLtMatmulAlgo{what}GetAttribute"
    held, written = attribute.kind(), c_size_t()
    algorithm = create_string_buffer(data, ALGORITHM_BYTES)
    status = getattr(library, name)(algorithm, attribute.number, byref(held), sizeof(held), byref(written))
    return 0 if status else int(held.value)
