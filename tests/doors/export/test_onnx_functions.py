"""Every function of the table in ONNX: the same numbers there, or one line that names it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.derivatives.checks.cases import CASES
from bpcore.derivatives.rules import TABLE
from bpcore.doors.export.onnx_file import onnx_model
from bpcore.doors.export.subject import subject_of
from bpcore.words.errors import ExportError
from bpcore.words.trees import leaves

pytest.importorskip("onnx")

REFUSED = {
    *("bitwise_left_shift", "bitwise_right_shift", "cumulative_prod", "isin", "nextafter", "searchsorted"),
    *("linalg.cholesky", "linalg.cofactors", "linalg.det", "linalg.eig", "linalg.eigh", "linalg.eigvalsh"),
    *("linalg.inv", "linalg.matrix_rank", "linalg.pinv", "linalg.qr", "linalg.slogdet", "linalg.solve"),
    *("linalg.svd", "linalg.svdvals"),
}
"""What is refused."""
ELSEWHERE = {"empty_like", *(name for name, function in TABLE.items() if function.reads)}
"""Its numbers are any; its shape depends on values, so that nothing is recorded."""
NAMES = [name for name in TABLE if name not in REFUSED | ELSEWHERE and not name.startswith("fft.")]
XP, NUMPY = bp.namespace("numpy"), bp.backend("numpy")


def asarray(data: Any, dtype: str) -> Any:
    return np.asarray(data, dtype=dtype)


def real(name: str) -> list[Any]:
    """Return the sample calls of a function that are without complex numbers."""
    return [case for case in CASES[name] if "complex" not in f"{case.inputs}{case.static}" and not case.reads]


def compared(case: Any, dtype: str, runtime: Callable[..., list[Any]]) -> None:
    arrays = case.arrays(asarray, dtype, every=True)
    called = case.call(XP, NUMPY, asarray, every=True)

    def f(*inputs: Any) -> Any:
        return called(*inputs)

    model = onnx_model(subject_of(f, tuple(arrays), prepared=False), ())
    found = runtime(model.SerializeToString(), arrays)
    for got, wanted in zip(found, map(np.asarray, leaves(called(*arrays))), strict=True):
        assert (got.shape, got.dtype) == (wanted.shape, wanted.dtype), case
        np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-5, err_msg=str(case))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_a_function_computes_the_same_there(name: str, dtype: str, runtime: Any) -> None:
    cases = real(name)
    assert cases or name in ("conj", "imag", "real", "sign")
    for case in cases:
        compared(case, dtype, runtime)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_onnx_has_not_is_named(name: str) -> None:
    case = real(name)[0]
    arrays = case.arrays(asarray, "float64", every=True)
    called = case.call(XP, NUMPY, asarray, every=True)
    with pytest.raises(ExportError) as caught:
        onnx_model(subject_of(called, tuple(arrays), prepared=False), ())
    said = str(caught.value)
    assert "has no counterpart among ONNX's operators here. Write it with other functions" in said
    assert "\n" not in said
    assert said.split(maxsplit=1)[0] in TABLE
    if name not in ("linalg.cofactors", "linalg.matrix_rank"):  # which are made of others
        assert said.startswith(name)


def test_a_dtype_that_onnx_has_not() -> None:
    with pytest.raises(ExportError, match="ONNX here has no complex128"):
        onnx_model(subject_of(XP.abs, (np.asarray([1j]),), prepared=False), ())


SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -2.0, 3.25, np.inf, -np.inf, np.nan, 1e-6, -1e-6, 88.0, -88.0]
UNARY = (
    *("expm1", "log1p", "trunc", "isfinite", "isinf", "isnan", "signbit", "expit", "log_expit", "softplus"),
    *("relu", "erf", "round", "sign", "sinh", "cosh", "reciprocal"),
)
BINARY = (
    *("logaddexp", "hypot", "atan2", "copysign", "remainder", "floor_divide", "maximum", "minimum"),
    *("less", "equal", "logical_xor"),
)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", UNARY)
def test_at_the_edges(name: str, dtype: str, runtime: Any) -> None:
    x = np.asarray(SPECIAL, dtype=dtype)
    if name in ("relu", "sign"):
        x = x[~np.isnan(x)]  # what these give for what is not a number is the runtime's own
    with np.errstate(all="ignore"):
        wanted = getattr(XP, name)(x)
    model = onnx_model(subject_of(getattr(XP, name), (x,), prepared=False), ())
    (found,) = runtime(model.SerializeToString(), [x])
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-12)


@pytest.mark.parametrize("name", BINARY)
def test_two_at_the_edges(name: str, runtime: Any) -> None:
    numbers = [x for x in SPECIAL if not np.isnan(x) and not (np.isinf(x) and name in ("hypot", "atan2"))]
    if name in ("remainder", "floor_divide"):
        numbers = [x for x in numbers if np.isfinite(x) and x]
    a, b = (np.asarray(x, dtype=np.float64) for x in np.meshgrid(numbers, numbers))
    with np.errstate(all="ignore"):
        wanted = getattr(XP, name)(a, b)
    model = onnx_model(subject_of(getattr(XP, name), (a, b), prepared=False), ())
    (found,) = runtime(model.SerializeToString(), [a, b])
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-12)
