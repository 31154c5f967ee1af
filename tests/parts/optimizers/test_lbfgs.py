"""L-BFGS: to SciPy's minimum on functions with a name, and on a regression; in fit; and what it refuses."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.parts.optimizers.line_search import Point, strong_wolfe
from bpcore.words.errors import OptionError, ShapeError


def rosenbrock(p: Any) -> Any:
    xp = bp.array_namespace(p)
    return xp.sum(100 * (p[1:] - p[:-1] ** 2) ** 2 + (1 - p[:-1]) ** 2)


def regression() -> tuple[Any, Any]:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(60, 4))
    y = (x @ [1.0, -2.0, 0.5, 0.0] + rng.normal(size=60) > 0).astype(float)[:, None]
    return x, y


@pytest.mark.parametrize("start", [[-1.2, 1.0], [1.3, 0.7, 0.8, 1.9, 1.2]])
def test_rosenbrock(backend: Any, start: list[float]) -> None:
    found = bp.LBFGS(tolerance=1e-8 if backend.backend.float64 else 1e-3).minimize(
        rosenbrock, backend.array(start)
    )
    assert found.converged
    assert found.steps < 80
    precise = 1e-7 if backend.backend.float64 else 1e-2
    np.testing.assert_allclose(backend.host(found.params), 1.0, atol=precise)
    assert found.value < precise**2


def test_logistic_regression_by_scipy(backend: Any) -> None:
    optimize = pytest.importorskip("scipy.optimize")
    x, y = regression()
    xs, ys = backend.array(x), backend.array(y)
    net, loss, penalty = bp.Linear(1), bp.BinaryCrossEntropy(), bp.L2(0.01)

    def cost(params: Any) -> Any:
        return loss(net(params, xs), ys) + penalty(params)

    start = {"weight": backend.array(np.zeros((4, 1))), "bias": backend.array(np.zeros(1))}
    small = 1e-9 if backend.backend.float64 else 1e-5
    found = bp.LBFGS(tolerance=small).minimize(cost, start)

    def flat(v: Any) -> Any:
        z = x @ v[:4] + v[4]
        return np.mean(np.logaddexp(0, z) - y[:, 0] * z) + 0.01 * np.sum(v[:4] ** 2)

    wanted = optimize.minimize(flat, np.zeros(5), method="BFGS", options={"gtol": 1e-9})
    assert found.converged
    assert found.gradient <= small
    assert found.value == pytest.approx(wanted.fun, rel=1e-12 if backend.backend.float64 else 1e-5)
    weights = backend.host(found.params["weight"])[:, 0]
    np.testing.assert_allclose(weights, wanted.x[:4], atol=1e-6 if backend.backend.float64 else 1e-2)


def test_by_scikit_learn_in_fit() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    x, y = regression()
    oracle = linear_model.LogisticRegression(C=1.0, tol=1e-10).fit(x, y[:, 0])
    run = bp.fit(
        bp.Linear(1),
        (x, y),
        loss=bp.BinaryCrossEntropy(reduction="sum"),
        optimizer=bp.LBFGS(),
        penalty=bp.L2(0.5),
        epochs=40,
        progress=None,
    )
    np.testing.assert_allclose(run.params["weight"][:, 0], oracle.coef_[0], rtol=1e-6)
    losses = run.history["loss"]
    assert all(later <= earlier + 1e-14 for earlier, later in pairwise(losses))
    assert run.history["accuracy"][-1] == oracle.score(x, y[:, 0])


@pytest.mark.parametrize("compiled", [True, False])
def test_fit_on_every_axis(backend: Any, compiled: bool) -> None:  # noqa: FBT001 -- a parameter
    x, y = map(backend.array, regression())
    with backend.reading():
        run = bp.fit(
            bp.MLP([4, 3, 1], activation="tanh"),
            (x, y),
            loss=bp.BinaryCrossEntropy(),
            optimizer=bp.LBFGS(memory=4),
            epochs=6,
            compiled=compiled,
            progress=None,
        )
    losses = run.history["loss"]
    assert losses[-1] < 0.6 * losses[0]
    assert all(later < earlier for earlier, later in pairwise(losses))
    assert run.params[0]["weight"].dtype == x.dtype


def test_a_run_goes_on_from_its_state() -> None:
    """What is remembered is in the state: parameters that are another object go the same way, to the bit."""
    x, y = regression()
    net, loss = bp.Linear(1), bp.BinaryCrossEntropy()
    optimizer = bp.LBFGS(memory=3)

    def cost(params: Any) -> Any:
        return loss(net(params, x), y), ()

    params: Any = {"weight": np.full((4, 1), 0.1), "bias": np.zeros(1)}
    state = optimizer.init(params)
    assert {name: array.shape for name, array in state.items()} == {
        "rate": (), "count": (), "moves": (3, 5), "turns": (3, 5),
    }  # fmt: skip
    stepper = optimizer.stepper(cost)
    for _ in range(5):
        params, state, _ = stepper(params, state)
    assert state["count"] == 5.0
    onward, _, _ = stepper(params, state)
    anew, _, _ = optimizer.stepper(cost)({name: array.copy() for name, array in params.items()}, state)
    assert all(onward[name].tobytes() == anew[name].tobytes() for name in params)


def test_nothing_moves_at_the_minimum() -> None:
    start = np.ones(3)
    found = bp.LBFGS().minimize(rosenbrock, start)
    assert (found.params is start, found.steps, found.converged) == (True, 0, True)


def test_a_function_without_a_bottom_and_one_that_is_no_number() -> None:
    found = bp.LBFGS().minimize(lambda p: bp.array_namespace(p).sum(p), np.zeros(2), steps=3)
    assert found.value < -10
    found = bp.LBFGS().minimize(lambda p: bp.array_namespace(p).sum(p) * math.nan, np.zeros(2), steps=3)
    assert found.steps == 0
    assert not found.converged


@pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")
def test_a_wall_is_walked_away_from() -> None:
    """The first trial is where the function is no number."""
    found = bp.LBFGS(rate=100.0).minimize(lambda p: p - bp.array_namespace(p).log(p), np.asarray(0.5))
    assert found.converged
    assert float(found.params) == pytest.approx(1.0)


@pytest.mark.parametrize("first", [1e-3, 0.5, 1.0, 30.0])
def test_the_line_search_ends_where_the_conditions_hold(first: float) -> None:
    def probe(step: float) -> Point:
        at = step + 0.1
        return Point(step, math.cos(at) - 0.4 * at + 0.05 * at * at, 0.1 * at - 0.4 - math.sin(at))

    start = probe(0.0)
    found = strong_wolfe(probe, start, first, 30)
    assert found is not None
    assert found.value <= start.value + 1e-4 * found.step * start.slope
    assert abs(found.slope) <= 0.9 * abs(start.slope)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: bp.LBFGS(rate=0), "rate of LBFGS must be a number above 0, was given 0."),
        (lambda: bp.LBFGS(memory=0), "memory of LBFGS must be a whole number, 1 or more, was given 0."),
        (lambda: bp.LBFGS(tolerance=-1), "tolerance of LBFGS must be a number, 0 or more, was given -1."),
    ],
)
def test_options_outside_their_range(make: Any, sentence: str) -> None:
    with pytest.raises(OptionError) as caught:
        make()
    assert str(caught.value) == sentence


def test_refusals_of_fit() -> None:
    data, options = regression(), {"loss": bp.BinaryCrossEntropy(), "optimizer": bp.LBFGS(), "progress": None}
    with pytest.raises(OptionError) as caught:
        bp.fit(bp.Linear(1), data, batch_size=8, **options)
    assert str(caught.value) == (
        "batch_size must be None with LBFGS, was given 8. Its line search compares losses, which must be "
        "those of the same samples."
    )
    for layer, why in ((bp.Dropout(0.5), "draws random numbers"), (bp.BatchNorm(), "carries something")):
        with pytest.raises(OptionError, match=f"one function of its parameters; this one {why}"):
            bp.fit(bp.Chain(layer, bp.Linear(1)), data, **options)
    with pytest.raises(ShapeError, match="LBFGS wants parameters with at least one array"):
        bp.LBFGS().init({})
