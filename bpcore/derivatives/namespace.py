"""The namespaces over a backend: the plain one that rules compute in, and the differentiable one.

The plain namespace is the library's own, with the backend's kernels and bpcore's functions beyond the
standard laid over it. The differentiable one has the same names. Given plain arrays it is the plain one;
given a traced array, the call is computed one level down and written on the tape.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import SimpleNamespace

from bpcore.derivatives.composites import COMPOSITES
from bpcore.derivatives.indices import read
from bpcore.derivatives.rules import TABLE
from bpcore.derivatives.rules.function import Function
from bpcore.derivatives.tape import Call, Tape
from bpcore.derivatives.traced import Traced, plain
from bpcore.ground.backend import Backend
from bpcore.ground.registry import backend as find_backend
from bpcore.ground.registry import backend_of
from bpcore.words.errors import MixedArrays, NotDifferentiable
from bpcore.words.protocols import Array, Dtype, Namespace, Static

__all__ = ["Space", "array_namespace", "device_of", "namespace", "space_of"]


class Space:
    """A backend's two namespaces.

    Attributes
    ----------
    backend : Backend
    functions : module-like
        What rules compute in, on plain arrays.
    traced : module-like
        What users and foreign code call, on plain and on traced arrays.
    """

    __slots__ = ("_real", "backend", "functions", "traced")

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self._real: dict[Dtype, bool] = {}
        self.functions = _functions(backend)
        self.traced: Namespace = _Differentiable(self)

    def is_real(self, dtype: Dtype) -> bool:
        """Return whether arrays of this dtype have derivatives: whether it is real floating."""
        if dtype not in self._real:
            self._real[dtype] = self.functions.isdtype(dtype, "real floating")
        return self._real[dtype]


def _functions(backend: Backend) -> Namespace:
    library = backend.namespace
    functions = SimpleNamespace(
        **{name: getattr(library, name) for name in dir(library) if not name.startswith("_")}
    )
    for function in TABLE.values():
        if function.compute is not None:
            setattr(functions, function.name, functools.partial(function.compute, functions))
    vars(functions).update(backend.kernels)
    if backend.device is not None:
        vars(functions).update(_creation_on(functions, backend.device))
    return functions


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


class _Differentiable:
    """A module-like object: the standard's functions, differentiable."""

    def __init__(self, space: Space) -> None:
        self.__name__ = f"bpcore.namespace.{space.backend.library}"
        functions = vars(space.functions)
        for name, function in TABLE.items():
            if name in functions:
                lift = _lift_list if function.takes_list else _lift
                setattr(self, name, lift(function, functions[name]))
        for name, composite in COMPOSITES.items():
            setattr(self, name, _compose(composite, functions.get(name), self))
        ours = vars(self)
        ours["getitem"] = functools.partial(read, ours["getitem"], ours["take"], ours["expand_dims"])
        for name, value in functions.items():
            if not hasattr(self, name):
                setattr(self, name, _pass(name, value) if callable(value) else value)

    def __repr__(self) -> str:
        return f"<namespace {self.__name__}>"


def _lift(function: Function, compute: Callable[..., Array]) -> Callable[..., Array]:
    """Return `function` as users call it: on plain arrays `compute`, on traced ones with its tape."""

    def call(*inputs: Array, **static: Static) -> Array:
        for name, value in static.items():
            if type(value) is Traced:  # it would be taken for a number, and its gradient lost
                raise NotDifferentiable(f"{function.name} was given {name} as a traced array: {_BY_POSITION}")
        tape: Tape | None = None
        for x in inputs:
            if type(x) is Traced and (tape is None or x.tape.serial > tape.serial):
                tape = x.tape
        if tape is None:
            return compute(*inputs, **static)
        slots: list[int | None] = []
        values = []
        deeper = False  # whether a value is traced itself, by an older tape
        for x in inputs:
            if type(x) is Traced:
                if x.tape is tape:
                    slots.append(x.slot)
                    x = x.value  # noqa: PLW2901
                else:
                    slots.append(None)
                deeper = deeper or type(x) is Traced
            else:
                slots.append(None)
            values.append(x)
        try:
            y = call(*values, **static) if deeper else compute(*values, **static)
        except (TypeError, ValueError, RuntimeError) as error:
            raise _explained(function, values, error) from error
        if deeper:
            tape.nested = True
        calls = tape.calls
        tape.append(Call(function, tuple(slots), tuple(values), static, y))
        return Traced(tape, tape.inputs + len(calls) - 1, y)

    call.__name__ = call.__qualname__ = function.name
    call.__doc__ = getattr(compute, "__doc__", None)
    return call


def _lift_list(function: Function, compute: Callable[..., Array]) -> Callable[..., Array]:
    """Return, as users call it, a function whose arrays come in one list."""
    call = _lift(function, lambda *arrays, **static: compute(list(arrays), **static))

    @functools.wraps(compute)
    def call_with_list(arrays: list[Array] | tuple[Array, ...], /, **static: Static) -> Array:
        return call(*arrays, **static)

    return call_with_list


_BY_POSITION = "pass arrays by position, and options as numbers."


def _explained(function: Function, values: list[Array], error: Exception) -> Exception:
    """Return an error that says more than the library's, where the arrays are of two libraries."""
    try:
        backend_of(*(plain(value) for value in values if hasattr(value, "dtype")))
    except MixedArrays as mixed:
        return MixedArrays(function.name, mixed.kinds)
    return error


def _compose(
    composite: Callable[..., Array], native: Callable[..., Array] | None, xp: Namespace
) -> Callable[..., Array]:
    """Return a function that is made of others when an input is traced, and the library's own if not."""

    @functools.wraps(native or composite)
    def call(*args: Array, **named: Array) -> Array:
        if native is not None and not _any_traced(args) and not _any_traced(tuple(named.values())):
            return native(*args, **named)
        return composite(xp, *args, **named)

    return call


def _any_traced(args: tuple[Array, ...] | list[Array]) -> bool:
    return any(type(x) is Traced or (isinstance(x, list | tuple) and _any_traced(list(x))) for x in args)


def _pass(name: str, native: Callable[..., Array]) -> Callable[..., Array]:
    """Return `native`, guarded: it has no rule, so a traced array must not slip through it."""
    if isinstance(native, type):
        return native

    @functools.wraps(native)
    def call(*args: Array, **named: Array) -> Array:
        if _any_traced(args) or _any_traced(tuple(named.values())):
            raise NotDifferentiable(
                f"{name} has no rule yet: bring the values out with stop_gradient if no gradient is "
                "wanted, or write it with functions that have one."
            )
        return native(*args, **named)

    return call


@functools.cache
def _space(backend: Backend) -> Space:
    return Space(backend)


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
