"""bfloat16 on CuPy: the gaps that are filled, over NumPy's functions, and what CuPy's own tables say."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bpcore.derivatives.rules import TABLE
from bpcore_cupy.brain import BESIDE, brain, brain_kernels
from bpcore_cupy.precisions import precisions

ml_dtypes = pytest.importorskip("ml_dtypes")
SHORT = np.dtype(ml_dtypes.bfloat16)


def only_float32(function: Any) -> Any:
    """Return a function that takes no bfloat16."""

    def call(*args: Any, **named: Any) -> Any:
        assert all(getattr(x, "dtype", None) != SHORT for x in args), "CuPy has no loop for it"
        return function(*args, **named)

    return call


def index_add(x: Any, indices: Any, source: Any, /, *, axis: int) -> Any:
    y = x.copy()
    np.add.at(y, (slice(None),) * axis + (indices,), source)
    return y


def no_stacks(a: Any, b: Any) -> Any:
    assert a.dtype != SHORT or max(a.ndim, b.ndim) <= 2, "CuPy takes it for whole numbers"
    return np.matmul(a, b).astype(a.dtype)


@pytest.fixture(scope="module")
def table() -> dict[str, Any]:
    """Return the functions over NumPy's, of which some refuse what CuPy's refuse."""
    names = {name: getattr(np, name) for name in ("isdtype", "finfo", *BESIDE, *ONE_ARRAY)}
    lacking = {"where": np.where, "index_add": index_add, **{name: getattr(np, name) for name in ONE_ARRAY}}
    names |= {name: only_float32(f) for name, f in lacking.items()} | {"matmul": no_stacks}
    return brain_kernels(names, SHORT)


ONE_ARRAY = ("cumulative_sum", "sort", "argsort", "clip", "std")


def test_a_number_takes_the_dtype_of_the_array_beside_it(table: dict[str, Any]) -> None:
    x = np.asarray([0.5, -1.0, 3.0], SHORT)
    assert np.multiply(x, 0.1).dtype == np.float32  # or this would be of no use
    for name in BESIDE:
        for args in ((x, 0.1), (0.1, x), (x, 2), (x, x)):
            with np.errstate(all="ignore"):
                assert table[name](*args).dtype == SHORT, name
    wanted = (x.astype("f4") * np.float32(SHORT.type(0.1))).astype(SHORT)
    np.testing.assert_array_equal(table["multiply"](0.1, x), wanted)
    single = np.asarray([0.5], "f4")
    assert table["multiply"](single, 0.1)[0] == np.float32(0.5) * np.float32(0.1)
    assert table["add"](single, x[:1]).dtype == np.float32
    assert table["add"](np.asarray([1]), 2).dtype == np.int64


def test_where_chooses_words(table: dict[str, Any]) -> None:
    x = np.asarray([1.5, np.nan, -np.inf], SHORT)
    chosen = np.asarray([True, True, False])
    for args in ((x, 0.25), (x, 0), (x, SHORT.type(2)), (x, x[::-1]), (0.25, x)):
        y = table["where"](chosen, *args)
        assert y.dtype == SHORT
        wide = [z.astype("f4") if hasattr(z, "astype") else z for z in args]
        np.testing.assert_array_equal(y.astype("f4"), np.where(chosen, *wide))
    assert table["where"](chosen, np.ones(3, "f4"), 0.1).dtype == np.float32
    assert table["where"](chosen, 1, 0).dtype == np.int64
    assert table["where"](chosen, True, 1j).dtype == np.complex128


def test_what_has_no_loop_is_computed_in_float32(table: dict[str, Any]) -> None:
    x = np.asarray([[3.0, -1.0], [0.5, 2.0]], SHORT)
    for name in ("cumulative_sum", "sort", "std"):
        y = table[name](x, axis=1)
        assert y.dtype == SHORT
        np.testing.assert_array_equal(y, getattr(np, name)(x.astype("f4"), axis=1).astype(SHORT))
    assert table["clip"](x, -1.0, 1.0).dtype == SHORT
    assert table["argsort"](x, axis=1).dtype == np.int64
    assert table["sort"](np.ones(2, "i4")).dtype == np.int32
    y = table["index_add"](x, np.asarray([1, 1]), x, axis=0)
    assert y.dtype == SHORT
    assert y.tolist() == [[3.0, -1.0], [4.0, 3.0]]


def test_stacks_are_multiplied_in_float32(table: dict[str, Any]) -> None:
    random = np.random.default_rng(0)
    a, b = random.normal(size=(2, 3, 4)).astype(SHORT), random.normal(size=(4, 5)).astype(SHORT)
    y = table["matmul"](a, b)
    assert y.dtype == SHORT
    np.testing.assert_array_equal(y, np.matmul(a.astype("f4"), b.astype("f4")).astype(SHORT))
    assert table["matmul"](a[0], b).dtype == SHORT


def test_it_is_a_real_float(table: dict[str, Any]) -> None:
    isdtype, finfo = table["isdtype"], table["finfo"]
    for kind, wanted in (
        ("real floating", True), ("numeric", True), ("integral", False), ("complex floating", False),
        (("bool", "real floating"), True), (("bool", "integral"), False), (SHORT, True),
        (np.dtype("f4"), False),
    ):  # fmt: skip
        assert isdtype(SHORT, kind) is wanted, kind
    assert isdtype(np.dtype("f4"), "real floating")
    assert not isdtype(np.dtype("i4"), "real floating")
    assert (finfo(SHORT).bits, float(finfo(SHORT).eps)) == (16, 2.0**-7)
    assert finfo(np.dtype("f4")).bits == 32


def registered(version: int, capability: str = "90") -> Any:
    """Return as much of CuPy as is asked."""
    parts = SimpleNamespace(_scalar=SimpleNamespace(get_typename=lambda dtype: "bfloat16"))
    cuda = SimpleNamespace(get_local_runtime_version=lambda: version)
    return SimpleNamespace(_core=parts, cuda=cuda), SimpleNamespace(compute_capability=capability)


def test_it_is_offered_where_it_is_there() -> None:
    cp, place = registered(13000)
    assert brain(cp) == SHORT
    assert precisions(cp, place, brain(cp))["bfloat16"].dtype == SHORT
    assert "bfloat16" not in precisions(cp, SimpleNamespace(compute_capability="75"), brain(cp))
    assert "bfloat16" not in precisions(cp, place, None)
    assert brain(registered(12010)[0]) is None

    def unknown(dtype: Any) -> str:
        raise ValueError(dtype)

    cp._core._scalar.get_typename = unknown
    assert brain(cp) is None
    assert brain(SimpleNamespace()) is None


def test_cupy_has_it_where_this_says_so() -> None:
    """Nothing is computed: these are the tables of CuPy, which it has without a device."""
    cp = pytest.importorskip("cupy")
    from array_api_compat import cupy as compat

    assert brain(cp) == SHORT
    false = (False, False)
    for name in BESIDE:
        found = getattr(compat, name)._ops._guess_routine_from_in_types((SHORT, SHORT), false)
        assert found.out_types == (SHORT,), name
    weak = cp.multiply._ops._guess_routine_from_in_types((SHORT, np.dtype("f8")), (False, float))
    assert weak.out_types == (np.dtype("f4"),)  # or it need not be told
    for name in TABLE:
        ufunc = getattr(compat, name, None)
        loops = [one.in_types for one in ufunc._ops.ops] if isinstance(ufunc, cp.ufunc) else []
        if any(np.dtype("f4") in types for types in loops) and not name.startswith("logical"):
            assert any(SHORT in types for types in loops), name
