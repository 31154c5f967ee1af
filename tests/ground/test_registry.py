"""Backends by name: found, misspelt, broken, offered twice; and by the arrays that belong to them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bpcore.ground import registry
from bpcore.ground.backend import Backend, Plugin
from bpcore.ground.registry import backend, backend_of, installed, on_host
from bpcore.words.errors import (
    BackendConflict,
    BackendMissing,
    BackendUnusable,
    BpcoreError,
    MixedArrays,
    OptionError,
)

FIRST_PARTY = ("cupy", "jax", "numba", "numpy", "strict", "torch")


def mine(name: str = "mine", **fields: Any) -> Plugin:
    """Return a plugin of a stranger's: NumPy under another name."""
    place = Backend(
        name=name,
        version="1",
        namespace=np,
        devices=("cpu",),
        asarray=lambda data, /, *, dtype=None, device=None: np.asarray(data, dtype=dtype),
        to_host=np.asarray,
    )
    return Plugin(name=name, install="pip install mine", **{"open": lambda device: place} | fields)


def said(act: Callable[[], object], error: type[BpcoreError]) -> str:
    """Return the one line that `act` fails with."""
    with pytest.raises(error) as caught:
        act()
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_the_six_are_there_by_name_without_being_imported() -> None:
    assert installed() == FIRST_PARTY


def test_a_backend_is_the_same_each_time_and_passes_through() -> None:
    assert backend("numpy") is backend("numpy")
    assert backend(backend("numpy")) is backend("numpy")
    assert backend() is backend("numpy")
    assert backend(None) is backend("numpy")


@pytest.mark.parametrize(
    ("given", "near"),
    [
        ("cuppy", "cupy"),
        ("nunpy", "numpy"),
        ("Torch", "torch"),
        ("pytorch", "torch"),
        ("strct", "strict"),
        ("jaxx", "jax"),
    ],
)
def test_a_misspelt_name_is_answered_with_the_near_one(given: str, near: str) -> None:
    message = said(lambda: backend(given), BackendMissing)
    assert message.startswith(f'no backend "{given}": installed are cupy, jax, numba, numpy, strict, torch.')
    assert message.endswith(f'Did you mean "{near}"?')


@pytest.mark.parametrize("given", ["", " ", "tensorflow", ":0"])
def test_an_unknown_name_says_what_there_is(given: str) -> None:
    message = said(lambda: backend(given), BackendMissing)
    assert message.endswith("installed are cupy, jax, numba, numpy, strict, torch.")


@pytest.mark.parametrize("given", [3, np, b"numpy", ["numpy"]])
def test_what_is_no_name_is_refused(given: Any) -> None:
    assert 'a name, such as "numpy"' in said(lambda: backend(given), OptionError)


@pytest.mark.parametrize("given", ["numpy:gpu", "numpy:0", "numpy:"])
def test_numpy_has_one_device(given: str) -> None:
    message = said(lambda: backend(given), BackendUnusable)
    assert message.startswith(f'backend "{given}" cannot be used here: ')
    assert '"numpy"' in message
    assert backend("numpy:cpu").library == "numpy"


def test_strict_says_which_devices_there_are() -> None:
    pytest.importorskip("array_api_strict")
    message = said(lambda: backend("strict:device9"), BackendUnusable)
    assert "CPU_DEVICE, device1, device2" in message


@pytest.mark.parametrize(
    ("name", "module", "line"),
    [
        ("cupy", "cupy", 'python -m pip install "bpcore[cuda1'),
        ("jax:cpu", "jax", 'python -m pip install "bpcore[jax]"'),
        ("strict:device1", "array_api_strict", 'python -m pip install "bpcore[strict]"'),
        ("torch", "torch", 'python -m pip install "bpcore[torch]"'),
    ],
)
def test_a_library_that_is_not_installed_is_named_with_its_install_line(
    name: str, module: str, line: str, monkeypatch: pytest.MonkeyPatch, forgotten: None
) -> None:
    import builtins

    load = builtins.__import__

    def without(wanted: str, *args: Any, **named: Any) -> Any:
        if wanted.partition(".")[0] == module:
            raise ModuleNotFoundError(f"No module named {module!r}", name=module)
        return load(wanted, *args, **named)

    monkeypatch.setattr("importlib.import_module", without)
    message = said(lambda: backend(name), BackendUnusable)
    assert message.startswith(f'backend "{name}" cannot be used here: ')
    assert "is not installed" in message
    assert line in message


