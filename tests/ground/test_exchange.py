"""Arrays from one library to another by DLPack: memory is shared where it can be, and refused in one line."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.words.errors import BackendError, OptionError

LIBRARIES = ("numpy", "torch", "jax")
PAIRS = list(permutations(LIBRARIES, 2))
NUMBERS = np.arange(32.0, dtype=np.float32).reshape(4, 8)


def opened(name: str) -> Any:
    try:
        return bp.backend(name)
    except BackendError as error:
        pytest.skip(str(error))


def aligned(array: Any) -> Any:
    """Return a copy that begins at a multiple of 64 bytes, as JAX wants memory that it shares."""
    whole = np.empty(array.size + 16, dtype=array.dtype)
    start = -(whole.ctypes.data // 4) % 16
    found = whole[start : start + array.size].reshape(array.shape)
    found[...] = array
    return found


def address(backend: Any, x: Any) -> int:
    """Return where an array's numbers lie."""
    if backend.library == "jax":
        return int(x.unsafe_buffer_pointer())
    return int(x.data_ptr()) if backend.library == "torch" else int(x.ctypes.data)


class Foreign:
    """An array of a library that nobody knows: it speaks DLPack, and nothing else."""

    def __init__(self, array: Any, device: tuple[int, int] = (1, 0)) -> None:
        self.array, self.device_told = array, device

    def __dlpack__(self, **options: Any) -> Any:
        if self.device_told != (1, 0):
            raise BufferError("memory of another device")
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.device_told


class ForeignArray(Foreign):
    """One that has a dtype, a shape and a device of its own besides."""

    dtype, device = "theirs", "theirs"

    @property
    def shape(self) -> Any:
        return self.array.shape


@pytest.mark.parametrize(("source", "goal"), PAIRS)
def test_memory_is_shared(source: str, goal: str) -> None:
    there, here = opened(source), opened(goal)
    x = there.namespace.from_dlpack(aligned(NUMBERS)) if source != "numpy" else aligned(NUMBERS)
    y = bp.from_dlpack(x, backend=goal)
    assert bp.backend_of(y).library == goal
    assert address(here, y) == address(there, x)
    np.testing.assert_array_equal(here.to_host(y), NUMBERS)
    again = bp.from_dlpack(y, backend=source)
    assert address(there, again) == address(there, x)


@pytest.mark.parametrize(("source", "goal"), PAIRS)
def test_a_copy_is_one(source: str, goal: str) -> None:
    there, here = opened(source), opened(goal)
    x = there.asarray(NUMBERS)
    y = bp.from_dlpack(x, backend=goal, copy=True)
    assert address(here, y) != address(there, x)
    np.testing.assert_array_equal(here.to_host(y), NUMBERS)


def test_what_is_written_is_seen() -> None:
    opened("torch")
    x = NUMBERS.copy()
    bp.from_dlpack(x, backend="torch")[0, 0] = 7.0
    assert x[0, 0] == 7.0


@pytest.mark.parametrize("kind", [Foreign, ForeignArray])
def test_an_array_of_a_library_that_nobody_knows(kind: Any, backend: Any) -> None:
    with backend.reading():
        y = backend.backend.asarray(kind(NUMBERS))
        np.testing.assert_array_equal(backend.host(y), NUMBERS)
        found = bp.from_dlpack(kind(NUMBERS), backend=backend.backend)
        np.testing.assert_array_equal(backend.host(found), NUMBERS)


@pytest.mark.parametrize("kind", [Foreign, ForeignArray])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_it_is_trained_on_and_predicted(kind: Any, dtype: str) -> None:
    x = NUMBERS.astype(dtype)
    options: dict[str, Any] = {"loss": bp.SquaredError(), "optimizer": bp.SGD(0.01), "progress": None}
    net = bp.MLP([8, 3, 2])
    wanted = bp.fit(net, (x, x[:, :2]), **options)
    run = bp.fit(net, (kind(x), kind(x[:, :2])), **options)
    assert run.params[0]["weight"].dtype == x.dtype
    np.testing.assert_array_equal(run.params[0]["weight"], wanted.params[0]["weight"])
    np.testing.assert_array_equal(run.predict(kind(x)), wanted.predict(x))


