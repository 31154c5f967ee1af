"""The backend's door: what it opens, what it says when it cannot, and how it falls back."""

from __future__ import annotations

import sys
import warnings
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.words.errors import BackendUnusable
from bpcore_numba import blas, numba
from bpcore_numba.refusal import NotNative

XP = bp.namespace("numpy")


def test_it_is_offered_and_its_arrays_are_those_of_numpy() -> None:
    backend = bp.backend("numba")
    assert backend.name == "numba"
    assert type(backend.asarray([1.0])) is np.ndarray
    assert backend.namespace is np


def test_without_llvmlite_the_install_line_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "llvmlite", None)
    with pytest.raises(BackendUnusable, match=r"llvmlite.*pip install 'bpcore\[jit\]'"):
        numba.open(None)


def test_another_device_is_refused() -> None:
    with pytest.raises(BackendUnusable, match="cpu and mkl"):
        numba.open("gpu")


def test_a_library_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bpcore_numba.compiling.mkl", lambda: None)
    with pytest.raises(BackendUnusable, match="pip install mkl"):
        numba.open("mkl")


def test_mkl_multiplies_where_it_is_installed() -> None:
    if blas.mkl() is None:
        pytest.skip("the wheel mkl is not installed")
    a = np.random.default_rng(0).normal(size=(300, 200))
    y = bp.compile(lambda a: XP.matmul(a, XP.matrix_transpose(a)), backend="numba:mkl")(a)
    np.testing.assert_allclose(y, a @ a.T, rtol=1e-12, atol=1e-11)


def test_without_a_blas_every_product_is_written_out() -> None:
    from bpcore_numba.native import Native

    a = np.random.default_rng(0).normal(size=(150, 170))
    program = bp.record(lambda a: (XP.matmul(a, XP.matrix_transpose(a)),), a)
    (y,) = Native(program, {}, None).run(a)
    np.testing.assert_allclose(y, a @ a.T, rtol=1e-12, atol=1e-11)


@pytest.mark.parametrize(
    ("f", "x", "what"),
    [
        (XP.sort, np.ones(3), "sort"),
        (lambda x: x + 1, np.ones(3, np.int16), "int16"),
        (XP.exp, np.ones(3, complex), "complex128"),
        (lambda x: x + 1.0, np.ones(3, np.dtype(float).newbyteorder()), "order of bytes"),
        (lambda x: XP.top_k(x, 2)[0], np.ones(3), "several arrays|top_k"),
    ],
)
def test_what_it_cannot_express_runs_on_numpy_and_is_said_once(f: Any, x: Any, what: str) -> None:
    backend = numba.open(None)
    native = bp.compile(f, backend=backend)
    with pytest.warns(NotNative, match=what) as caught:
        y = native(x)
    assert [warning.filename for warning in caught] == [__file__]
    np.testing.assert_array_equal(y, f(x))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bp.compile(f, backend=backend)(x)


def test_a_loop_that_cannot_be_native_runs_step_by_step() -> None:
    backend = numba.open(None)
    step = bp.compile(lambda s, x: (s + XP.sort(x), s[0] * 1.0), carry=1, backend=backend)
    with pytest.warns(NotNative, match="sort"):
        s, firsts = step.scan(np.zeros(2), np.asarray([[2.0, 1.0], [4.0, 3.0]]))
    assert (s.tolist(), firsts.tolist()) == ([4.0, 6.0], [0.0, 1.0])


def test_fit_takes_it() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(23, 3)), rng.integers(0, 2, 23)
    net = bp.MLP([3, 5, 2], activation="tanh")
    options = {"loss": bp.CrossEntropy(), "optimizer": bp.Adam(0.01), "epochs": 3, "batch_size": 5, "seed": 0}
    found, wanted = (bp.fit(net, (x, y), backend=name, **options) for name in ("numba", "numpy"))
    assert type(found.params[0]["weight"] if isinstance(found.params, list) else x) is np.ndarray
    np.testing.assert_allclose(found.predict(x), wanted.predict(x), rtol=1e-4, atol=1e-6)
