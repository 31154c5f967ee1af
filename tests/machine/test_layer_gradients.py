"""The walk back over the layers: the gradients of `grad`, and whose weights they come through."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.words.trees import leaves, tree_map

NET = bp.Chain(bp.Tanh(), bp.Linear(4), bp.Tanh(), bp.Linear(3, bias=False), bp.Sigmoid(), bp.Linear(2))
LOSS = bp.SquaredError(half=True)
RATE = 0.5


def start(backend: Any) -> tuple[Any, Any, Any]:
    kind = backend.backend.dtype(backend.float)
    keys = bp.split(bp.key(3, backend=backend.backend), 3)
    params = NET.init(keys[0], (3,), dtype=kind)
    return params, bp.normal(keys[1], (5, 3), dtype=kind), bp.normal(keys[2], (5, 2), dtype=kind)


def objective(params: Any, x: Any, y: Any) -> Any:
    return LOSS(NET(params, x), y)


def near(backend: Any, given: Any, wanted: Any) -> None:
    for one, other in zip(leaves(given), leaves(wanted), strict=True):
        assert one.dtype == other.dtype
        found, expected = np.asarray(backend.host(one)), np.asarray(backend.host(other))
        np.testing.assert_allclose(found, expected, rtol=100 * backend.eps, atol=10 * backend.eps)


def collected(params: Any, x: Any, y: Any) -> tuple[Any, Any, Any]:
    walk = bp.layer_gradients(NET, params, x, y, loss=LOSS)
    gradients: list[Any] = [{} for _ in NET.layers]
    for index, gradient in walk:
        gradients[index] = gradient
    return walk.loss, walk.output, gradients


def descended(params: Any, gradient: Any) -> Any:
    return tree_map(lambda p, g: array_namespace(p).subtract(p, RATE * g), params, gradient)


def in_place_of_the_old(params: Any, x: Any, y: Any) -> tuple[Any, Any]:
    params = list(params)
    walk = bp.layer_gradients(NET, params, x, y, loss=LOSS)
    for index, gradient in walk:
        params[index] = descended(params[index], gradient)
    return walk.loss, params


def one_layer_at_a_time(params: Any, x: Any, y: Any) -> Any:
    """Return the weights of the sequential order: the whole forward pass is kept, the pull-backs are new."""
    params, inputs = list(params), [x]
    for layer, its_params in zip(NET.layers, params, strict=True):
        inputs.append(layer(its_params, inputs[-1]))
    g = bp.grad(lambda output: LOSS(output, y))(inputs[-1])
    for index in reversed(range(len(params))):
        layer, its_input = NET.layers[index], inputs[index]
        if params[index]:
            (gradient,) = bp.vjp(lambda p, layer=layer, h=its_input: layer(p, h), params[index])[1](g)
            params[index] = descended(params[index], gradient)
        (g,) = bp.vjp(lambda h, layer=layer, p=params[index]: layer(p, h), its_input)[1](g)
    return params


def test_the_gradients_are_those_of_grad(backend: Any) -> None:
    given = start(backend)
    value, output, gradients = backend.run(collected, *given)
    wanted, grads = bp.value_and_grad(objective)(*given)
    near(backend, [value, output, gradients], [wanted, NET(*given[:2]), grads])


def test_last_layer_first(backend: Any) -> None:
    walk = bp.layer_gradients(NET, *start(backend), loss=LOSS)
    assert [(index, sorted(gradient)) for index, gradient in walk] == [
        (5, ["bias", "weight"]),
        (3, ["weight"]),
        (1, ["bias", "weight"]),
    ]


def test_what_is_written_into_a_copy_is_not_seen(backend: Any) -> None:
    params, x, y = start(backend)
    changed = list(params)
    for index, gradient in bp.layer_gradients(NET, params, x, y, loss=LOSS):
        changed[index] = descended(params[index], gradient)
    near(backend, changed, descended(params, bp.grad(objective)(params, x, y)))


def test_what_is_written_into_the_list_is_seen(backend: Any) -> None:
    params, x, y = start(backend)
    _, found = backend.run(in_place_of_the_old, params, x, y)
    near(backend, found, one_layer_at_a_time(params, x, y))
    simultaneous = descended(params, bp.grad(objective)(params, x, y))
    for index, same in ((5, True), (3, False), (1, False)):  # nothing is above the last layer
        pair = [np.asarray(backend.host(tree[index]["weight"])) for tree in (found, simultaneous)]
        assert np.allclose(*pair, rtol=1e-5, atol=0) is same


@pytest.mark.axes("numpy")
def test_arrays_that_are_written_into(backend: Any) -> None:
    """Where a library lets arrays be changed, the walk sees the new numbers as well."""
    params, x, y = start(backend)
    wanted = one_layer_at_a_time(params, x, y)
    for index, gradient in bp.layer_gradients(NET, params, x, y, loss=LOSS):
        for name, g in gradient.items():
            params[index][name] -= RATE * g
    near(backend, params, wanted)


def test_inside_compile_and_record(backend: Any) -> None:
    params, x, y = start(backend)
    step = bp.compile(in_place_of_the_old)
    eager = compiled = params
    for _ in range(3):
        value, eager = in_place_of_the_old(eager, x, y)
        its_value, compiled = step(compiled, x, y)
        near(backend, [its_value, compiled], [value, eager])
    assert step.compilations == 1
    assert len(bp.record(in_place_of_the_old, params, x, y).inputs) == len(leaves(params)) + 2


def test_the_gradient_of_a_walk(backend: Any) -> None:
    """A step is differentiated like anything else: here by the targets."""
    params, x, y = start(backend)

    def after(targets: Any) -> Any:
        return objective(in_place_of_the_old(params, x, targets)[1], x, y)

    with backend.reading():
        bp.check_grad(after, y)


def test_a_chain_without_parameters_yields_nothing(backend: Any) -> None:
    x = backend.array([[0.5]])
    walk = bp.layer_gradients(bp.Chain(bp.Tanh()), [{}], x, x, loss=LOSS)
    assert not list(walk)
    near(backend, walk.output, array_namespace(x).tanh(x))


def test_labels_are_targets(backend: Any) -> None:
    params, x, _ = start(backend)
    labels = backend.array([0, 1, 1, 0, 1], "int32")
    loss = bp.CrossEntropy()
    walk = bp.layer_gradients(NET, params, x, labels, loss=loss)
    grads = bp.grad(lambda params: loss(NET(params, x), labels))(params)
    near(backend, [gradient for _, gradient in walk], [grads[index] for index in (5, 3, 1)])


def test_what_does_not_fit_is_one_line() -> None:
    net, x = bp.Chain(bp.Linear(2), bp.Tanh(), bp.Linear(1)), np.ones((4, 3))
    params = net.init(bp.key(0), (3,), dtype=np.float64)
    with pytest.raises(bp.BpcoreError, match=r"net of layer_gradients must be a chain, .* given Linear"):
        bp.layer_gradients(bp.Linear(1), params, x, x, loss=LOSS)  # type: ignore[arg-type]
    with pytest.raises(bp.BpcoreError, match="parameters of 3 layers, was given 2"):
        bp.layer_gradients(net, params[:2], x, x, loss=LOSS)
    with pytest.raises(bp.BpcoreError, match=r"net\[0\] Linear\(2\) wants inputs of shape \(batch, 3\)"):
        bp.layer_gradients(net, params, x[:, :2], x, loss=LOSS)
    with pytest.raises(bp.BpcoreError, match="SquaredError wants targets of the output's shape"):
        bp.layer_gradients(net, params, x, x, loss=LOSS)
