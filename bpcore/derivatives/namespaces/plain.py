"""The plain namespace: the library's own functions, with kernels and functions beyond it laid over."""

from __future__ import annotations

import functools
from collections.abc import Callable
from operator import attrgetter
from types import ModuleType, SimpleNamespace

from bpcore.derivatives.namespaces.about import REVISION, About
from bpcore.derivatives.rules import TABLE
from bpcore.derivatives.rules.function import Function
from bpcore.ground.backend import Backend
from bpcore.words.protocols import Array, Namespace, Static

__all__ = ["EXTENSIONS", "bound", "look_up", "plain_functions", "put"]


EXTENSIONS = ("fft", "linalg")
"""The standard's extensions: namespaces inside the namespace."""


def plain_functions(backend: Backend) -> Namespace:
    """Return what rules compute in: functions of plain arrays, new ones on the backend's device."""
    library = backend.namespace
    functions = SimpleNamespace(**{name: getattr(library, name) for name in _names(library)})
    for extension in EXTENSIONS:
        inside = getattr(library, extension, None)
        names = () if inside is None else (name for name in dir(inside) if not name.startswith("_"))
        setattr(functions, extension, SimpleNamespace(**{name: getattr(inside, name) for name in names}))
    for function in TABLE.values():
        if function.compute is not None:
            put(functions, function.name, functools.partial(function.compute, functions))
    for name, kernel in backend.kernels.items():
        put(functions, name, kernel)
    for name in vars(functions.linalg):
        if name in TABLE:  # the same function under two names
            setattr(functions.linalg, name, getattr(functions, name))
    _answers(functions, backend)
    if backend.device is not None:
        for name in CREATION:
            put(functions, name, _on_device(look_up(functions, name), backend.device))
    return functions


CREATION = (
    *("arange", "asarray", "empty", "eye", "full", "linspace", "ones", "zeros"),
    *("fft.fftfreq", "fft.rfftfreq"),
)
"""Functions that are told a device, and no array."""


def look_up(functions: Namespace, name: str) -> Callable[..., Array]:
    """Return the function of that name, which may have a dot in it."""
    found: Callable[..., Array] = attrgetter(name)(functions)
    return found


def bound(function: Function, functions: Namespace) -> Callable[..., Array]:
    """Return a function of the table as a namespace has it, or a user's own over that namespace."""
    if function.compute is not None and TABLE.get(function.name) is not function:
        return functools.partial(function.compute, functions)
    return look_up(functions, function.name)


def put(functions: Namespace, name: str, function: Callable[..., Array]) -> None:
    """Set the function of that name, which may have a dot in it."""
    extension, _, name = name.rpartition(".")
    setattr(getattr(functions, extension) if extension else functions, name, function)


def _answers(functions: Namespace, backend: Backend) -> None:
    """Say what the namespace is, where the library can be asked."""
    ask = getattr(backend.namespace, "__array_namespace_info__", None)
    functions.__array_api_version__ = REVISION
    if ask is not None:
        functions.__array_namespace_info__ = lambda: About(ask(), backend)


def _names(library: Namespace) -> set[str]:
    """Return the public names of a library, without modules that it would import when asked for them.

    NumPy lists its tests and its Fortran compiler, 90 ms that nobody wants.
    """
    if not isinstance(library, ModuleType):
        return {name for name in dir(library) if not name.startswith("_")}
    return {name for name in vars(library) if not name.startswith("_")}


def _on_device(create: Callable[..., Array], device: object) -> Callable[..., Array]:
    """Return a creation function with `device` as its default."""

    @functools.wraps(create)
    def call(*args: Static, **static: Static) -> Array:
        if static.get("device") is None:
            static["device"] = device
        return create(*args, **static)

    return call
