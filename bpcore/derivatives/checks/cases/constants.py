"""Sample calls of the functions that carry no gradient: each on a traced array, or on no array at all."""

from __future__ import annotations

from bpcore.derivatives.checks.case import DtypeName, Sample, case, mask, numbers, places

__all__ = ["CASES"]

_whole = Sample([[5, 3, 12], [6, -7, 9]], "int32")
_shifts = Sample([[1, 2, 0], [3, 1, 2]], "int32")
_truths = mask([[True, False, True], [False, False, True]])

_creation = [
    *(case(name, numbers(2, 3)) for name in ("empty_like", "ones_like", "zeros_like")),
    case("zeros_like", _whole, dtype=DtypeName("float32")),
]

_elementwise = [
    *(case(name, numbers(2, 3)) for name in ("ceil", "floor", "round", "trunc", "signbit")),
    *(case(name, numbers(2, 3)) for name in ("isfinite", "isinf", "isnan", "stop_gradient")),
    *(
        case(name, numbers(2, 3), other)
        for name in ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")
        for other in (numbers(3), 0.5)
    ),
    case("floor_divide", numbers(2, 3), numbers(3, low=0.5)),
    *(
        case(name, _truths, mask([True, True, False]))
        for name in ("logical_and", "logical_or", "logical_xor")
    ),
    case("logical_not", _truths),
    *(case(name, _whole, _shifts) for name in ("bitwise_and", "bitwise_or", "bitwise_xor")),
    *(case(name, _whole, _shifts) for name in ("bitwise_left_shift", "bitwise_right_shift")),
    case("bitwise_invert", _whole),
]

_places = [
    *(case(name, numbers(2, 3)) for name in ("argmax", "argmin", "argsort")),
    *(case(name, numbers(2, 3), axis=0) for name in ("argmax", "argmin", "argsort")),
    *(case("nonzero", x) for x in (_truths, numbers(2, 3))),
    *(case("count_nonzero", x, axis=1) for x in (_truths, numbers(2, 3))),
    case("searchsorted", Sample([-1.0, 0.5, 1.5]), numbers(4)),
]

_sets = [
    case("isin", _whole, places(3, 9)),
]

_truth = [
    *(case(name, x, axis=axis) for name in ("all", "any") for x, axis in ((_truths, 1), (_whole, None)))
]

_algebra = [case("linalg.matrix_rank", numbers(3, 2))]

_of_no_array = [
    case("__array_namespace_info__"),
    case("arange", 1.0, 7.0, 2.0),
    case("from_dlpack", numbers(2, 3)),
    case("empty", (2, 3)),
    case("eye", 3, 4, k=1),
    *(case(name, (2, 3)) for name in ("ones", "zeros")),
    *(case(name, 5, d=0.5) for name in ("fft.fftfreq", "fft.rfftfreq")),
    case("broadcast_shapes", (2, 1), (3,)),
    case("isdtype", DtypeName("float32"), "real floating"),
]

_kinds_only = [
    case("can_cast", DtypeName("int32"), DtypeName("float32")),
    case("finfo", numbers(2)),
    case("iinfo", places(1, 2)),
    case("result_type", numbers(2), numbers(3)),
]

CASES = [*_creation, *_elementwise, *_places, *_sets, *_truth, *_algebra, *_of_no_array, *_kinds_only]
