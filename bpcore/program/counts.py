"""How many operations each function takes: by shapes, for every function of the table.

An operation is one on elements: a complex number counts like a real one. A multiplication and the addition
after it are two. What a library does besides, such as a copy of its own, is not counted. Decompositions are
counted as in Golub and Van Loan, Matrix Computations, 4th edition: sections 3.2 and 4.2 (triangular factors),
5.2 (Householder), 7.5, 8.3 and 8.6 (eigenvalues and singular values).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from bpcore.derivatives.rules.special.subscripts import subscripts_of
from bpcore.program.equation import ArrayType
from bpcore.words.protocols import Shape, Static

__all__ = ["KINDS", "Applied", "flops_of"]


class Applied(NamedTuple):
    """A function and what it was applied to, without values.

    Attributes
    ----------
    name : str
    operands : tuple
        All inputs: an `ArrayType`, or the value of what is no array.
    static : mapping
    outputs : tuple of ArrayType
    """

    name: str
    operands: tuple[Static, ...]
    static: Mapping[str, Static]
    outputs: tuple[ArrayType, ...]

    @property
    def shapes(self) -> list[Shape]:
        """The shapes of the inputs that are arrays."""
        return [x.shape for x in self.operands if isinstance(x, ArrayType)]

    @property
    def size(self) -> int:
        """The number of elements of the first output."""
        return math.prod(self.outputs[0].shape)


Count = Callable[[Applied], float]

PAIR = 2


def _result(call: Applied) -> float:
    return call.size


def _input(call: Applied) -> float:
    return math.prod(call.shapes[0]) if call.shapes else 0


def _nothing(call: Applied) -> float:
    return 0


def _contracted(call: Applied) -> float:
    """Every pair of elements is multiplied that comes together, and added: 2 m n k."""
    a, b = call.shapes[:2]
    return 2 * math.sqrt(math.prod(a) * math.prod(b) * call.size)


def _matmul(call: Applied) -> float:
    return 2 * call.size * call.shapes[0][-1]


def _vecdot(call: Applied) -> float:
    return 2 * call.size * call.shapes[0][call.static.get("axis", -1)]


def _einsum(call: Applied) -> float:
    """Of more than two operands no order is known here: what any order takes at least is counted."""
    read = subscripts_of(call.operands[0], call.shapes)
    if len(call.shapes) > PAIR:
        return max(math.prod(shape) for shape in [*call.shapes, call.outputs[0].shape])
    return len(call.shapes) * math.prod(read.sizes.values())


def _conv(call: Applied) -> float:
    """Each element of the image that is written sees the channels of a group times the window."""
    weights = call.shapes[1]
    return 2 * call.size * math.prod(weights[1:])


def _conv_input(call: Applied) -> float:
    return 2 * math.prod(call.shapes[0]) * math.prod(call.shapes[1][1:])


def _conv_weight(call: Applied) -> float:
    return 2 * math.prod(call.shapes[0]) * math.prod(call.outputs[0].shape[1:])


def _sort(call: Applied) -> float:
    """Comparisons: n log2 n along one axis."""
    (shape, axis) = call.shapes[0], call.static.get("axis", -1)
    length = math.prod(shape) if axis is None else (shape or (1,))[axis]
    return math.prod(shape) * math.log2(max(length, 2))


def _fourier(factor: float) -> Count:
    """Return 5 n log2 n for each transform of n numbers, half where one side is real (Cooley, Tukey)."""

    def count(call: Applied) -> float:
        larger = max(call.shapes[0], call.outputs[0].shape, key=math.prod)
        axes = call.static.get("axes") or (range(len(larger)) if "axes" in call.static else None)
        if axes is None:
            axes = range(len(larger)) if call.name.endswith("n") else (call.static.get("axis", -1),)
        length = math.prod(larger[axis] for axis in axes)
        return factor * math.prod(larger) * math.log2(max(length, 1))

    return count


def _matrices(formula: Callable[[int, int], float]) -> Count:
    """Return the count of a function of a stack of matrices: `formula` of rows >= columns."""

    def count(call: Applied) -> float:
        shape = call.shapes[0]
        rows, columns = max(shape[-2:]), min(shape[-2:])
        return math.prod(shape[:-2]) * formula(rows, columns)

    return count


def _solve(call: Applied) -> float:
    """Factors, and two triangular systems for each column on the right."""
    a, n = call.shapes[0], call.shapes[0][-1]
    factors = math.prod(a[:-2]) * 2 * n**3 / 3
    return factors + 2 * n * call.size


def _qr(call: Applied) -> float:
    """R by Householder, and as much again for as many columns of Q as are asked for."""
    complete = call.static.get("mode", "reduced") == "complete"

    def both(m: int, n: int) -> float:
        r = 2 * n**2 * (m - n / 3)
        return r + (4 * (m**2 * n - m * n**2 + n**3 / 3) if complete else r)

    return _matrices(both)(call)


def _svd(call: Applied) -> float:
    full = call.static.get("full_matrices", True)
    return _matrices(lambda m, n: (4 * m**2 * n if full else 6 * m * n**2) + (22 if full else 20) * n**3)(
        call
    )


_SINGULAR = _matrices(lambda m, n: 4 * m * n**2 - 4 * n**3 / 3)
_LU = _matrices(lambda m, n: 2 * n**3 / 3)
_PSEUDO = _matrices(lambda m, n: 8 * m * n**2 + 20 * n**3)


def _cross(call: Applied) -> float:
    return 3 * call.size


def _table(count: Count, names: str) -> dict[str, Count]:
    return dict.fromkeys(names.split(), count)


KINDS: Mapping[str, Mapping[str, Count]] = MappingProxyType(
    {
        "view": _table(_nothing, "reshape expand_dims squeeze permute_dims matrix_transpose moveaxis flip "
            "broadcast_to getitem linalg.diagonal real imag conj positive stop_gradient to_device item"),
        "moving": _table(_nothing, "astype copy empty_like full_like ones_like zeros_like repeat roll tile "
            "tril triu concat stack pad slice_scatter gather take take_along_axis assign assign_at nonzero "
            "fft.fftshift fft.ifftshift fft.fftfreq fft.rfftfreq"),
        "arithmetic": _table(_result, "add subtract multiply divide remainder negative abs square reciprocal "
            "sqrt maximum minimum clip where copysign nextafter ceil floor round sign trunc floor_divide "
            "equal not_equal less less_equal greater greater_equal isfinite isinf isnan signbit logical_and "
            "logical_not logical_or logical_xor bitwise_and bitwise_invert bitwise_left_shift bitwise_or "
            "bitwise_right_shift bitwise_xor relu isin") | {"linalg.cross": _cross},
        "transcendental": _table(_result, "pow exp expm1 log log1p log2 log10 logaddexp sin cos tan asin "
            "acos atan atan2 sinh cosh tanh asinh acosh atanh hypot expit softplus log_expit logit erf erfc "
            "erfcx ndtr log_ndtr gammaln digamma polygamma xlogy")
            | _table(_input, "logsumexp softmax log_softmax"),
        "reduction": _table(_input, "sum mean max min var std prod all any argmax argmin count_nonzero "
            "cumulative_sum cumulative_prod linalg.trace linalg.vector_norm index_add scatter_add "
            "add_along_axis"),
        "product": {"matmul": _matmul, "tensordot": _contracted, "vecdot": _vecdot, "einsum": _einsum,
            "conv": _conv, "conv_input": _conv_input, "conv_weight": _conv_weight},
        "sorting": _table(_sort, "argsort searchsorted unique_all top_k"),
        "decomposition": {"linalg.cholesky": _matrices(lambda m, n: n**3 / 3), "linalg.solve": _solve,
            "linalg.inv": _matrices(lambda m, n: 2 * n**3), "linalg.qr": _qr, "linalg.svd": _svd,
            "linalg.eigh": _matrices(lambda m, n: 9 * n**3), "linalg.eig": _matrices(lambda m, n: 25 * n**3),
            "linalg.eigvalsh": _matrices(lambda m, n: 4 * n**3 / 3)}
            | _table(_SINGULAR, "linalg.svdvals linalg.matrix_rank")
            | _table(_LU, "linalg.det linalg.slogdet") | _table(_PSEUDO, "linalg.pinv linalg.cofactors"),
        "fourier": _table(_fourier(5.0), "fft.fft fft.ifft fft.fftn fft.ifftn")
            | _table(_fourier(2.5), "fft.rfft fft.irfft fft.rfftn fft.irfftn fft.hfft fft.ihfft"),
    }
)  # fmt: skip
"""The functions of each kind, with their counts."""

_OF = {name: (kind, count) for kind, counts in KINDS.items() for name, count in counts.items()}


def flops_of(call: Applied) -> tuple[str, float]:
    """Return the kind of a call, and how many operations it takes.

    A function that is not known here is of the kind ``"unknown"``, and counted as if it were element-wise.
    """
    kind, count = _OF.get(call.name, ("unknown", _result))
    return kind, float(count(call))
