"""Sample calls of the functions beyond the standard."""

from __future__ import annotations

from bpcore.derivatives.checks.case import case, complexes, given, numbers
from bpcore.derivatives.checks.cases.families import binary, reduced, unary
from bpcore.words.protocols import Shape, Static

__all__ = ["CASES"]

_contractions = [
    *(
        case("einsum", subscripts, *(numbers(*shape) for shape in shapes))
        for subscripts, shapes in (
            ("ij,jk->ik", ((2, 3), (3, 2))),
            ("ij,kj", ((2, 3), (2, 3))),
            ("bij,bjk->bki", ((2, 1, 3), (2, 3, 2))),
            ("...i,...i->...", ((2, 1, 2), (3, 2))),
            ("ii->i", ((2, 2),)),
            ("iij,k->jk", ((2, 2, 2), (2,))),
            ("ij,ij,kj->", ((2, 2), (2, 2), (3, 2))),
            ("ij,k->k", ((2, 2), (2,))),
            ("ij,j->i", ((2, 3), (1,))),
        )
    ),
    case("einsum", "ij,kj->ik", complexes(2, 2), complexes(2, 2)),
    case("einsum", "ii,i", complexes(2, 2), numbers(2)),
    case("pad", complexes(2, 2), ((1, 0), (0, 2)), mode="symmetric"),
    *(
        case("pad", numbers(2, 3), ((1, 0), (4, 2)), mode=mode)
        for mode in ("constant", "edge", "reflect", "symmetric", "wrap")
    ),
    case("pad", numbers(2, 3), 1, constant_values=0.5),
    case("pad", numbers(2), (0, 2), mode="reflect"),
    case("top_k", numbers(2, 4), 2),
    case("top_k", numbers(4), 2),
    case("top_k", numbers(4, 2), 3, axis=0, largest=False),
    case("top_k", numbers(2, 3, 2), 1, axis=1),
]

_SLIDING: tuple[tuple[Shape, Shape, Shape, dict[str, Static]], ...] = (
    ((1, 2, 4), (2, 2, 2), (1, 2, 3), {}),
    ((2, 2, 5), (2, 1, 2), (2, 2, 3), {"stride": 2, "padding": 1, "groups": 2}),
    ((1, 1, 3, 4), (2, 1, 2, 2), (1, 2, 2, 2), {"padding": ((1, 0), (0, 0)), "dilation": (2, 2)}),
    ((1, 1, 3, 3), (1, 1, 2, 3), (1, 1, 3, 3), {"padding": "same"}),
)
_windows = [
    one
    for x, w, y, how in _SLIDING
    for one in (
        case("conv", numbers(*x), numbers(*w), **how),
        case("conv_input", numbers(*y), numbers(*w), shape=x, **how),
        case("conv_weight", numbers(*y), numbers(*x), shape=w, **how),
    )
]

CASES = [
    *unary("expit"),
    *unary("softplus"),
    *unary("relu"),
    case("relu", given(0.7)),
    *unary("log_expit"),
    *unary("logit", 0.4, 0.6),
    *unary("erf"),
    *unary("erfc"),
    *unary("erfcx", -1.0, 6.0),
    *unary("ndtr"),
    *unary("log_ndtr"),
    *(case("log_ndtr", numbers(2, 3, low=low, high=low + 9.0)) for low in (-14.0, -4.5, 3.0)),
    *unary("gammaln", 1.4, 4.0),
    case("gammaln", numbers(2, 2, low=9.0, high=12.0)),
    *unary("digamma", 1.6, 4.0),
    *(case("polygamma", numbers(2, 2, low=1.6, high=4.0), order=order) for order in (0, 1, 2)),
    *binary("xlogy", b=(0.7, 2.0)),
    *reduced("logsumexp"),
    *(case(name, numbers(2, 3)) for name in ("softmax", "log_softmax")),
    *(case(name, numbers(2, 3), axis=0) for name in ("softmax", "log_softmax")),
    *(case(name, numbers(2, 1, 2), axis=-3) for name in ("softmax", "log_softmax")),
    *(case(name, numbers(3)) for name in ("softmax", "log_softmax")),
    *_contractions,
    *_windows,
]
