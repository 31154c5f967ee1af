"""What the transforms take, and what they give back."""

from __future__ import annotations

from collections import namedtuple
from typing import Any, NamedTuple

import numpy as np
import pytest

import bpcore as bp
from bpcore.derivatives.transforms.gradients import grad, value_and_grad, vjp
from bpcore.derivatives.transforms.jacobian import jacobian
from bpcore.words.errors import NotDifferentiable, OptionError, ShapeError


class Layer(NamedTuple):
    weight: Any
    bias: Any


Pair = namedtuple("Pair", "first second")  # noqa: PYI024 - the old kind, too


def product(x: Any, y: Any, z: Any) -> Any:
    return x * x * y + z * 3.0


@pytest.mark.parametrize(
    ("argnums", "wanted"), [(0, 12.0), (1, 4.0), (2, 3.0), ((0,), (12.0,)), ((2, 0), (3.0, 12.0))]
)
def test_argnums(backend: Any, argnums: Any, wanted: Any) -> None:
    xp, args = backend.xp, [backend.array(data) for data in (2.0, 3.0, 5.0)]

    def f(x: Any, y: Any, z: Any) -> Any:
        return xp.add(xp.multiply(xp.square(x), y), xp.multiply(z, 3.0))

    value, gradient = backend.run(value_and_grad(f, argnums=argnums), *args)
    assert float(backend.host(value)) == 27.0
    if isinstance(argnums, int):
        assert float(backend.host(gradient)) == wanted
    else:
        assert type(gradient) is tuple
        assert tuple(float(backend.host(g)) for g in gradient) == wanted


@pytest.mark.parametrize("argnums", [3, (0, 3), -1])
def test_argnums_that_are_not_there(argnums: Any) -> None:
    with pytest.raises(OptionError, match="argnums must be a position among the 3 arguments of product"):
        grad(product, argnums=argnums)(1.0, 2.0, 3.0)


def test_aux_is_passed_through(backend: Any) -> None:
    def f(x: Any) -> Any:
        y = backend.xp.square(x)
        return backend.xp.sum(y), {"squares": y, "name": "kept", "of": [x, None]}

    x = backend.array([1.0, 3.0])
    (value, aux), g = value_and_grad(f, has_aux=True)(x)
    assert float(backend.host(value)) == 10.0
    assert backend.host(aux["squares"]).tolist() == [1.0, 9.0]
    assert type(aux["squares"]) is type(x)
    assert aux["name"] == "kept"
    assert backend.host(aux["of"][0]).tolist() == [1.0, 3.0]
    assert aux["of"][1] is None
    assert backend.host(g).tolist() == [2.0, 6.0]
    gradient, again = grad(f, has_aux=True)(x)
    assert backend.host(gradient).tolist() == [2.0, 6.0]
    assert again["name"] == "kept"


def test_trees(backend: Any) -> None:
    xp = backend.xp
    params = {
        "layers": [Layer(backend.array([[2.0]]), None), Layer(backend.array([[3.0]]), backend.array([1.0]))],
        "scale": (backend.array(0.5), Pair(backend.array(2.0), backend.array([7.0]))),
        "nothing": [],
    }

    def f(p: Any, x: Any) -> Any:
        for layer in p["layers"]:
            x = xp.matmul(x, layer.weight)
            x = x if layer.bias is None else x + layer.bias
        scale, pair = p["scale"]
        return xp.sum(x) * scale * pair.first

    g = backend.run(grad(f), params, backend.array([[1.0], [2.0]]))
    assert set(g) == set(params)
    assert type(g["layers"]) is list
    assert type(g["layers"][0]) is Layer
    assert g["layers"][0].bias is None
    assert type(g["scale"]) is tuple
    assert type(g["scale"][1]) is Pair
    assert g["nothing"] == []
    assert backend.host(g["layers"][0].weight).tolist() == [[9.0]]
    assert backend.host(g["layers"][1].weight).tolist() == [[6.0]]
    assert backend.host(g["layers"][1].bias).tolist() == [2.0]
    assert float(backend.host(g["scale"][0])) == 40.0
    assert backend.host(g["scale"][1].second).tolist() == [0.0]


