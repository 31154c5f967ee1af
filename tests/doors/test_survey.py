"""``bpcore backends`` and ``bpcore check``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace

import pytest
from click.testing import Result

from bpcore.derivatives.checks.rule_checks import RuleCheck, check_rules
from bpcore.doors import survey
from bpcore.ground.precision import Precision
from bpcore.ground.registry import Row, backend, backends

Call = Callable[..., Result]


def test_backends_are_told_with_version_devices_and_why_not(done: Call) -> None:
    told = done("backends").stdout.splitlines()
    assert told[0].split() == ["name", "library", "version", "devices", "precisions", "usable"]
    by_name = {line.split()[0]: line for line in told[1:]}
    numpy = sys.modules["numpy"].__version__
    wanted = ["numpy", "numpy", numpy, "cpu", "float32,", "float16", "yes"]
    assert by_name["numpy"].split() == wanted
    assert "tf32 may be asked for everywhere: where it is not shown it is float32." in told
    for row in backends():
        assert (f"{row.name}: {row.why_not}" in told) is not row.usable


def test_a_backend_that_cannot_be_used_is_told_with_the_line_that_installs_it(
    done: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [Row("cupy", "", (), False, 'CuPy is not installed. Install it: pip install "bpcore[cuda12]"')]
    monkeypatch.setattr(survey, "survey", lambda: rows)
    told = done("backends").stdout.splitlines()
    assert told[1].split() == ["cupy", "no"]
    assert told[2] == 'cupy: CuPy is not installed. Install it: pip install "bpcore[cuda12]"'


def test_tf32_is_shown_where_it_is_another_precision(done: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    numpy = backend("numpy")
    with_cores = replace(numpy, precisions={**numpy.precisions, "tf32": Precision()})
    monkeypatch.setattr(survey, "find_backend", lambda name: with_cores)
    monkeypatch.setattr(survey, "survey", lambda: [Row("numpy", "2", ("cpu",), True, "")])
    told = done("backends").stdout.splitlines()
    assert told[1].split()[4:] == ["float32,", "tf32,", "float16", "yes"]
    assert len(told) == 2


def only(*names: str) -> Callable[..., list[RuleCheck]]:
    return lambda backend, *, each: check_rules(backend, only=names, each=each)


def test_rules_that_hold(done: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey, "check_rules", only("tanh", "matmul"))
    told = done("check", "--backend", "strict:device1").stdout.splitlines()
    assert told[0].split() == ["function", "chapter", "cases", "modes", "worst", "error", "passed"]
    assert {line.split()[0]: line.split()[-1] for line in told[1:3]} == {"tanh": "yes", "matmul": "yes"}
    assert {line.split()[3] for line in told[1:3]} == {"VRFS"}
    assert told[-1].startswith("2 rules, ")
    assert told[-1].endswith(" cases on strict:device1, V value, R reverse, F forward, S second: all passed")


def test_a_rule_that_does_not_hold(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    good = check_rules("numpy", only=["tanh"])[0]
    bad = RuleCheck(
        name="sin",
        chapter="elementwise",
        cases=2,
        modes=("value",),
        worst=7e8,
        absolute_error=0.5,
        passed=False,
        message="sin differs at (0,).",
    )
    monkeypatch.setattr(survey, "check_rules", lambda backend, *, each: [good, bad])
    result = call("check")
    assert result.exit_code == 1
    told = result.stdout.splitlines()
    assert told[2].split()[-3:] == ["V", "7e+08", "NO"]
    assert told[3] == "sin: sin differs at (0,)."
    assert told[-1].endswith(" S second: 1 failed")


def test_a_backend_that_is_not_there(refused: Callable[..., str]) -> None:
    assert 'Did you mean "strict"?' in refused("check", "--backend", "strikt")
