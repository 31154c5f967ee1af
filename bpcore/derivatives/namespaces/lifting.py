"""How a function is called on traced arrays: computed one level down, and written on the tape."""

from __future__ import annotations

import functools
from collections.abc import Callable
from weakref import ref

from bpcore.derivatives.arrays.space import Space
from bpcore.derivatives.arrays.tape import Call, Tape
from bpcore.derivatives.arrays.traced import Traced, check_readable, plain
from bpcore.derivatives.rules.function import ITEM, Function
from bpcore.ground.registry import backend_of
from bpcore.words.errors import MixedArrays, NotDifferentiable
from bpcore.words.protocols import Array, Namespace, Static

__all__ = ["composed", "guarded", "inspecting", "lifted", "lifted_list"]


def lifted(  # noqa: C901
    function: Function, compute: Callable[..., Array], library: str = ""
) -> Callable[..., Array]:
    """Return `function` as users call it: on plain arrays `compute`, on traced ones with its tape.

    `library` is whose function `compute` is; empty for a user's own.
    """
    views = function.views

    def call(*inputs: Array, **static: Static) -> Array:
        if static:
            _check_options(function, static)
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
            slot = None
            if type(x) is Traced:
                if x.tape is tape:
                    slot, x = x.slot, x.value  # noqa: PLW2901
                deeper = deeper or type(x) is Traced
            elif type(x) not in tape.space.own_kinds:
                _check_kind(function, tape.space, x)
            slots.append(slot)
            values.append(x)
        try:
            y = whole(*values, **static) if deeper else compute(*values, **static)
        except (TypeError, ValueError, RuntimeError) as error:
            raise _explained(function, library, values, error) from error
        if deeper:
            tape.nested = True
        calls = tape.calls
        tape.append(Call(function, tuple(slots), tuple(values), static, y))
        traced = Traced(tape, tape.inputs + len(calls) - 1, y)
        if views and slots[0] is not None:
            tape.views.append((ref(inputs[0]), ref(traced)))
        return traced

    whole = _wrapped(function, call, compute)
    whole.__name__ = whole.__qualname__ = function.name
    whole.__doc__ = getattr(compute, "__doc__", None)
    return whole


Lifted = Callable[..., Array]


def _wrapped(function: Function, call: Lifted, compute: Lifted) -> Lifted:
    """Return `call` with what few functions need and all the others should not wait for."""
    if function.several:
        call = _parting(call)
    if function.inlined:
        call = _inlining(call, compute)
    return _reading(function.name, call) if function.reads else call


def _parting(call: Lifted) -> Lifted:
    """Return a function whose output is a tuple: each array of it is taken out by a call of its own."""

    def parting(*inputs: Array, **static: Static) -> Array:
        whole = call(*inputs, **static)
        if type(whole) is not Traced:
            return whole
        tape, y, parts = whole.tape, whole.value, []
        for index, part in enumerate(y):
            tape.append(Call(ITEM, (whole.slot,), (y,), {"index": index}, part))
            parts.append(Traced(tape, whole.slot + 1 + index, part))
        kind = type(y)
        return kind(*parts) if hasattr(kind, "_fields") else kind(parts)

    return parting


def _inlining(call: Lifted, compute: Lifted) -> Lifted:
    """Return a function that a recording looks into."""

    def inlining(*inputs: Array, **static: Static) -> Array:
        newest = max(
            (x.tape for x in inputs if type(x) is Traced), key=lambda tape: tape.serial, default=None
        )
        return (compute if newest is not None and newest.sealed else call)(*inputs, **static)

    return inlining


def _reading(name: str, call: Lifted) -> Lifted:
    """Return a function that is refused in a recording: the shape of its output depends on values."""

    def reading(*inputs: Array, **static: Static) -> Array:
        check_readable(inputs, f"{name}()")
        return call(*inputs, **static)

    return reading


def lifted_list(function: Function, compute: Callable[..., Array], library: str = "") -> Callable[..., Array]:
    """Return, as users call it, a function whose arrays come in one list."""
    call = lifted(function, lambda *arrays, **static: compute(list(arrays), **static), library)

    @functools.wraps(compute)
    def call_with_list(arrays: list[Array] | tuple[Array, ...], /, **static: Static) -> Array:
        return call(*arrays, **static)

    return call_with_list


def _check_kind(function: Function, space: Space, x: Array) -> None:
    """Refuse an array of another library: NumPy would take its values in without a word."""
    if hasattr(x, "dtype") and not isinstance(x, type):
        if not x.shape:
            return  # one number, which the library may take or refuse
        if backend_of(x).library != space.backend.library:
            raise MixedArrays(function.name, (space.backend.library, backend_of(x).library))
    space.own_kinds.add(type(x))


def _check_options(function: Function, static: dict[str, Static]) -> None:
    """Refuse a traced array by keyword: it would be taken for a number, and its gradient lost."""
    for name, value in static.items():
        if type(value) is Traced:
            raise NotDifferentiable(
                f"{function.name} was given {name} as a traced array: "
                "pass arrays by position, and options as numbers."
            )


def _explained(function: Function, library: str, values: list[Array], error: Exception) -> Exception:
    """Return an error that says more than the library's, where the arrays are of another, or of two."""
    try:
        owner = backend_of(*(plain(x) for x in values if hasattr(x, "dtype") and not isinstance(x, type)))
    except MixedArrays as mixed:
        return MixedArrays(function.name, mixed.kinds)
    if library and owner.library != library:
        return MixedArrays(f'{function.name} of bpcore.namespace("{library}")', (library, owner.library))
    return error


def composed(
    composite: Callable[..., Array], native: Callable[..., Array] | None, xp: Namespace
) -> Callable[..., Array]:
    """Return a function that is made of others when an input is traced, and the library's own if not."""

    @functools.wraps(native or composite)
    def call(*args: Array, **named: Array) -> Array:
        if native is not None and not _any_traced(args) and not _any_traced(tuple(named.values())):
            return native(*args, **named)
        try:
            return composite(xp, *args, **named)
        except (ArithmeticError, AttributeError, IndexError, TypeError, ValueError):
            if native is not None:  # a wrong call has the library's own error
                native(*map(_plain_all, args), **{name: _plain_all(x) for name, x in named.items()})
            raise

    return call


def _plain_all(x: Array) -> Array:
    return [_plain_all(part) for part in x] if isinstance(x, list) else plain(x)


def _any_traced(args: tuple[Array, ...] | list[Array]) -> bool:
    return any(type(x) is Traced or (isinstance(x, list | tuple) and _any_traced(list(x))) for x in args)


def inspecting(native: Callable[..., Array]) -> Callable[..., Array]:
    """Return a function that looks at shapes and dtypes only: it is shown the arrays behind traced ones."""

    @functools.wraps(native)
    def call(*args: Array, **named: Array) -> Array:
        return native(*(plain(x) for x in args), **{name: plain(x) for name, x in named.items()})

    return call


def guarded(name: str, native: Callable[..., Array]) -> Callable[..., Array]:
    """Return `native`, guarded: it has no rule, so a traced array must not slip through it."""
    if isinstance(native, type):
        return native

    @functools.wraps(native)
    def call(*args: Array, **named: Array) -> Array:
        if _any_traced(args) or _any_traced(tuple(named.values())):
            raise NotDifferentiable(
                f"{name} has no rule: bring the values out with stop_gradient if no gradient is "
                "wanted, or write it with functions that have one."
            )
        return native(*args, **named)

    return call
