"""Training: what is kept, what decides the result, and where it happens."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.run.feeding.batches import split_off
from bpcore.words.errors import BackendMissing, BackendUnusable, Diverged, ShapeError
from bpcore.words.trees import leaves

X = np.asarray([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [0.5, 0.2], [0.1, 0.9], [0.8, 0.8]])
Y = np.asarray([[0.0], [1.0], [1.0], [0.0], [1.0], [1.0], [0.0]])
LABELS = np.asarray([0, 1, 2, 0, 1, 2, 2])
NET = bp.MLP([2, 4, 1], activation="tanh")


def train(x: Any = X, y: Any = Y, net: Any = NET, **options: Any) -> Any:
    named = {"loss": bp.BinaryCrossEntropy(), "optimizer": bp.Adam(0.05), "epochs": 3, "progress": None}
    return bp.fit(net, (x, y), **(named | options))


def hosted(run: Any) -> list[np.ndarray]:
    return [np.asarray(run.backend.to_host(array)) for array in leaves(run.params)]


def same(one: Any, other: Any) -> bool:
    """Return whether two runs on NumPy are the same to the last bit."""
    pairs = zip(hosted(one), hosted(other), strict=True)
    return one.history == other.history and all(a.tobytes() == b.tobytes() for a, b in pairs)


# -- what is kept --------------------------------------------------------------------------------------------


def test_one_number_an_epoch(backend: Any) -> None:
    with backend.reading():
        run = train(
            backend.array(X, "float32"), backend.array(Y, "float32"), epochs=4, batch_size=3, validation=0.3
        )
    names = ["loss", "accuracy", "validation_loss", "validation_accuracy"]
    assert list(run.history) == names
    assert all(len(run.history[name]) == 4 for name in names)
    assert all(
        type(number) is float and np.isfinite(number) for name in names for number in run.history[name]
    )
    assert all(0 <= share <= 1 for share in run.history["accuracy"] + run.history["validation_accuracy"])
    assert run.features == (2,)
    assert run.seconds > 0


def test_labels_on_every_axis(backend: Any) -> None:
    net, labels = bp.MLP([2, 8, 3]), backend.array(LABELS.tolist(), "int32")
    options = {"loss": bp.CrossEntropy(), "optimizer": bp.Adam(0.1), "epochs": 12, "batch_size": 4}
    with backend.reading():
        run = train(backend.array(X), labels, net, **options)
    assert run.history["accuracy"][-1] > run.history["accuracy"][0]
    assert run.history["loss"][-1] < 0.7 * run.history["loss"][0]


def test_no_accuracy_without_classes() -> None:
    assert list(train(loss=bp.SquaredError()).history) == ["loss"]


def test_the_loss_is_that_of_before_the_update() -> None:
    params = NET.init(bp.key(5), (2,), dtype=np.float64)
    run = train(params=params)
    loss = bp.BinaryCrossEntropy()
    assert (
        run.history["loss"][0] == run.first_loss == pytest.approx(float(loss(NET(params, X), Y)), rel=1e-14)
    )
    after = float(loss(NET(run.params, X), Y))
    assert run.history["loss"][-1] > after


def test_a_smaller_last_batch_counts_for_less() -> None:
    """At rate 0 the mean over the batches is the loss of all samples at once."""
    params = NET.init(bp.key(5), (2,), dtype=np.float64)
    whole = train(params=params, optimizer=bp.SGD(0.0))
    parts = train(params=params, optimizer=bp.SGD(0.0), batch_size=3)
    assert parts.history["loss"] == pytest.approx(whole.history["loss"], rel=1e-14)
    assert parts.history["accuracy"] == pytest.approx(whole.history["accuracy"], rel=1e-14)
    assert parts.first_loss != parts.history["loss"][0]


def test_it_says_what_it_is() -> None:
    text = repr(train())
    assert text.startswith("<Run of Chain(Linear(4), Tanh, Linear(1)) on numpy: loss 0.")
    assert ", accuracy 0." in text


# -- what decides the result ---------------------------------------------------------------------------------


def test_one_seed_one_result() -> None:
    options: dict[str, Any] = {"epochs": 5, "batch_size": 3, "validation": 0.3}
    one = train(seed=7, **options)
    assert same(one, train(seed=7, **options))
    assert same(one, train(seed=7, compiled=True, **options))
    other = train(seed=8, **options)
    assert one.history["loss"] != other.history["loss"]
    assert one.history["validation_loss"] != other.history["validation_loss"]


def test_the_seed_decides_start_split_and_order_apart() -> None:
    """Parameters that are given take nothing away from split and order."""
    params = NET.init(bp.split(bp.key(7), 3)[0], (2,), dtype=np.float64)
    options: dict[str, Any] = {"seed": 7, "batch_size": 3, "validation": 0.3}
    assert same(train(**options), train(params=params, **options))


@pytest.mark.parametrize("size", [7, 8, 1000])
def test_a_batch_of_more_than_all_is_all(size: int) -> None:
    assert same(train(epochs=3), train(epochs=3, batch_size=size))


def test_traced_anew_is_replayed(backend: Any) -> None:
    x, y = backend.array(X), backend.array(Y)
    with backend.reading():
        one, other = (train(x, y, batch_size=4, validation=0.3, compiled=c) for c in (True, False))
    for name, values in one.history.items():
        assert values == pytest.approx(other.history[name], rel=100 * backend.eps)
    for a, b in zip(hosted(one), hosted(other), strict=True):
        np.testing.assert_allclose(a, b, rtol=1000 * backend.eps, atol=100 * backend.eps)


def test_the_order_of_samples_does_not_matter_in_one_batch() -> None:
    turned = train(X[::-1], Y[::-1])
    assert turned.history["loss"] == pytest.approx(train().history["loss"], rel=1e-12)


def test_a_share_held_out_is_not_trained_on() -> None:
    key = bp.split(bp.key(3), 3)[1]
    rest, held = split_off((X, Y), 0.3, key)
    run = train(seed=3, validation=0.3)
    by_hand = train(*rest, seed=3, validation=held)
    assert same(run, by_hand)
    loss = bp.BinaryCrossEntropy()
    assert run.history["validation_loss"][-1] == pytest.approx(
        float(loss(run.predict(held[0]), held[1])), rel=1e-14
    )
    share = np.mean((run.predict(held[0]) > 0) == (held[1] > 0.5))
    assert run.history["validation_accuracy"][-1] == pytest.approx(share)


def test_samples_of_their_own_to_validate_on(backend: Any) -> None:
    """As lists, of another number, and on no other place than the data."""
    pair = ([[0.3, 0.3], [0.7, 0.1]], [[1.0], [0.0]])
    with backend.reading():
        run = train(backend.array(X), backend.array(Y), validation=pair)
        alone = train(backend.array(X), backend.array(Y))
    assert len(run.history["validation_loss"]) == 3
    assert run.history["loss"] == alone.history["loss"]


def test_it_learns_exclusive_or() -> None:
    run = train(X[:4], Y[:4], bp.MLP([2, 8, 1], activation="tanh"), epochs=200)
    assert run.history["accuracy"][-1] == 1.0
    assert ((run.predict(X[:4]) > 0) == (Y[:4] > 0.5)).all()


@pytest.mark.parametrize(
    "kind", [bp.SGD, bp.Momentum, bp.Nesterov, bp.Adagrad, bp.RMSprop, bp.Adam, bp.AdamW]
)
def test_every_optimizer_goes_down(kind: Any) -> None:
    losses = train(optimizer=kind(0.02), epochs=20).history["loss"]
    assert losses[-1] < losses[0]


def test_a_layer_of_ones_own() -> None:
    class Scale(bp.Layer):
        def init(self, key: Any, shape: Any, /, *, dtype: Any = None) -> Any:
            return {"scale": bp.Uniform()(key, shape, dtype=dtype)}

        def output_shape(self, shape: Any, /) -> Any:
            return shape

        def __call__(self, params: Any, x: Any, /) -> Any:
            return params["scale"] * x

    run = train(X, 3 * X, Scale(), loss=bp.SquaredError(), optimizer=bp.SGD(0.5), epochs=200)
    np.testing.assert_allclose(run.params["scale"], [3.0, 3.0], rtol=1e-6)


# -- what is left as it was ----------------------------------------------------------------------------------


def test_what_was_given_stays_as_it_was() -> None:
    x, y = X.copy(), Y.copy()
    params = NET.init(bp.key(1), (2,), dtype=np.float64)
    before = [array.copy() for array in leaves(params)]
    for array in (x, y, *leaves(params)):
        array.flags.writeable = False
    run = train(x, y, params=params, batch_size=3, validation=0.3)
    assert (x == X).all()
    assert (y == Y).all()
    for array, old, new in zip(leaves(params), before, hosted(run), strict=True):
        np.testing.assert_array_equal(array, old)
        assert not np.shares_memory(array, new)


# -- where it happens ----------------------------------------------------------------------------------------


def test_where_the_data_are(backend: Any) -> None:
    x = backend.array(X)
    with backend.reading():
        run = train(x, Y.tolist(), batch_size=4, validation=0.3)
        output = run.predict(X)
    assert run.backend.library == backend.backend.library
    assert {array.device for array in leaves(run.params)} == {x.device}
    assert output.device == x.device
    assert {array.dtype for array in (*leaves(run.params), output)} == {x.dtype}


def test_where_it_was_asked_for(backend: Any) -> None:
    """NumPy's data, and a name."""
    name = backend.backend.name
    with backend.reading():
        run = train(X, Y, backend=name)
    place = backend.array(X)
    assert run.backend.name == name
    assert {array.device for array in leaves(run.params)} == {place.device}
    assert {str(array.dtype) for array in hosted(run)} == {backend.float}


