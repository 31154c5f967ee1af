"""The CuPy plugin where there is no GPU: its branches, on a stand-in made of NumPy. No CUDA runs here.

What runs on a device is tested by the conformance suite on the axis ``cupy``, and in test_cupy_device.py.
"""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import array_api_compat.numpy as compat_numpy
import numpy as np
import pytest

from bpcore.derivatives.plain import plain_functions
from bpcore.ground.registry import backend as open_backend
from bpcore.words.errors import BackendUnusable
from bpcore_cupy.devices import chosen, count, following, placed, prove
from bpcore_cupy.kernels import kernels
from bpcore_cupy.plugin import _Door, _functions, _open


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
        "matmul",
        "tensordot",
        "sign",
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
    erf=np.vectorize(lambda x: x, otypes=[float]),
    expit=lambda x: 1 / (1 + np.exp(-x)),
    log_expit=lambda x: -np.logaddexp(0.0, -x),
)


@pytest.fixture
def table() -> dict[str, Any]:
    return kernels(stand_in(), compat_numpy, SPECIAL, scatter_add)


# -- counting, choosing, proving ----------------------------------------------------------------------------


def said(act: Any) -> str:
    with pytest.raises(BackendUnusable) as caught:
        act()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_no_driver_says_what_cuda_says_and_what_to_install() -> None:
    def fails() -> int:
        raise RuntimeError("cudaErrorInsufficientDriver: CUDA driver version is insufficient\nmore")

    cp = stand_in()
    cp.cuda.runtime.getDeviceCount = fails
    message = said(lambda: count(cp, "cupy"))
    assert "CuPy 14.2.0 cannot count the CUDA devices (RuntimeError: cudaErrorInsufficientDriver" in message
    assert 'python -m pip install "bpcore[cuda12]"' in message
    assert "bpcore[cuda13]" in message


def test_no_device_is_unusable_and_one_is_counted() -> None:
    assert "CuPy 14.2.0 finds no CUDA device" in said(lambda: count(stand_in(0), "cupy:0"))
    assert count(stand_in(2), "cupy") == 2


@pytest.mark.parametrize("device", ["2", "-1", "gpu", "cuda:0", "0x0", "01"])
def test_a_device_that_is_not_there_is_refused(device: str) -> None:
    message = said(lambda: chosen(f"cupy:{device}", device, 2))
    assert f'backend "cupy:{device}" cannot be used here' in message
    assert "Name one of cupy:0, cupy:1." in message


def test_a_device_that_is_there_is_chosen() -> None:
    assert [chosen("cupy", device, 2) for device in (None, "0", "1")] == [None, 0, 1]


def test_a_device_is_proved_by_a_kernel_and_a_product_on_it() -> None:
    seen = []

    def watched(a: Any, b: Any) -> Any:
        seen.append(Device.entered[-1])
        return asarray(np.matmul(a, b))

    prove(stand_in(2, matmul=watched), "cupy:1", Device(1))
    assert seen == [1]
    assert Device.entered == [0]


def test_a_kernel_that_does_not_compile_is_told() -> None:
    def fails(*args: Any) -> Any:
        raise ImportError("libnvrtc.so.12: cannot open shared object file")

    message = said(lambda: prove(stand_in(ElementwiseKernel=fails), "cupy", Device(0)))
    assert "cannot compile a kernel (ImportError: libnvrtc.so.12" in message
    assert "cupy-cuda12x[ctk]" in message
    assert Device.entered == [0]


def test_a_product_that_fails_or_is_wrong_is_told() -> None:
    def fails(a: Any, b: Any) -> Any:
        raise RuntimeError("CUBLAS_STATUS_NOT_INITIALIZED")

    assert "cannot do a product" in said(lambda: prove(stand_in(matmul=fails), "cupy", Device(0)))
    wrong = stand_in(matmul=lambda a, b: a)
    assert "computes wrong numbers on device 0" in said(lambda: prove(wrong, "cupy", Device(0)))


# -- devices ------------------------------------------------------------------------------------------------


def test_creation_enters_the_device_that_is_named() -> None:
    zeros = placed(on_device(np.zeros))
    assert zeros((2,)).device == Device(0)
    assert zeros((2,), device=Device(1)).device == Device(1)
    with Device(1):
        assert zeros((2,)).device == Device(1)
    assert Device.entered == [0]


def test_functions_follow_their_first_array() -> None:
    cp = stand_in(2)
    with Device(1):
        x = asarray([1.0, 2.0])
    add = following(cp, on_device(np.add))
    concat = following(cp, on_device(np.concatenate))
    assert add(x, 1.0).device == add(1.0, x).device == Device(1)
    assert concat([x, x]).device == Device(1)
    assert following(cp, on_device(np.zeros))((2,)).device == Device(0)
    assert Device.entered == [0]


def test_data_lands_where_the_door_is() -> None:
    cp = stand_in(2)
    with Device(1):
        there = asarray([1.0])
    bare, second = _Door(cp, None), _Door(cp, Device(1))
    assert bare.asarray([1.0]).device == Device(0)
    assert bare.asarray(there).device == Device(1)
    assert bare.asarray(there) is there
    assert second.asarray(asarray([1.0])).device == Device(1)
    assert second.asarray([1.0], device=Device(0)).device == Device(0)
    assert second.asarray(np.float32(2.0), dtype="float64").dtype == "float64"
    assert bare.asarray(there, copy=True) is not there


def test_data_goes_out_as_numpys() -> None:
    door = _Door(stand_in(), None)
    assert type(door.to_host(asarray([1.0]))) is np.ndarray
    assert type(door.to_host(2.0)) is np.ndarray


def test_waiting_waits_for_the_doors_device() -> None:
    Device.waited.clear()
    _Door(stand_in(2), None).synchronize()
    _Door(stand_in(2), Device(1)).synchronize()
    assert Device.waited == [0, 1]


