"""The namespaces over a backend: the plain one that rules compute in, and the differentiable one.

The plain namespace is the library's own, with the backend's kernels and bpcore's functions beyond the
standard laid over it. The differentiable one has the same names. Given plain arrays it is the plain one;
given a traced array, the call is computed one level down and written on the tape.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping

from bpcore.derivatives.composites import COMPOSITES
from bpcore.derivatives.indices import read
from bpcore.derivatives.lifting import composed, guarded, lifted, lifted_list
from bpcore.derivatives.plain import plain_functions
from bpcore.derivatives.rules import TABLE
from bpcore.derivatives.space import Space
from bpcore.derivatives.traced import Traced
from bpcore.ground.backend import Backend
from bpcore.ground.registry import backend as find_backend
from bpcore.ground.registry import backend_of
from bpcore.words.protocols import Array, Namespace, Static

__all__ = ["array_namespace", "device_of", "namespace", "space_of"]


class _Differentiable:
    """A module-like object: the standard's functions, differentiable."""

    def __init__(self, library: str, functions: Mapping[str, Static]) -> None:
        self.__name__ = f"bpcore.namespace.{library}"
        for name, function in TABLE.items():
            if name in functions:
                lift = lifted_list if function.takes_list else lifted
                setattr(self, name, lift(function, functions[name]))
        for name, composite in COMPOSITES.items():
            setattr(self, name, composed(composite, functions.get(name), self))
        ours = vars(self)
        ours["getitem"] = functools.partial(read, ours["getitem"], ours["take"], ours["expand_dims"])
        for name, value in functions.items():
            if not hasattr(self, name):
                setattr(self, name, guarded(name, value) if callable(value) else value)

    def __repr__(self) -> str:
        return f"<namespace {self.__name__}>"


@functools.cache
def _space(backend: Backend) -> Space:
    functions = plain_functions(backend)
    return Space(backend, functions, _Differentiable(backend.library, vars(functions)))


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
