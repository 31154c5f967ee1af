"""The spiral: 2-16-8-1, tanh and logistic, mean binary cross-entropy, one step over all 400 points an epoch.

The notebook keeps samples as columns, X (2, 400), and weights W[out][in]: both are transposed here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpcore as bp

pytestmark = pytest.mark.needs_float64

PROBABILITIES = bp.MLP([2, 16, 8, 1], activation="tanh", output="sigmoid")
LOGITS = bp.MLP([2, 16, 8, 1], activation="tanh")
FORMS = {
    "probabilities": (PROBABILITIES, bp.BinaryCrossEntropy(from_logits=False)),
    "logits": (LOGITS, bp.BinaryCrossEntropy()),
}


def start(backend: Any, known: Any, net: Any) -> tuple[Any, Any, Any]:
    x = np.asarray(known["X"]).T
    y = np.repeat([0.0, 1.0], 200)[:, None]
    params: list[Any] = []
    for name in ("W1", "W2", "W3"):
        weight = np.asarray(known["initial"][name]).T
        params += [{"weight": backend.array(weight), "bias": backend.array(np.zeros(weight.shape[1]))}, {}]
    return params[: len(net.layers)], backend.array(x), backend.array(y)


@pytest.mark.parametrize("form", FORMS)
def test_first_step(backend: Any, numbers: Any, same: Any, form: str) -> None:
    net, loss = FORMS[form]
    known = numbers("spiral")
    params, x, y = start(backend, known, net)
    value, grads = backend.run(bp.value_and_grad(lambda params: loss(net(params, x), y)), params)
    step = known["step0"]
    same(value, step["loss"])
    for layer, name in ((0, "1"), (2, "2"), (4, "3")):
        wanted = np.asarray(step[f"dL_dW{name}"]).T
        same(grads[layer]["weight"], wanted, whole=True)
        # the sum over 400 samples cancels to a thousandth of its terms and less
        error = backend.host(grads[layer]["bias"]) - np.asarray(step[f"dL_db{name}"])
        assert np.max(np.abs(error)) <= 1e-14 * np.max(np.abs(wanted))
        assert np.linalg.norm(backend.host(grads[layer]["weight"])) == pytest.approx(
            step["frobenius"][int(name) - 1], rel=1e-13
        )
    if form == "probabilities":
        output = net(params, x)
        same(output[:3, 0], step["y_hat_first3"])
        same(output[-3:, 0], step["y_hat_last3"])


def trained(backend: Any, known: Any, form: str, rate: float, epochs: int) -> Any:
    net, loss = FORMS[form]
    params, x, y = start(backend, known, net)
    with backend.reading():
        return bp.fit(
            net, (x, y), loss=loss, optimizer=bp.SGD(rate), epochs=epochs, params=params, progress=None
        )


def seen(run: Any, known: Any, epochs: int, relative: float) -> None:
    """Want the losses and accuracies of the epochs that are known."""
    for epoch, wanted in known["loss"].items():
        if int(epoch) <= epochs:
            assert run.history["loss"][int(epoch) - 1] == pytest.approx(wanted, rel=relative, abs=0), epoch
            accuracy = known["accuracy"][epoch]
            assert run.history["accuracy"][int(epoch) - 1] == pytest.approx(accuracy, rel=1e-14), epoch


@pytest.mark.parametrize("form", FORMS)
def test_a_thousand_epochs_at_rate_0_2(backend: Any, numbers: Any, same: Any, form: str) -> None:
    known = numbers("spiral")
    whole = backend.name in ("numpy", "strict", "torch", "jax", "cupy") and (
        form == "logits" or backend.name == "numpy"
    )
    epochs = 1000 if whole else 50
    run = trained(backend, known, form, 0.2, epochs)
    for quantity, tolerance in (("loss", 1e-12), ("accuracy", 1e-14)):
        for epoch, wanted in known["run_lr_0.2"][quantity].items():
            if int(epoch) <= epochs:
                assert run.history[quantity][int(epoch) - 1] == pytest.approx(wanted, rel=tolerance, abs=0), (
                    epoch
                )
    if not whole:
        return
    assert f"{run.history['loss'][999]:.8f}" == "0.00799603"
    assert run.history["accuracy"][598] < 1.0
    assert run.history["accuracy"][599:] == [1.0] * 401
    assert all(
        later < earlier for earlier, later in zip(run.history["loss"], run.history["loss"][1:], strict=False)
    )
    for layer, name in ((0, "1"), (2, "2"), (4, "3")):
        wanted = known["run_lr_0.2"]["params_after_1000"]
        same(run.params[layer]["weight"], np.asarray(wanted[f"W{name}"]).T, 1e-12, whole=True)
        same(run.params[layer]["bias"], wanted[f"b{name}"], 1e-11, whole=True)


def test_the_published_rate_is_determined_up_to_epoch_100(backend: Any, numbers: Any) -> None:
    """At rate 0.5 rounding grows: the notebook's later losses depend on the order of the sums."""
    known = numbers("spiral")["run_lr_0.5_as_published"]
    epochs = 100 if backend.name in ("numpy", "strict", "torch", "jax", "cupy") else 10
    run = trained(backend, numbers("spiral"), "logits", 0.5, epochs)
    for epoch in (1, 2, 3, 10, 50, 100):
        if epoch <= epochs:
            assert run.history["loss"][epoch - 1] == pytest.approx(known["loss"][str(epoch)], rel=1e-7)
            assert run.history["accuracy"][epoch - 1] == pytest.approx(
                known["accuracy"][str(epoch)], rel=1e-14
            )
    if epochs == 100:
        assert (f"{run.history['loss'][99]:.4f}", f"{run.history['accuracy'][99]:.4f}") == (
            "0.0972",
            "0.9900",
        )


def test_the_published_rate_ends_inside_its_band(numbers: Any) -> None:
    """Whatever the rounding, every later epoch lies near where 40 orders of the samples lead."""
    known = numbers("spiral")
    net, loss = FORMS["logits"]
    x, y = np.asarray(known["X"]).T, np.repeat([0.0, 1.0], 200)[:, None]
    params: list[Any] = []
    for name in ("W1", "W2", "W3"):
        weight = np.asarray(known["initial"][name]).T
        params += [{"weight": weight, "bias": np.zeros(weight.shape[1])}, {}]
    run = bp.fit(
        net,
        (x, y),
        loss=loss,
        optimizer=bp.SGD(0.5),
        epochs=1000,
        params=params[:-1],
        progress=None,
    )
    band = known["run_lr_0.5_as_published"]["ensemble_40_sample_orders"]
    for epoch in range(400, 1001, 100):  # with room for the rounding of other libraries
        low, _, high = band[f"loss_{epoch}"]
        assert 0.9 * low <= run.history["loss"][epoch - 1] <= 1.1 * high, epoch
    assert run.history["accuracy"][399:] == [1.0] * 601
    assert max(run.history["loss"][100:200]) > 1.0
