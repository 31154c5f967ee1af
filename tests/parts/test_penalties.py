"""Penalties: their sums, whose weights they are on, and that a step learns what PyTorch's decay does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.words.errors import OptionError

PARAMS = [{"weight": np.asarray([[1.0, -2.0], [0.0, 3.0]]), "bias": np.asarray([5.0, -5.0])}, {}]


@pytest.mark.parametrize(
    ("penalty", "value", "slope"),
    [
        (bp.L1(0.1), 0.6, [[0.1, -0.1], [0.0, 0.1]]),
        (bp.L2(0.1), 1.4, [[0.2, -0.4], [0.0, 0.6]]),
        (bp.ElasticNet(0.1, 0.2), 3.4, [[0.5, -0.9], [0.0, 1.3]]),
        (bp.L2(0.0), 0.0, [[0.0, 0.0], [0.0, 0.0]]),
    ],
)
def test_sums_and_slopes(backend: Any, penalty: Any, value: float, slope: Any) -> None:
    params = [{name: backend.array(array) for name, array in PARAMS[0].items()}, {}]
    found, grads = backend.run(bp.value_and_grad(penalty), params)
    assert float(backend.host(found)) == pytest.approx(value, rel=1e-6)
    np.testing.assert_allclose(backend.host(grads[0]["weight"]), slope, rtol=1e-6)
    assert not backend.host(grads[0]["bias"]).any()


@pytest.mark.parametrize(
    ("on", "value"),
    [(None, 14.0), (("*",), 64.0), ("*.bias", 50.0), (("0.weight", "1.*"), 14.0), (["0.b*"], 50.0)],
)
def test_whose_weights(on: Any, value: float) -> None:
    assert float(bp.L2(1.0, on=on)(PARAMS)) == value


def test_a_step_is_that_of_pytorchs_decay() -> None:
    torch = pytest.importorskip("torch", reason="the oracle is PyTorch")
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(6, 3)), rng.normal(size=(6, 2))
    net = bp.Linear(2)
    params = net.init(bp.key(0), (3,), dtype=x.dtype)
    layer = torch.nn.Linear(3, 2, dtype=torch.float64)
    with torch.no_grad():
        layer.weight.copy_(torch.as_tensor(params["weight"].T))
        layer.bias.zero_()
    groups = [{"params": [layer.weight], "weight_decay": 0.3}, {"params": [layer.bias]}]
    oracle = torch.optim.SGD(groups, lr=0.1)
    step = bp.make_step(net, bp.SquaredError(), bp.SGD(0.1), penalty=bp.L2(0.15))
    state = bp.SGD(0.1).init(params)
    for _ in range(5):
        before = params
        params, state, report = step(params, state, (x, y))
        oracle.zero_grad()
        torch.nn.functional.mse_loss(layer(torch.as_tensor(x)), torch.as_tensor(y)).backward()
        oracle.step()
        np.testing.assert_allclose(params["weight"].T, layer.weight.detach().numpy(), rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(params["bias"], layer.bias.detach().numpy(), rtol=1e-12, atol=1e-15)
        plain = float(bp.SquaredError()(net(before, x), y))
        assert float(report["loss"]) == pytest.approx(plain + 0.15 * float((before["weight"] ** 2).sum()))


def test_the_history_holds_it() -> None:
    x, y = np.ones((4, 2)), np.ones((4, 1))
    options: dict[str, Any] = {
        "loss": bp.SquaredError(),
        "optimizer": bp.SGD(0.0),
        "epochs": 1,
        "progress": None,
    }
    net = bp.Linear(1, weight_init=bp.Given([[3.0], [4.0]]))
    plain, penalised = (
        bp.fit(net, (x, y), validation=(x, y), penalty=penalty, **options).history
        for penalty in (None, bp.L2(0.1))
    )
    for name in ("loss", "validation_loss"):
        assert penalised[name][0] == pytest.approx(plain[name][0] + 2.5)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (
            lambda: bp.make_step(bp.Linear(1), bp.SquaredError(), bp.SGD(), penalty=0.1),  # type: ignore[arg-type]
            "penalty must be a penalty, as bpcore.L2(1e-4), or None, was given 0.1.",
        ),
        (lambda: bp.L2(-1.0), "amount of L2 must be a number, 0 or more, was given -1.0."),
        (lambda: bp.ElasticNet(0.1, "x"), "l2 of ElasticNet must be a number, 0 or more, was given 'x'."),
        (
            lambda: bp.L2(on=(0,)),
            'on of L2 must be None, or patterns of names of parameters, as ("0.*",), was given (0,).',
        ),
        (
            lambda: bp.L1(on="1.*")(PARAMS),
            "on of L1 must be patterns that match one of 0.bias, 0.weight, was given ('1.*',).",
        ),
        (
            lambda: bp.L1()([{"bias": np.ones(3)}]),
            "on of L1 must be patterns that match one of 0.bias, was given None.",
        ),
    ],
)
def test_out_of_range(make: Any, sentence: str) -> None:
    with pytest.raises(OptionError) as caught:
        make()
    assert str(caught.value) == sentence
