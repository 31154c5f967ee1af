"""Division that rounds down, and what it leaves over, as NumPy and Python have them."""

from __future__ import annotations

from bpcore_numba.writing import REGISTER, Code, Value, literal

__all__ = ["floor_divide", "remainder"]


def floor_divide(code: Code, a: Value, b: Value) -> Value:
    """Return the whole part of the quotient."""
    return (_floats if a.kind.startswith("float") else _whole)(code, a, b)[0]


def remainder(code: Code, a: Value, b: Value) -> Value:
    """Return what is left over, with the sign of `b`."""
    return (_floats if a.kind.startswith("float") else _whole)(code, a, b)[1]


def _select(code: Code, condition: str, a: Value, b: Value) -> Value:
    return code.let(a.kind, f"select i1 {condition}, {a.typed}, {b.typed}")


def _two(code: Code, word: str, a: Value, b: Value) -> Value:
    return code.let(a.kind, f"{word} {a.typed}, {b.text}")


def _whole(code: Code, a: Value, b: Value) -> tuple[Value, Value]:
    """Of whole numbers; divided by zero they are zero."""
    zero, one, kind = literal(a.kind, 0), literal(a.kind, 1), REGISTER[a.kind]
    none = code.raw(f"icmp eq {b.typed}, 0")
    minus = code.raw(f"icmp eq {b.typed}, -1")  # the least number divided by it is beyond the greatest
    unsafe = code.raw(f"or i1 {none}, {minus}")
    safe = _select(code, unsafe, one, b)
    quotient, left = _two(code, "sdiv", a, safe), _two(code, "srem", a, safe)
    odd = code.raw(f"icmp ne {left.typed}, 0")
    signs = code.raw(f"xor {kind} {left.text}, {b.text}")
    apart = code.raw(f"icmp slt {kind} {signs}, 0")
    down = code.raw(f"and i1 {odd}, {apart}")
    quotient = _select(code, down, _two(code, "sub", quotient, one), quotient)
    left = _select(code, down, _two(code, "add", left, b), left)
    quotient = _select(code, minus, _two(code, "sub", zero, a), quotient)
    return _select(code, none, zero, quotient), _select(code, unsafe, zero, left)


def _floats(code: Code, a: Value, b: Value) -> tuple[Value, Value]:
    """Of floats, in NumPy's own steps."""
    zero, one, half = (literal(a.kind, x) for x in (0.0, 1.0, 0.5))
    suffix = "f32" if a.kind == "float32" else "f64"

    def signed(x: Value) -> Value:
        return code.call(f"llvm.copysign.{suffix}", a.kind, zero, x)

    over = _two(code, "fdiv", a, b)
    none = code.raw(f"fcmp oeq {b.typed}, 0.0")
    left = _two(code, "frem", a, b)
    quotient = _two(code, "fdiv", _two(code, "fsub", a, left), b)
    odd = code.raw(f"fcmp une {left.typed}, 0.0")
    below = [code.raw(f"fcmp olt {x.typed}, 0.0") for x in (b, left)]
    apart = code.raw(f"xor i1 {below[0]}, {below[1]}")
    down = code.raw(f"and i1 {odd}, {apart}")
    quotient = _select(code, down, _two(code, "fsub", quotient, one), quotient)
    moved = _select(code, down, _two(code, "fadd", left, b), left)
    rest = _select(code, odd, moved, signed(b))
    floor = code.call(f"llvm.floor.{suffix}", a.kind, quotient)
    far = code.raw(f"fcmp ogt {_two(code, 'fsub', quotient, floor).typed}, {half.text}")
    floor = _select(code, far, _two(code, "fadd", floor, one), floor)
    some = code.raw(f"fcmp une {quotient.typed}, 0.0")
    floor = _select(code, some, floor, signed(over))
    return _select(code, none, over, floor), _select(code, none, left, rest)
