"""The `backend` fixture: one test over every library, device and rule that bpcore's code must stand under.

Choose axes with ``--axes numpy,torch``. An axis whose backend cannot be used here is skipped, and the
reason is printed at the end of the run.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bpcore.derivatives.namespaces.namespace import namespace
from bpcore.derivatives.namespaces.plain import plain_functions
from bpcore.ground.backend import Backend
from bpcore.ground.registry import backend as open_backend
from bpcore.words.errors import BackendError

AXES = (
    *("numpy", "numpy:readonly"),
    *("strict", "strict:device1", "strict:device2", "strict:no_float64", "strict:no_x64", "strict:strictest"),
    *("torch", "jax", "jax:jit", "cupy"),
)
ROOT = str(Path(__file__).parents[1])
if ROOT not in sys.path:
    sys.path.append(
        ROOT
    )  # benchmarks are no part of the wheel; at the end, so that what is installed is tested

DEFAULT = AXES[:8]
BACKENDS = {
    "numpy:readonly": "numpy",
    "strict:strictest": "strict",
    "jax:jit": "jax",
}
"""The backend of an axis that is more than the backend of its name."""

MARKERS = (
    "axes(*names): runs on these axes only, as far as they are chosen",
    "gpu: needs a CUDA device",
    "needs_float64: skipped on axes whose device has no 64-bit floats",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--axes", default=",".join(DEFAULT), help=f"comma-separated, of: {', '.join(AXES)}")
    parser.addoption(
        "--write-coverage",
        action="store_true",
        help="write what test_coverage.py finds into docs/coverage.md",
    )

    parser.addoption("--write-features", action="store_true", help="write README's table of features")


def pytest_configure(config: pytest.Config) -> None:
    os.environ.setdefault("BPCORE_PROGRESS", "none")
    if config.getoption("--write-features") and not hasattr(config, "workerinput"):
        from tests.house.features import Features

        config.pluginmanager.register(Features(config.rootpath / "README.md"))
    os.environ.setdefault("SCIPY_ARRAY_API", "1")  # SciPy reads it when it is imported: tests/interop
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    axes = chosen_axes(config)
    if any(axis.startswith("jax") for axis in axes):
        _widen_jax()


def chosen_axes(config: pytest.Config) -> list[str]:
    """Return the axes asked for on the command line; a misspelt one ends the run."""
    axes = [axis.strip() for axis in str(config.getoption("--axes")).split(",") if axis.strip()]
    wrong = sorted(set(axes) - set(AXES))
    if wrong:
        raise pytest.UsageError(f"--axes: no {', '.join(wrong)}; there are {', '.join(AXES)}")
    return axes


def _widen_jax() -> None:
    """Give JAX its 64-bit floats: without them most tolerances here mean nothing."""
    try:
        import jax
    except ImportError:
        return  # the axis is skipped, with the reason
    jax.config.update("jax_enable_x64", True)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "backend" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("axes")
        wanted = marker.args if marker else AXES
        chosen = [axis for axis in chosen_axes(metafunc.config) if axis in wanted]
        parameters = [_parameter(axis) for axis in chosen] or [_none(wanted)]
        metafunc.parametrize("backend", parameters, indirect=True)


def _parameter(axis: str) -> Any:
    return pytest.param(axis, marks=pytest.mark.gpu) if axis.startswith("cupy") else axis


def _none(wanted: tuple[str, ...]) -> Any:
    reason = f"none of its axes is chosen: --axes {','.join(wanted)}"
    return pytest.param(None, marks=pytest.mark.skip(reason=reason))


@cache
def _opened(axis: str) -> Backend | str:
    """Return the backend of an axis, or why there is none."""
    try:
        return open_backend(BACKENDS.get(axis, axis))
    except BackendError as error:
        return str(error)


_functions = cache(plain_functions)


@dataclass(frozen=True, eq=False)
class Axis:
    """One library on one device, under one set of rules.

    Attributes
    ----------
    name : str
    backend : Backend
    xp : module-like
        bpcore's differentiable namespace over it.
    """

    name: str
    backend: Backend
    xp: Any

    @property
    def functions(self) -> Any:
        """The namespace of plain arrays below it: what rules compute in."""
        return _functions(self.backend)

    @property
    def float(self) -> str:
        """The name of the widest float dtype there."""
        return "float64" if self.backend.float64 else "float32"

    @property
    def eps(self) -> float:
        """The spacing of that dtype at 1."""
        return 2.0**-52 if self.backend.float64 else 2.0**-23

    def array(self, data: Any, dtype: str | None = None) -> Any:
        """Return `data` as an array on the axis's device; floats in its widest dtype unless told."""
        x = self.backend.asarray(data, dtype=self.backend.dtype(dtype or self.float))
        if self.name == "numpy:readonly":
            x = x.copy()
            x.flags.writeable = False
        return x

    def host(self, x: Any) -> Any:
        """Return an array as a NumPy array."""
        return self.backend.to_host(x)

    def run(self, f: Callable[..., Any], *args: Any) -> Any:
        """Return ``f(*args)``, computed under jax.jit on the axis jax:jit."""
        if self.name == "jax:jit":
            import jax

            return jax.jit(f)(*args)
        return f(*args)

    def reading(self) -> AbstractContextManager[None]:
        """Return a scope in which ``float(x)`` and the like may read values on strict:strictest."""
        return _Allowed() if self.name == "strict:strictest" else nullcontext()


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> Iterator[Axis]:
    """One axis; the test runs under its rules."""
    axis = str(request.param)
    found = _opened(axis)
    if isinstance(found, str):
        pytest.skip(f"axis {axis}: {found}")
    if request.node.get_closest_marker("needs_float64") and not found.float64:
        pytest.skip(f"axis {axis}: no 64-bit floats there")
    with ExitStack() as rules:
        if axis == "strict:strictest":
            rules.enter_context(_strictest())
        yield Axis(axis, found, namespace(found))


