"""What was required of speed, as data, and whether a run holds it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from benchmarks.peers.figures import best_of_ours, figure, ratio
from benchmarks.peers.race import Field
from benchmarks.peers.roster import BAR, NUMPY
from benchmarks.peers.workloads import WORKLOADS

__all__ = ["REQUIREMENTS", "Requirement", "Verdict", "verdicts"]

Fields = dict[str, Field]
BUFFERS = 128
"""KiB for the buffers in which NumPy casts, which do not grow with the data; an activation of W4 has 256."""


class Requirement(NamedTuple):
    """A figure that may not be more than a limit.

    Attributes
    ----------
    text : str
    workload : str
    limit : float
    measured : function
        Of the workload's field; None where what it takes was not measured.
    aim : bool
        Whether it is one to come close to rather than to hold.
    """

    text: str
    workload: str
    limit: float
    measured: Callable[[Field], float | None]
    aim: bool = False


class Verdict(NamedTuple):
    """A requirement, what was measured, and whether it holds: None where it could not be measured."""

    text: str
    limit: float
    measured: float | None
    holds: bool | None
    aim: bool


def _ours(name: str, other: str) -> Callable[[Field], float | None]:
    """Return the ratio of one of ours to another contender."""
    return lambda field: _over(field, name, other)


def _best_over(other: str) -> Callable[[Field], float | None]:
    def measured(field: Field) -> float | None:
        best = best_of_ours(field)
        return None if best is None else _over(field, best, other)

    return measured


def _over(field: Field, name: str, other: str) -> float | None:
    found = ratio(field, name, other)
    return None if found is None else found.median


def _lowering(name: str, report: str = "first_call") -> Callable[[Field], float | None]:
    """Return the seconds of a first call over those of a usual one: recording and lowering."""

    def measured(field: Field) -> float | None:
        told = field.get(name, {})
        if not told.get("times") or told.get(report) is None:
            return None
        return float(told[report]) - figure(told["times"]).median / 1e6

    return measured


def _told(name: str, what: str, unit: float) -> Callable[[Field], float | None]:
    def measured(field: Field) -> float | None:
        told = field.get(name, {})
        return float(told[what]) / unit if told.get(what) else 0.0 if what in told else None

    return measured


def _all() -> Iterator[Requirement]:
    for workload in WORKLOADS:
        yield Requirement(
            f"{workload}: numpy backend, step by step, over {BAR}", workload, 1.0, _ours(NUMPY, BAR)
        )
        many = f"{NUMPY} scan"
        yield Requirement(
            f"{workload}: numpy backend, many steps, over {BAR}", workload, 1.0, _ours(many, BAR)
        )
    for workload in ("W1", "W2", "W3", "W6"):
        for peer in ("torch", "torch.compile", "autograd", "MyGrad", "scikit-learn"):
            yield Requirement(f"{workload}: numpy backend over {peer}", workload, 1.0, _ours(NUMPY, peer))
    for workload in ("W1", "W2", "W3", "W4", "W6"):
        for peer in ("torch", "torch.compile", "JAX jit"):
            yield Requirement(f"{workload}: best of ours over {peer}", workload, 1.0, _best_over(peer))
    yield Requirement("W1: best of ours over the C loop", "W1", 3.0, _best_over("C loop"))
    yield Requirement(
        "W5: best of ours over the products alone in NumPy", "W5", 1.05 * 1.1, _best_over("products NumPy")
    )
    yield Requirement("W4: recording and lowering, numpy, s", "W4", 0.1, _lowering(NUMPY))
    yield Requirement(
        "W4: recording and lowering, numba, cold, s", "W4", 20, _lowering("bpcore numba", "cold_call")
    )
    yield Requirement(
        "W4: recording and lowering, numba, from its cache, s", "W4", 1, _lowering("bpcore numba")
    )
    for workload in WORKLOADS:
        yield Requirement(
            f"{workload}: allocated after the first steps, numpy, KiB",
            workload,
            BUFFERS,
            _told(NUMPY, "allocated", 1024),
        )
    yield Requirement(
        "W5: peak memory, numpy, over what is needed",
        "W5",
        1.3,
        _told(NUMPY, "peak", WORKLOADS["W5"].bytes_needed),
    )
    for workload in WORKLOADS:
        yield Requirement(
            f"{workload}: best of ours over JAX scan", workload, 1.0, _best_over("JAX scan"), aim=True
        )
    yield Requirement("W5: best of ours over torch", "W5", 1.0, _best_over("torch"), aim=True)


REQUIREMENTS = tuple(_all())


def verdicts(fields: Fields) -> list[Verdict]:
    """Return what one run says of every requirement on a workload that it has."""
    found = []
    for one in REQUIREMENTS:
        if one.workload not in fields:
            continue
        measured = one.measured(fields[one.workload])
        holds = None if measured is None else measured <= one.limit
        found.append(Verdict(one.text, one.limit, measured, holds, one.aim))
    return found
