"""Assignment: ``x[key] = v`` and ``x += v`` on traced arrays, made functional.

Nothing is written into. A new array is computed, `x` becomes it, and the tape keeps what it was before, so
that gradients are those of the values that were used. Two things could make the numbers differ from what the
library itself would have computed, and both are errors:

- `x` is an argument of the function, or a view of one: the library would write into the caller's memory;
- another array shares memory with `x` and is used afterwards: the library might have changed it along. Such
  arrays become stale here, and say so when they are used. Those that are never used again do no harm.

Which functions may return views is written in the table of rules; a library that copies instead gives the
same numbers, or the same error.
"""

from __future__ import annotations

from bpcore.derivatives.arrays.indices import is_mask, sorted_key
from bpcore.derivatives.arrays.tape import STALE, Call, Stale, Tape
from bpcore.derivatives.arrays.traced import Traced, check_readable, plain
from bpcore.derivatives.rules.indexing import ARRAY
from bpcore.words.errors import InPlace, ShapeError
from bpcore.words.protocols import Array, Namespace

__all__ = ["become", "write"]


def write(x: Traced, key: object, value: Array) -> None:
    """Do ``x[key] = value``.

    Raises
    ------
    InPlace
        When `x` is an argument of the function, or a view of one; or cannot hold the value.
    """
    stale = _revived(x, key, value)
    _check_root(x)
    become(x, _written(x.tape.space.traced, x, key, _as_held(x, value)))
    if stale is not None:
        value.tape = stale


def _revived(x: Traced, key: object, value: Array) -> Stale | None:
    """Take back that `x` is stale in ``x[key] += v``, and return what it was.

    Python reads ``x[key]``, adds to that view in place, by which `x` becomes stale, and then assigns it to
    where it came from.
    """
    stale = x.tape
    if type(stale) is not Stale or stale.cause() is not value:
        return None
    call = stale.tape.calls[stale.slot - stale.tape.inputs]
    if call.function.name == "getitem" and call.slots[0] == x.slot and call.static["key"] == _basic(key):
        x.tape = stale.tape
        return stale
    return None


def _basic(key: object) -> tuple[object, ...]:
    """Return a key of integers and slices as `getitem` is given it."""
    parts = tuple(part for part in (key if isinstance(key, tuple) else (key,)) if part is not None)
    return parts if any(part is Ellipsis for part in parts) else (*parts, ...)


def _written(xp: Namespace, x: Traced, key: object, value: Array) -> Array:
    """Return `x` with `value` at `key`."""
    shown, arrays = sorted_key(key)
    if not arrays:
        return xp.assign(x, value, key=_basic(shown))
    masks = [z for z in arrays if is_mask(z)]
    if shown != (ARRAY,) or not masks:
        check_readable(masks, "a mask as an index")
        return xp.assign_at(x, value, *arrays, key=shown)
    mask = arrays[0]
    if getattr(value, "ndim", 0) == 0:  # no shape depends on the mask's values
        for _ in range(x.ndim - mask.ndim):
            mask = xp.expand_dims(mask, axis=-1)
        return xp.where(mask, value, x)
    check_readable(masks, "a mask as an index")
    return xp.assign(x, value, key=plain(mask))


def _as_held(x: Traced, value: Array) -> Array:
    """Return the value in the dtype of `x`; what would be cut off on the way is refused."""
    if not hasattr(value, "dtype") or value.dtype == x.dtype:
        return value
    space = x.tape.space
    lost = (space.is_floating(value.dtype) and not space.is_floating(x.dtype)) or (
        space.is_complex(value.dtype) and not space.is_complex(x.dtype)
    )
    if lost:
        raise InPlace(
            f"a value of {value.dtype} does not fit into an array of {x.dtype}, and its gradient would be "
            "lost: cast the array first, with xp.astype."
        )
    return space.traced.astype(value, x.dtype)


def become(x: Traced, y: Array) -> Traced:
    """Let `x` be the new array `y` from here on; what shared memory with it becomes stale."""
    if tuple(y.shape) != x.shape:
        raise ShapeError("an assignment in place", f"a result of shape {x.shape}", tuple(y.shape))
    if y.dtype != x.dtype:
        raise InPlace(f"an array of {x.dtype} cannot become {y.dtype} in place: write x = x + v instead.")
    _check_root(x)
    _make_stale(x)
    x.tape, x.slot, x.value = y.tape, y.slot, y.value
    return x


def _check_root(x: Traced) -> None:
    """Refuse to write into memory that was there before the trace."""
    if type(x.tape) is Stale:
        raise InPlace(STALE)
    root = _root(x.tape, x.slot)
    if root is None or root < x.tape.inputs:
        raise InPlace(
            "an assignment would write into an argument of the function, or into a view of one: "
            "take a copy first, with xp.asarray(x, copy=True), or write x = x + v for x += v."
        )


def _root(tape: Tape, slot: int) -> int | None:
    """Return the slot whose memory a slot may be a view of; None for memory from outside the tape."""
    while slot >= tape.inputs:
        call = tape.calls[slot - tape.inputs]
        if not _shares(call):
            break
        if call.slots[0] is None:
            return None
        slot = call.slots[0]
    return slot


def _shares(call: Call) -> bool:
    """Return whether the output may share memory with the first input; what a mask reads does not."""
    copied = call.static.get("copy") or hasattr(call.static.get("key"), "dtype")
    return call.function.views and not copied


def _make_stale(x: Traced) -> None:
    tape, root = x.tape, _root(x.tape, x.slot)
    stale = Stale(tape, x, x.slot)
    for pair in tape.views:
        for reference in pair:
            other = reference()
            if other is None or other is x or other.tape is not tape:
                continue
            if _root(tape, other.slot) == root:
                other.tape = stale
    tape.views = [pair for pair in tape.views if pair[1]() is not None]
    tape.assigned = True
