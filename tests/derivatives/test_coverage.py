"""Every function on every axis, in every mode: docs/coverage.md says what is found here."""

from __future__ import annotations

from typing import Any

import pytest

from bpcore.derivatives.checks.cases import CASES
from bpcore.derivatives.checks.roster import ROSTER
from bpcore.derivatives.checks.rule_checks import MODES, check_rules

BY_ELEMENTS = ("numpy",)
FLOAT32_INSIDE = {
    case.function for cases in CASES.values() for case in cases if "float32" in f"{case.inputs}{case.static}"
}
"""Functions whose cases cast to float32 on the way."""


@pytest.mark.parametrize("name", ROSTER)
def test_the_cell_says_what_is_found(backend: Any, name: str, coverage: Any) -> None:
    (check,) = check_rules(
        backend.backend,
        only=[name],
        most=coverage.most.get(backend.name),
        each=backend.name in BY_ELEMENTS,
        reading=backend.name not in coverage.fixed_shapes,
        asarray=backend.array,
        run=backend.run,
    )
    found = coverage.note(backend.name, check)
    falls_short = check.modes != (("value",) if ROSTER[name].reason else MODES)
    excuse = coverage.excuse(name, backend.name)
    assert not falls_short or excuse, check.message
    assert falls_short or not excuse, f"{name} does on {backend.name} what it is excused from: {excuse}"
    if backend.float == "float64" and name not in FLOAT32_INSIDE:
        assert check.absolute_error < 1e-8
    if not coverage.writes:
        assert coverage.stated.get((name, backend.name)) == found, "nox -s coverage writes the table anew"


def test_the_table_is_as_it_is_written(coverage: Any) -> None:
    """No row, no reason and no sentence of it was written by hand, and every function has its row."""
    if coverage.writes:
        pytest.skip("the table is being written")
    assert coverage.text == coverage.rendered(coverage.stated)
    assert {name for name, _ in coverage.stated} == set(ROSTER)


def test_every_function_of_the_standard_has_a_row() -> None:
    xp = pytest.importorskip("array_api_strict")
    with xp.ArrayAPIStrictFlags(api_version="2025.12"):
        names = {name for name in xp.__all__ if _is_function(getattr(xp, name))}
        names |= {f"{extension}.{name}" for extension in ("fft", "linalg") for name in _names(xp, extension)}
    names -= {name for name in names if "array_api_strict_flags" in name}
    names |= {"linalg.eig", "linalg.eigvals"}  # new in this revision, and not yet in that list
    assert len(names - {"__array_namespace_info__"}) == 174
    assert names <= set(ROSTER)


def _is_function(value: Any) -> bool:
    return callable(value) and not isinstance(value, type)


def _names(xp: Any, extension: str) -> list[str]:
    inside = getattr(xp, extension)
    return [name for name in inside.__all__ if _is_function(getattr(inside, name))]


def test_every_function_has_cases() -> None:
    assert set(CASES) <= set(ROSTER)
    assert not {name for name in ROSTER if name not in CASES and name.removeprefix("linalg.") not in CASES}


@pytest.mark.parametrize("axis", ["numpy", "torch"])
def test_a_cell_that_is_not_run_is_kept(axis: str, coverage: Any) -> None:
    cells = {("abs", "numpy"): "VRFS", ("abs", "torch"): "V", ("gone", "numpy"): "VRFS"}
    again = coverage.parsed(coverage.rendered(cells))
    assert again["abs", axis] == cells["abs", axis]
    assert again["abs", "jax"] == "not run"
    assert ("gone", "numpy") not in again