# -- strict:strictest: nothing whose shape depends on values, and no value read ------------------------------

READERS = ("__bool__", "__complex__", "__float__", "__index__", "__int__")
EXITS = ("__array__", "__buffer__", "__dlpack__")
"""Ways in which all values leave at once. The backend's own door out, ``to_host``, may use them."""
_scopes: list[None] = []


def _guarded(reader: str, original: Callable[..., Any], door: Any) -> Callable[..., Any]:
    def guarded(self: Any, *args: Any, **options: Any) -> Any:
        if not _scopes and sys._getframe(1).f_code is not door:
            raise AssertionError(
                f"{reader} reads a value on strict:strictest: on a GPU it waits for the device. "
                "Where a test means it, write `with backend.reading():`"
            )
        return original(self, *args, **options)

    return guarded


class _Allowed(AbstractContextManager[None]):
    """A scope in which the guard lets values be read."""

    def __enter__(self) -> None:
        _scopes.append(None)

    def __exit__(self, *exception: object) -> None:
        _scopes.pop()


def _strictest() -> ExitStack:
    """Return array-api-strict's own switches turned off, and the guard of ours."""
    import array_api_strict as xp

    rules = ExitStack()
    rules.enter_context(xp.ArrayAPIStrictFlags(boolean_indexing=False, data_dependent_shapes=False))
    patch = rules.enter_context(pytest.MonkeyPatch.context())
    kind, door = type(xp.asarray(0.0)), open_backend("strict").to_host.__code__
    for reader in (*READERS, *(name for name in EXITS if hasattr(kind, name))):
        patch.setattr(kind, reader, _guarded(reader, getattr(kind, reader), door))
    return rules


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say which axes could not be used, and why."""
    for axis in chosen_axes(config):
        found = _opened(axis)
        if isinstance(found, str):
            terminalreporter.write_line(f"axis {axis} SKIPPED: {found}", yellow=True)
