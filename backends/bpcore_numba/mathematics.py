"""exp, expm1, log, log1p and tanh without a branch, so that LLVM computes several elements at once.

The argument is brought near zero by halves of a power of two, a polynomial is evaluated there, and what was
taken is put back. The reductions are those of W. Cody, W. Waite (1980), "Software manual for the elementary
functions"; the logarithm's is that of the Sun library fdlibm: ``log(1 + f) = f - s (f - R)``. Polynomials for
exp are Taylor's, of as many terms as the dtype needs on an interval so short.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from bpcore_numba.writing import REGISTER, Code, Value, literal

__all__ = ["DEFINITIONS"]


@dataclass(frozen=True)
class _Float:
    """A floating dtype: its bits, and how it is split."""

    kind: str
    word: str  # the whole number of its size
    mantissa: int  # bits
    bias: int
    terms: int  # of exp's polynomial
    ln2: tuple[float, float]  # high part, with zeros at its end, and the rest
    overflow: float
    underflow: float
    logarithm: tuple[float, ...]

    @property
    def suffix(self) -> str:
        return "f32" if self.kind == "float32" else "f64"


SINGLE = _Float(
    "float32", "int32", 23, 127, 7, (0.693359375, -2.12194440054690583e-4), 89.0, -104.5,
    (0.66666662693023681640625, 0.40000972151756286621, 0.28498786687850952148, 0.24279078841209411621),
)  # fmt: skip
DOUBLE = _Float(
    "float64", "int64", 52, 1023, 13, (6.93147180369123816490e-01, 1.90821492927058770002e-10), 710.0, -746.0,
    (
        *(6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01),
        *(2.222219843214978396e-01, 1.818357216161805012e-01, 1.531383769920937332e-01),
        1.479819860511658591e-01,
    ),
)  # fmt: skip


class _Writer:
    """Arithmetic in one dtype, written line by line."""

    def __init__(self, of: _Float) -> None:
        self.of, self.code = of, Code()

    def __call__(self, number: float) -> Value:
        return literal(self.of.kind, number)

    def two(self, word: str, a: Value, b: Value) -> Value:
        return self.code.let(a.kind, f"{word} {a.typed}, {b.text}")

    def add(self, a: Value, b: Value) -> Value:
        return self.two("fadd", a, b)

    def sub(self, a: Value, b: Value) -> Value:
        return self.two("fsub", a, b)

    def mul(self, a: Value, b: Value) -> Value:
        return self.two("fmul", a, b)

    def div(self, a: Value, b: Value) -> Value:
        return self.two("fdiv", a, b)

    def fma(self, a: Value, b: Value, c: Value) -> Value:
        return self.code.call(f"llvm.fma.{self.of.suffix}", a.kind, a, b, c)

    def one(self, name: str, *x: Value) -> Value:
        return self.code.call(f"llvm.{name}.{self.of.suffix}", x[0].kind, *x)

    def when(self, comparison: str, a: Value, b: Value) -> Value:
        return self.code.let("bool", f"fcmp {comparison} {a.typed}, {b.text}")

    def select(self, condition: Value, a: Value, b: Value) -> Value:
        return self.code.let(a.kind, f"select i1 {condition.text}, {a.typed}, {b.typed}")

    def bits(self, x: Value) -> Value:
        return self.code.let(self.of.word, f"bitcast {x.typed} to {REGISTER[self.of.word]}")

    def of_bits(self, bits: Value) -> Value:
        return self.code.let(self.of.kind, f"bitcast {bits.typed} to {REGISTER[self.of.kind]}")

    def whole(self, x: Value) -> Value:
        return self.code.let(self.of.word, f"fptosi {x.typed} to {REGISTER[self.of.word]}")

    def number(self, n: Value) -> Value:
        return self.code.let(self.of.kind, f"sitofp {n.typed} to {REGISTER[self.of.kind]}")

    def whole_two(self, word: str, a: Value, b: int | Value) -> Value:
        return self.code.let(a.kind, f"{word} {a.typed}, {b.text if isinstance(b, Value) else b}")

    def power(self, n: Value) -> Value:
        """Return ``2**n`` of a whole number in the range of normal exponents."""
        biased = self.whole_two("add", n, self.of.bias)
        return self.of_bits(self.whole_two("shl", biased, self.of.mantissa))

    def polynomial(self, x: Value, coefficients: tuple[float, ...]) -> Value:
        """Return the polynomial whose coefficients are given from the lowest."""
        *rest, y = [self(c) for c in coefficients]
        for c in reversed(rest):
            y = self.fma(y, x, c)
        return y

    def reduced(self, x: Value) -> tuple[Value, Value]:
        """Return n and r with ``x = n ln 2 + r``; n is a whole number as a float."""
        n = self.one("rint", self.mul(x, self(1 / math.log(2))))
        high, low = self.of.ln2
        return n, self.fma(n, self(-low), self.fma(n, self(-high), x))

    def scaled(self, y: Value, n: Value) -> Value:
        """Return ``y 2**n`` in two steps, so that what is subnormal is reached."""
        whole = self.whole(n)
        half = self.whole_two("ashr", whole, 1)
        return self.mul(self.mul(y, self.power(half)), self.power(self.whole_two("sub", whole, half)))


def _clamped(w: _Writer, x: Value) -> Value:
    """Return `x`, kept where the exponent fits; what is no number becomes one, and is put back at the end."""
    x = w.select(w.when("olt", x, w(w.of.overflow)), x, w(w.of.overflow))
    return w.select(w.when("ogt", x, w(w.of.underflow)), x, w(w.of.underflow))


def _taylor(terms: int, first: int) -> tuple[float, ...]:
    return tuple(1 / math.factorial(i) for i in range(first, terms + 1))


def exp(w: _Writer, x: Value) -> Value:
    """``exp(r) 2**n``."""
    n, r = w.reduced(_clamped(w, x))
    tail = w.mul(w.mul(r, r), w.polynomial(r, _taylor(w.of.terms, 2)))
    y = w.scaled(w.add(w.add(tail, r), w(1.0)), n)
    return w.select(w.when("uno", x, x), x, y)


def _expm1(w: _Writer, x: Value, lower: int = 0) -> Value:
    """``2**n expm1(r) + (2**n - 1)`` divided by ``2**lower``; what the first addition loses is added back."""
    n, r = w.reduced(x)
    tail = w.mul(w.mul(r, r), w.polynomial(r, _taylor(w.of.terms + 1, 2)))
    whole = w.whole(n)
    scale = w.power(w.whole_two("sub", whole, lower) if lower else whole)
    rest, slope = w.sub(scale, w(0.5**lower)), w.mul(scale, r)
    total = w.add(rest, slope)
    lost = w.sub(slope, w.sub(total, rest))
    return w.add(total, w.fma(scale, tail, lost))


def expm1(w: _Writer, x: Value) -> Value:
    """Half of it twice: ``2**n`` itself may be beyond the greatest number."""
    least = w(-w.of.mantissa * 0.7 - 3)  # from there it is -1
    y = w.mul(_expm1(w, _clamped(w, w.select(w.when("olt", x, least), least, x)), 1), w(2.0))
    y = w.select(w.when("olt", w.one("fabs", x), w(2.0 ** -(w.of.mantissa + 2))), x, y)
    return w.select(w.when("uno", x, x), x, y)


def tanh(w: _Writer, x: Value) -> Value:
    """``t / (t + 2)`` with ``t = expm1(2 |x|)``; 1 from where it rounds to that."""
    size = w.one("fabs", x)
    most = w(w.of.mantissa * 0.4)
    t = _expm1(w, w.mul(w.select(w.when("olt", size, most), size, most), w(2.0)))
    y = w.one("copysign", w.div(t, w.add(t, w(2.0))), x)
    return w.select(w.when("uno", x, x), x, y)


def _exponent(w: _Writer, x: Value) -> tuple[Value, Value]:
    """Return k and f with ``x = 2**k (1 + f)`` and ``1 + f`` between the roots of 1/2 and 2."""
    tiny = w.when("olt", x, w(2.0 ** (1 - w.of.bias)))
    x = w.select(tiny, w.mul(x, w(2.0 ** (w.of.mantissa + 2))), x)
    root = literal(w.of.word, _bits_of_root(w.of))
    bits = w.whole_two("sub", w.bits(x), root)
    k = w.whole_two("ashr", bits, w.of.mantissa)
    mantissa = w.whole_two("and", bits, (1 << w.of.mantissa) - 1)
    f = w.sub(w.of_bits(w.whole_two("add", mantissa, root)), w(1.0))
    shift = w.select(tiny, w(float(w.of.mantissa + 2)), w(0.0))
    return w.sub(w.number(k), shift), f


def _bits_of_root(of: _Float) -> int:
    """Return the bits of the root of 1/2, as a whole number."""
    return 0x3F3504F3 if of is SINGLE else 0x3FE6A09E667F3BCD


def _log(w: _Writer, x: Value, correction: Value | None) -> Value:
    k, f = _exponent(w, x)
    s = w.div(f, w.add(w(2.0), f))
    z = w.mul(s, s)
    r = w.mul(z, w.polynomial(z, w.of.logarithm))
    half = w.mul(w.mul(f, f), w(0.5))
    high, low = w.of.ln2
    small = w.mul(k, w(low)) if correction is None else w.fma(k, w(low), correction)
    inner = w.sub(half, w.fma(s, w.add(half, r), small))
    return w.fma(k, w(high), w.sub(f, inner))


def log(w: _Writer, x: Value) -> Value:
    """As in fdlibm."""
    y = _log(w, x, None)
    y = w.select(w.when("olt", x, w(0.0)), w(math.nan), y)
    y = w.select(w.when("oeq", x, w(0.0)), w(-math.inf), y)
    return w.select(w.when("ueq", x, w(math.inf)), x, y)  # and what is no number


def log1p(w: _Writer, x: Value) -> Value:
    """``log(u)`` of ``u = 1 + x`` as rounded, and the part that the rounding lost."""
    u = w.add(x, w(1.0))
    first = w.sub(x, w.sub(u, w(1.0)))
    other = w.sub(w(1.0), w.sub(u, x))
    lost = w.select(w.when("oge", x, w(1.0)), other, first)
    y = _log(w, u, w.div(lost, u))
    y = w.select(w.when("olt", w.one("fabs", x), w(2.0 ** -(w.of.mantissa + 1))), x, y)
    y = w.select(w.when("olt", x, w(-1.0)), w(math.nan), y)
    y = w.select(w.when("oeq", x, w(-1.0)), w(-math.inf), y)
    return w.select(w.when("ueq", x, w(math.inf)), x, y)


def _defined(name: str, body: Callable[[_Writer, Value], Value], of: _Float) -> tuple[str, set[str]]:
    w = _Writer(of)
    y = body(w, Value("%x", of.kind))
    head = f"define internal {REGISTER[of.kind]} @bp_{name}_{of.suffix}({REGISTER[of.kind]} %x) alwaysinline"
    return "\n".join([head + " {", *w.code.lines, f"  ret {y.typed}", "}"]), w.code.needs


DEFINITIONS: dict[str, tuple[str, set[str]]] = {
    f"bp_{body.__name__}_{of.suffix}": _defined(body.__name__, body, of)
    for body in (exp, expm1, log, log1p, tanh)
    for of in (SINGLE, DOUBLE)
}
"""For each function its text, and the declarations that it needs."""