# -- kernels ------------------------------------------------------------------------------------------------


def test_reductions_are_the_standards(table: dict[str, Any]) -> None:
    x = np.asarray([[1.0, 2.0], [3.0, 5.0]])
    for name in ("sum", "mean", "max", "min"):
        for axis in (None, 0, (0, 1)):
            for keepdims in (False, True):
                right = getattr(np, name)(x, axis=axis, keepdims=keepdims)
                np.testing.assert_array_equal(table[name](x, axis=axis, keepdims=keepdims), right)
    assert table["sum"](np.ones(2, "float32"), dtype="float64").dtype == "float64"


def test_reshaping_copies_when_told(table: dict[str, Any]) -> None:
    x = np.arange(6.0).reshape(2, 3)
    assert np.shares_memory(table["reshape"](x, (3, 2)), x)
    assert not np.shares_memory(table["reshape"](x, (3, 2), copy=True), x)
    with pytest.raises((AttributeError, ValueError)):
        table["reshape"](x.T, (6,), copy=False)


def test_axes_are_moved(table: dict[str, Any]) -> None:
    x = np.arange(6.0).reshape(1, 2, 3)
    assert table["permute_dims"](x, (2, 0, 1)).shape == (3, 1, 2)
    assert table["matrix_transpose"](x).shape == (1, 3, 2)


def test_casting_may_move(table: dict[str, Any]) -> None:
    x = asarray([1.0])
    assert table["astype"](x, "float32").dtype == "float32"
    assert table["astype"](x, "float32", device=Device(1)).device == Device(1)
    assert table["astype"](x, "float64", copy=False) is x
    assert table["to_device"](x, Device(1)).device == Device(1)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64"])
def test_slices_are_added_where_an_index_comes_twice(table: dict[str, Any], dtype: str) -> None:
    x, source = np.asarray([[1, 2], [3, -4]], dtype), np.asarray([[10, 20], [1, 2], [-5, 7]], dtype)
    before = x.copy()
    y = table["index_add"](x, np.asarray([1, 0, 1]), source, axis=0)
    assert y.tolist() == [[2, 4], [8, 23]]
    assert y.dtype == dtype
    np.testing.assert_array_equal(x, before)
    assert table["index_add"](x, np.asarray([1]), source[:2, :1], axis=-1).tolist() == [[1, 12], [3, -3]]


def test_a_part_is_written_into_zeros(table: dict[str, Any]) -> None:
    y = table["slice_scatter"](np.asarray([1.0, 2.0]), key=(slice(1, 3),), shape=(4,))
    assert y.tolist() == [0.0, 1.0, 2.0, 0.0]


def test_softplus_is_made_of_log_expit(table: dict[str, Any]) -> None:
    np.testing.assert_allclose(
        table["softplus"](np.asarray([-2.0, 0.0, 3.0])), np.log1p(np.exp([-2.0, 0.0, 3.0]))
    )


def test_views_are_copied_and_what_is_owned_is_not(table: dict[str, Any]) -> None:
    def array(*, base: object, c_contiguous: bool) -> Any:
        return SimpleNamespace(
            base=base,
            flags=SimpleNamespace(c_contiguous=c_contiguous),
            copy=lambda order: f"a copy in {order}",
        )

    mine = array(base=None, c_contiguous=True)
    assert table["own"](mine) is mine
    assert table["own"](array(base=mine, c_contiguous=True)) == "a copy in C"
    assert table["own"](array(base=None, c_contiguous=False)) == "a copy in C"


# -- the whole plugin ---------------------------------------------------------------------------------------


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


def test_one_device_is_opened_and_nothing_is_wrapped(installed: Any) -> None:
    installed(1)
    for name in (None, "0"):
        place = _open(name)
        assert place.name == ("cupy:0" if name else "cupy")
        assert place.device is None
        assert place.namespace.exp is compat_numpy.exp
        assert place.kernels["zeros"]((2,)).device == Device(0)
        assert plain_functions(place).asarray([1.0]).device == Device(0)
    assert place.devices == ("0",)
    assert place.namespace.__array_namespace_info__().dtypes()


def test_of_several_devices_each_is_followed(installed: Any) -> None:
    installed(2)
    second = _open("1")
    assert second.devices == ("0", "1")
    assert second.device == Device(1)
    functions = plain_functions(second)
    assert functions.zeros((2,)).device == Device(1)
    x = second.asarray([1.0, 2.0])
    with Device(0):
        assert functions.matmul(x, x).device == functions.exp(x).device == Device(1)
        assert _open(None).kernels["matmul"](x, x).device == Device(1)
    with pytest.raises(BackendUnusable, match="cupy:0, cupy:1"):
        _open("2")


def test_classes_of_the_namespace_stay_classes(installed: Any) -> None:
    namespace, _ = _functions(stand_in(2), SimpleNamespace(float32=np.float32, exp=np.exp), {}, several=True)
    assert namespace.float32 is np.float32


# -- CuPy itself, where it is installed ---------------------------------------------------------------------


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
    from bpcore.derivatives.rules import TABLE

    lacking = [name for name, f in TABLE.items() if f.compute is None and not hasattr(namespace, name)]
    assert not [name for name in lacking if name not in table]
    assert not [name for name in table if name != "own" and not hasattr(reference, name)]


def test_cupy_without_a_device_is_unusable_and_says_so() -> None:
    cp = pytest.importorskip("cupy")
    if cp.is_available():
        pytest.skip("there is a CUDA device here")
    message = said(lambda: open_backend("cupy"))
    assert f"CuPy {cp.__version__}" in message
    assert "CUDA" in message
    assert 'python -m pip install "bpcore[cuda12]"' in message
