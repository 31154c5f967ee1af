"""The plain namespace: the library's own functions, with kernels and functions beyond it laid over."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import ModuleType, SimpleNamespace

from bpcore.derivatives.rules import TABLE
from bpcore.ground.backend import Backend
from bpcore.words.protocols import Array, Namespace, Static

__all__ = ["plain_functions"]


def plain_functions(backend: Backend) -> Namespace:
    """Return what rules compute in: functions of plain arrays, new ones on the backend's device."""
    library = backend.namespace
    functions = SimpleNamespace(**{name: getattr(library, name) for name in _names(library)})
    for function in TABLE.values():
        if function.compute is not None:
            setattr(functions, function.name, functools.partial(function.compute, functions))
    vars(functions).update(backend.kernels)
    if backend.device is not None:
        vars(functions).update(_creation_on(functions, backend.device))
    return functions


def _names(library: Namespace) -> set[str]:
    """Return the public names of a library, without modules that it would import when asked for them.

    NumPy lists its tests and its Fortran compiler, 90 ms that nobody wants.
    """
    if not isinstance(library, ModuleType):
        return {name for name in dir(library) if not name.startswith("_")}
    extensions = {name for name in ("fft", "linalg") if hasattr(library, name)}
    return {name for name in vars(library) if not name.startswith("_")} | extensions


def _creation_on(functions: Namespace, device: object) -> dict[str, Callable[..., Array]]:
    """Return the creation functions with `device` as their default."""
    names = ("arange", "asarray", "empty", "eye", "full", "linspace", "ones", "zeros")

    def on_device(create: Callable[..., Array]) -> Callable[..., Array]:
        @functools.wraps(create)
        def call(*args: Static, **static: Static) -> Array:
            if static.get("device") is None:
                static["device"] = device
            return create(*args, **static)

        return call

    return {name: on_device(getattr(functions, name)) for name in names}