def test_the_named_device_and_not_that_of_the_data() -> None:
    pytest.importorskip("array_api_strict")
    there = bp.backend("strict:device2")
    x, y = (bp.backend("strict:device1").asarray(part) for part in (X, Y))
    run = train(x, y, backend="strict:device2", batch_size=4, validation=(x, y))
    assert {array.device for array in leaves(run.params)} == {there.device}
    assert run.predict(x).device == there.device


def test_a_library_without_a_device_leaves_the_data_where_they_are() -> None:
    pytest.importorskip("array_api_strict")
    there = bp.backend("strict:device1")
    x, y = there.asarray(X), bp.backend("strict:device2").asarray(Y)
    run = train(x, y, backend="strict", batch_size=4)
    assert {array.device for array in leaves(run.params)} == {there.device}


def test_data_of_another_library_are_brought_over() -> None:
    pytest.importorskip("array_api_strict")
    x, y = bp.backend("strict:device1").asarray(X), bp.backend("strict").asarray(Y)
    run = train(x, y, backend="numpy")
    assert run.backend.name == "numpy"
    assert same(run, train())
    assert same(train(X, y), train())


@pytest.mark.parametrize(
    ("x", "dtype", "wanted"),
    [
        (X, None, "float64"),
        (X.astype(np.float32), None, "float32"),
        (X.astype(np.float16), None, "float32"),
        ((10 * X).astype(np.uint8), None, "float32"),
        (X > 0.5, None, "float32"),
        (X.tolist(), None, "float32"),
        (X.astype(int).tolist(), None, "float32"),
        (X, "float32", "float32"),
        (X.tolist(), "float64", "float64"),
    ],
)
def test_the_dtype_of_a_run(x: Any, dtype: Any, wanted: str) -> None:
    run = train(x, Y.astype(np.float32), dtype=dtype)
    assert {str(array.dtype) for array in hosted(run)} == {wanted}
    assert str(run.predict(X).dtype) == wanted