def test_python_floats_are_arrays_of_the_first_backend() -> None:
    value, (g, h) = value_and_grad(lambda x, y: x**2 * y, argnums=(0, 1))(3.0, 4.0)
    assert (float(value), float(g), float(h)) == (36.0, 24.0, 9.0)
    assert g.dtype == np.float64


def test_a_python_float_beside_an_array_is_made_like_it(backend: Any) -> None:
    x = backend.array([1.0, 2.0], "float32")
    of_rate = grad(lambda rate, x: backend.xp.sum(backend.xp.multiply(x, rate)))(0.5, x)
    assert of_rate.dtype == x.dtype
    assert of_rate.device == x.device
    assert float(backend.host(of_rate)) == 3.0


@pytest.mark.parametrize("dtype", ["int32", "bool"])
def test_inputs_that_have_no_gradient(backend: Any, dtype: str) -> None:
    with pytest.raises(NotDifferentiable, match=rf"with respect to .*{dtype}.* make it floating first"):
        grad(backend.xp.sum)(backend.array([1, 0], dtype))


@pytest.mark.parametrize("x", [3, True, "three"])
def test_python_objects_that_have_no_gradient(x: Any) -> None:
    with pytest.raises(NotDifferentiable, match="with respect to"):
        grad(lambda x, y: y, argnums=(0, 1))(x, 1.0)


def test_outputs_that_are_not_one_number(backend: Any) -> None:
    with pytest.raises(
        ShapeError, match=r"grad of exp wants .* of shape \(\), was given \(2,\)\. Take the mean"
    ):
        grad(backend.xp.exp)(backend.array([1.0, 2.0]))


@pytest.mark.parametrize("output", ["nothing", (1.0,), {"loss": 1.0}, None, "places"])
def test_outputs_that_are_not_an_array_of_floats(backend: Any, output: Any) -> None:
    def f(x: Any) -> Any:
        return backend.xp.argmax(x) if output == "places" else output

    with pytest.raises((ShapeError, NotDifferentiable), match="grad of f"):
        grad(f)(backend.array([1.0, 2.0]))


def test_an_output_that_does_not_depend_on_the_input(backend: Any) -> None:
    x, y = backend.array([1.0, 2.0]), backend.array([3.0, 4.0])
    g, h = backend.run(grad(lambda x, y: backend.xp.sum(y), argnums=(0, 1)), x, y)
    assert backend.host(g).tolist() == [0.0, 0.0]
    assert backend.host(h).tolist() == [1.0, 1.0]
    assert g.dtype == x.dtype
    assert g.device == x.device


def test_a_constant_output_gives_zeros(backend: Any) -> None:
    x = backend.array([1.0, 2.0])
    for constant in (backend.array(5.0), 5.0):
        value, g = value_and_grad(lambda x, constant=constant: constant)(x)
        assert float(backend.host(backend.array(0.0) + value)) == 5.0
        assert backend.host(g).tolist() == [0.0, 0.0]


def test_the_same_array_twice(backend: Any) -> None:
    x = backend.array([2.0, 3.0])
    g, h = backend.run(grad(lambda x, y: backend.xp.sum(x * x * y), argnums=(0, 1)), x, x)
    assert backend.host(g).tolist() == [8.0, 18.0]
    assert backend.host(h).tolist() == [4.0, 9.0]
    tied = backend.run(grad(lambda p: backend.xp.sum(p[0] * p[1])), [x, x])
    assert [backend.host(part).tolist() for part in tied] == [[2.0, 3.0], [2.0, 3.0]]


def test_the_gradient_of_the_input_itself(backend: Any) -> None:
    x = backend.array(3.0)
    value, g = backend.run(value_and_grad(lambda x: x), x)
    assert (float(backend.host(value)), float(backend.host(g))) == (3.0, 1.0)


