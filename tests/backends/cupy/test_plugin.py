"""The plugin as a whole: on the stand-in, and on CuPy itself where it is installed without a device."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bpcore.derivatives.namespaces.plain import plain_functions
from bpcore.derivatives.rules import TABLE
from bpcore.ground.registry import backend as open_backend
from bpcore.words.errors import BackendUnusable
from bpcore_cupy.kernels import kernels
from bpcore_cupy.plugin import _functions, _open


def test_one_device_is_opened_and_nothing_is_wrapped(fake: Any, installed: Any) -> None:
    installed(1)
    for name in (None, "0"):
        place = _open(name)
        assert place.name == ("cupy:0" if name else "cupy")
        assert place.device is None
        assert place.namespace.exp is fake.compat.exp
        assert place.kernels["zeros"]((2,)).device == fake.Device(0)
        assert plain_functions(place).asarray([1.0]).device == fake.Device(0)
    assert place.devices == ("0",)
    assert place.namespace.__array_namespace_info__().dtypes()
    assert place.namespace.__name__ == "cupy"  # what errors and `bpcore backends` call it


def test_of_several_devices_each_is_followed(fake: Any, installed: Any) -> None:
    installed(2)
    second = _open("1")
    assert second.devices == ("0", "1")
    assert second.device == fake.Device(1)
    functions = plain_functions(second)
    assert functions.zeros((2,)).device == fake.Device(1)
    x = second.asarray([1.0, 2.0])
    with fake.Device(0):
        assert functions.matmul(x, x).device == functions.exp(x).device == fake.Device(1)
        assert _open(None).kernels["matmul"](x, x).device == fake.Device(1)
    with pytest.raises(BackendUnusable, match="cupy:0, cupy:1"):
        _open("2")


def test_classes_of_the_namespace_stay_classes(fake: Any, installed: Any) -> None:
    namespace, _ = _functions(
        fake.module(2), SimpleNamespace(float32=np.float32, exp=np.exp), {}, several=True
    )
    assert namespace.float32 is np.float32


def test_cupy_has_what_the_kernels_call() -> None:
    cp = pytest.importorskip("cupy")
    cupyx = pytest.importorskip("cupyx")
    special = pytest.importorskip("cupyx.scipy.special")
    from array_api_compat import cupy as compat

    methods = (
        "sum",
        "mean",
        "max",
        "min",
        "reshape",
        "transpose",
        "swapaxes",
        "astype",
        "copy",
        "view",
        "get",
    )
    assert not [
        name for name in (*methods, "base", "device", "flags", "shape") if not hasattr(cp.ndarray, name)
    ]
    table = kernels(cp, compat, special, cupyx.scatter_add)
    namespace, table = _functions(cp, compat, table, several=False)
    reference = plain_functions(open_backend("numpy"))
    lacking = [name for name, f in TABLE.items() if f.compute is None and not _has(namespace, name)]
    assert not [name for name in lacking if name not in table]
    assert not [name for name in table if name != "own" and not _has(reference, name)]


def _has(namespace: object, name: str) -> bool:
    """Return whether a function is there, in an extension too."""
    extension, _, short = name.rpartition(".")
    return hasattr(getattr(namespace, extension, None) if extension else namespace, short)


def test_cupy_without_a_device_is_unusable_and_says_so() -> None:
    cp = pytest.importorskip("cupy")
    if cp.is_available():
        pytest.skip("there is a CUDA device here")
    with pytest.raises(BackendUnusable) as caught:
        open_backend("cupy")
    message = str(caught.value)
    assert f"CuPy {cp.__version__}" in message
    assert "CUDA" in message
    assert "pip install" not in message or "pip uninstall" in message
