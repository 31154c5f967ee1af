"""What `check_grad` says of a gradient that is wrong: each sentence, where it is true and where it is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import bpcore as bp
from bpcore.derivatives.checks.checking import check_grad
from bpcore.words.errors import GradientMismatch, OptionError

Function = Callable[[Any], Any]
XP = bp.namespace("numpy")
X = [[0.5, 1.5, -2.0], [2.5, -0.5, 1.0]]
ROW = [0.1, 0.7, 1.2]
SQUARE = [[0.5, 1.5], [2.5, -0.75]]


def _with_gradient_of(wrong: Function, right: Function) -> Function:
    """Return a function with the values of one and the gradient of the other."""

    def pretended(x: Any) -> Any:
        moving = wrong(x)
        return XP.add(XP.stop_gradient(XP.subtract(right(x), moving)), moving)

    return pretended


def _said(f: Function, x: Any, **options: Any) -> str:
    with pytest.raises(GradientMismatch) as caught:
        check_grad(f, x, **options)
    said = str(caught.value)
    assert "\n" not in said
    return said


LOOKS = {
    "the sign is turned": lambda x: XP.negative(XP.sin(x)),
    "it was counted twice": lambda x: XP.multiply(2.0, XP.sin(x)),
    "half of it is missing": lambda x: XP.multiply(0.5, XP.sin(x)),
    "it is 3 times the right one everywhere": lambda x: XP.multiply(3.0, XP.sin(x)),
}


@pytest.mark.parametrize("says", LOOKS)
def test_what_a_whole_gradient_looks_like(says: str) -> None:
    wrong = LOOKS[says]
    assert says in _said(_with_gradient_of(wrong, XP.sin), XP.asarray(X))
    assert says in _said(_with_gradient_of(wrong, XP.sin), XP.asarray(X), mode="forward")


def test_a_gradient_in_the_wrong_places() -> None:
    def mixed(x: Any) -> Any:
        return XP.sum(XP.multiply(XP.stop_gradient(XP.flip(XP.cos(x))), x))

    said = _said(_with_gradient_of(mixed, lambda x: XP.sum(XP.sin(x))), XP.asarray(X))
    assert "the right numbers stand in the wrong places: look at the order of axes or elements" in said


def test_a_transposed_gradient() -> None:
    def f(x: Any) -> Any:
        return XP.sum(XP.multiply(x, XP.asarray([[1.0, 2.0], [4.0, 7.0]])))

    said = _said(_with_gradient_of(lambda x: f(XP.matrix_transpose(x)), f), XP.asarray(SQUARE))
    assert "it is transposed: the element of row i, column j is that of row j, column i" in said


def test_a_factor_at_one_element_only() -> None:
    twice = XP.asarray([1.0, 1.0, 2.0])
    said = _said(_with_gradient_of(lambda x: XP.multiply(twice, XP.sin(x)), XP.sin), XP.asarray(ROW))
    assert "by argument 0[2] is " in said
    assert "it was counted twice here" in said


def test_a_path_that_is_cut() -> None:
    cut = "a path is cut, by stop_gradient, a function that is constant, or a value that was taken out"
    whole = _said(lambda x: XP.sum(XP.square(XP.stop_gradient(x))), XP.asarray(X))
    assert f"nothing came back to argument 0: {cut}" in whole
    first = XP.asarray([True, False, True])
    some = _said(lambda x: XP.where(first, XP.sin(x), XP.stop_gradient(XP.sin(x))), XP.asarray(ROW))
    assert f"nothing came back to this element: {cut}" in some
    assert "nothing went forward to output 0" in _said(XP.stop_gradient, XP.asarray(X), mode="forward")


def test_what_should_be_zero() -> None:
    first = XP.asarray([1.0, 1.0, 0.0])
    said = _said(_with_gradient_of(XP.sin, lambda x: XP.sin(XP.multiply(x, first))), XP.asarray(ROW))
    assert "by argument 0[2] is " in said
    assert "it should be zero: the function does not change with this element" in said


def test_complex_gradients_that_are_conjugates_or_turned() -> None:
    x = XP.asarray([0.5 + 1.0j, -1.5 + 0.25j])
    assert check_grad(XP.sin, x, order=2).passed

    def conjugate(x: Any) -> Any:
        g = XP.stop_gradient(XP.cos(x))
        return XP.multiply(XP.conj(g), x)

    def exact(x: Any) -> Any:
        return XP.multiply(XP.stop_gradient(XP.cos(x)), x)

    y = XP.sin
    assert "it is turned by " in _said(_with_gradient_of(lambda x: XP.multiply(1j, y(x)), y), x)
    right, turned, same = _real(XP.sin), _real(conjugate), _real(exact)
    assert "it is the complex conjugate" in _said(_with_gradient_of(turned, right), x)
    assert check_grad(_with_gradient_of(same, right), x).passed


def _real(f: Function) -> Function:
    return lambda x: XP.sum(XP.real(f(x)))


def test_rounding_in_float32_is_told_from_a_wrong_rule() -> None:
    x = XP.asarray([0.3, 0.8], dtype=XP.float32)

    def lossy(x: Any) -> Any:
        return XP.sin(XP.subtract(XP.add(x, 3e4), 3e4))

    assert "float32 is too coarse for differences here: in float64 the slope is " in _said(lossy, x)
    wrong = _said(_with_gradient_of(lambda x: XP.multiply(2.0, XP.sin(x)), XP.sin), x)
    assert "float32" not in wrong
    assert "it was counted twice" in wrong


def test_rounding_that_spoils_the_gradient_itself() -> None:
    def lossy(x: Any) -> Any:
        far = XP.add(x, 3e7)
        return XP.multiply(x, XP.subtract(far, 3e7))

    said = _said(lossy, XP.asarray([1.3], dtype=XP.float32))
    assert "rounding in float32: in float64 gradient and slope are both 5.43" in said


@pytest.mark.parametrize("cast", [True, False])
def test_rounding_is_told_where_there_is_nothing_finer(*, cast: bool) -> None:
    """By a function that casts to float32 itself; and in float64."""

    def lossy(x: Any) -> Any:
        x = XP.astype(x, XP.float32) if cast else x
        return XP.sin(XP.subtract(XP.add(x, far), far))

    far = 3e4 if cast else 1e12
    said = _said(lossy, XP.asarray([0.3, 0.8]))
    assert "rounding moves the function by " in said
    assert "which explains the difference: use a finer dtype, or a larger atol" in said


def test_a_kink_is_told_from_a_step_that_is_too_long() -> None:
    x = XP.asarray([0.3], dtype=XP.float32)
    fast = _said(lambda x: XP.sin(XP.multiply(40.0, x)), x)
    assert "float32 is too coarse for differences here" in fast
    long = _said(lambda x: XP.sin(XP.multiply(2000.0, x)), XP.asarray([0.2995]))
    assert "and they meet in between: the step of 0.00074 is too long, or a kink is near" in long
    at = _said(XP.relu, XP.asarray([0.0]))
    assert "the slope is 0 on the left and 2.09147 on the right: move x away from the kink" in at


def test_a_jump_is_not_called_rounding() -> None:
    said = _said(lambda x: XP.add(x, XP.floor(x)), XP.asarray([1.0]))
    assert "rounding" not in said


def test_the_users_line_is_named() -> None:
    def my_loss(x: Any) -> Any:
        return XP.sum(XP.square(XP.stop_gradient(x)))

    said = _said(my_loss, XP.asarray(X))
    line = my_loss.__code__.co_firstlineno
    assert said.endswith(f"my_loss stands at {__file__}:{line}.")
    assert "stands at" not in _said(XP.relu, XP.asarray([0.0]))


def test_forward_mode_is_compared_at_each_output() -> None:
    report = check_grad(lambda x: (XP.sin(x), XP.exp(x)), XP.asarray(X), mode="forward", order=2)
    assert report.passed
    assert report.mode == "forward"
    assert report.argument.startswith("output ")

    def f(x: Any) -> Any:
        return XP.sin(x), _with_gradient_of(XP.cos, XP.exp)(x)

    said = _said(f, XP.asarray(X), mode="forward")
    assert said.startswith("tangent of f at output 1[")


def test_a_mode_that_there_is_not_is_refused() -> None:
    with pytest.raises(OptionError, match="reverse or forward"):
        check_grad(XP.sin, XP.asarray(X), mode="backward")
