"""Forward mode: walk the tape as it was written, tangents of inputs becoming tangents of outputs.

No function has a rule of its own for this. What a rule says about going back also says how to go forward:
see `Forward`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from bpcore.derivatives.arrays.space import Space
from bpcore.derivatives.arrays.tape import Call, Tape
from bpcore.derivatives.arrays.traced import Traced
from bpcore.derivatives.namespaces.plain import bound
from bpcore.derivatives.rules.function import ITEM, Forward, Rule
from bpcore.derivatives.transforms.reverse import as_input, pull_back
from bpcore.words.protocols import Array, Namespace

__all__ = ["push_forward"]


def push_forward(
    tape: Tape, tangents: dict[int, Array], again: Callable[[Tape], object] | None = None
) -> dict[int, Array]:
    """Return the tangents of all slots that depend on the inputs, by slot.

    Parameters
    ----------
    tape : Tape
    tangents : dict of int to array
        The tangents of inputs, by slot, like the inputs in shape and dtype. Inputs that are not in it
        stand still.
    again : function, optional
        As for `pull_back`.
    """
    nested = tape.nested or any(type(t) is Traced for t in tangents.values())
    walk = _Walk(tape.space, tape.space.traced if nested else tape.space.functions)
    found = dict(tangents)
    slot = tape.inputs
    try:
        for slot, call in enumerate(tape.calls, start=tape.inputs):
            t = walk.step(call, found)
            if t is not None:
                found[slot] = t
    except Exception as error:
        from bpcore.derivatives.arrays.lines import say_where  # wanted for an error only

        say_where(error, tape, slot, again)
        raise
    return found


def _rule(call: Call, index: int) -> Rule:
    rule = (call.function.backward or ())[index]
    return rule or _nothing


def _nothing(*args: Array, **static: Array) -> None:
    return None


class _Walk(NamedTuple):
    """Where tangents are computed."""

    space: Space
    xp: Namespace

    def step(self, call: Call, found: dict[int, Array]) -> Array | None:
        """Return the tangent of a call's output, or of each of several; None where it does not move."""
        if call.function is ITEM:
            parts = found.get(call.slots[0])  # type: ignore[arg-type]
            return None if parts is None else parts[call.static["index"]]
        backward = call.function.backward
        if backward is None or not (call.function.several or self.space.is_floating(call.output.dtype)):
            return None  # whole numbers do not move
        moving = {
            i: found[slot] for i, slot in enumerate(call.slots) if slot in found and backward[i] is not None
        }
        return _WAYS[call.function.forward](self, call, moving) if moving else None

    def diagonal(self, call: Call, moving: dict[int, Array]) -> Array | None:
        """Apply the rules to tangents; a real output moves by the real part."""
        y, total = call.output, None
        for i, t in moving.items():
            t = _rule(call, i)(self.xp, self._like_output(t, y), y, *call.inputs, **call.static)  # noqa: PLW2901
            if t is not None:
                total = t if total is None else self.xp.add(total, t)
        if total is not None and self.space.is_complex(total.dtype) and not self.space.is_complex(y.dtype):
            total = self.xp.real(total)
        return total

    def _like_output(self, t: Array, y: Array) -> Array:
        """Promote and broadcast a tangent as its input was."""
        if t.dtype != y.dtype and not self.space.is_complex(t.dtype):
            t = self.xp.astype(t, y.dtype)
        return t if t.shape == y.shape else self.xp.broadcast_to(t, tuple(y.shape))

    def linear(self, call: Call, moving: dict[int, Array]) -> Array:
        """Apply the function to all tangents at once."""
        backward = call.function.backward or ()
        return self._called(
            call,
            [
                moving[i] if i in moving else x if backward[i] is None else self._zero(x)
                for i, x in enumerate(call.inputs)
            ],
        )

    def _zero(self, x: Array) -> Array:
        return self.xp.zeros_like(x) if hasattr(x, "dtype") else 0.0

    def multilinear(self, call: Call, moving: dict[int, Array]) -> Array:
        """Apply the function to one tangent at a time."""
        total = None
        for i, t in moving.items():
            y = self._called(call, [t if i == k else x for k, x in enumerate(call.inputs)])
            total = y if total is None else self.xp.add(total, y)
        return total

    def _called(self, call: Call, inputs: list[Array]) -> Array:
        function = bound(call.function, self.xp)
        return (
            function(inputs, **call.static) if call.function.takes_list else function(*inputs, **call.static)
        )

    def transposed(self, call: Call, moving: dict[int, Array]) -> Array | None:
        """Trace ``g -> rule(g)``, which is linear, and pull the tangents back through it."""
        outputs = call.output if call.function.several else (call.output,)
        floating = [i for i, y in enumerate(outputs) if self.space.is_floating(y.dtype)]
        tape = Tape(self.space, len(floating))
        gs: list[Array | None] = [None] * len(outputs)
        for slot, i in enumerate(floating):
            gs[i] = Traced(tape, slot, self.xp.ones_like(outputs[i]))
        g = tuple(gs) if call.function.several else gs[0]
        seeds: dict[int, Array] = {}
        for i, t in moving.items():
            dx = _rule(call, i)(self.space.traced, g, call.output, *call.inputs, **call.static)
            if dx is not None:
                dx = as_input(self.space, self.space.traced, dx, call.inputs[i])
            if type(dx) is Traced and dx.tape is tape:
                seeds[dx.slot] = t if dx.slot not in seeds else self.xp.add(seeds[dx.slot], t)
        found = pull_back(tape, seeds)
        if not call.function.several:
            return found[0]
        parts: list[Array | None] = [None] * len(outputs)
        for slot, i in enumerate(floating):
            parts[i] = found[slot]
        return tuple(parts)


_WAYS: dict[Forward, Callable[[_Walk, Call, dict[int, Array]], Array | None]] = {
    Forward.DIAGONAL: _Walk.diagonal,
    Forward.LINEAR: _Walk.linear,
    Forward.MULTILINEAR: _Walk.multilinear,
    Forward.TRANSPOSED: _Walk.transposed,
}
