"""What cuBLASLt offers for the products of a step: a table, for the first look at a device.

``python -m bpcore_cupy.offered`` prints it for three networks; ``--tune`` times what may be taken, and
``784-512-10@128:tf32`` names another network, its batch and its precision.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

from bpcore.ground.library import import_library
from bpcore.words.errors import BpcoreError, OptionError
from bpcore_cupy.devices import count
from bpcore_cupy.installing import install
from bpcore_cupy.products import Handle, Offer, Operand, Plan, ProductFailed, plan_of, row_major
from bpcore_cupy.products.abi import NUMERICS, REDUCTION
from bpcore_cupy.trial import Trial, wrong

__all__ = ["NETWORKS", "show", "step_products", "table"]

NETWORKS = (
    *("784-512-512-10@128:float32", "784-512-512-10@128:tf32"),
    *("1024-2048-2048-2048-10@4096:float32", "1024-2048-2048-2048-10@4096:tf32"),
    *("1024-2048-2048-2048-10@4096:bfloat16", "2-16-8-1@200:float32"),
)

HEAD: tuple[str, ...] = (
    "offer",
    "taken",
    "split",
    "scheme",
    "multiplies",
    "workspace",
    "waves",
    "us",
    "why not",
)


def show(networks: Iterable[str] = NETWORKS, *, tune: bool = False, deterministic: bool = True) -> None:
    """Print the table on CuPy's current device.

    Parameters
    ----------
    networks : iterable of str
        Widths of layers, batch and precision, as in ``784-512-10@128:tf32``.
    tune : bool
        Run what may be taken, and print how long each takes.
    deterministic : bool
        What is asked for.

    Raises
    ------
    BackendUnusable
        There is no CuPy, or no device.
    OptionError
        A network is written otherwise.
    """
    cp = import_library("cupy", "CuPy", given="cupy", install=install())
    count(cp, "cupy")
    cp.zeros(1)  # the device's context, which the library needs

    def seconds(handle: Handle, plan: Plan, offer: Offer) -> float:
        with Trial(cp, handle, plan) as trial:
            prepared = handle.prepare(plan, algorithm=offer.algorithm)
            assert prepared is not None  # noqa: S101 - it was offered
            return trial.seconds(prepared)

    def check(handle: Handle, prepared: Any) -> str:
        return wrong(cp, handle, prepared)

    with Handle(cp.cuda.alloc, deterministic=deterministic, check=check) as handle:
        for network in networks:
            print(f"{network}, cuBLASLt {handle.version}")  # noqa: T201 - what it is for
            print(table(handle, step_products(network), seconds if tune else None))  # noqa: T201


def table(
    handle: Handle,
    plans: Iterable[Plan],
    seconds: Callable[[Handle, Plan, Offer], float] | None = None,
) -> str:
    """Return what is offered for each plan, what is taken of it, and why the rest is not.

    Parameters
    ----------
    handle : Handle
    plans : iterable of Plan
    seconds : callable or None
        How long one of the offers takes that may be taken.
    """
    return "\n".join(line for plan in plans for line in _about(handle, plan, seconds))


def _about(handle: Handle, plan: Plan, seconds: Any) -> list[str]:
    offers = handle.offers(plan)
    try:
        prepared = handle.prepare(plan)
    except ProductFailed:
        prepared = None
    taken = None if prepared is None else prepared.algorithm.data
    rows = [HEAD]
    for number, offer in enumerate(offers, start=1):
        time = f"{1e6 * seconds(handle, plan, offer):.1f}" if seconds and not offer.why else ""
        rows.append(_row(number, offer, time, taken=offer.algorithm.data == taken))
    note = " (run once, and its numbers are right)" if plan in handle.proved else ""
    said = f"nothing: {handle.refused[plan]}" if prepared is None else f"{len(offers)} offered{note}"
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEAD))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    return [plan.text, f"  {said}", *(f"    {line}" for line in (lines if offers else []))]


def _row(number: int, offer: Offer, time: str, *, taken: bool) -> tuple[str, ...]:
    made = offer.algorithm
    scheme = next((name for name, bit in REDUCTION.items() if bit == offer.scheme), hex(offer.scheme))
    numerics = [name.rpartition("_")[2] for name, bit in NUMERICS.items() if offer.numerics & bit]
    words = (scheme, " ".join(numerics) or "?", str(made.workspace_bytes), f"{made.waves:.2f}", time)
    return (str(number), "yes" if taken else "", str(made.split), *words, offer.why)


def step_products(network: str) -> list[Plan]:
    """Return the products of a training step of a network with ReLU, with the ends that are asked for.

    Parameters
    ----------
    network : str
        As in ``784-512-10@128:tf32``.
    """
    read = re.fullmatch(r"(\d+(?:-\d+)+)@(\d+)(?::(\w+))?", network)
    if read is None:
        raise OptionError("a network", network, "widths, batch and precision as in 784-512-10@128:tf32")
    sizes, samples, precision = [int(x) for x in read[1].split("-")], int(read[2]), read[3] or ""
    dtype = precision if precision in ("bfloat16", "float16", "float64") else "float32"
    word = precision if dtype == "float32" and precision else "float32"
    found = []
    for number, (n, m) in enumerate(pairwise(sizes)):
        x, w, y = ((samples, n), (n, m), (samples, m))
        last = number == len(sizes) - 2
        ways: list[tuple[Operand, Operand, Operand, Sequence[str | None]]] = [
            (_lies(x, dtype), _lies(w, dtype), _lies(y, dtype), ("bias" if last else "relu_aux_bias",)),
            (_lies(x, dtype, turned=True), _lies(y, dtype), _lies(w, dtype), ("bgrad_b",)),
        ]
        if number:
            ways.append((_lies(y, dtype), _lies(w, dtype, turned=True), _lies(x, dtype), ("drelu_bgrad",)))
        found += [
            plan_of(a, b, c, epilogue=end, precision=word) for a, b, c, ends in ways for end in (None, *ends)
        ]
    return found


def _lies(shape: tuple[int, int], dtype: str, *, turned: bool = False) -> Operand:
    """Return a matrix that lies by rows, or its transpose."""
    return Operand(shape[::-1], (1, shape[1]), dtype) if turned else Operand(shape, row_major(shape), dtype)


def _main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bpcore_cupy.offered", description=__doc__)
    parser.add_argument("networks", nargs="*", default=NETWORKS)
    parser.add_argument("--tune", action="store_true", help="time what may be taken")
    parser.add_argument("--any-order", action="store_true", help="sums need not repeat their bits")
    told = parser.parse_args(words)
    try:
        show(told.networks, tune=told.tune, deterministic=not told.any_order)
    except BpcoreError as error:
        print(error, file=sys.stderr)  # noqa: T201 - one line
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(_main())
