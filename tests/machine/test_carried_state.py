"""A layer that carries something from step to step, and one that draws while it learns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.machine.step import init_step_state


class Centred(bp.Layer):
    """Subtracts the mean of the batch while it learns, and the last one that it saw afterwards."""

    def init(self, key: Any, shape: Any, /, *, dtype: Any = None) -> Any:
        return {}

    def init_state(self, shape: Any, /, *, like: Any) -> Any:
        xp = bp.array_namespace(like)
        return {"mean": xp.zeros(shape, dtype=like.dtype, device=getattr(like, "device", None))}

    def output_shape(self, shape: Any, /) -> Any:
        return shape

    def __call__(self, params: Any, x: Any, /) -> Any:
        return x

    def forward(self, params: Any, state: Any, x: Any, /, *, key: Any = None, training: bool = False) -> Any:
        xp = bp.array_namespace(x)
        mean = xp.mean(x, axis=0) if training else state["mean"]
        return xp.subtract(x, mean), {"mean": xp.stop_gradient(mean)}


class Noisy(bp.Tanh):
    """Adds noise while it learns."""

    draws = True

    def forward(self, params: Any, state: Any, x: Any, /, *, key: Any = None, training: bool = False) -> Any:
        if not training:
            return self(params, x), state
        noise = bp.normal(key, tuple(x.shape), dtype=x.dtype)
        return self(params, bp.array_namespace(x).add(x, noise)), state


def test_what_is_carried_moves_with_the_step(backend: Any) -> None:
    net = bp.Chain(bp.Linear(2), Centred(), bp.Linear(1))
    x, y = backend.array([[1.0, 2.0], [3.0, 5.0]]), backend.array([[0.0], [1.0]])
    params = net.init(bp.key(0, backend=backend.backend), (2,), dtype=x.dtype)
    optimizer, loss = bp.SGD(0.1), bp.SquaredError()
    state = init_step_state(net, optimizer, params, (2,), bp.key(1, backend=backend.backend))
    assert [sorted(layer) for layer in state["layers"]] == [[], ["mean"], []]
    step = bp.make_step(net, loss, optimizer)
    new, after, report = backend.run(step, params, state, (x, y))
    seen = backend.host(net.layers[0](params[0], x)).mean(axis=0)
    assert backend.host(after["layers"][1]["mean"]) == pytest.approx(seen, rel=1e-5)
    output, _ = net.forward(params, state["layers"], x, training=True)
    wanted = float(backend.host(loss(output, y)))
    assert float(backend.host(report["loss"])) == pytest.approx(wanted, rel=1e-5)
    assert backend.host(new[0]["weight"]).shape == (2, 2)


def test_every_step_draws_anew_and_a_run_draws_the_same() -> None:
    net = bp.Chain(bp.Linear(4), Noisy(), bp.Linear(1))
    assert net.draws
    assert not bp.MLP([2, 4, 1]).draws
    x, y = np.ones((8, 2)), np.ones((8, 1))
    runs = [
        bp.fit(net, (x, y), loss=bp.SquaredError(), optimizer=bp.SGD(0.0), epochs=4, seed=3, progress=None)
        for _ in range(2)
    ]
    assert len(set(runs[0].history["loss"])) == 4
    assert runs[0].history == runs[1].history


def test_a_run_predicts_with_what_was_carried_and_keeps_it(tmp_path: Path) -> None:
    net = bp.Chain(bp.Linear(2), Centred(), bp.Linear(1))
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(16, 3)), rng.normal(size=(16, 1))
    run = bp.fit(
        net,
        (x, y),
        loss=bp.SquaredError(),
        optimizer=bp.Adam(0.01),
        epochs=5,
        batch_size=4,
        validation=(x, y),
        progress=None,
    )
    assert run.state[1]["mean"].shape == (2,)
    wanted = net.forward(run.params, run.state, x)[0]
    assert np.array_equal(run.predict(x), wanted)
    mean = float(bp.SquaredError()(wanted, y))
    assert run.history["validation_loss"][-1] == pytest.approx(mean, rel=1e-12)
    bp.save(tmp_path / "net.safetensors", run)
    again = bp.load(tmp_path / "net.safetensors", net=net)
    assert np.array_equal(again.predict(x), run.predict(x))
    assert bp.fit(bp.MLP([3, 1]), (x, y), loss=bp.SquaredError(), optimizer=bp.SGD(0.1), epochs=1,
                  progress=None).state is None  # fmt: skip


@pytest.mark.parametrize("word", ["float32", "float16"])
@pytest.mark.parametrize(
    ("net", "does"),
    [
        (bp.Chain(bp.Linear(4), bp.Dropout(0.5), bp.Linear(1)), "draws random numbers"),
        (bp.Chain(bp.Linear(4), bp.Residual(bp.BatchNorm()), bp.Linear(1)), "carries something"),
        (bp.Chain(Centred(), bp.Linear(1)), "carries something"),
    ],
)
def test_a_step_wants_the_state_that_its_network_needs(net: Any, does: str, word: str) -> None:
    x, y, optimizer = np.ones((4, 2), "float32"), np.ones((4, 1), "float32"), bp.SGD(0.0)
    params = net.init(bp.key(0), (2,))
    step = bp.make_step(net, bp.SquaredError(), optimizer, precision=word)
    scaling = bp.LossScale() if word == "float16" else None
    state = bp.init_step_state(net, optimizer, params, (2,), bp.key(1), loss_scale=scaling)
    for left_out in (("layers", "key"), ("layers",), ("key",)):
        lacking = {name: value for name, value in state.items() if name not in left_out}
        with pytest.raises(bp.OptionError, match=rf'"layers" and "key".*{does}.*bpcore\.init_step_state\('):
            step(params, lacking, (x, y))
    assert "layers" in step(params, state, (x, y))[1]


def test_a_step_of_layers_that_only_could_carry_takes_the_optimizers_state() -> None:
    class Wrapped(bp.Tanh):
        def init_state(self, shape: Any, /, *, like: Any) -> Any:
            return {"inner": {}}

    net = bp.Chain(Wrapped(), bp.Linear(1))
    params = net.init(bp.key(0), (2,))
    x, y, optimizer = np.ones((4, 2), "float32"), np.ones((4, 1), "float32"), bp.SGD(0.0)
    state = optimizer.init(params)
    assert state.keys() == bp.init_step_state(net, optimizer, params, (2,), bp.key(1)).keys()
    assert bp.make_step(net, bp.SquaredError(), optimizer)(params, state, (x, y))[2]["loss"] > 0