def test_a_stranger_comes_in_by_the_same_door(offer: Any) -> None:
    offer("mine", "their_package", mine())
    assert backend("mine").name == "mine"
    assert installed() == ("mine",)


def test_a_name_that_is_offered_twice_is_refused_and_the_others_are_not(offer: Any) -> None:
    offer("mine", "their_package", mine())
    offer("mine", "other_package", mine())
    offer("yours", "your_package", mine("yours"))
    message = said(lambda: backend("mine"), BackendConflict)
    assert "other_package:door and their_package:door" in message
    assert backend("yours").name == "yours"


def test_one_offer_that_is_found_twice_is_one(offer: Any) -> None:
    offer("mine", "their_package", mine())
    offer("mine", "their_package", mine())
    assert backend("mine").name == "mine"


def test_a_package_that_does_not_import_is_unusable(offer: Any) -> None:
    offer("mine", "no_such_package")
    message = said(lambda: backend("mine"), BackendUnusable)
    assert (
        "no_such_package:door does not load (ModuleNotFoundError: No module named 'no_such_package')"
        in message
    )


def test_what_is_offered_must_be_a_plugin(offer: Any) -> None:
    offer("mine", "their_package", SimpleNamespace(open=lambda device: None))
    assert "their_package:door is not a bpcore Plugin" in said(lambda: backend("mine"), BackendUnusable)


def test_what_a_plugin_opens_must_be_a_backend(offer: Any) -> None:
    offer("mine", "their_package", mine(open=lambda device: np))
    assert "opened no bpcore Backend" in said(lambda: backend("mine"), BackendUnusable)


def test_a_plugin_that_raises_is_unusable_with_its_own_words(offer: Any) -> None:
    def fails(device: str | None) -> Backend:
        raise OSError("libmine.so: cannot open\nsecond line")

    offer("mine", "their_package", mine(open=fails))
    message = said(lambda: backend("mine"), BackendUnusable)
    assert "OSError: libmine.so: cannot open" in message
    assert "pip install mine" in message


def test_a_failure_is_tried_again(offer: Any) -> None:
    tries = []

    def fails_once(device: str | None) -> Backend:
        tries.append(device)
        if len(tries) == 1:
            raise RuntimeError("busy")
        return mine().open(None)

    offer("mine", "their_package", mine("late", open=fails_once))
    with pytest.raises(BackendUnusable, match="busy"):
        backend("mine")
    assert backend("mine").name == "mine"


def test_the_device_is_what_stands_after_the_first_colon(offer: Any) -> None:
    devices = []

    def keep(device: str | None) -> Backend:
        devices.append(device)
        return mine().open(None)

    offer("mine", "their_package", mine(open=keep))
    for name in ("mine", "mine:gpu", "mine:gpu:1"):
        backend(name)
    assert devices == [None, "gpu", "gpu:1"]


def test_arrays_name_their_backend() -> None:
    class Own(np.ndarray):
        pass

    for x in (np.ones(2), np.float32(1.0), np.ones(2).view(Own)):
        assert backend_of(x).name == "numpy"
    assert backend_of(np.ones(2), 1.0, True, 2).name == "numpy"
    assert backend_of(1.0).name == "numpy"
    assert backend_of().name == "numpy"


def test_an_unknown_type_is_named() -> None:
    message = said(lambda: backend_of(Path("here")), BackendMissing)
    assert message.startswith('no backend "pathlib.')
    assert said(lambda: backend_of("text"), OptionError).startswith(
        "an argument must be an array, was given 'text'."
    )


def test_arrays_of_two_libraries_are_not_mixed() -> None:
    strict = pytest.importorskip("array_api_strict")
    message = said(lambda: backend_of(np.ones(2), strict.asarray([1.0]), 1.0), MixedArrays)
    assert message == (
        "One call was given arrays of numpy and strict: bring them to one place first, "
        'with bpcore.backend("numpy").asarray(x).'
    )
    assert registry.backend("numpy").asarray(strict.asarray([1.0])).tolist() == [1.0]


def test_data_of_no_library_stays_as_it_is_on_the_way_to_the_host() -> None:
    for data in ([1.0], 1.0, "text", np.ones(2)):
        assert on_host(data) is data
