"""The standard, whole: each of its functions is differentiable, or declared constant with the reason."""

from __future__ import annotations

import inspect
from operator import attrgetter
from types import SimpleNamespace
from typing import Any

import pytest

from bpcore.derivatives.checks.roster import ROSTER
from bpcore.derivatives.namespaces.composites import COMPOSITES
from bpcore.derivatives.namespaces.covering import COVERING
from bpcore.derivatives.namespaces.namespace import INSPECTING
from bpcore.derivatives.rules import TABLE
from bpcore.ground.registry import backend

WITHOUT_ARRAYS = {
    "__array_namespace_info__": "it says what the library has",
    **dict.fromkeys(INSPECTING, "it looks at shapes and dtypes only"),
    **dict.fromkeys(("empty", "eye", "ones", "zeros"), "it takes no array"),
    **dict.fromkeys(("fft.fftfreq", "fft.rfftfreq"), "it takes no array"),
}
REFEREES_OWN = {
    *("ArrayAPIStrictFlags", "Device"),
    *("get_array_api_strict_flags", "reset_array_api_strict_flags", "set_array_api_strict_flags"),
}
"""What array-api-strict has beyond the standard."""


def _functions(library: Any, prefix: str = "") -> list[str]:
    return [
        prefix + name
        for name in library.__all__
        if callable(getattr(library, name))
        and not inspect.isclass(getattr(library, name))
        and name not in REFEREES_OWN
    ]


def _standard() -> list[str]:
    xp = backend("strict").namespace
    return sorted(
        {*_functions(xp), *_functions(xp.linalg, "linalg."), *_functions(xp.fft, "fft.")}
        - {"linalg." + name for name in ("matmul", "matrix_transpose", "tensordot", "vecdot")}
    )


STANDARD = _standard()


def test_the_referee_has_what_it_should() -> None:
    """174 functions in the revision of 2025.12, four of them under two names."""
    assert len(STANDARD) == len(set(STANDARD))
    assert len(STANDARD) > 165


@pytest.mark.parametrize("name", STANDARD)
def test_every_function_of_the_standard_has_its_place(name: str) -> None:
    if name in WITHOUT_ARRAYS:
        assert WITHOUT_ARRAYS[name]
        assert name not in TABLE or TABLE[name].reason
        return
    assert name in TABLE or name in COMPOSITES
    if name in TABLE and TABLE[name].backward is None:
        assert TABLE[name].reason
    assert name in ROSTER


@pytest.mark.axes("numpy", "strict", "torch", "jax", "cupy")
def test_every_namespace_has_every_function(backend: Any) -> None:
    lacking = [name for name in STANDARD if not callable(attrgetter(name)(_with_none(backend.xp, name)))]
    assert lacking == []


def _with_none(xp: Any, name: str) -> Any:
    """Return the namespace, or one that has None where it lacks the function."""
    first, _, rest = name.partition(".")
    inside = getattr(xp, first, None)
    return SimpleNamespace(
        **{first: SimpleNamespace(**{rest: getattr(inside, rest, None)}) if rest else inside}
    )


def test_what_is_covered_is_in_the_table() -> None:
    assert set(COVERING) <= set(TABLE)
    assert not set(COVERING) & set(COMPOSITES)
    assert not set(WITHOUT_ARRAYS) & set(COMPOSITES)
