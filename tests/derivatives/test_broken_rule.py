"""A rule that is broken on purpose must not pass: every rule of the table, broken in every way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

import bpcore as bp
from bpcore.derivatives.checks.rule_checks import RuleCheck, check_rules
from bpcore.derivatives.checks.values import compare_values
from bpcore.derivatives.rules import TABLE
from bpcore.derivatives.rules.function import EachInput, Forward
from bpcore.words.errors import GradientMismatch

Rule = Callable[..., Any]


def _rules() -> list[tuple[str, int]]:
    """Return every rule, by function and input; of functions of any number of inputs, the first two."""
    found = []
    for name, function in TABLE.items():
        rules = function.backward or ()
        count = 2 if isinstance(rules, EachInput) else len(rules)
        found += [(name, i) for i in range(count) if rules[i] is not None]
    return found


RULES = _rules()
PROMOTED_ONLY = {"add_along_axis", "conv", "conv_input", "conv_weight", "index_add", "tensordot"}
BROADCAST = [
    (name, i)
    for name, i in RULES
    if TABLE[name].broadcasts and len(TABLE[name].backward or ()) > 1 and name not in PROMOTED_ONLY
]


class Broken(Sequence[Rule | None]):
    """The rules of a function, one of them broken."""

    def __init__(self, name: str, which: int, how: Callable[[Rule], Rule | None]) -> None:
        self.rules, self.which, self.how = TABLE[name].backward or (), which, how

    def __getitem__(self, index: Any) -> Any:
        rule = self.rules[index]
        return self.how(rule) if index == self.which and rule is not None else rule

    def __len__(self) -> int:
        return len(self.rules)


def _changed(rule: Rule, change: Rule) -> Rule:
    def changed(xp: Any, *args: Any, **static: Any) -> Any:
        dx = rule(xp, *args, **static)
        return None if dx is None else change(xp, dx)

    return changed


def _turned(rule: Rule) -> Rule:
    return _changed(rule, lambda xp, dx: xp.negative(dx))


def _twice(rule: Rule) -> Rule:
    return _changed(rule, lambda xp, dx: xp.multiply(2.0, dx))


def _transposed(rule: Rule) -> Rule:
    return _changed(rule, lambda xp, dx: xp.permute_dims(dx, tuple(reversed(range(dx.ndim)))))


def _dropped(rule: Rule) -> None:
    return None


def _cut(rule: Rule) -> Rule:
    """Right by value, but it cannot be differentiated again."""
    return _changed(rule, lambda xp, dx: xp.stop_gradient(dx))


@pytest.fixture
def change() -> Iterator[Callable[..., None]]:
    """Change fields of an entry of the table until the test is over; the entries are frozen."""
    before: list[tuple[Any, str, Any]] = []

    def change(name: str, **fields: Any) -> None:
        for field, value in fields.items():
            before.append((TABLE[name], field, getattr(TABLE[name], field)))
            object.__setattr__(TABLE[name], field, value)

    yield change
    for function, field, value in reversed(before):
        object.__setattr__(function, field, value)


def _checked(name: str, mode: str = "reverse") -> RuleCheck:
    (check,) = check_rules("numpy", modes=[mode], only=[name], each=False)
    return check


@pytest.mark.parametrize(("name", "index"), RULES)
@pytest.mark.parametrize("how", [_turned, _twice, _transposed, _dropped], ids=lambda how: how.__name__[1:])
def test_red(name: str, index: int, how: Any, change: Any) -> None:
    change(name, backward=Broken(name, index, how))
    check = _checked(name)
    assert not check.passed
    if how is _turned:
        assert "the sign is turned" in check.message
    if how is _twice:
        assert "it was counted twice" in check.message


@pytest.mark.parametrize(("name", "index"), BROADCAST)
def test_red_when_the_broadcast_axis_is_not_summed(name: str, index: int, change: Any) -> None:
    change(name, broadcasts=False)
    assert not _checked(name).passed


@pytest.mark.parametrize(("name", "index"), RULES)
def test_the_second_order_is_red_when_a_rule_cannot_be_differentiated(
    name: str, index: int, change: Any
) -> None:
    change(name, backward=Broken(name, index, _cut))
    assert _checked(name).passed
    assert not _checked(name, "second").passed


@pytest.mark.parametrize(("name", "way"), [("square", Forward.LINEAR), ("matmul", Forward.LINEAR)])
def test_red_in_forward_mode_when_an_entry_says_what_it_is_not(name: str, way: Forward, change: Any) -> None:
    change(name, forward=way)
    assert _checked(name).passed
    assert not _checked(name, "forward").passed


@pytest.mark.axes("strict:strictest")
@pytest.mark.parametrize("mode", ["reverse", "forward", "second"])
def test_red_when_a_rule_reads_a_value(backend: Any, mode: str, change: Any) -> None:
    def reading(xp: Any, g: Any, y: Any, x: Any) -> Any:
        return xp.multiply(g, 2.0 * x) if float(backend.functions.max(g if mode == "forward" else y)) else g

    change("square", backward=(reading,))
    (check,) = check_rules(backend.backend, modes=[mode], only=["square"], asarray=backend.array)
    assert not check.passed
    assert "__float__" in check.message or "float()" in check.message


@pytest.mark.axes("strict:device1")
def test_red_when_a_rule_makes_an_array_elsewhere(backend: Any, change: Any) -> None:
    elsewhere = backend.backend.namespace.asarray(2.0)
    change("square", backward=(lambda xp, g, y, x: xp.multiply(xp.multiply(g, x), elsewhere),))
    (check,) = check_rules(backend.backend, modes=["reverse"], only=["square"], asarray=backend.array)
    assert "devices" in check.message
    change("square", backward=(lambda xp, g, y, x: (2.0 * g * x).to_device(elsewhere.device),))
    (check,) = check_rules(backend.backend, modes=["reverse"], only=["square"], asarray=backend.array)
    assert "has shape, dtype and device" in check.message


def test_red_when_a_rule_writes_into_an_array(change: Any) -> None:
    def into_the_output(xp: Any, g: Any, y: Any, x: Any) -> Any:
        dx = xp.multiply(g, y)
        y *= 2.0
        return dx

    def into_the_cotangent(xp: Any, g: Any, y: Any, x: Any) -> Any:
        g *= y
        return g

    def into_the_input(xp: Any, g: Any, y: Any, x: Any) -> Any:
        x += 1.0
        return xp.multiply(g, y)

    change("exp", backward=(into_the_output,))
    assert "has another gradient when it is asked again" in _checked("exp").message
    change("exp", backward=(into_the_cotangent,))
    assert "a rule must not write into an array" in _checked("exp").message
    change("exp", backward=(into_the_input,))
    assert "changed its input 0" in _checked("exp").message


def test_red_when_a_constant_function_carries_a_gradient(change: Any) -> None:
    change("floor", backward=(lambda xp, g, y, x: g,))
    assert "its output carries a gradient" in _checked("floor", "value").message


SAME: dict[str, Any] = {"constant": False, "trace": True, "valued": True, "run": lambda f, *args: f(*args)}


def test_red_when_a_traced_call_has_another_value() -> None:
    xp = bp.namespace("numpy")
    x = [xp.asarray([0.5, 1.5])]
    compare_values("f", xp.exp, xp.exp, x, **SAME)
    for says, traced in {
        "at element 0 when it is traced, and 1.6": lambda x: xp.multiply(xp.exp(x), 1.0 + 1e-14),
        "float32, cpu when it is traced, and an array of shape": lambda x: xp.astype(xp.exp(x), xp.float32),
        "f returns 2 arrays, the plain function 1": lambda x: (xp.exp(x), x),
    }.items():
        with pytest.raises(GradientMismatch, match=says):
            compare_values("f", xp.exp, traced, x, **SAME)


def test_green_again_afterwards() -> None:
    assert all(check.passed for check in check_rules("numpy", modes=["reverse"], each=False, most=1))
