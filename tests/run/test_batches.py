"""Batches: every sample once, in one order on every library."""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.run.feeding.batches import batches, order_of, select, split_off
from bpcore.run.feeding.epochs import Epochs
from bpcore.words.errors import DataError


def data(backend: Any, samples: int) -> Any:
    """Return samples that say their number, and targets that say it again."""
    return (
        backend.array([[float(i), 10.0 * i] for i in range(samples)]),
        backend.array(list(range(samples)), "int32"),
    )


def key_of(backend: Any, seed: int = 0) -> Any:
    return bp.key(seed, backend=backend.backend)


def numbers(backend: Any, batch: Any) -> list[int]:
    """Return which samples these are, and want that x and y belong together."""
    x, y = (backend.host(part) for part in batch)
    np.testing.assert_array_equal(x[:, 0], y)
    np.testing.assert_array_equal(x[:, 1], 10 * y)
    return [int(i) for i in y]


@pytest.mark.parametrize(
    ("samples", "size", "sizes"),
    [(10, 3, [3, 3, 3, 1]), (9, 3, [3, 3, 3]), (5, 1, [1] * 5), (7, 6, [6, 1])],
)
def test_all_samples_once(backend: Any, samples: int, size: int, sizes: list[int]) -> None:
    seen = [numbers(backend, batch) for batch in batches(data(backend, samples), size, key_of(backend), 1)]
    assert [len(batch) for batch in seen] == sizes
    assert sorted([*chain(*seen)]) == list(range(samples))
    assert [*chain(*seen)] != list(range(samples))


@pytest.mark.parametrize("size", [None, 10, 11, 10_000])
def test_one_batch_of_all_is_the_data_themselves(backend: Any, size: int | None) -> None:
    given = data(backend, 10)
    (batch,) = batches(given, size, key_of(backend), 1)
    assert batch[0] is given[0]
    assert batch[1] is given[1]


def test_the_order_is_that_of_numpy(backend: Any) -> None:
    found = [numbers(backend, batch) for batch in batches(data(backend, 11), 4, key_of(backend, 5), 3)]
    order = bp.permutation(bp.fold_in(bp.key(5), 3), 11).tolist()
    assert found == [order[:4], order[4:8], order[8:]]


def test_each_epoch_and_each_seed_has_its_order(backend: Any) -> None:
    given = data(backend, 12)
    orders = set()
    for seed, epoch in ((0, 1), (0, 2), (1, 1), (0, 3)):
        found = batches(given, 5, key_of(backend, seed), epoch)
        orders.add(tuple(chain(*(numbers(backend, batch) for batch in found))))
    assert len(orders) == 4


@pytest.mark.parametrize(
    ("samples", "share", "held"),
    [(10, 0.2, 2), (10, 0.25, 2), (10, 0.01, 1), (10, 0.99, 9), (2, 0.5, 1), (3, 0.5, 2)],
)
def test_a_share_is_split_off(backend: Any, samples: int, share: float, held: int) -> None:
    parts = split_off(data(backend, samples), share, key_of(backend))
    rest, other = (numbers(backend, part) for part in parts)
    assert len(other) == held
    assert sorted(rest + other) == list(range(samples))
    order = bp.permutation(bp.key(0), samples).tolist()
    assert other == order[:held]


def test_one_sample_cannot_be_split(backend: Any) -> None:
    with pytest.raises(DataError) as caught:
        split_off(data(backend, 1), 0.5, key_of(backend))
    assert str(caught.value) == "one sample cannot be split: give validation=(x, y), or none."


def test_selected_samples_keep_dtype_and_device(backend: Any) -> None:
    given = data(backend, 4)
    x, y = select(given, backend.array([2, 0], "int32"))
    assert numbers(backend, (x, y)) == [2, 0]
    assert (x.dtype, x.device, y.dtype, y.device) == (
        given[0].dtype,
        given[0].device,
        given[1].dtype,
        given[1].device,
    )


class Counted(bp.Tanh):
    """Count how often it is called: as often as something is recorded."""

    calls = 0

    def __call__(self, params: Any, x: Any) -> Any:
        Counted.calls += 1
        return super().__call__(params, x)


def test_more_epochs_and_a_ragged_batch_compile_nothing_more() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(50, 2)), rng.integers(0, 2, (50, 1)).astype(float)
    calls = []
    for epochs in (1, 5):
        Counted.calls = 0
        net = bp.Chain(bp.Linear(4), Counted(), bp.Linear(1))
        options = {"loss": bp.BinaryCrossEntropy(), "optimizer": bp.Adam(0.05), "batch_size": 8}
        bp.fit(net, (x, y), epochs=epochs, progress=None, seed=0, **options)
        calls.append(Counted.calls)
    assert calls[0] == calls[1]


def test_an_epoch_draws_its_order_once() -> None:
    """Also where a batch is left over after those that were made in one call."""
    drawn = []

    def order(key: Any, epoch: int, samples: int) -> Any:
        drawn.append(epoch)
        return order_of(key, epoch, samples)

    net, optimizer = bp.MLP([2, 1]), bp.SGD(0.1)
    params = net.init(bp.key(0), (2,))
    step = bp.compile(bp.make_step(net, bp.SquaredError(), optimizer), carry=2)
    x, y = np.ones((11, 2), dtype=np.float32), np.ones((11, 1), dtype=np.float32)
    place = bp.backend("numpy")
    epochs = Epochs(step, params, optimizer.init(params), (x, y), 4, bp.key(1), place, order)
    assert [done.samples for done in epochs.many(3, one_by_one=False)] == [[4, 4, 3]] * 3
    assert drawn == [1, 2, 3]
