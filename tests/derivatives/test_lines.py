"""An error on the way back names the function and the line where the user called it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.derivatives.rules import TABLE

xp = bp.namespace("numpy")


def _failing(xp: Any, g: Any, y: Any, x: Any) -> Any:
    raise ZeroDivisionError("broken on purpose")


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Any:
    before = TABLE["tanh"].backward
    object.__setattr__(TABLE["tanh"], "backward", (_failing,))
    yield
    object.__setattr__(TABLE["tanh"], "backward", before)


@pytest.mark.usefixtures("broken")
def test_the_line_is_found_by_a_second_call() -> None:
    def f(x: Any) -> Any:
        y = xp.sin(x)
        y = xp.tanh(y)  # this one
        return xp.sum(xp.cos(y))

    with pytest.raises(ZeroDivisionError) as caught:
        bp.grad(f)(np.ones(2))
    with pytest.raises(ZeroDivisionError) as forward:
        bp.jvp(f, (np.ones(2),), (np.ones(2),))
    assert forward.value.__notes__ == caught.value.__notes__
    (note,) = caught.value.__notes__
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    number = next(i for i, line in enumerate(lines, start=1) if line.endswith("# this one"))
    assert note == f"bpcore: in the derivative of tanh, called at {__file__}:{number}"


@pytest.mark.usefixtures("broken")
def test_a_function_that_cannot_be_called_again() -> None:
    calls = []

    def f(x: Any) -> Any:
        calls.append(x)
        if len(calls) > 1:
            raise KeyError
        return xp.sum(xp.tanh(x))

    with pytest.raises(ZeroDivisionError) as caught:
        bp.grad(f)(np.ones(2))
    assert caught.value.__notes__ == ["bpcore: in the derivative of tanh, called at a line that is not known"]


def test_keyword_arguments_are_passed_on() -> None:
    def powered(x: Any, *, n: int) -> Any:
        return xp.sum(x**n)

    x = np.asarray([1.0, 2.0])
    assert bp.grad(powered)(x, n=3).tolist() == [3.0, 12.0]
    assert float(bp.value_and_grad(powered)(x, n=1)[0]) == 3.0
    assert bp.jacobian(powered)(x, n=2).tolist() == [2.0, 4.0]
    assert bp.hessian(powered)(x, n=2).tolist() == [[2.0, 0.0], [0.0, 2.0]]
