"""The mutator does what it says, the checks see it, and the page in docs/ is about today's functions."""

from __future__ import annotations

import ast
import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from bpcore.derivatives.checks.rule_checks import check_rules
from bpcore.derivatives.rules import TABLE, broadcast, statistical
from bpcore.derivatives.rules.function import Forward

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT))  # `mutants` is in the tree and in no wheel
catalogue = importlib.import_module("mutants.catalogue")
judging = importlib.import_module("mutants.judging")
page = importlib.import_module("mutants.page")
sites = importlib.import_module("mutants.sites")

CAUGHT = {
    # mutant: what sees it first
    "elementwise: FUNCTIONS[sin]: swapped functions: xp.cos(x) -> xp.sin(x)": "reverse",
    "elementwise: FUNCTIONS[cos]: sign: "
    "xp.negative(xp.multiply(g, xp.sin(x))) -> xp.multiply(g, xp.sin(x))": "reverse",
    "statistical: _var: swapped operands: "
    "xp.subtract(x, xp.mean(x, axis=axis, keepdims=True)) -> "
    "xp.subtract(xp.mean(x, axis=axis, keepdims=True), x)": "reverse",
    "elementwise: tanh: cut from higher orders: rule 0 -> rule 0, cut from higher orders": "second",
    "elementwise: exp: wrong forward mode: DIAGONAL -> LINEAR": "forward",
    "elementwise: divide: wrong axis: broadcasts -> axes that were broadcast are not summed": "reverse",
}


@pytest.fixture(scope="module")
def mutants() -> dict[str, Any]:
    """Return all of them, by what they are called."""
    return {str(one): one for one in catalogue.catalogue()}


def test_no_two_mutants_are_called_alike(mutants: dict[str, Any]) -> None:
    assert len(mutants) == len(catalogue.catalogue())


@pytest.mark.parametrize("name", CAUGHT)
def test_what_is_broken_is_caught(mutants: dict[str, Any], name: str) -> None:
    assert judging.judge(mutants[name]) == CAUGHT[name]


def test_afterwards_everything_is_as_it_was(mutants: dict[str, Any]) -> None:
    def state() -> list[Any]:
        code = [f.__code__ for f in vars(statistical).values() if hasattr(f, "__code__")]
        return [*code, *((f.backward, f.forward, f.broadcasts) for f in TABLE.values())]

    before = state()
    for name in CAUGHT:
        with mutants[name].force():
            assert state() != before
    assert state() == before
    assert all(check.passed for check in check_rules("numpy", only=["sin", "var", "exp"]))


def test_whoever_imported_a_function_runs_the_mutant(mutants: dict[str, Any]) -> None:
    name = "broadcast: axes_of: changed constant"
    found = next(one for title, one in mutants.items() if title.startswith("broadcast: axes_of: "))
    assert {"sum", "mean", "var"} <= {*found.functions}, name
    code = statistical.axes_of.__code__
    with found.force():
        assert statistical.axes_of is broadcast.axes_of
        assert statistical.axes_of.__code__ is not code


def test_a_mutant_of_an_entry_concerns_that_entry_only(mutants: dict[str, Any]) -> None:
    with mutants["elementwise: exp: wrong forward mode: DIAGONAL -> LINEAR"].force():
        assert TABLE["exp"].forward is Forward.LINEAR
        assert TABLE["log"].forward is Forward.DIAGONAL


def _changed(source: str) -> set[tuple[str, str]]:
    (statement,) = ast.parse(source).body
    return {
        (site.kind, ast.unparse(site.mutated()).partition("return ")[2]) for site in sites.sites(statement)
    }


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("xp.negative(g)", {("sign", "g")}),
        ("xp.where(c, x, 0.0)", {("removed mask", "x"), ("swapped operands", "xp.where(c, 0.0, x)")}),
        ("xp.subtract(g, y)", {("dropped term", "g"), ("swapped operands", "xp.subtract(y, g)")}),
        ("xp.matrix_transpose(x)", {("transpose", "x")}),
        ("xp.sum(g, axis=-1)", {("changed constant", "xp.sum(g, axis=-2)"), ("sign", "xp.sum(g, axis=1)")}),
        ("g[..., None, :]", {("wrong axis", "g[..., :, None]"), ("dropped step", "g")}),
        ("xp.multiply(g, x)", {("wrong input", "xp.multiply(x, x)"), ("wrong input", "xp.multiply(g, g)")}),
        ("a if b > 0 else c", {("turned condition", "a if b <= 0 else c")}),
        ("xp.flip(g, axis=axis)", {("wrong axis", "xp.flip(g, axis=0)"), ("dropped step", "g")}),
    ],
)
def test_kinds_of_mutations(source: str, wanted: set[tuple[str, str]]) -> None:
    found = _changed(f"def rule(xp, g, x):\n    return {source}")
    assert wanted <= found
    assert all(new != source for _, new in found)


def test_every_rule_is_broken(mutants: dict[str, Any]) -> None:
    concerned = {name for one in mutants.values() for name in one.functions}
    assert concerned == {name for name, entry in TABLE.items() if entry.backward is not None}


def _record() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "docs" / "mutants.json").read_text(encoding="utf-8"))
    return found


def test_the_page_is_about_the_functions_of_the_table() -> None:
    assert page.functions_on_page() == page.functions_in_table(), "run python -m mutants"


def test_the_score_is_what_is_wanted_and_every_survivor_has_a_reason() -> None:
    found = _record()
    assert found["score"] >= 0.98
    assert found["survived"] == len(found["survivors"])
    assert all(one["why"] for one in found["survivors"])


@pytest.mark.parametrize("which", ["files", "kinds"])
def test_the_numbers_add_up(which: str) -> None:
    found = _record()
    assert sum(sum(counts.values()) for counts in found[which].values()) == found["mutants"]
    assert sum(counts.get("survived", 0) for counts in found[which].values()) == found["survived"]
