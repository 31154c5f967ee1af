"""The namespace that traced arrays answer with: inside a trace, what it makes is traced as well.

Code that was written for any library asks its arrays where they belong, makes further arrays there, and
refuses to go on when they do not all belong together. So the arrays that it makes inside a trace are put on
the tape as constants, on the device of the function's arguments unless it names one.

It is the differentiable namespace in all else. Outside every trace, it makes plain arrays.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import SimpleNamespace

from bpcore.derivatives.arrays.tape import INNERMOST, Call
from bpcore.derivatives.arrays.traced import Traced, plain
from bpcore.derivatives.namespaces.plain import CREATION, EXTENSIONS, look_up, put
from bpcore.derivatives.namespaces.scipy_names import special
from bpcore.derivatives.rules.function import Function, constant
from bpcore.words.protocols import Array, Namespace, Static

__all__ = ["Inside"]

(MADE,) = constant("it was made of no traced array", "made", compute=lambda xp, x: x)
TAKEN_IN = Function("taken_in", None, compute=lambda xp, x: x, reason=MADE.reason, views=True)
"""What `asarray` returns may share memory with an array from outside the trace."""


class Inside:
    """A module-like object, over the differentiable namespace."""

    def __init__(self, over: Namespace, name: str) -> None:
        self.__name__ = name
        vars(self).update({key: value for key, value in vars(over).items() if key != "__name__"})
        for extension in EXTENSIONS:
            setattr(self, extension, SimpleNamespace(**vars(getattr(over, extension))))
        for function in (*CREATION, "from_dlpack"):
            put(self, function, _traced(look_up(over, function), self))
        self.special = special(over)

    def __repr__(self) -> str:
        return f"<namespace {self.__name__}>"


def _traced(create: Callable[..., Array], xp: Inside) -> Callable[..., Array]:
    """Return a creation function whose arrays are constants of the innermost trace."""

    @functools.wraps(create)
    def call(*args: Static, **named: Static) -> Array:
        tape, like = INNERMOST.get()
        if tape is None or tape.space.inside is not xp:
            return create(*args, **named)
        shared = bool(args) and hasattr(args[0], "dtype")
        if not shared and named.get("device") is None:
            device = getattr(plain(like), "device", None)
            named |= {} if device is None else {"device": device}
        y = create(*args, **named)
        if type(y) is Traced:
            return y
        function = TAKEN_IN if shared and not named.get("copy") else MADE
        tape.append(Call(function, (None,), (y,), {}, y))
        return Traced(tape, tape.inputs + len(tape.calls) - 1, y)

    return call
