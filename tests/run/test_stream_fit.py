"""Training on streams, and with batches in which the classes take turns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.parts.keys import key
from bpcore.run.feeding.balance import Balanced
from bpcore.words.errors import BpcoreError, DataError, OptionError
from bpcore.words.trees import leaves

DRAW = np.random.default_rng(0)
X = DRAW.normal(size=(60, 3))
Y = X @ np.asarray([[1.0], [2.0], [-1.0]])


def fit(data: Any, **options: Any) -> Any:
    given: dict[str, Any] = {"loss": bp.SquaredError(), "optimizer": bp.SGD(0.1), "epochs": 3}
    return bp.fit(bp.Linear(1), data, **{**given, **options})


def by_hand(batches: list[tuple[Any, Any]], epochs: int) -> Any:
    """Return the weights that plain descent on these batches gives, from the start that `fit` takes."""
    net = bp.Linear(1)
    weights = net.init(bp.split(bp.key(0), 3)[0], (3,), dtype=np.float64)
    w, b = np.array(weights["weight"]), np.array(weights["bias"])
    for _ in range(epochs):
        for x, y in batches:
            error = x @ w + b - y
            w = w - 0.1 * 2 * x.T @ error / len(x)
            b = b - 0.1 * 2 * error.mean(axis=0)
    return w, b


def in_pieces(*sizes: int) -> list[tuple[Any, Any]]:
    ends = np.cumsum(sizes)
    return [(X[end - size : end], Y[end - size : end]) for size, end in zip(sizes, ends, strict=True)]


PIECES = in_pieces(7, 20, 13, 20)


@pytest.mark.parametrize(
    ("batch_size", "batches"), [(None, PIECES), (25, in_pieces(25, 25, 10)), (4, in_pieces(*[4] * 15))]
)
def test_batches_of_a_stream(batch_size: int | None, batches: list[Any]) -> None:
    run = fit(lambda: iter(PIECES), batch_size=batch_size)
    w, b = by_hand(batches, 3)
    assert run.params["weight"] == pytest.approx(w)
    assert run.params["bias"] == pytest.approx(b)
    assert len(run.history["loss"]) == 3


def test_an_iterable_and_a_generator() -> None:
    class Loader:
        def __iter__(self) -> Iterator[Any]:
            return iter(PIECES)

    wanted = fit(lambda: iter(PIECES))
    assert (fit(Loader()).params["weight"] == wanted.params["weight"]).all()
    once = fit((piece for piece in PIECES), epochs=1)
    assert (once.params["weight"] == fit(Loader(), epochs=1).params["weight"]).all()


def test_a_stream_with_held_out_samples_and_callbacks() -> None:
    stopping = bp.EarlyStopping(patience=2)
    run = fit(lambda: iter(PIECES), validation=(X, Y), metrics=["r2"], callbacks=[stopping], epochs=50)
    assert run.history["validation_r2"][-1] > 0.99
    assert len(run.history["validation_loss"]) == 50 or stopping.stopped


def test_held_out_samples_may_be_a_stream() -> None:
    wanted = fit((X, Y), validation=(X, Y), metrics=["r2"], batch_size=20)
    found = fit((X, Y), validation=lambda: iter(PIECES), metrics=["r2"], batch_size=20)
    assert sorted(found.history) == sorted(wanted.history)
    for name, values in wanted.history.items():
        assert found.history[name] == pytest.approx(values, rel=1e-12)


@pytest.mark.parametrize(
    ("validation", "said"),
    [
        ((piece for piece in PIECES), "validation must be something that can be read in every epoch"),
        (lambda: iter([]), "the stream of held-out samples is empty"),
        (lambda: iter([(X[:, :2], Y)]), "x of the validation data wants samples of shape (3,)"),
    ],
)
def test_held_out_streams_that_are_none(validation: Any, said: str) -> None:
    with pytest.raises(BpcoreError) as caught:
        fit((X, Y), validation=validation)
    assert said in str(caught.value)


W = np.concatenate([np.zeros(7), DRAW.uniform(0, 2, 53)])
"""The first piece counts for nothing."""


@pytest.mark.parametrize("size", [None, 25])
def test_weights_come_with_their_batches(size: int | None) -> None:
    """In one batch they are those of arrays; in pieces those of the same pieces as arrays."""
    ends = np.cumsum([len(x) for x, _ in PIECES])
    pieces = [(x, y, W[end - len(x) : end]) for (x, y), end in zip(PIECES, ends, strict=True)]
    whole = [tuple(np.concatenate(parts) for parts in zip(*pieces, strict=True))]
    wanted = fit((X, Y), sample_weight=W, validation=(X, Y, W))
    found = fit(lambda: iter(whole), validation=lambda: iter(pieces))
    assert found.params["weight"] == pytest.approx(wanted.params["weight"], rel=1e-14)
    assert found.history["loss"] == wanted.history["loss"]
    assert found.history["validation_loss"] == pytest.approx(wanted.history["validation_loss"], rel=1e-12)
    cut = [tuple(part[i : i + 25] for part in whole[0]) for i in (0, 25, 50)] if size else pieces
    one, other = fit(lambda: iter(pieces), batch_size=size), fit(lambda: iter(cut))
    assert (one.params["weight"] == other.params["weight"]).all()
    assert (one.params["weight"] != fit(lambda: iter(PIECES), batch_size=size).params["weight"]).any()


def test_classes_are_weighed_piece_by_piece() -> None:
    labels = (Y[:, 0] > 0).astype("int64")
    weights = W[::-1].copy()
    options: dict[str, Any] = {"loss": bp.CrossEntropy(), "optimizer": bp.SGD(0.1), "epochs": 3}
    by_class = {1: 3.0}
    wanted = bp.fit(bp.Linear(2), (X, labels), sample_weight=weights, class_weight=by_class, **options)
    found = bp.fit(bp.Linear(2), lambda: iter([(X, labels, weights)]), class_weight=by_class, **options)
    assert (found.params["weight"] == wanted.params["weight"]).all()
    plain = bp.fit(bp.Linear(2), lambda: iter([(X, labels)]), class_weight=[1.0, 3.0], **options)
    other = bp.fit(bp.Linear(2), (X, labels), class_weight=[1.0, 3.0], **options)
    assert (plain.params["weight"] == other.params["weight"]).all()


def test_weights_in_a_file(tmp_path: Path) -> None:
    for name, part in (("x", X), ("y", Y), ("w", W)):
        np.save(tmp_path / f"{name}.npy", part)
    x, y, w = (tmp_path / f"{name}.npy" for name in "xyw")
    run = fit(bp.datasets.from_npy(x, y, sample_weight=w, rows=60, shuffle=False))
    assert run.history == fit((X, Y), sample_weight=W).history
    mixed = next(iter(bp.datasets.from_npy(x, y, sample_weight=w, rows=30).pieces(1, key(0))))
    rows = [X.tolist().index(row) for row in mixed[0].tolist()]
    assert (mixed[2] == W[rows]).all()
    np.save(w, W[1:])
    with pytest.raises(BpcoreError, match="59"):
        bp.datasets.from_npy(x, y, sample_weight=w)


def test_a_file_larger_than_what_is_read_of_it(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    x = draw.normal(size=(400, 2))
    kinds = np.where(x[:, 0] > 0.3, "high", "low")
    rows = [f"{a:.4f},{b:.4f},{kind}" for (a, b), kind in zip(x, kinds, strict=True)]
    (tmp_path / "t.csv").write_text("a,b,kind\n" + "\n".join(rows), "utf-8")
    stream = bp.datasets.from_csv(tmp_path / "t.csv", rows=50)
    run = bp.fit(
        bp.MLP([2, 8, 1]), stream, loss=bp.BinaryCrossEntropy(), optimizer=bp.Adam(0.05),
        batch_size=20, epochs=10,
    )  # fmt: skip
    assert run.history["accuracy"][-1] > 0.95
    inputs = stream.preparation.inputs(np.asarray([[2.0, 0.0], [-2.0, 0.0]]))
    assert [float(p) > 0 for p in run.predict(inputs)[:, 0]] == [False, True]
    assert stream.preparation.classes == ("high", "low")


def test_on_every_backend(backend: Any, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "y.npy", Y)
    stream = bp.datasets.from_npy(tmp_path / "x.npy", tmp_path / "y.npy", rows=16)
    name = backend.backend.name
    options: dict[str, Any] = {"batch_size": 10, "dtype": "float32"}
    with backend.reading():
        run = fit(stream, backend=backend.backend, **options)
    wanted = fit(stream, **options)
    for found, other in zip(leaves(run.params), leaves(wanted.params), strict=True):
        assert backend.host(found) == pytest.approx(other, rel=1e-4, abs=1e-5), name


@pytest.mark.parametrize(
    ("data", "options", "said"),
    [
        ((piece for piece in PIECES), {}, "data must be something that can be read in every epoch"),
        (lambda: iter(PIECES), {"validation": 0.2}, "A share of it cannot be held out"),
        (lambda: iter(PIECES), {"optimizer": bp.LBFGS()}, "It wants all samples in a step"),
        (lambda: iter(PIECES), {"balanced": True}, "balanced must be left out with a stream"),
        (lambda: iter(PIECES), {"sample_weight": np.ones(60)}, "Yield (x, y, weights) instead."),
        (lambda: iter(PIECES), {"class_weight": "balanced"}, "a mapping, or a weight for each class, with"),
        (lambda: iter([(X, Y), (X, Y, np.ones(60))]), {}, "batches with weights and batches without"),
        (lambda: iter([(X, Y, np.ones(60)), (X, Y)]), {}, "batches with weights and batches without"),
        (lambda: iter([(X, Y, np.ones(59))]), {}, "weights of the stream wants 60 weights, one a sample"),
        (lambda: iter([(X, Y, -np.ones(60))]), {}, "weights of the stream holds -1 at index 0"),
        (lambda: iter([]), {}, "ended before its first piece"),
        (lambda: iter([(X, Y), (X[:, :2], Y)]), {}, "samples of shape (3,)"),
        (lambda: iter([(X, Y), (X * np.nan, Y)]), {}, "not finite"),
        (lambda: iter([X]), {}, "must yield pairs (x, y) or triples (x, y, weights)"),
        (lambda: 3, {}, "a function that returned int"),
    ],
)
def test_what_a_stream_cannot_do(data: Any, options: Any, said: str) -> None:
    with pytest.raises(BpcoreError) as caught:
        fit(data, **options)
    assert said in str(caught.value)


# -- classes that take turns ---------------------------------------------------------------------------------

RARE = np.asarray([0] * 90 + [1] * 7 + [2] * 3)


@pytest.mark.parametrize("y", [RARE, (RARE > 0).astype("float64")[:, None]])
def test_every_batch_has_as_many_of_each_class(y: Any) -> None:
    flat = y.reshape(-1)
    classes = len(set(flat.tolist()))
    orders = [np.asarray(Balanced(y).order(key(0), epoch, 100)) for epoch in (1, 2)]
    for order in orders:
        assert order.shape == (100,)
        for start in range(0, 90, 10):
            counts = Counter(flat[order[start : start + 10]].tolist())
            assert len(counts) == classes
            assert max(counts.values()) - min(counts.values()) <= 1
        rare = Counter(i for i in order.tolist() if flat[i] == flat[-1])
        assert max(rare.values()) - min(rare.values()) <= 1
        assert len(rare) == (flat == flat[-1]).sum()
        common = [i for i in order.tolist() if flat[i] == 0]
        assert len(set(common)) == len(common)
    assert orders[0].tolist() != orders[1].tolist()


def test_a_rare_class_is_learnt() -> None:
    draw = np.random.default_rng(0)
    x = draw.normal(size=(300, 2))
    y = (x[:, :1] > 1.9).astype("float64")
    options: dict[str, Any] = {"loss": bp.BinaryCrossEntropy(), "optimizer": bp.Adam(0.02), "batch_size": 20}
    recalls = []
    for balanced in (False, True):
        run = bp.fit(bp.Linear(1), (x, y), epochs=4, balanced=balanced, **options)
        labels = (run.predict(x)[:, 0] > 0).astype("int32")
        recalls.append(float(bp.metrics.recall(y[:, 0].astype("int32"), labels)))
    assert recalls[0] < 0.5
    assert recalls[1] > 0.9


def test_turns_on_every_backend(backend: Any) -> None:
    y = backend.array(RARE, "int32")
    found = Balanced(y).order(key(3, backend=backend.backend), 2, 100)
    assert backend.host(found).tolist() == np.asarray(Balanced(RARE).order(key(3), 2, 100)).tolist()


@pytest.mark.parametrize(
    ("y", "options", "said"),
    [
        (Y, {"batch_size": 10}, "balanced must be False where the targets are no classes"),
        (np.zeros((60, 1)), {"batch_size": 10}, "all samples are of one class"),
        (np.ones((60, 2)), {"batch_size": 10}, "balanced must be False where the targets are no classes"),
        (Y > 0, {}, "balanced must be False without smaller batches"),
        (Y > 0, {"batch_size": 60}, "balanced must be False without smaller batches"),
    ],
)
def test_what_cannot_be_balanced(y: Any, options: Any, said: str) -> None:
    kind = DataError if "one class" in said else OptionError
    with pytest.raises(kind) as caught:
        bp.fit(
            bp.Linear(y.shape[1]),
            (X, y),
            loss=bp.SquaredError(),
            optimizer=bp.SGD(0.1),
            balanced=True,
            **options,
        )
    assert said in str(caught.value)