def test_a_device_without_float64_takes_float32() -> None:
    pytest.importorskip("array_api_strict")
    run = train(X, Y, backend="strict:no_float64")
    assert {str(array.dtype) for array in hosted(run)} == {"float32"}
    run = train(X, LABELS, bp.MLP([2, 3]), loss=bp.CrossEntropy(), backend="strict:no_x64")
    assert {str(array.dtype) for array in hosted(run)} == {"float32"}


@pytest.mark.parametrize(
    "labels",
    [LABELS, LABELS.astype(np.uint8), LABELS.tolist(), np.eye(3)[LABELS], np.eye(3, dtype=int)[LABELS]],
)
def test_labels_of_every_kind(labels: Any) -> None:
    run = train(X, labels, bp.MLP([2, 3]), loss=bp.CrossEntropy())
    wanted = train(X, LABELS, bp.MLP([2, 3]), loss=bp.CrossEntropy())
    for name in ("loss", "accuracy"):
        assert run.history[name] == pytest.approx(wanted.history[name], rel=1e-12)


def test_booleans_and_whole_numbers_as_targets() -> None:
    for y in (Y.astype(bool), Y.astype(int), Y.tolist()):
        assert same(train(X, y), train())


def test_no_such_backend() -> None:
    with pytest.raises(BackendMissing, match=r'no backend "numpi": installed are .*Did you mean "numpy"\?'):
        train(backend="numpi")
    with pytest.raises(
        BackendUnusable, match=r'backend "numpy:gpu" cannot be used here: NumPy has one device, cpu'
    ):
        train(backend="numpy:gpu")


# -- predicting, diverging -----------------------------------------------------------------------------------


def test_predictions(backend: Any) -> None:
    with backend.reading():
        run = train(backend.array(X), backend.array(Y))
    wanted = backend.host(NET(run.params, backend.array(X)))
    for x in (X, X.tolist(), backend.array(X), X.astype(np.float32)):
        np.testing.assert_allclose(backend.host(run.predict(x)), wanted, rtol=1e-5)
    assert backend.host(run.predict(X[:0])).shape == (0, 1)


@pytest.mark.parametrize("shape", [(2,), (7, 3), (7, 2, 1), ()])
def test_samples_of_another_shape(shape: Any) -> None:
    run = train()
    with pytest.raises(ShapeError) as caught:
        run.predict(np.ones(shape))
    assert str(caught.value) == f"predict wants samples of shape ('n', 2), was given {shape}."


def test_a_rate_that_is_too_high() -> None:
    epochs = itertools.count()
    with np.errstate(all="ignore"), pytest.raises(Diverged) as caught:
        train(
            100 * X,
            X,
            bp.Linear(2),
            loss=bp.SquaredError(),
            optimizer=bp.SGD(10.0),
            epochs=1000,
            progress=lambda *_: next(epochs),
        )
    number = next(epochs) + 1
    assert str(caught.value) == (
        f"the loss became inf in epoch {number}: lower the learning rate (it was 10), or put the features on "
        f"one scale. {caught.value.origin}."
    )
    assert (caught.value.epoch, caught.value.rate) == (number, 10.0)
