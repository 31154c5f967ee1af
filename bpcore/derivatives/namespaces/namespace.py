"""The namespaces over a backend: the plain one that rules compute in, and the differentiable one.

The plain namespace is the library's own, with the backend's kernels and bpcore's functions beyond the
standard laid over it. The differentiable one has the same names. Given plain arrays it is the plain one;
given a traced array, the call is computed one level down and written on the tape.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from functools import partial

from bpcore.derivatives.arrays.assignment import become, write
from bpcore.derivatives.arrays.indices import read
from bpcore.derivatives.arrays.space import Space
from bpcore.derivatives.arrays.traced import Traced
from bpcore.derivatives.namespaces.composites import COMPOSITES
from bpcore.derivatives.namespaces.covering import COVERING
from bpcore.derivatives.namespaces.inside import Inside
from bpcore.derivatives.namespaces.lifting import composed, guarded, inspecting, lifted, lifted_list
from bpcore.derivatives.namespaces.plain import EXTENSIONS, plain_functions, put
from bpcore.derivatives.rules import TABLE
from bpcore.ground.backend import Backend
from bpcore.ground.registry import backend as find_backend
from bpcore.ground.registry import backend_of
from bpcore.words.protocols import Array, Namespace, Static

__all__ = ["array_namespace", "device_of", "namespace", "space_of", "space_on"]


INSPECTING = ("broadcast_shapes", "can_cast", "finfo", "iinfo", "isdtype", "result_type")
"""Functions that look at shapes and dtypes only."""


class _Differentiable:
    """A module-like object: the standard's functions, differentiable.

    Its extensions, ``linalg`` and ``fft``, are objects like it.
    """

    def __init__(self, name: str, functions: Namespace, extension: str = "") -> None:
        self.__name__ = name
        there = vars(getattr(functions, extension) if extension else functions)
        for key, native in there.items():
            if key in EXTENSIONS and not extension:
                setattr(self, key, _Differentiable(f"{name}.{key}", functions, key))
            else:
                setattr(self, key, self._own(f"{extension}.{key}" if extension else key, native))
        if not extension:
            self._beyond(there)

    def _own(self, name: str, native: Static) -> Static:
        """Return the differentiable function of that name, or what stands in its place."""
        function = TABLE.get(name) or TABLE.get(name.removeprefix("linalg."))
        if function is not None:
            library = self.__name__.split(".")[2]
            own = (lifted_list if function.takes_list else lifted)(function, native, library)
            vars(own)["__wrapped__"] = native  # so that the library's signature is seen
            return own
        if not callable(native):
            return native
        return inspecting(native) if name in INSPECTING else guarded(name, native)

    def _beyond(self, there: Mapping[str, Static]) -> None:
        """Add the functions that are made of others."""
        for name, composite in COMPOSITES.items():
            extension, _, short = name.rpartition(".")
            natives = vars(there[extension]) if extension else there
            put(self, name, composed(composite, natives.get(short), self))
        for name, composite in COVERING.items():
            put(self, name, composed(partial(composite, vars(self)[name]), there.get(name), self))

    def __repr__(self) -> str:
        return f"<namespace {self.__name__}>"


@functools.cache
def _space(backend: Backend) -> Space:
    functions = plain_functions(backend)
    name = f"bpcore.namespace.{backend.library}"
    traced = _Differentiable(name, functions)
    return Space(backend, functions, traced, Inside(traced, name), partial(read, traced), write, become)


def space_on(backend: str | Backend | None) -> Space:
    """Return the namespaces over a backend."""
    return _space(find_backend(backend))


_spaces: dict[type, Space] = {}


def space_of(*arrays: Array) -> Space:
    """Return the namespaces that the arrays, plain or traced, belong to."""
    kinds = {type(x) for x in arrays}
    if Traced in kinds:
        return next(x.tape.space for x in arrays if type(x) is Traced)
    if len(kinds) != 1:
        return _space(backend_of(*arrays))
    (kind,) = kinds
    if kind not in _spaces:
        _spaces[kind] = _space(backend_of(arrays[0]))
    return _spaces[kind]


def array_namespace(*arrays: Array) -> Namespace:
    """Return the differentiable namespace that the arrays belong to.

    Parameters
    ----------
    *arrays : arrays of one library, plain or traced, or Python numbers

    Examples
    --------
    >>> import bpcore as bp, numpy as np
    >>> xp = bp.array_namespace(np.ones(3))
    >>> bp.grad(lambda x: xp.sum(xp.square(x)))(np.ones(3))
    array([2., 2., 2.])
    """
    return space_of(*arrays).traced


def device_of(x: Array) -> object:
    """Return the device of an array, to make others there.

    It is None while the array's own library compiles the function, as in ``jax.jit``: then the library
    decides where things are, and its arrays cannot be asked.
    """
    return getattr(x, "device", None)


def namespace(backend: str | Backend | None = None, /) -> Namespace:
    """Return the differentiable namespace over a backend, as a module-like object.

    Parameters
    ----------
    backend : str, Backend or None
        As for `bpcore.backend`. New arrays are made on its device.

    Examples
    --------
    >>> import bpcore as bp
    >>> xp = bp.namespace("numpy")
    >>> bp.grad(lambda x: xp.sum(x**3))(xp.asarray([1.0, 2.0]))
    array([ 3., 12.])
    """
    return _space(find_backend(backend)).traced
