"""Which device CuPy computes on: proving that one can, and entering it.

CuPy computes and allocates on the device that is current in the thread, whatever device its arguments are on,
and its creation functions take no device. Here a creation function enters the device that it is told, and
on a machine with several devices every function enters the device of its first array. On a machine with
one device nothing is wrapped.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from bpcore.ground.library import first_line
from bpcore.words.errors import BackendUnusable
from bpcore_cupy.installing import device_line, libraries_line

__all__ = ["chosen", "count", "following", "placed", "prove"]

Kernel = Callable[..., Any]


def count(cp: Any, given: str) -> int:
    """Return how many CUDA devices there are, one at least.

    Raises
    ------
    BackendUnusable
        There is none, or no driver that fits.
    """
    try:
        found = int(cp.cuda.runtime.getDeviceCount())
    except Exception as error:  # CuPy raises one class for all that CUDA answers, and others without a driver
        why = f"CuPy {cp.__version__} cannot count the CUDA devices ({first_line(error)})"
        raise BackendUnusable(given, why, device_line()) from error
    if found < 1:
        raise BackendUnusable(given, f"CuPy {cp.__version__} finds no CUDA device", device_line())
    return found


def chosen(given: str, device: str | None, found: int) -> int | None:
    """Return the number of the device that was named, None for CuPy's current one.

    Raises
    ------
    BackendUnusable
        There is no device of that number.
    """
    if device is None:
        return None
    if device not in map(str, range(found)):
        names = ", ".join(f"cupy:{i}" for i in range(found))
        raise BackendUnusable(given, f"CUDA counts {found} here, from 0", f"Name one of {names}.")
    return int(device)


def prove(cp: Any, given: str, place: Any) -> None:
    """Compile one kernel and do one product on the device `place`, and look at the numbers.

    Raises
    ------
    BackendUnusable
        One of them fails: CuPy imports, and a library of CUDA's or the device does not do its part.
    """
    with place:
        doubled = _attempt(cp, given, "compile a kernel", functools.partial(_kernel, cp))
        product = _attempt(cp, given, "do a product", functools.partial(_product, cp))
    if doubled != [0.0, 2.0, 4.0, 6.0] or product != [[2.0, 3.0], [6.0, 11.0]]:
        raise BackendUnusable(given, f"CuPy computes wrong numbers on device {place.id}", libraries_line())


def _attempt(cp: Any, given: str, deed: str, act: Callable[[], Any]) -> Any:
    try:
        return act()
    except Exception as error:  # NVRTC, cuBLAS, the driver and the loader each raise their own
        why = f"CuPy {cp.__version__} counts a CUDA device and cannot {deed} ({first_line(error)})"
        raise BackendUnusable(given, why, libraries_line()) from error


def _kernel(cp: Any) -> Any:
    twice = cp.ElementwiseKernel("float32 x", "float32 y", "y = x + x", "bpcore_probe")
    return twice(cp.arange(4, dtype=cp.float32)).get().tolist()


def _product(cp: Any) -> Any:
    x = cp.arange(4, dtype=cp.float32).reshape(2, 2)
    return cp.matmul(x, x).get().tolist()


def placed(create: Kernel) -> Kernel:
    """Return a creation function that takes ``device=`` and enters it."""

    @functools.wraps(create)
    def call(*args: Any, device: Any = None, **named: Any) -> Any:
        if device is None:
            return create(*args, **named)
        with device:
            return create(*args, **named)

    return call


def following(cp: Any, function: Kernel) -> Kernel:
    """Return a function that enters the device of its first array; for machines with several devices."""
    kind = cp.ndarray

    @functools.wraps(function)
    def call(*args: Any, **named: Any) -> Any:
        first = _first(kind, args)
        if first is None:
            return function(*args, **named)
        with first.device:
            return function(*args, **named)

    return call


def _first(kind: type, args: tuple[Any, ...] | list[Any]) -> Any:
    for x in args:
        if isinstance(x, kind):
            return x
        if isinstance(x, list | tuple) and (inside := _first(kind, x)) is not None:
            return inside
    return None
