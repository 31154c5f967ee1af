"""What ``import bpcore`` brings along: Python's own modules and nothing that takes time."""

from __future__ import annotations

import subprocess
import sys

import pytest

ARRAY_LIBRARIES = ("array_api_strict", "cupy", "jax", "jaxlib", "numpy", "torch")
HEAVY = ("click", "importlib.metadata", "rich", "safetensors", "scipy", "sklearn")

EVERYTHING = """
import importlib, pkgutil, bpcore
for module in pkgutil.walk_packages(bpcore.__path__, "bpcore."):
    if not module.name.endswith("__main__") and not module.name.startswith("bpcore.doors.estimators."):
        importlib.import_module(module.name)
"""


def loaded(code: str) -> set[str]:
    """Return the modules that a fresh Python has loaded after running `code`."""
    told = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules, sep='\\n')"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(told.stdout.split())


def test_the_probe_sees_what_is_loaded() -> None:
    assert {"numpy", "importlib.metadata"} <= loaded("import numpy, importlib.metadata")


@pytest.mark.parametrize("code", ["import bpcore", EVERYTHING], ids=["bpcore", "every module"])
def test_no_array_library_comes_along(code: str) -> None:
    assert not loaded(code).intersection(ARRAY_LIBRARIES)


def test_nothing_heavy_comes_along() -> None:
    assert not loaded("import bpcore").intersection(HEAVY)


def test_a_librarys_own_lazy_modules_stay_unloaded() -> None:
    code = "import bpcore; bpcore.grad(lambda x: x * x)(2.0)"
    assert not loaded(code).intersection(("numpy.f2py", "numpy.testing", "unittest"))
