"""How batches reach a device: gathered by the step itself, or brought one ahead; the numbers are the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.program.compiled import Compiled
from bpcore.run.feeding.epochs import Epochs
from bpcore.run.feeding.gathering import gathering
from bpcore.run.feeding.place import Place
from bpcore.run.feeding.staging import staged
from bpcore.run.files.checkpoints import Keeper
from bpcore.words.trees import leaves

X = np.random.default_rng(0).normal(size=(23, 3))
Y = np.sin(X[:, :1])


def fitted(backend: Any, data: Any = (X, Y), **options: Any) -> Any:
    options = {"epochs": 4, "batch_size": 5, "seed": 3, "progress": None, "dtype": "float64"} | options
    net = bp.Chain(bp.Linear(6), bp.Tanh(), bp.Linear(1))
    return bp.fit(net, data, loss=bp.SquaredError(), optimizer=bp.Adam(0.05), backend=backend, **options)


def same(run: Any, other: Any) -> None:
    assert run.history == other.history
    for x, y in zip(leaves(run.params), leaves(other.params), strict=True):
        np.testing.assert_array_equal(np.asarray(x), np.asarray(y))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"batch_size": 23},
        {"batch_size": 1},
        {"batch_size": 12},
        {"validation": 0.3},
        {"sample_weight": np.arange(1.0, 24.0)},
        {"compiled": False},
    ],
)
def test_steps_that_gather_their_batch_make_the_same_numbers(options: dict[str, Any]) -> None:
    gathers = replace(bp.backend("numpy"), gathers=lambda size: True)
    same(fitted(gathers, **options), fitted("numpy", **options))


@pytest.mark.parametrize("steps", [1, 2, 3, 7])
def test_a_run_that_gathers_goes_on_inside_an_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    gathers = replace(bp.backend("numpy"), gathers=lambda size: True)
    write, left = Keeper.write, [3]

    def cut(self: Any, *args: Any) -> None:
        write(self, *args)
        left[0] -= 1
        if not left[0]:
            raise KeyError("cut")

    monkeypatch.setattr(Keeper, "write", cut)
    with pytest.raises(KeyError, match="cut"):
        fitted(gathers, checkpoint=bp.Checkpoint(tmp_path / "a", steps=steps), epochs=20)
    again = fitted(gathers, checkpoint=bp.Checkpoint(tmp_path / "a", steps=steps), epochs=20)
    same(again, fitted("numpy", epochs=20))


@pytest.mark.parametrize(
    ("most", "wanted"),
    [
        (None, [("scan", (4, 5)), ("__call__", (3,))]),
        (3, [("scan", (3, 5)), ("__call__", (5,)), ("__call__", (3,))]),
        (2, [("scan", (2, 5)), ("scan", (2, 5)), ("__call__", (3,))]),
    ],
)
def test_an_epoch_is_one_call_and_one_for_what_is_left_or_as_many_as_may_be(
    monkeypatch: pytest.MonkeyPatch, most: int | None, wanted: list[Any]
) -> None:
    monkeypatch.setattr(Epochs, "most", most)
    calls: list[tuple[str, tuple[int, ...]]] = []
    for name in ("scan", "__call__"):
        f = getattr(Compiled, name)

        def noted(self: Any, *args: Any, name: str = name, f: Any = f) -> Any:
            if len(args) == 4:
                calls.append((name, args[3].shape))
            return f(self, *args)

        monkeypatch.setattr(Compiled, name, noted)
    fitted(replace(bp.backend("numpy"), gathers=lambda size: True), epochs=2)
    assert calls == wanted * 2


def test_the_data_are_carried_and_not_copied_by_numpy() -> None:
    numpy = replace(bp.backend("numpy"), gathers=lambda size: True)
    step = bp.compile(lambda p, s, batch: (p - batch[0], s, {"loss": batch[0][0]}), carry=2, backend=numpy)
    gathered = gathering(step, (X[:, 0],), numpy)
    assert gathered is not None
    rows = np.asarray([1, 2])
    params, state, data, report = gathered(np.zeros(2), np.zeros(()), (X[:, 0].copy(),), rows)
    assert report["loss"] == X[1, 0]
    np.testing.assert_array_equal(data[0], X[:, 0])
    *_, report = gathered(params, state, data, rows + 1)
    assert report["loss"] == X[2, 0]


def test_what_is_asked_of_a_step_is_asked_of_the_one_that_gathers() -> None:
    def step(params: Any, state: Any, batch: Any) -> Any:
        return params, state, batch

    step.precision = "bfloat16"  # type: ignore[attr-defined]
    numpy = replace(bp.backend("numpy"), gathers=lambda size: True)
    compiled = bp.compile(step, carry=2, backend=numpy, uncompilable="eager", deterministic=False)
    gathered = gathering(compiled, (X,), numpy)
    assert gathered is not None
    assert gathered.precision == gathered.f.precision == "bfloat16"  # type: ignore[attr-defined]
    assert (gathered.backend, gathered.uncompilable, gathered.deterministic) == (numpy, "eager", False)


def test_a_backend_is_asked_with_the_bytes_of_the_data() -> None:
    asked: list[int] = []
    backend = replace(bp.backend("numpy"), gathers=lambda size: bool(asked.append(size)))
    fitted(backend)
    assert asked == [23 * 3 * 8 + 23 * 8]
    assert gathering(lambda *_: None, (X,), backend) is None


def stream() -> Iterator[tuple[Any, Any]]:
    for start in range(0, 23, 7):
        yield X[start : start + 7], Y[start : start + 7]


@pytest.mark.parametrize("batch_size", [None, 5, 4])
def test_batches_of_a_stream_that_are_brought_ahead_make_the_same_numbers(batch_size: int | None) -> None:
    strict, brought = bp.backend("strict:device1"), []

    def stage(batches: Iterable[Any]) -> Iterator[Any]:
        for batch in batches:
            assert all(type(x) is np.ndarray for x in batch)
            brought.append(len(batch[0]))
            yield tuple(strict.asarray(x) for x in batch)

    options: dict[str, Any] = {"batch_size": batch_size, "epochs": 2}
    run = fitted(replace(strict, stage=stage), stream, **options)
    assert brought == {None: [7, 7, 7, 2], 5: [5, 5, 5, 5, 3], 4: [4, 4, 4, 4, 4, 3]}[batch_size] * 2
    other = fitted("strict:device1", stream, **options)
    assert run.history == other.history
    for x, y in zip(leaves(run.params), leaves(other.params), strict=True):
        np.testing.assert_array_equal(strict.to_host(x), strict.to_host(y))


def test_pieces_that_are_on_the_device_already_stay_there() -> None:
    strict = replace(bp.backend("strict:device1"), stage=iter)
    place = Place.of(strict.asarray(X), strict, "float32")
    assert staged(place, strict.asarray(X)) == (place, iter)
    for x in (X, X.tolist()):
        at, stage = staged(place, x)
        assert at.backend.name == "numpy"
        assert at.dtype == np.float32
        assert stage is iter
    assert staged(replace(place, backend=bp.backend("strict:device1")), X)[1] is iter
