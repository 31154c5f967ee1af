"""`check_grad`: what it passes, what it refuses, and what it says."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, NamedTuple

import pytest

from bpcore.derivatives.checks.checking import GradCheck, check_grad
from bpcore.words.errors import GradientMismatch, NotDifferentiable, OptionError


class Layer(NamedTuple):
    weight: Any
    bias: Any


def _affine(xp: Any) -> Any:
    return lambda layer, x: xp.tanh(xp.add(xp.matmul(x, layer.weight), layer.bias))


def test_a_tree_of_arguments_passes_on_every_axis(backend: Any) -> None:
    layer = Layer(backend.array([[0.5, -0.25], [1.0, 0.125]]), backend.array([0.1, -0.2]))
    report = check_grad(_affine(backend.xp), layer, backend.array([[1.0, 2.0], [-1.0, 0.5]]))
    assert report.passed
    assert report.compared == 10
    assert report.absolute_error <= report.tolerance


def test_second_order_compares_the_cotangent_too(backend: Any) -> None:
    report = check_grad(backend.xp.exp, backend.array([0.5, -0.5]), order=2)
    assert report.passed
    assert report.order == 2
    assert report.compared == 2 + 2 + 2


def test_the_default_accuracy(backend: Any) -> None:
    report = check_grad(backend.xp.sin, backend.array([0.3, 1.2, -2.0]))
    assert report.absolute_error < (1e-11 if backend.float == "float64" else 1e-4)
    assert report.relative_error < (1e-10 if backend.float == "float64" else 1e-3)


def _wrong(xp: Any, factor: float, offset: float = 0.0) -> Any:
    """Return a function that computes ``x`` and whose gradient is taken to be `factor` times it."""

    def wrong(x: Any) -> Any:
        frozen = xp.stop_gradient(x)
        return xp.add(xp.multiply(x, factor), xp.multiply(frozen, 1.0 - factor))

    return wrong


@pytest.mark.parametrize(
    ("factor", "says"),
    [(-1.0, "the sign is turned"), (2.0, "it was counted twice"), (0.5, "half of it is missing")],
)
def test_the_ratio_gives_a_hint(backend: Any, factor: float, says: str) -> None:
    with pytest.raises(GradientMismatch, match=says) as caught:
        check_grad(_wrong(backend.xp, factor), backend.array([1.0, 2.0]))
    assert f"ratio {factor:g}" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_message_names_argument_element_and_numbers(backend: Any) -> None:
    xp = backend.xp
    middle = backend.xp.asarray([[False, False], [True, False]], device=backend.array(0.0).device)

    def wrong(tree: Any) -> Any:
        x = tree["layers"][1]
        return xp.where(middle, xp.multiply(3.0, xp.stop_gradient(x)), x)

    tree = {"layers": (backend.array([1.0]), backend.array([[1.0, 2.0], [3.0, 4.0]]))}
    with pytest.raises(GradientMismatch) as caught:
        check_grad(wrong, tree)
    sentence = str(caught.value)
    assert sentence.startswith("gradient of wrong by argument 0.layers.1[1, 0] is 0, by differences ")
    assert "ratio 0" in sentence
    assert "tolerance " in sentence


def test_a_wrong_second_gradient_is_found_and_named(backend: Any) -> None:
    xp = backend.xp

    def cubed(x: Any) -> Any:
        """Have the value and the gradient of a cube, and the second gradient of three parabolas."""
        y = xp.multiply(xp.multiply(x, xp.stop_gradient(xp.square(x))), 3.0)
        return xp.subtract(y, xp.multiply(2.0, xp.stop_gradient(xp.pow(x, 3))))

    x = backend.array([1.0, 2.0])
    assert check_grad(cubed, x).passed
    with pytest.raises(GradientMismatch, match=r"^second gradient of cubed by argument 0\["):
        check_grad(cubed, x, order=2)


@pytest.mark.parametrize("at", [0.0, 1e-5])
def test_a_kink_is_named(backend: Any, at: float) -> None:
    with pytest.raises(GradientMismatch, match=r"on the left and .* on the right: move x away from the kink"):
        check_grad(backend.xp.relu, backend.array([1.0, at]))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_edge_of_a_domain_is_named(backend: Any) -> None:
    with pytest.raises(GradientMismatch, match="move x away from the edge of its domain"):
        check_grad(backend.xp.log, backend.array([1e-5]))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_gradient_that_is_not_finite_does_not_pass(backend: Any) -> None:
    xp = backend.xp

    def norm(x: Any) -> Any:
        return xp.sqrt(xp.sum(xp.square(xp.subtract(x, xp.stop_gradient(x)))))

    with pytest.raises(GradientMismatch):
        check_grad(lambda x: xp.add(norm(x), xp.sum(x)), backend.array([1.0, 2.0]))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_one_gradient_that_is_not_a_number_among_good_ones_is_found(backend: Any) -> None:
    """The slope of ``sqrt(d**2)`` at ``d = 0`` is given as infinity times zero; by differences it is zero."""
    xp, last = backend.xp, backend.array([0.0, 0.0, 1.0])

    def bad_at_the_end(x: Any) -> Any:
        d = xp.multiply(xp.subtract(x, xp.stop_gradient(x)), last)
        return xp.add(x, xp.multiply(last, xp.sqrt(xp.square(d))))

    with pytest.raises(GradientMismatch, match=r"argument 0\[2\] is nan, .* the gradient is not finite"):
        check_grad(bad_at_the_end, backend.array([1.0, 2.0, 3.0]))


def test_a_value_that_overflows_does_not_pass() -> None:
    import bpcore as bp

    xp = bp.namespace("numpy")
    with pytest.warns(RuntimeWarning), pytest.raises(GradientMismatch):
        check_grad(xp.exp, xp.asarray([1.0, 1e3]))


def test_tolerances_follow_the_coarsest_dtype() -> None:
    import bpcore as bp

    xp = bp.namespace("numpy")
    x = xp.asarray([0.5, 1.0])
    fine = check_grad(xp.sin, x)
    coarse = check_grad(xp.sin, xp.astype(x, xp.float32))
    through = check_grad(lambda x: xp.sin(xp.astype(x, xp.float32)), x)
    assert fine.tolerance < 1e-7
    assert 1e-4 < coarse.tolerance < 1e-2
    assert 1e-4 < through.tolerance < 1e-2


def test_tolerances_may_be_given(backend: Any) -> None:
    x, slightly = backend.array([1.0, 2.0]), _wrong(backend.xp, 1.01)
    with pytest.raises(GradientMismatch):
        check_grad(slightly, x, rtol=1e-3, atol=1e-3)
    assert check_grad(slightly, x, rtol=0.02, atol=0.0).tolerance < 0.05
    assert check_grad(slightly, x, rtol=0.0, atol=0.1).tolerance == 0.1


def test_outputs_that_are_not_floats_are_left_out(backend: Any) -> None:
    xp = backend.xp

    def many(x: Any) -> Any:
        return {"y": xp.exp(x), "count": 3, "none": None, "places": xp.argmax(x), "above": xp.greater(x, 0.5)}

    assert check_grad(many, backend.array([0.2, 1.3]), order=2).passed


def test_python_floats_are_arguments(backend: Any) -> None:
    assert check_grad(lambda x, y: x**2 + x * y, 3.0, 4.0, order=2).passed
    report = check_grad(backend.xp.multiply, backend.array([1.0, 2.0]), 0.5)
    assert report.compared == 3


COMPLEX = {"float32": "complex64", "float64": "complex128"}


def _complex(backend: Any, data: Any) -> Any:
    return backend.array(data, COMPLEX[backend.float])


def test_complex_elements_are_moved_along_both_axes(backend: Any) -> None:
    xp, x = backend.xp, _complex(backend, [0.5 + 1.0j, -1.5 + 0.25j])
    report = check_grad(lambda x: xp.multiply(x, xp.exp(x)), x, order=2)
    assert isinstance(report.numeric, complex)
    assert report.compared == 2 + 2 + 2
    with pytest.raises(GradientMismatch, match=r"is 0\+0j, by differences .*j: ratio 0\+0j"):
        check_grad(lambda x: xp.stop_gradient(xp.conj(x)), x)


def test_real_arrays_on_complex_ways(backend: Any) -> None:
    xp = backend.xp
    there = backend.xp.asarray(1j, dtype=_complex(backend, 0j).dtype, device=backend.array(0.0).device)

    def f(x: Any, z: Any) -> Any:
        y = xp.multiply(xp.add(x, there), z)
        return {"size": xp.abs(y), "y": y, "real": xp.real(y)}

    x, z = backend.array([0.5, -1.5]), _complex(backend, [1.0 + 0.5j, 0.75 - 2.0j])
    assert check_grad(f, x, z, order=2).passed
    assert check_grad(f, x, z, order=2, mode="forward").passed


def test_a_complex_number_is_an_argument() -> None:
    assert check_grad(lambda x, z: x * z * z, 2.0, 1.0 + 0.5j, order=2).passed


class Found(NamedTuple):
    values: Any
    places: Any


def test_named_results_with_places_in_them(backend: Any) -> None:
    xp = backend.xp
    x = backend.array([0.5, -1.5, 1.25])
    assert check_grad(lambda x: Found(xp.exp(x), xp.argsort(x)), x, order=2).compared == 3 + 3 + 3


def test_sizes_of_zero_are_skipped(backend: Any) -> None:
    empty = backend.xp.reshape(backend.array([]), (0, 2))
    report = check_grad(lambda x, y: backend.xp.concat([x, y]), empty, backend.array([[1.0, 2.0]]))
    assert report.compared == 2
    with pytest.raises(NotDifferentiable, match="no array with elements"):
        check_grad(backend.xp.exp, empty)


def test_what_has_no_gradient_is_refused(backend: Any) -> None:
    xp = backend.xp
    with pytest.raises(NotDifferentiable, match="int32"):
        check_grad(lambda x: x, backend.array([1, 2], "int32"))
    with pytest.raises(NotDifferentiable, match="with respect to 3"):
        check_grad(lambda x, n: x, backend.array([1.0]), 3)
    with pytest.raises(NotDifferentiable, match="returns no floating array"):
        check_grad(xp.argmax, backend.array([1.0]))
    with pytest.raises(OptionError, match="order must be 1 or 2"):
        check_grad(xp.exp, backend.array([1.0]), order=3)


def test_arguments_are_not_changed(backend: Any) -> None:
    x = backend.array([[0.5, 1.5], [2.5, -0.5]])
    check_grad(lambda x: backend.xp.sum(backend.xp.square(x), axis=0), x, order=2)
    assert backend.host(x).tolist() == [[0.5, 1.5], [2.5, -0.5]]


def test_the_report_is_frozen_and_its_ratio_is_defined() -> None:
    report = check_grad(lambda x: x * 0.0, 1.0)
    assert report.ratio == 1.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        report.order = 3  # type: ignore[misc]
    assert dataclasses.replace(report, analytic=2.0, numeric=0.0).ratio == math.inf
    assert not dataclasses.replace(report, analytic=math.nan).passed
    assert isinstance(report, GradCheck)


def test_a_gradient_of_another_shape_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    import bpcore as bp
    from bpcore.derivatives.checks import comparing

    xp = bp.namespace("numpy")
    monkeypatch.setattr(comparing, "vjp", lambda f, *x: (f(*x), lambda g: (xp.ones((3,)),)))
    with pytest.raises(GradientMismatch, match=r"by argument 0 has shape, dtype and device \(3,\), float64"):
        check_grad(xp.exp, xp.asarray([1.0, 2.0]))
