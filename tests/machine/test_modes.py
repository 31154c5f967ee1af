"""Networks that carry something and draw: sharpness and gradients where they answer, and where they learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.machine.step import make_step
from bpcore.words.errors import OptionError
from bpcore.words.trees import leaves, tree_map

NET = bp.Chain(bp.Linear(4), bp.BatchNorm(), bp.Tanh(), bp.Dropout(0.4), bp.Linear(2))
LOSS = bp.SquaredError()


def start(backend: Any, net: Any = NET) -> tuple[Any, Any, Any, Any]:
    kind = backend.backend.dtype(backend.float)
    keys = bp.split(bp.key(3, backend=backend.backend), 3)
    params = net.init(keys[0], (3,), dtype=kind)
    state = net.init_state((3,), like=params[0]["weight"])
    state[1] = {"running_mean": state[1]["running_mean"] + 0.3, "running_var": state[1]["running_var"] * 2.0}
    return params, bp.normal(keys[1], (6, 3), dtype=kind), bp.normal(keys[2], (6, 2), dtype=kind), state


def near(backend: Any, given: Any, wanted: Any) -> None:
    for one, other in zip(leaves(given), leaves(wanted), strict=True):
        found, expected = np.asarray(backend.host(one)), np.asarray(backend.host(other))
        np.testing.assert_allclose(found, expected, rtol=100 * backend.eps, atol=10 * backend.eps)


def objective(params: Any, x: Any, y: Any, state: Any, **how: Any) -> Any:
    return LOSS(NET.forward(params, state, x, **how)[0], y)


@pytest.mark.parametrize("training", [True, False, None])
def test_a_walk_has_the_gradients_of_its_mode(backend: Any, training: Any) -> None:
    params, x, y, state = start(backend)
    key = bp.key(5, backend=backend.backend)
    walk = bp.layer_gradients(NET, params, x, y, loss=LOSS, state=state, training=training, key=key)
    how = {"key": key, "training": True} if training else {}
    value, grads = bp.value_and_grad(lambda params: objective(params, x, y, state, **how))(params)
    near(backend, [walk.loss, [g for _, g in walk]], [value, [grads[i] for i in (4, 1, 0)]])
    near(backend, walk.state, NET.forward(params, state, x, **how)[1])


def test_a_walk_without_a_state_learns(backend: Any) -> None:
    params, x, y, state = start(backend)
    walk = bp.layer_gradients(NET, params, x, y, loss=LOSS)
    other = bp.layer_gradients(
        NET, params, x, y, loss=LOSS, state=state, training=True, key=bp.key(0, backend=backend.backend)
    )
    own, wanted = ([walk_.loss, *(gradient for _, gradient in walk_)] for walk_ in (walk, other))
    near(backend, own, wanted)


def test_a_step_of_ones_own_is_that_of_fit(backend: Any) -> None:
    """Also compiled: nothing is read."""
    params, x, y, layers = start(backend)
    key = bp.key(7, backend=backend.backend)

    def step(params: Any, layers: Any, key: Any, x: Any, y: Any) -> Any:
        key, now = bp.split(key, 2)
        walk = bp.layer_gradients(NET, params, x, y, loss=LOSS, state=layers, training=True, key=now)
        moved = list(params)
        for i, gradient in walk:
            moved[i] = tree_map(lambda p, g: p - 0.1 * g, params[i], gradient)
        return moved, walk.state, key

    whole = make_step(NET, LOSS, bp.SGD(0.1))
    state = {**bp.SGD(0.1).init(params), "layers": layers, "key": key}
    wanted, own = (params, state), (params, layers, key)
    compiled = bp.compile(step)
    for _ in range(3):
        wanted = whole(*wanted, (x, y))[:2]
        own = compiled(*own, x, y)
    near(backend, own[:2], (wanted[0], wanted[1]["layers"]))


def eigenvalue(params: Any, f: Any) -> float:
    flat = np.concatenate([p.ravel() for p in leaves(params)])
    shapes = [p.shape for p in leaves(params)]
    ends = np.cumsum([p.size for p in leaves(params)])[:-1]

    def of(vector: Any) -> Any:
        parts = iter([part.reshape(s) for part, s in zip(np.split(vector, ends), shapes, strict=True)])
        return tree_map(lambda _: next(parts), params)

    def gradient(vector: Any) -> Any:
        return np.concatenate([g.ravel() for g in leaves(bp.grad(f)(of(vector)))])

    columns = [(gradient(flat + 1e-5 * e) - gradient(flat - 1e-5 * e)) / 2e-5 for e in np.eye(len(flat))]
    hessian = np.stack(columns)
    return float(np.linalg.eigvalsh((hessian + hessian.T) / 2)[-1])


@pytest.mark.axes("numpy")
@pytest.mark.parametrize("training", [True, False, None])
def test_sharpness_where_it_answers_and_where_it_learns(backend: Any, training: Any) -> None:
    params, x, y, state = start(backend)
    key = bp.key(5)
    found = bp.sharpness(NET, params, x, y, LOSS, state=state, training=training, key=key)
    how = {"key": key, "training": True} if training else {}
    wanted = eigenvalue(params, lambda params: objective(params, x, y, state, **how))
    assert found == pytest.approx(wanted, rel=1e-3)


@pytest.mark.axes("numpy")
def test_sharpness_and_flow_without_a_state_are_of_what_learns(backend: Any) -> None:
    params, x, y, state = start(backend)
    found = bp.sharpness(NET, params, x, y, LOSS)
    assert found == bp.sharpness(NET, params, x, y, LOSS, state=state, training=True, key=bp.key(0))
    assert found == bp.sharpness(NET, params, x, y, LOSS, training=True)
    assert bp.gradient_flow(NET, params, x, y, LOSS) == bp.gradient_flow(
        NET, params, x, y, LOSS, state=state, training=True, key=bp.key(0)
    )


@pytest.mark.axes("numpy")
def test_what_is_missing_is_one_line(backend: Any) -> None:
    params, x, y, _ = start(backend)
    with pytest.raises(OptionError) as caught:
        bp.sharpness(NET, params, x, y, LOSS, training=False)
    assert str(caught.value) == (
        f"state must be what {NET} carries, where it is to answer, was given None. "
        "Give state=run.state, or training=True."
    )
    with pytest.raises(OptionError, match="key of Dropout must be a key while it learns"):
        bp.layer_gradients(NET, params, x, y, loss=LOSS, training=True)


def test_dropout_alone_answers(backend: Any) -> None:
    net = bp.Chain(bp.Linear(2), bp.Dropout(0.5))
    kind = backend.backend.dtype(backend.float)
    params = net.init(bp.key(0, backend=backend.backend), (3,), dtype=kind)
    _, x, y, _ = start(backend)
    walk = bp.layer_gradients(net, params, x, y, loss=LOSS)
    assert walk.state is None
    near(backend, walk.output, net(params, x))
