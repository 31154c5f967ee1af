"""Where a number that is not finite began: the producer, its layer and its sample are named."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.machine.step import init_step_state
from bpcore.run.trouble.nonfinite import origin_of
from bpcore.run.trouble.origin import Origin
from bpcore.words.errors import Diverged
from bpcore.words.trees import leaves, tree_map

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy says what is looked for


@dataclass(frozen=True)
class Own(bp.Layer):
    """A layer that is one function of the namespace and its input."""

    f: Callable[[Any, Any], Any]

    def __str__(self) -> str:
        return "Own"

    def __call__(self, params: Any, x: Any) -> Any:
        return self.f(bp.array_namespace(x), x)


LOG = Own(lambda xp, x: xp.log(x))
EXP = Own(lambda xp, x: xp.exp(x))
STANDARD = Own(
    lambda xp, x: xp.divide(
        xp.subtract(x, xp.mean(x, axis=1, keepdims=True)), xp.std(x, axis=1, keepdims=True)
    )
)
MASKED = Own(lambda xp, x: xp.where(x > 0.5, xp.log(x), 0.0))
X = 1.0 + np.arange(24.0).reshape(8, 3) / 24.0
Y = np.zeros((8, 1))


def changed(row: int, values: Any) -> Any:
    x = X.copy()
    x[row] = values
    return x


def found(
    backend: Any,
    net: Any,
    x: Any = X,
    *,
    optimizer: Any = None,
    loss: Any = None,
    dtype: str = "float32",
    scale: float = 1.0,
    penalty: Any = None,
) -> Origin | None:
    """Return the origin in one step from the start."""
    optimizer, loss = optimizer or bp.SGD(0.1), loss or bp.SquaredError()
    x, y = backend.array(x, dtype), backend.array(Y, dtype)
    key = bp.key(0, backend=backend.backend, device=x.device)
    params = net.init(key, (3,), dtype=x.dtype)
    params = tree_map(lambda p: p * scale, params)
    state = init_step_state(net, optimizer, params, (3,), key)
    with backend.reading():
        return origin_of(net, loss, optimizer, params, state, (x, y), penalty=penalty)


def test_a_step_that_is_finite_has_no_origin(backend: Any) -> None:
    net = bp.Chain(bp.Linear(4), bp.Dropout(0.5), bp.BatchNorm(), bp.Chain(bp.Relu(), bp.Linear(1)))
    assert found(backend, net, penalty=bp.L2(0.1), optimizer=bp.Adam(0.1)) is None


def test_the_logarithm_of_zero(backend: Any) -> None:
    origin = found(backend, bp.Chain(LOG, bp.Linear(4), bp.Tanh(), bp.Linear(1)), changed(5, [1, 0, 1]))
    assert origin == Origin(
        layer="net[0] Own", phase="forward", function="log", inputs=(0.0,), output=-math.inf, row=5
    )
    assert str(origin) == "It began in row 5 of the batch, forward in net[0] Own: log(0) gave -inf"


def test_the_exponential_in_float32(backend: Any) -> None:
    origin = found(backend, bp.Chain(bp.Chain(bp.Identity(), EXP), bp.Linear(1)), changed(2, [1, 1, 89]))
    assert origin is not None
    assert (origin.layer, origin.function, origin.inputs, origin.row) == ("net[0][1] Own", "exp", (89.0,), 2)
    assert origin.output == math.inf


def test_a_variance_of_zero(backend: Any) -> None:
    origin = found(backend, bp.Chain(STANDARD, bp.Linear(1)), changed(6, [2, 2, 2]))
    assert origin is not None
    assert (origin.layer, origin.function, origin.row) == ("net[0] Own", "divide", 6)
    assert origin.inputs == (0.0, 0.0)
    assert math.isnan(origin.output)


def test_backward_where_forward_is_finite(backend: Any) -> None:
    own = bp.custom_vjp(lambda x: x * 1.0, lambda g, y, x: [g / x])
    origin = found(backend, bp.Chain(Own(lambda xp, x: own(x)), bp.Linear(1)), changed(3, [1, 0, 1]))
    assert origin is not None
    assert (origin.phase, origin.layer, origin.function) == ("backward", "net[0] Own", "divide")
    assert origin.row == 3


def test_a_mask_is_not_blamed(backend: Any) -> None:
    net = bp.Chain(MASKED, Own(lambda xp, x: xp.exp(xp.multiply(x, 1e3))), bp.Linear(1))
    origin = found(backend, net, changed(1, [0, 1, 1.2]))
    assert origin is not None
    assert (origin.layer, origin.function) == ("net[1] Own", "exp")


def test_the_loss_overflows(backend: Any) -> None:
    origin = found(backend, bp.Chain(bp.Identity(), bp.Linear(1)), changed(7, [1e30, 1e30, 1e30]))
    assert origin is not None
    assert (origin.layer, origin.function, origin.row) == ("the loss SquaredError", "square", 7)


def test_the_update_overflows(backend: Any) -> None:
    origin = found(backend, bp.Chain(bp.Linear(4), bp.Linear(1)), optimizer=bp.SGD(3e38))
    assert origin is not None
    assert (origin.phase, origin.function) == ("update", "multiply")
    assert origin.layer.startswith("SGD at ")
    assert origin.layer.endswith(("net[0] Linear(4)", "net[1] Linear(1)"))
    assert origin.inputs[0] == pytest.approx(3e38, rel=1e-6)


def test_the_penalty_overflows(backend: Any) -> None:
    origin = found(backend, bp.Chain(bp.Linear(1)), X * 0.0, scale=1e25, penalty=bp.L2(1.0))
    assert origin is not None
    assert (origin.phase, origin.layer) == ("forward", "the penalty L2")


@pytest.mark.parametrize("bad", [math.inf, math.nan])
def test_data_that_are_not_finite(backend: Any, bad: float) -> None:
    origin = found(backend, bp.Chain(bp.Linear(1)), changed(2, [1, bad, 1]))
    assert origin is not None
    assert (origin.phase, origin.layer, origin.row) == ("data", "x at position 1 of the sample", 2)


def test_parameters_that_were_not_finite_are_not_blamed_on_a_layer(backend: Any) -> None:
    origin = found(backend, bp.Chain(bp.Linear(1)), scale=math.inf)
    assert origin is not None
    assert (origin.phase, origin.function) == ("data", "")
    assert origin.layer.startswith("parameter 0.")


@pytest.mark.parametrize("features", [7, 8, 9])
@pytest.mark.parametrize("bad", [0, 3, 7])
def test_a_weights_gradient_has_no_rows_though_it_is_as_long(backend: Any, features: int, bad: int) -> None:
    x, y = np.ones((8, features)), np.ones((8, 1))
    x[bad, 5], y[bad], y[4] = 1e25, -1e15, 30.0
    x[6, 2] = 1e26  # large, and not of the number that is not finite
    net = bp.Chain(bp.Linear(1, weight_init=bp.Uniform(1e-30, 2e-30)))
    optimizer = bp.SGD(0.1)
    params = net.init(bp.key(0, backend=backend.backend, device=backend.array(x).device), (features,))
    state = optimizer.init(params)
    batch = (backend.array(x, "float32"), backend.array(y, "float32"))
    with backend.reading():
        origin = origin_of(net, bp.SquaredError(reduction="sum"), optimizer, params, state, batch)
    assert origin is not None
    assert (origin.phase, origin.function, origin.row) == ("backward", "matmul", bad)


def test_inside_of_a_residual(backend: Any) -> None:
    steady = bp.Residual(bp.Dropout(0.0), bp.Residual(LOG, bp.Linear(3)), bp.Linear(3))
    for net, wanted in (
        (bp.Chain(bp.Identity(), steady, bp.Linear(1)), ("net[1][1][0] Own", "forward", "log", 5)),
        (steady, ("net[1][0] Own", "forward", "log", 5)),
    ):
        origin = found(backend, bp.Chain(net, bp.Linear(1)), changed(5, [1, 0, 1]))
        assert origin is not None
        layer = f"net[0]{wanted[0][3:]}"
        assert (origin.layer, origin.phase, origin.function, origin.row) == (layer, *wanted[1:])


def test_the_sums_around_a_residual(backend: Any) -> None:
    net = bp.Chain(bp.Residual(bp.Identity()), bp.Linear(1))
    origin = found(backend, net, changed(4, [1, 3e38, 1]))
    assert origin is not None
    assert (origin.layer, origin.function, origin.row) == ("net[0] Residual(Identity)", "add", 4)
    own = bp.custom_vjp(lambda x: x * 1.0, lambda g, y, x: [g * 0.0 + 3e38])
    origin = found(backend, bp.Chain(bp.Residual(Own(lambda xp, x: own(x))), own_layer(own), bp.Linear(1)))
    assert origin is not None
    assert (origin.layer, origin.phase, origin.function) == ("net[0] Residual(Own)", "backward", "add")


def own_layer(f: Any) -> Own:
    return Own(lambda xp, x: f(x))


def test_an_update_in_a_residual(backend: Any) -> None:
    net = bp.Chain(bp.Residual(bp.Linear(4), bp.Linear(3)), bp.Linear(1))
    origin = found(backend, net, optimizer=bp.SGD(3e38))
    assert origin is not None
    assert (origin.phase, origin.function) == ("update", "multiply")
    assert "net[0][" in origin.layer or "net[1]" in origin.layer


def test_the_gradients_of_the_replay_are_those_of_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    from bpcore.run.trouble import nonfinite

    seen = []
    monkeypatch.setattr(nonfinite, "_update", lambda o, s, p, grads, state: seen.append(grads))
    net = bp.Chain(
        bp.Linear(3),
        bp.Residual(
            bp.Dropout(0.3), bp.Linear(4), bp.BatchNorm(), bp.Residual(bp.Tanh(), bp.Linear(4)), bp.Linear(3)
        ),
        bp.Linear(1),
    )
    params = net.init(bp.key(0), (3,), dtype=X.dtype)
    state = init_step_state(net, bp.SGD(1.0), params, (3,), bp.key(3))
    assert origin_of(net, bp.SquaredError(), bp.SGD(1.0), params, state, (X, Y)) is None
    after = bp.make_step(net, bp.SquaredError(), bp.SGD(1.0))(params, state, (X, Y))[0]
    for before, grad, moved in zip(*map(leaves, (params, seen[0], after)), strict=True):
        np.testing.assert_allclose(before - grad, moved, rtol=1e-9, atol=1e-12)


def test_a_sum_over_the_batch_has_no_rows_though_it_is_as_long(backend: Any) -> None:
    x = X[:3] * 1.0
    x[1, 0], x[2, 0] = 3e38, 2e38
    net = bp.Chain(Own(lambda xp, x: xp.subtract(x, xp.sum(xp.flip(x, axis=1), axis=0))), bp.Linear(1))
    batch = (backend.array(x, "float32"), backend.array(Y[:3], "float32"))
    params = net.init(bp.key(0, backend=backend.backend, device=batch[0].device), (3,))
    with backend.reading():
        origin = origin_of(net, bp.SquaredError(), bp.SGD(0.1), params, bp.SGD(0.1).init(params), batch)
    assert origin is not None
    assert (origin.layer, origin.function, origin.row) == ("net[0] Own", "sum", 1)


def diverged(net: Any, x: Any, **options: Any) -> Origin:
    fitted = {"optimizer": bp.SGD(1e-3), "epochs": 3, "progress": None, "seed": 3} | options
    with pytest.raises(Diverged) as caught:
        bp.fit(net, (x.astype("float32"), Y.astype("float32")), loss=bp.SquaredError(), **fitted)
    origin = caught.value.origin
    assert isinstance(origin, Origin)
    assert str(origin) in str(caught.value)
    return origin


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("batch_size", [None, 2, 3])
def test_fit_names_the_sample(batch_size: int | None, *, compiled: bool) -> None:
    net = bp.Chain(LOG, bp.Linear(1))
    for row in (0, 5):
        origin = diverged(net, changed(row, [1, 0, 1]), batch_size=batch_size, compiled=compiled)
        assert (origin.epoch, origin.sample, origin.layer) == (1, row, "net[0] Own")
        assert 1 <= origin.batch <= 1 + 8 // (batch_size or 8)


@pytest.mark.filterwarnings("ignore:validation_loss became")
@pytest.mark.parametrize("batch_size", [None, 3])
@pytest.mark.parametrize("seed", [1, 2, 4])
def test_the_sample_is_one_of_those_that_were_given(batch_size: int | None, seed: int) -> None:
    options = {"validation": 0.25, "batch_size": batch_size, "seed": seed}
    for row in range(8):
        x = changed(row, [1, 0, 1])
        try:
            assert diverged(bp.Chain(LOG, bp.Linear(1)), x, **options).sample == row
        except pytest.fail.Exception:  # it was held out
            continue


def test_fit_names_the_epoch_of_a_rate_that_is_too_high() -> None:
    origin = diverged(bp.Chain(bp.Linear(4), bp.Linear(1)), X, optimizer=bp.SGD(1.0), epochs=100)
    assert 1 < origin.epoch < 20
    assert all(map(math.isfinite, origin.inputs))
    assert not math.isfinite(origin.output)


def test_epochs_in_many_to_a_call_are_replayed_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    from bpcore.run.trouble import replay

    ticks = itertools.count()
    monkeypatch.setattr(replay, "time", SimpleNamespace(perf_counter=lambda: next(ticks)))
    monkeypatch.setattr(replay, "APART", 7)  # a copy is due at every few epochs
    options = {"optimizer": bp.SGD(0.17), "epochs": 1000}
    one = diverged(bp.Chain(bp.Linear(1)), X, **options)
    other = diverged(bp.Chain(bp.Linear(1)), X, **options, callbacks=[bp.TimeLimit(100.0)])
    assert (one.epoch, one.layer) == (other.epoch, other.layer)
    assert one.epoch > 65  # beyond the first call of many


@pytest.mark.parametrize("rate", [0.1, bp.ReduceOnPlateau(0.1, factor=0.97, patience=1, monitor="loss")])
def test_a_copy_of_any_epoch_leads_to_the_same_step(rate: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from bpcore.run.trouble import replay

    net, options = bp.Chain(bp.Linear(1)), {"optimizer": bp.SGD(rate), "epochs": 400}
    origins = []
    for apart in (0.0, 1e9):
        monkeypatch.setattr(replay, "APART", apart)
        origins.append(diverged(net, 3.0 * X, batch_size=3, **options))
    assert str(origins[0]) == str(origins[1])
    assert origins[0].epoch > 5


def test_the_last_update_is_looked_into(monkeypatch: pytest.MonkeyPatch) -> None:
    from bpcore.run.trouble import replay

    for apart in (0.0, 1e9):  # a copy of what is not finite is not kept
        monkeypatch.setattr(replay, "APART", apart)
        origin = diverged(bp.Chain(bp.Linear(1)), X, optimizer=bp.SGD(3e38), epochs=1)
        assert (origin.phase, origin.epoch, origin.batch) == ("update", 1, 1)


def test_before_any_update_it_was_not_the_rate() -> None:
    first = diverged(bp.Chain(LOG, bp.Linear(1)), changed(1, [1, 0, 1]))
    assert str(first).endswith(": log(0) gave -inf, before any update: it was not the rate")
    later = diverged(bp.Chain(bp.Linear(1)), X, optimizer=bp.SGD(3.0), epochs=100)
    assert "not the rate" not in str(later)


def test_a_stream_is_replayed_where_it_can_be() -> None:
    x = changed(6, [1, 0, 1]).astype("float32")
    batches = [(x[:4], Y[:4]), (x[4:], Y[4:])]
    with pytest.raises(Diverged, match=r"epoch 1, batch 2, row 2 of the batch, forward in net\[0\] Own: log"):
        bp.fit(
            bp.Chain(LOG, bp.Linear(1)),
            lambda: batches,
            loss=bp.SquaredError(),
            optimizer=bp.SGD(0.1),
            progress=None,
        )


def test_nothing_is_copied_between_steps_while_all_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    from bpcore.run.trouble import replay

    copies = []
    real = replay.copied
    monkeypatch.setattr(replay, "copied", lambda tree: (copies.append(1), real(tree))[1])
    monkeypatch.setattr(replay, "APART", 1e9)
    bp.fit(
        bp.Chain(bp.Linear(1)),
        (X, Y),
        loss=bp.SquaredError(),
        optimizer=bp.SGD(1e-3),
        epochs=50,
        progress=None,
    )
    assert len(copies) == 2  # parameters and state, once
