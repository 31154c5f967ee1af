"""Checkpoints: a run that is stopped anywhere and goes on ends with the same bytes as one left alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.words.errors import FileError, OptionError
from bpcore.words.trees import leaves
from tests.run.trials import CARRYING, NET, OPTIONS, Cut, Death, Life, X, Y, file_of, fit, stopped_at

SCHEDULES = {
    "adam": bp.Adam(0.01),
    "one cycle": bp.Momentum(bp.OneCycle(0.05, steps=24)),
    "plateau": bp.SGD(bp.ReduceOnPlateau(0.05, patience=0)),
    "average": bp.AdamW(0.01, averaging=0.9),
    "lion": bp.Lion(1e-3),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_stopped_and_gone_on(name: str, tmp_path: Path) -> None:
    options: dict[str, Any] = {"optimizer": SCHEDULES[name], "net": CARRYING if name == "adam" else NET}
    alone = fit(tmp_path / "alone.ckpt", **options)
    for epoch in (1, 4, 8):
        path = tmp_path / f"{epoch}.ckpt"
        stopped_at(epoch, path, **options)
        assert path.exists() == (epoch > 1)
        run = fit(path, **options)
        assert run.history == alone.history
        assert run.first_loss == alone.first_loss
        assert file_of(run, tmp_path / "a") == file_of(alone, tmp_path / "b")
        if alone.averaged is not None:
            pairs = zip(leaves(run.averaged), leaves(alone.averaged), strict=True)
            assert all((a == b).all() for a, b in pairs)


def test_a_run_with_a_checkpoint_is_the_run_without_one(tmp_path: Path) -> None:
    with_one = fit(tmp_path / "c", net=CARRYING)
    without = bp.fit(CARRYING, (X, Y), **OPTIONS)
    assert with_one.history == without.history
    assert all((a == b).all() for a, b in zip(leaves(with_one.params), leaves(without.params), strict=True))
    assert with_one.seconds == 0.0 < without.seconds


def test_more_epochs_later(tmp_path: Path) -> None:
    alone = fit(tmp_path / "alone", epochs=9)
    fit(tmp_path / "c", epochs=4)
    run = fit(tmp_path / "c", epochs=9)
    assert file_of(run, tmp_path / "a") == file_of(alone, tmp_path / "b")
    again = fit(tmp_path / "c", epochs=9)
    assert file_of(again, tmp_path / "a") == file_of(alone, tmp_path / "b")
    with pytest.raises(OptionError, match="epochs must be 9 or more"):
        fit(tmp_path / "c", epochs=8)


def test_early_stopping_goes_on(tmp_path: Path) -> None:
    options: dict[str, Any] = {"epochs": 60, "optimizer": bp.Adam(0.3)}
    alone = bp.EarlyStopping(patience=4)
    wanted = fit(tmp_path / "alone", alone, **options)
    assert alone.best_epoch < alone.stopped < 60
    for epoch in (alone.best_epoch + 1, alone.stopped):
        path = tmp_path / f"{epoch}"
        stopped_at(epoch, path, bp.EarlyStopping(patience=4), **options)
        stopping = bp.EarlyStopping(patience=4)
        run = fit(path, stopping, **options)
        assert (stopping.stopped, stopping.best) == (alone.stopped, alone.best)
        assert file_of(run, tmp_path / "a") == file_of(wanted, tmp_path / "b")
        over = fit(path, bp.EarlyStopping(patience=4), **options)
        assert file_of(over, tmp_path / "a") == file_of(wanted, tmp_path / "b")


def test_a_log_without_double_lines(tmp_path: Path) -> None:
    log = tmp_path / "log"
    path = tmp_path / "c"
    with pytest.raises(Cut):  # it dies after its line was written, before the checkpoint
        bp.fit(
            NET,
            (X, Y),
            checkpoint=bp.Checkpoint(path, every=2),
            **OPTIONS,
            callbacks=[bp.JsonLines(log), Death(6)],
        )
    lines = log.read_text("utf-8").splitlines()
    assert len(lines) == 6
    log.write_text("\n".join(lines) + '\n{"epo', "utf-8")
    bp.fit(NET, (X, Y), checkpoint=path, **OPTIONS, callbacks=[bp.JsonLines(log), Life()])
    rows = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    assert [row["epoch"] for row in rows] == list(range(1, 9))


def test_a_time_limit_has_its_time_again(tmp_path: Path) -> None:
    for made in (1, 2, 3):
        run = fit(tmp_path / "c", bp.TimeLimit(1e-9), epochs=3)
        assert len(run.history["loss"]) == made


def test_streams_go_on(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "y.npy", Y)

    def train(path: Path, epochs: int) -> Any:
        data = bp.datasets.from_npy(tmp_path / "x.npy", tmp_path / "y.npy", rows=20)
        return fit(path, data=data, epochs=epochs, validation=None)

    alone = train(tmp_path / "alone", 6)
    train(tmp_path / "c", 2)
    assert file_of(train(tmp_path / "c", 6), tmp_path / "a") == file_of(alone, tmp_path / "b")


class Scaled(bp.Layer):
    """A layer that is no dataclass."""

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def __call__(self, params: Any, x: Any, /) -> Any:
        return x * self.factor


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"optimizer": bp.Adam(0.02)}, "optimizer.rate is 0.01 there, 0.02 here"),
        ({"optimizer": bp.SGD(0.01)}, "optimizer.kind is Adam there, SGD here"),
        ({"seed": 1}, "seed is 0 there, 1 here"),
        ({"batch_size": 10}, "batch_size is 16 there, 10 here"),
        ({"net": bp.MLP([4, 8, 3])}, "net.kind is Linear there, Chain here"),
        ({"net": bp.Linear(3, bias=False)}, "net.bias is True there, False here"),
        ({"dtype": "float64"}, "dtype is float32 there, float64 here"),
        ({"data": (X + 1, Y)}, "data is "),
        ({"validation": 0.4}, "samples is "),
        ({"sample_weight": np.ones(len(X))}, "weights is False there, True here"),
        ({"net": bp.Chain(Scaled(2.0), NET)}, "net.kind is Linear there, Chain here"),
        ({"penalty": bp.L2(1e-3)}, "penalty is None there, "),
        ({"backend": "strict"}, "backend is numpy there, strict here"),
        ({"params": NET.init(bp.key(7), (4,))}, "start is "),
        ({"balanced": True}, "balanced is False there, True here"),
    ],
)
def test_the_checkpoint_of_another_run(options: Any, said: str, tmp_path: Path) -> None:
    path = tmp_path / "c"
    fit(path, epochs=1)
    before = path.read_bytes()
    with pytest.raises(FileError) as caught:
        fit(path, **options)
    assert "is the checkpoint of another run: " in str(caught.value)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == before


def test_other_callbacks(tmp_path: Path) -> None:
    fit(tmp_path / "c", epochs=1)
    with pytest.raises(FileError, match=r"the number of callbacks is 1 there, 2 here"):
        fit(tmp_path / "c", bp.EarlyStopping())


def test_a_callback_with_other_options(tmp_path: Path) -> None:
    """It would end the run where it was ended before, whatever patience it has now."""
    fit(tmp_path / "c", bp.EarlyStopping(patience=2), epochs=1)
    with pytest.raises(FileError, match=r"callbacks\[1\]\.patience is 2 there, 10 here"):
        fit(tmp_path / "c", bp.EarlyStopping(patience=10))
    fit(tmp_path / "c", bp.EarlyStopping(patience=2), epochs=2)


def test_a_layer_of_ones_own_with_other_options(tmp_path: Path) -> None:
    fit(tmp_path / "c", net=bp.Chain(Scaled(2.0), NET), epochs=1)
    with pytest.raises(FileError, match=r"net\.layers\[0\]\.factor is 2\.0 there, 3\.0 here"):
        fit(tmp_path / "c", net=bp.Chain(Scaled(3.0), NET))
    with pytest.raises(FileError, match=r"the number of net\.layers is 2 there, 3 here"):
        fit(tmp_path / "c", net=bp.Chain(Scaled(2.0), NET, bp.Tanh()))


def test_a_stream_that_is_another(tmp_path: Path) -> None:
    """Its first piece may be the same."""
    table = tmp_path / "t.csv"

    def train(last: str, **options: Any) -> Any:
        table.write_text("a,b\n" + "".join(f"{i % 7},{i / 3}\n" for i in range(40)) + last, "utf-8")
        stream = bp.datasets.from_csv(table, target="b", rows=10, **options)
        how: dict[str, Any] = {"loss": bp.SquaredError(), "optimizer": bp.SGD(0.1), "epochs": 2}
        return bp.fit(bp.Linear(1), stream, checkpoint=tmp_path / "c", **how)

    train("1,2\n")
    with pytest.raises(FileError, match=r"stream\.preparation\.mean\[0\] is "):
        train("9,2\n")
    with pytest.raises(FileError, match=r"stream\.shuffle is True there, False here"):
        train("1,2\n", shuffle=False)
    train("1,2\n")


def test_callbacks_that_only_look_come_and_go(tmp_path: Path) -> None:
    stopping, log = bp.EarlyStopping(patience=50), tmp_path / "log"
    fit(tmp_path / "c", stopping, bp.JsonLines(log), epochs=2)
    fit(tmp_path / "c", bp.TimeLimit(100), bp.EarlyStopping(patience=50), epochs=4)
    run = fit(tmp_path / "c", bp.JsonLines(log), bp.EarlyStopping(patience=50), epochs=6)
    alone = fit(tmp_path / "alone", bp.EarlyStopping(patience=50), epochs=6)
    assert file_of(run, tmp_path / "a") == file_of(alone, tmp_path / "b")
    rows = [json.loads(line)["epoch"] for line in log.read_text("utf-8").splitlines()]
    assert rows == [1, 2, 5, 6], "it was not there in between"


@pytest.mark.parametrize(("every", "written"), [(1, 8), (3, 3), (100, 1), (None, None)])
def test_how_often(
    every: int | None, written: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bpcore.run.files import checkpoints

    calls: list[Any] = []
    real = checkpoints.write_checkpoint

    def counted(*args: Any) -> Any:
        calls.append(args)
        return real(*args)

    monkeypatch.setattr(checkpoints, "write_checkpoint", counted)
    fit(bp.Checkpoint(tmp_path / "c", every=every))
    assert len(calls) == written if written else 1 <= len(calls) <= 24
    calls.clear()
    fit(bp.Checkpoint(tmp_path / "d", seconds=1000))
    assert len(calls) == 1


def test_on_every_backend(backend: Any, tmp_path: Path) -> None:
    data = backend.array(X[:20], "float32"), backend.array(Y[:20], "int32")
    options: dict[str, Any] = {"loss": bp.CrossEntropy(), "optimizer": bp.Adam(0.01), "batch_size": 8}
    with backend.reading():
        alone = bp.fit(NET, data, epochs=3, checkpoint=tmp_path / "alone", **options)
        bp.fit(NET, data, epochs=1, checkpoint=tmp_path / "c", **options)
        run = bp.fit(NET, data, epochs=3, checkpoint=tmp_path / "c", **options)
    assert run.history == alone.history
    assert file_of(run, tmp_path / "a") == file_of(alone, tmp_path / "b")
    assert {type(p) for p in leaves(run.params)} == {type(data[0])}