def test_inputs_are_not_changed(backend: Any) -> None:
    xp = backend.xp
    x, w = backend.array([[1.0, -2.0]]), backend.array([[0.5], [4.0]])
    backend.run(grad(lambda w, x: xp.sum(xp.exp(xp.relu(xp.matmul(x, w)))), argnums=(0, 1)), w, x)
    assert backend.host(x).tolist() == [[1.0, -2.0]]
    assert backend.host(w).tolist() == [[0.5], [4.0]]


def test_vjp_of_a_tree(backend: Any) -> None:
    xp = backend.xp
    output, pullback = vjp(lambda x, y: {"sum": x + y, "product": [x * y]}, *map(backend.array, (2.0, 3.0)))
    assert set(output) == {"sum", "product"}
    g, h = pullback({"sum": backend.array(10.0), "product": [backend.array(1.0)]})
    assert (float(backend.host(g)), float(backend.host(h))) == (13.0, 12.0)
    assert float(backend.host(xp.add(g, h))) == 25.0


def test_vjp_refuses_other_cotangents(backend: Any) -> None:
    _, pullback = vjp(lambda x: (x, x), backend.array([1.0, 2.0]))
    one, other = backend.array([1.0, 1.0]), backend.array([1.0])
    with pytest.raises(ShapeError, match="structure"):
        pullback(one)
    with pytest.raises(ShapeError, match=r"a cotangent of shape \(2,\), was given \(1,\)"):
        pullback((one, other))


def test_vjp_of_one_output_twice_and_of_an_input(backend: Any) -> None:
    x = backend.array([1.0, 2.0])

    def f(x: Any) -> Any:
        y = x * 2.0
        return y, y, x

    one = backend.array([1.0, 1.0])
    assert backend.host(vjp(f, x)[1]((one, one, one))[0]).tolist() == [5.0, 5.0]


def test_vjp_of_outputs_that_are_no_arrays() -> None:
    x = np.asarray([1.0, 2.0])
    (y, number), pullback = vjp(lambda x: (x * x, 3.0), x)
    assert number == 3.0
    assert pullback((np.ones(2), 1.0))[0].tolist() == [2.0, 4.0]
    assert y.tolist() == [1.0, 4.0]


def test_jacobian(backend: Any) -> None:
    xp = backend.xp
    w = backend.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    got = backend.run(jacobian(lambda x: xp.matmul(w, x)), backend.array([1.0, 0.0, -1.0]))
    assert backend.host(got).tolist() == [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    by_tree = backend.run(
        jacobian(lambda s, p: xp.multiply(s, p["a"]), argnums=1),
        backend.array(2.0),
        {"a": backend.array([1.0, 5.0])},
    )
    assert backend.host(by_tree["a"]).tolist() == [[2.0, 0.0], [0.0, 2.0]]
    scalar = backend.run(jacobian(xp.sum), backend.array([[1.0, 2.0]]))
    assert backend.host(scalar).tolist() == [[1.0, 1.0]]


def test_jacobian_of_nothing(backend: Any) -> None:
    for f, shape in ((lambda x: x[:0], (0, 1)), (lambda x: backend.xp.sum(x[:0]) + x, (1, 1))):
        assert jacobian(f)(backend.array([1.0])).shape == shape
    none = backend.array([])
    assert jacobian(backend.xp.sum)(none).shape == (0,)


def test_what_is_wrapped_keeps_its_name() -> None:
    assert (
        grad(product).__name__ == value_and_grad(product).__name__ == jacobian(product).__name__ == "product"
    )
    assert bp.grad is grad


def test_vjp_passes_a_tree_through(backend: Any) -> None:
    def f(x: Any) -> Any:
        y = x * x
        return y, {"kept": (y, 3)}

    y, pullback, aux = vjp(f, backend.array([1.0, 2.0]), has_aux=True)
    assert backend.host(aux["kept"][0]).tolist() == backend.host(y).tolist() == [1.0, 4.0]
    assert aux["kept"][1] == 3
    assert backend.host(pullback(y)[0]).tolist() == [2.0, 16.0]
