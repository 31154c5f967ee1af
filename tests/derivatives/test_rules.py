"""The table of rules and their sample calls; test_coverage.py runs these in every mode, on every axis."""

from __future__ import annotations

from typing import Any

import pytest

from bpcore.derivatives.checks.cases import CASES
from bpcore.derivatives.checks.roster import ROSTER
from bpcore.derivatives.checks.rule_checks import check_rules
from bpcore.derivatives.rules import CHAPTERS, TABLE
from bpcore.derivatives.transforms.gradients import vjp
from bpcore.words.errors import OptionError

DIFFERENTIABLE = sorted(name for name, function in TABLE.items() if function.backward is not None)
CONSTANT = sorted(name for name, function in TABLE.items() if function.backward is None)


@pytest.mark.needs_float64
@pytest.mark.axes("numpy", "strict:device2", "torch", "cupy")
@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_rules_hold_in_float32_where_there_is_float64(backend: Any, name: str) -> None:
    if (backend.backend.library, name) == ("strict", "assign_at"):
        pytest.skip("the standard assigns to no arrays of places")
    (check,) = check_rules(
        backend.backend, modes=["reverse"], only=[name], each=False, dtype="float32", asarray=backend.array
    )
    assert check.passed, check.message


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_the_cases_reach_every_rule(name: str) -> None:
    """An input that has a rule is differentiated by in some case."""
    rules = TABLE[name].backward
    assert rules is not None
    with_rule = {i for i in range(len(rules)) if rules[i] is not None}
    reached = {i for case in CASES[name] for i, x in enumerate(case.inputs) if getattr(x, "moves", False)}
    assert with_rule <= reached


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_some_case_has_a_matrix(name: str) -> None:
    """A transposed gradient shows only there."""
    assert any(len(x.shape) > 1 for case in CASES[name] for x in case.inputs if hasattr(x, "shape"))


@pytest.mark.parametrize("name", CONSTANT)
def test_every_constant_function_says_why(name: str) -> None:
    assert TABLE[name].reason


def test_no_function_stands_in_two_chapters() -> None:
    names = [function.name for functions in CHAPTERS.values() for function in functions]
    assert len(names) == len(set(names)) == len(TABLE)


FLAT = ("ceil", "floor", "round", "sign", "trunc", "zeros_like", "ones_like", "stop_gradient")


@pytest.mark.parametrize("name", FLAT)
def test_a_constant_function_gives_zeros(backend: Any, name: str) -> None:
    x = backend.array([[0.3, -1.7], [2.6, 0.8]])
    y, pullback = vjp(getattr(backend.xp, name), x)
    (g,) = pullback(backend.xp.ones_like(y))
    assert backend.host(g).tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert g.dtype == x.dtype
    assert g.device == x.device


def test_stop_gradient_cuts_one_path_and_no_other(backend: Any) -> None:
    xp = backend.xp
    _, pullback = vjp(lambda x: xp.multiply(x, xp.stop_gradient(x)), backend.array([2.0, 3.0]))
    assert backend.host(pullback(backend.array([1.0, 1.0]))[0]).tolist() == [2.0, 3.0]


def test_the_checks_of_a_misspelt_function_are_refused() -> None:
    with pytest.raises(OptionError, match="tahn"):
        check_rules("numpy", only=["tahn"])


def test_all_at_once_comes_in_the_order_of_the_table() -> None:
    checks = check_rules("numpy", modes=["reverse"], most=1)
    assert [check.name for check in checks] == [name for name, entry in ROSTER.items() if not entry.reason]
    assert {name for name in TABLE if name in DIFFERENTIABLE} <= {check.name for check in checks}
    assert all(check.passed and check.cases == 1 and check.worst < 0.5 for check in checks)


def test_a_function_without_cases_does_not_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bpcore.derivatives.checks.rule_checks.CASES", {})
    (check,) = check_rules("numpy", only=["tanh"])
    assert not check.passed
    assert "no case" in check.message