@pytest.mark.parametrize("source", ["torch", "jax"])
def test_training_brings_no_copy_to_numpy(source: str) -> None:
    """What fit does first with another library's array: the same memory, on NumPy."""
    there, here = opened(source), bp.backend("numpy")
    x = there.asarray(NUMBERS)
    assert address(here, here.asarray(x)) == address(there, x)
    run = bp.fit(
        bp.MLP([8, 2]), (x, there.asarray(NUMBERS[:, :2])), loss=bp.SquaredError(), optimizer=bp.SGD(1e-4),
        backend="numpy", progress=None,
    )  # fmt: skip
    assert type(run.predict(x)) is np.ndarray


@pytest.mark.parametrize("goal", ["torch", "jax"])
def test_predictions_go_out(goal: str) -> None:
    here, library = bp.backend("numpy"), opened(goal)
    wide = np.concat([NUMBERS, NUMBERS], axis=1)
    options: dict[str, Any] = {"loss": bp.SquaredError(), "optimizer": bp.SGD(1e-4), "progress": None}
    run = bp.fit(bp.MLP([8, 16]), (NUMBERS, wide), **options)
    y = run.predict(NUMBERS)
    found = library.namespace.from_dlpack(y)
    np.testing.assert_array_equal(library.to_host(found), y)
    assert goal != "torch" or address(library, found) == address(here, y)


def test_memory_that_jax_has_to_copy() -> None:
    jax, x = opened("jax"), aligned(np.concat([NUMBERS, NUMBERS]))[0, 1:]
    y = bp.from_dlpack(x, backend="jax")
    np.testing.assert_array_equal(jax.to_host(y), x)
    with pytest.raises(OptionError, match="not aligned to 64 bytes"):
        bp.from_dlpack(x, backend="jax", copy=False)


# -- what cannot be ------------------------------------------------------------------------------------------


def test_a_device_that_cannot() -> None:
    far = Foreign(NUMBERS, (2, 3))
    with pytest.raises(OptionError) as caught:
        bp.from_dlpack(far)
    assert str(caught.value) == (
        "an array taken by DLPack must be one whose memory numpy can read, was given 'one on cuda:3 "
        "(BufferError: memory of another device)'. Name a backend of that device, or bring it to the host"
        " first."
    )
    with pytest.raises(OptionError, match="'one on device 99:0"):
        bp.from_dlpack(Foreign(NUMBERS, (99, 0)))
    with pytest.raises(OptionError, match="one whose memory numpy can read, was given 'one on cuda:3"):
        bp.fit(bp.MLP([8, 2]), (far, NUMBERS[:, :2]), loss=bp.SquaredError(), optimizer=bp.SGD(0.1))


def test_a_device_within_a_library() -> None:
    opened("strict")
    x = bp.backend("strict").asarray(NUMBERS)
    place = bp.backend("strict:device1")
    assert bp.from_dlpack(x, backend=place).device == place.device
    with pytest.raises(OptionError, match="copy=False"):
        bp.from_dlpack(x, backend="strict:device1", copy=False)


def test_memory_that_cannot_be_shared_is_copied_or_refused() -> None:
    torch = pytest.importorskip("torch")
    x = torch.ones(3, requires_grad=True)
    np.testing.assert_array_equal(bp.from_dlpack(x), [1.0, 1.0, 1.0])
    with pytest.raises(OptionError, match=r"whose memory numpy can read, was given .one on cpu:0"):
        bp.from_dlpack(x, copy=False)


@pytest.mark.parametrize("given", [[1.0, 2.0], 3.0, "text", None])
def test_what_does_not_speak_it(given: Any) -> None:
    with pytest.raises(OptionError, match="x of from_dlpack must be an array that speaks DLPack"):
        bp.from_dlpack(given)


def test_a_traced_array_is_refused() -> None:
    with pytest.raises((OptionError, TypeError)):
        bp.grad(bp.from_dlpack)(np.float64(2.0))


@pytest.mark.parametrize("name", ["numpy", "torch", "jax", "strict"])
def test_an_array_that_runs_backwards(name: str) -> None:
    """PyTorch ends the interpreter where it is given one."""
    if name != "numpy":
        pytest.importorskip({"strict": "array_api_strict"}.get(name, name))
    x = np.arange(6.0).reshape(2, 3)[:, ::-1]
    y = bp.from_dlpack(x, backend=name)
    np.testing.assert_array_equal(bp.backend(name).to_host(y), x)
    if name != "numpy":
        with pytest.raises(OptionError, match="one of forward strides, was given 'one that runs backwards'"):
            bp.from_dlpack(x, backend=name, copy=False)
