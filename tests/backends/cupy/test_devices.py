"""Counting devices, choosing one, proving that it computes, and entering it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bpcore.words.errors import BackendUnusable
from bpcore_cupy.devices import chosen, count, following, placed, prove
from bpcore_cupy.plugin import _Door


def said(act: Any) -> str:
    with pytest.raises(BackendUnusable) as caught:
        act()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_no_driver_says_what_cuda_says_and_what_to_install(fake: Any) -> None:
    def fails() -> int:
        raise RuntimeError("cudaErrorInsufficientDriver: CUDA driver version is insufficient\nmore")

    cp = fake.module()
    cp.cuda.runtime.getDeviceCount = fails
    message = said(lambda: count(cp, "cupy"))
    assert "CuPy 14.2.0 cannot count the CUDA devices (RuntimeError: cudaErrorInsufficientDriver" in message
    assert "A CUDA device is needed, and its driver" in message
    assert "install" not in message.replace("CuPy itself is installed", "")


def test_no_device_is_unusable_and_one_is_counted(fake: Any) -> None:
    assert "CuPy 14.2.0 finds no CUDA device" in said(lambda: count(fake.module(0), "cupy:0"))
    assert count(fake.module(2), "cupy") == 2


@pytest.mark.parametrize("device", ["2", "-1", "gpu", "cuda:0", "0x0", "01"])
def test_a_device_that_is_not_there_is_refused(device: str) -> None:
    message = said(lambda: chosen(f"cupy:{device}", device, 2))
    assert f'backend "cupy:{device}" cannot be used here' in message
    assert "Name one of cupy:0, cupy:1." in message


def test_a_device_that_is_there_is_chosen() -> None:
    assert [chosen("cupy", device, 2) for device in (None, "0", "1")] == [None, 0, 1]


def test_a_device_is_proved_by_a_kernel_and_a_product_on_it(fake: Any) -> None:
    seen = []

    def watched(a: Any, b: Any) -> Any:
        seen.append(fake.Device.entered[-1])
        return fake.asarray(np.matmul(a, b))

    prove(fake.module(2, matmul=watched), "cupy:1", fake.Device(1))
    assert seen == [1]
    assert fake.Device.entered == [0]


def test_a_kernel_that_does_not_compile_is_told(fake: Any) -> None:
    def fails(*args: Any) -> Any:
        raise ImportError("libnvrtc.so.12: cannot open shared object file")

    message = said(lambda: prove(fake.module(ElementwiseKernel=fails), "cupy", fake.Device(0)))
    assert "cannot compile a kernel (ImportError: libnvrtc.so.12" in message
    assert "Install CUDA's own libraries beside CuPy" in message
    assert fake.Device.entered == [0]


def test_a_product_that_fails_or_is_wrong_is_told(fake: Any) -> None:
    def fails(a: Any, b: Any) -> Any:
        raise RuntimeError("CUBLAS_STATUS_NOT_INITIALIZED")

    assert "cannot do a product" in said(lambda: prove(fake.module(matmul=fails), "cupy", fake.Device(0)))
    wrong = fake.module(matmul=lambda a, b: a)
    assert "computes wrong numbers on device 0" in said(lambda: prove(wrong, "cupy", fake.Device(0)))


def test_creation_enters_the_device_that_is_named(fake: Any) -> None:
    zeros = placed(fake.on_device(np.zeros))
    assert zeros((2,)).device == fake.Device(0)
    assert zeros((2,), device=fake.Device(1)).device == fake.Device(1)
    with fake.Device(1):
        assert zeros((2,)).device == fake.Device(1)
    assert fake.Device.entered == [0]


def test_functions_follow_their_first_array(fake: Any) -> None:
    cp = fake.module(2)
    with fake.Device(1):
        x = fake.asarray([1.0, 2.0])
    add = following(cp, fake.on_device(np.add))
    concat = following(cp, fake.on_device(np.concatenate))
    assert add(x, 1.0).device == add(1.0, x).device == fake.Device(1)
    assert concat([x, x]).device == fake.Device(1)
    assert following(cp, fake.on_device(np.zeros))((2,)).device == fake.Device(0)
    assert fake.Device.entered == [0]


def test_data_lands_where_the_door_is(fake: Any) -> None:
    cp = fake.module(2)
    with fake.Device(1):
        there = fake.asarray([1.0])
    bare, second = _Door(cp, None), _Door(cp, fake.Device(1))
    assert bare.asarray([1.0]).device == fake.Device(0)
    assert bare.asarray(there).device == fake.Device(1)
    assert bare.asarray(there) is there
    assert second.asarray(fake.asarray([1.0])).device == fake.Device(1)
    assert second.asarray([1.0], device=fake.Device(0)).device == fake.Device(0)
    assert second.asarray(np.float32(2.0), dtype="float64").dtype == "float64"
    assert bare.asarray(there, copy=True) is not there


def test_data_goes_out_as_numpys(fake: Any) -> None:
    door = _Door(fake.module(), None)
    assert type(door.to_host(fake.asarray([1.0]))) is np.ndarray
    assert type(door.to_host(2.0)) is np.ndarray


def test_waiting_waits_for_the_doors_device(fake: Any) -> None:
    fake.Device.waited.clear()
    _Door(fake.module(2), None).synchronize()
    _Door(fake.module(2), fake.Device(1)).synchronize()
    assert fake.Device.waited == [0, 1]
