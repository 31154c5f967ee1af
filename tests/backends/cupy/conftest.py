"""A stand-in for CuPy, made of NumPy: for the plugin's branches where there is no GPU. No CUDA runs here.

What runs on a device is tested by the conformance suite on the axis ``cupy``, and in test_on_a_device.py.
"""

from __future__ import annotations

import math
import sys
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import array_api_compat.numpy as compat_numpy
import numpy as np
import pytest

from bpcore_cupy.kernels import kernels


class Device:
    """A device that is entered and left, as CuPy's."""

    entered: ClassVar[list[int]] = [0]
    waited: ClassVar[list[int]] = []

    def __init__(self, id: int | None = None) -> None:
        self.id = Device.entered[-1] if id is None else id

    def __enter__(self) -> None:
        Device.entered.append(self.id)

    def __exit__(self, *exception: object) -> None:
        Device.entered.pop()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Device) and self.id == other.id

    __hash__ = None  # type: ignore[assignment]

    def synchronize(self) -> None:
        Device.waited.append(self.id)


class OnDevice(np.ndarray):
    """A NumPy array that remembers which device was current when it was made."""

    place: int

    def __array_finalize__(self, source: object) -> None:
        self.place = Device.entered[-1]

    @property
    def device(self) -> Device:  # type: ignore[override]
        return Device(self.place)

    def get(self) -> np.ndarray:
        return self.view(np.ndarray)


def asarray(data: Any, dtype: Any = None, *, copy: bool | None = None) -> OnDevice:
    if isinstance(data, OnDevice) and data.place == Device.entered[-1] and not copy:
        return data if dtype is None else data.astype(dtype, copy=False)
    return np.array(data, dtype=dtype).view(OnDevice)


def on_device(function: Any) -> Any:
    return lambda *args, **named: asarray(function(*args, **named))


def stand_in(devices: int = 1, **fields: Any) -> Any:
    """Return a module that looks like CuPy with that many devices."""
    module = ModuleType("cupy")
    for name in (
        "arange",
        "empty",
        "eye",
        "full",
        "linspace",
        "ones",
        "zeros",
        "einsum",
        "isinf",
        "matmul",
        "tensordot",
        "sign",
        "where",
    ):
        setattr(module, name, on_device(getattr(np, name)))
    for name in ("empty_like", "full_like", "ones_like", "zeros_like", "negative"):
        setattr(module, name, on_device(getattr(np, name)))
    module.__version__ = "14.2.0"
    module.ndarray = OnDevice
    module.float32 = np.float32
    module.asarray = asarray
    module.ElementwiseKernel = lambda ins, outs, body, name: lambda x: x + x
    module.cuda = SimpleNamespace(Device=Device, runtime=SimpleNamespace(getDeviceCount=lambda: devices))
    for name, value in fields.items():
        setattr(module, name, value)
    return module


def scatter_add(x: np.ndarray, key: Any, source: Any) -> None:
    """Add as cupyx.scatter_add does, which takes no signed words of 64 bits."""
    assert x.dtype.name in ("float32", "float64", "int32", "uint32", "uint64")
    np.add.at(x, key, source)


SPECIAL = SimpleNamespace(
    expit=lambda x: 1 / (1 + np.exp(-x)),
    log_expit=lambda x: -np.logaddexp(0.0, -x),
    xlogy=lambda x, y: np.where(x == 0, 0.0, x * np.log(np.where(x == 0, 1.0, y))),
    **{name: np.vectorize(getattr(math, name), otypes=[float]) for name in ("erf", "erfc")},
    **{name: np.vectorize(lambda x: x, otypes=[float]) for name in ("erfcx", "gammaln", "ndtr")},
)


@pytest.fixture
def fake() -> Any:
    """Return the stand-in's parts."""
    return SimpleNamespace(
        module=stand_in, Device=Device, asarray=asarray, on_device=on_device, compat=compat_numpy
    )


@pytest.fixture
def table() -> dict[str, Any]:
    """Return the kernels over the stand-in."""
    return kernels(stand_in(), compat_numpy, SPECIAL, scatter_add)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the function that puts a stand-in for CuPy, with so many devices, where imports look."""

    def install(devices: int) -> None:
        cupyx, scipy, special = (ModuleType(name) for name in ("cupyx", "cupyx.scipy", "cupyx.scipy.special"))
        vars(special).update(vars(SPECIAL))
        cupyx.scatter_add, cupyx.scipy, scipy.special = scatter_add, scipy, special
        names = {name: getattr(compat_numpy, name) for name in dir(compat_numpy) if not name.startswith("_")}
        stand = ModuleType("array_api_compat.cupy")
        vars(stand).update(names, __array_namespace_info__=compat_numpy.__array_namespace_info__)
        for module in (stand_in(devices), cupyx, scipy, special, stand):
            monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setattr("array_api_compat.cupy", stand, raising=False)

    return install
