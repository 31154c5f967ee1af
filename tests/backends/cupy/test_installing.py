"""What a message tells to install fits what is installed, and what the driver says."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError

import pytest

from bpcore_cupy import installing


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Set which package of CuPy is installed, and for which CUDA the driver is."""
    here, there = request.param

    def version(name: str) -> str:
        if name != here:
            raise PackageNotFoundError(name)
        return "14.2.0"

    monkeypatch.setattr(installing, "version", version)
    monkeypatch.setattr(installing, "driver", lambda: there)


def on(here: str, there: int) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("machine", [(here, there)], indirect=True)


@pytest.mark.parametrize(
    ("machine", "wanted"),
    [
        (("", 12), '"bpcore[cuda12]"'),
        (("", 13), '"bpcore[cuda13]"'),
        (("", 14), '"bpcore[cuda13]"'),
        (("", 0), '"bpcore[cuda12]", or "bpcore[cuda13]" for a driver of CUDA 13.'),
        (("", 11), '"bpcore[cuda12]", or "bpcore[cuda13]" for a driver of CUDA 13.'),
        (("cupy-cuda13x", 12), '"bpcore[cuda13]"'),  # one that is broken
        (("cupy-cuda12x", 13), '"bpcore[cuda12]"'),
        (("cupy", 13), "--force-reinstall cupy"),
    ],
    indirect=["machine"],
)
def test_cupy_is_told_for_what_is_here(machine: None, wanted: str) -> None:
    assert installing.install() == f"python -m pip install {wanted}"


@pytest.mark.parametrize(
    "machine", [("cupy-cuda13x", 0), ("cupy-cuda13x", 13), ("cupy-cuda12x", 13), ("cupy", 12)], indirect=True
)
def test_no_second_cupy_is_told_beside_one(machine: None) -> None:
    assert "pip" not in installing.device_line()
    assert "CuPy itself is installed" in installing.device_line()


@on("cupy-cuda13x", 12)
def test_a_cupy_that_the_driver_is_too_old_for_goes_first(machine: None) -> None:
    said = installing.device_line()
    assert said.startswith("cupy-cuda13x is for CUDA 13, and the driver for CUDA 12: ")
    assert said.index("pip uninstall cupy-cuda13x") < said.index('pip install "bpcore[cuda12]"')


@pytest.mark.parametrize(
    ("machine", "wanted"),
    [
        (("cupy-cuda13x", 0), {"cupy-cuda13x[ctk]"}),
        (("cupy-cuda12x", 13), {"cupy-cuda12x[ctk]"}),
        (("cupy", 13), set()),
        (("", 0), {"cupy-cuda12x[ctk]", "cupy-cuda13x[ctk]"}),
    ],
    indirect=["machine"],
)
def test_cudas_libraries_are_those_of_the_cupy_that_is_here(machine: None, wanted: set[str]) -> None:
    said = installing.libraries_line()
    assert {name for name in ("cupy-cuda12x[ctk]", "cupy-cuda13x[ctk]") if name in said} == wanted


def test_a_driver_that_is_not_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise OSError(name)

    monkeypatch.setattr("ctypes.CDLL", missing)
    assert installing.driver() == 0
