"""Callbacks: who is told of an epoch, when a run is ended, and with which parameters."""

from __future__ import annotations

import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.run.callbacks import Callbacks
from bpcore.run.feeding.epochs import Epochs
from bpcore.words.errors import FileError, OptionError
from bpcore.words.trees import leaves, tree_map


def fit(*callbacks: Any, epochs: int = 6, **options: Any) -> Any:
    draw = np.random.default_rng(0)
    x = draw.normal(size=(40, 3))
    y = x @ np.asarray([[1.0], [-2.0], [0.5]]) + 0.1 * draw.normal(size=(40, 1))
    given: dict[str, Any] = {"loss": bp.SquaredError(), "optimizer": bp.SGD(0.05), "validation": 0.25}
    return bp.fit(bp.Linear(1), (x, y), callbacks=callbacks, epochs=epochs, **{**given, **options})


class Recorder:
    def __init__(self) -> None:
        self.calls: list[Any] = []

    def started(self, epochs: int) -> None:
        self.calls.append(("started", epochs))

    def epoch_done(self, epoch: Any) -> None:
        params = [np.array(leaf) for leaf in leaves(epoch.params)]
        self.calls.append((epoch.number, epoch.epochs, dict(epoch.row), epoch.rate, epoch.seconds, params))

    def ended(self) -> None:
        self.calls.append("ended")


def test_each_epoch_is_told_with_its_parameters() -> None:
    recorder = Recorder()
    run = fit(recorder, epochs=3, batch_size=8)
    assert recorder.calls[0] == ("started", 3)
    assert recorder.calls[-1] == "ended"
    epochs = recorder.calls[1:-1]
    assert [call[:2] for call in epochs] == [(1, 3), (2, 3), (3, 3)]
    rows = [{name: values[i] for name, values in run.history.items()} for i in range(3)]
    assert [call[2] for call in epochs] == rows
    assert all(call[3] == 0.05 and call[4] > 0 for call in epochs)
    for made in (1, 2, 3):
        wanted = leaves(fit(epochs=made, batch_size=8).params)
        assert all((a == b).all() for a, b in zip(epochs[made - 1][5], wanted, strict=True))


@pytest.mark.parametrize("options", [{}, {"validation": None}, {"validation": None, "batch_size": 8}])
def test_a_callback_changes_nothing(options: dict[str, Any]) -> None:
    plain, told = fit(epochs=70, **options), fit(Recorder(), epochs=70, **options)
    assert plain.history == told.history
    pairs = zip(leaves(plain.params), leaves(told.params), strict=True)
    assert all((a == b).all() for a, b in pairs)


@pytest.mark.parametrize(
    ("options", "one_by_one"),
    [
        ({}, False),
        ({"progress": "lines"}, False),
        ({"callbacks": [Recorder()]}, True),
        ({"validation": 0.5}, True),
    ],
)
def test_who_looks_at_no_epoch_does_not_pay_for_it(
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch, *, one_by_one: bool
) -> None:
    """Without callbacks a backend may make many epochs in one call."""
    asked: list[bool] = []
    many = Epochs.many

    def spied(self: Epochs, epochs: int, **how: Any) -> Any:
        asked.append(how["one_by_one"])
        return many(self, epochs, **how)

    monkeypatch.setattr(Epochs, "many", spied)
    x = np.ones((4, 1))
    bp.fit(bp.Linear(1), (x, x), loss=bp.SquaredError(), optimizer=bp.SGD(0.1), epochs=2, **options)
    assert asked == [one_by_one]


def test_what_is_true_ends_the_run() -> None:
    class Third:
        def epoch_done(self, epoch: Any) -> bool:
            return epoch.number == 3

    recorder = Recorder()
    run = fit(Third(), recorder)
    assert len(run.history["loss"]) == 3
    assert [call[0] for call in recorder.calls[1:-1]] == [1, 2, 3]


@pytest.mark.parametrize("wrong", [3, Recorder, "EarlyStopping"])
def test_no_callback(wrong: Any) -> None:
    with pytest.raises(OptionError, match="a callback must be an object with one of the methods"):
        fit(wrong)
    with pytest.raises(OptionError, match="callbacks must be a list"):
        Callbacks(Recorder())  # type: ignore[arg-type]


class Script:
    """Plays an EarlyStopping a history."""

    def __init__(self, values: list[float], **options: Any) -> None:
        self.stopping = bp.EarlyStopping("loss", **options)
        self.stopping.started(len(values))
        self.end = 0
        for number, value in enumerate(values, start=1):
            epoch = bp.Epoch(
                number=number, epochs=9, row={"loss": value}, rate=0.1, seconds=0.0,
                params={"w": np.asarray([float(number)])}, state={},
            )  # fmt: skip
            if self.stopping.epoch_done(epoch):
                self.end = number
                break


@pytest.mark.parametrize(
    ("values", "options", "end", "best"),
    [
        ([3, 2, 2.5, 2.4, 2.3], {"patience": 3}, 5, 2),
        ([3, 2, 2.5, 2.4, 1.9, 5], {"patience": 3}, 0, 5),
        ([3, 2.9, 2.8, 2.7], {"patience": 2, "min_delta": 0.5}, 3, 1),
        ([3, 2, math.nan, math.nan], {"patience": 2}, 4, 2),
        ([math.nan, math.nan], {"patience": 2}, 2, 0),
        ([1, 2, 3, 2, 2], {"patience": 2, "mode": "max"}, 5, 3),
    ],
)
@pytest.mark.filterwarnings("ignore:the run was ended. loss was not a number:UserWarning")
def test_when_it_stops(values: list[float], options: Any, end: int, best: int) -> None:
    script = Script([float(value) for value in values], **options)
    assert (script.end, script.stopping.best_epoch, script.stopping.stopped) == (end, best, end)
    ending = script.stopping.ended()
    assert ending is None if not best else ending.params["w"][0] == best


@pytest.mark.parametrize(
    ("monitor", "larger"),
    [("loss", False), ("validation_loss", False), ("validation_mae", False), ("accuracy", True),
     ("validation_f1", True), ("validation_roc_auc", True), ("validation_r2", True)],
)  # fmt: skip
def test_the_name_says_which_way_is_better(monitor: str, *, larger: bool) -> None:
    assert bp.EarlyStopping(monitor).larger is larger


def test_the_best_weights_come_back() -> None:
    """The rate is so high that the loss bursts."""
    stopping = bp.EarlyStopping(patience=3)
    options: dict[str, Any] = {"optimizer": bp.Momentum(0.4), "epochs": 40}
    run = fit(stopping, **options)
    losses = run.history["validation_loss"]
    assert 0 < stopping.stopped < 40
    assert len(losses) == stopping.stopped == stopping.best_epoch + 3
    assert losses[stopping.best_epoch - 1] == min(losses) == stopping.best
    best = fit(**{**options, "epochs": stopping.best_epoch})
    last = fit(**{**options, "epochs": stopping.stopped})
    for found, wanted, other in zip(*(leaves(r.params) for r in (run, best, last)), strict=True):
        assert (found == wanted).all()
        assert not (found == other).all()
    kept = fit(bp.EarlyStopping(patience=3, restore_best=False), **options)
    assert all((a == b).all() for a, b in zip(leaves(kept.params), leaves(last.params), strict=True))


def test_what_layers_carry_comes_back_too() -> None:
    net = bp.Chain(bp.BatchNorm(), bp.Linear(1))
    draw = np.random.default_rng(0)
    data = draw.normal(size=(20, 2)), draw.normal(size=(20, 1))
    options: dict[str, Any] = {"loss": bp.SquaredError(), "validation": 0.3, "optimizer": bp.SGD(1.5)}
    stopping = bp.EarlyStopping(patience=2)
    run = bp.fit(net, data, epochs=30, callbacks=[stopping], **options)
    best = bp.fit(net, data, epochs=stopping.best_epoch, **options)
    assert stopping.stopped
    assert all((a == b).all() for a, b in zip(leaves(run.state), leaves(best.state), strict=True))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"patience": 0}, "patience must be a whole number of epochs"),
        ({"patience": 2.5}, "patience"),
        ({"min_delta": -1}, "min_delta must be a finite number"),
        ({"min_delta": "a"}, "min_delta"),
        ({"mode": "maxx"}, 'Did you mean "max"?'),
    ],
)
def test_options_of_early_stopping(options: Any, said: str) -> None:
    with pytest.raises(OptionError) as caught:
        bp.EarlyStopping(**options)
    assert said in str(caught.value)


def test_a_column_that_is_not_there() -> None:
    with pytest.raises(OptionError, match='Did you mean "validation_loss"'):
        fit(bp.EarlyStopping("validation_los"))


def test_a_column_that_wants_held_out_samples() -> None:
    x = np.ones((4, 2))
    how: dict[str, Any] = {"loss": bp.SquaredError(), "optimizer": bp.SGD(0.1), "progress": None}
    with pytest.raises(OptionError, match=r"was given 'validation_loss'\. Give fit\(validation=\)"):
        bp.fit(bp.Linear(1), (x, x[:, :1]), callbacks=[bp.EarlyStopping()], **how)


def test_a_log_that_has_no_folder_is_refused_before_the_first_epoch(tmp_path: Path) -> None:
    seen: list[Any] = []
    watch = SimpleNamespace(epoch_done=lambda epoch: seen.append(epoch.number))
    with pytest.raises(FileError, match=r"there is no folder .*none\. Make it, or name another"):
        fit(bp.JsonLines(tmp_path / "none" / "log.jsonl"), watch)
    assert seen == []


def test_a_line_that_was_cut_off_is_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    log = bp.JsonLines(path)
    path.write_bytes(b'{"epoch": 1}\n{"epoch": 2}\n{"ep')
    log.resumed(40)
    assert path.read_bytes() == b'{"epoch": 1}\n{"epoch": 2}\n'
    log.resumed(13)
    assert path.read_bytes() == b'{"epoch": 1}\n'


def test_a_line_for_each_epoch(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    run = fit(bp.JsonLines(path), epochs=4)
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4]
    assert [row["loss"] for row in rows] == run.history["loss"]
    assert all(row["rate"] == 0.05 and row["seconds"] > 0 for row in rows)
    fit(bp.JsonLines(path), epochs=2)
    assert len(path.read_text("utf-8").splitlines()) == 2
    fit(bp.JsonLines(path, append=True), epochs=2)
    assert len(path.read_text("utf-8").splitlines()) == 4


def test_a_log_without_numbers_that_json_has_not(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    y = np.asarray([[0.0], [0.0], [0.0], [1.0], [1.0]])
    bp.fit(
        bp.Linear(1), (y, y), loss=bp.BinaryCrossEntropy(), optimizer=bp.SGD(0.1), epochs=1,
        validation=(y[:2], y[:2]), metrics=["roc_auc"], callbacks=[bp.JsonLines(path)],
    )  # fmt: skip
    assert json.loads(path.read_text("utf-8"))["validation_roc_auc"] is None


def test_a_log_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"there is no folder .*none"):
        fit(bp.JsonLines(tmp_path / "none" / "log.jsonl"))


def test_the_clock_ends_a_run() -> None:
    run = fit(bp.TimeLimit(1e-9), epochs=50)
    assert len(run.history["loss"]) == 1
    assert len(fit(bp.TimeLimit(1000), epochs=5).history["loss"]) == 5
    for wrong in (0, -1.0, math.inf, "1"):
        with pytest.raises(OptionError, match="seconds of TimeLimit"):
            bp.TimeLimit(wrong)  # type: ignore[arg-type]


def test_on_every_backend(backend: Any) -> None:
    data = backend.array([[0.0], [1.0], [2.0], [3.0]]), backend.array([[1.0], [3.0], [5.0], [7.0]])
    with backend.reading():
        stopping = bp.EarlyStopping("loss", patience=2)
        run = bp.fit(
            bp.Linear(1), data, loss=bp.SquaredError(), optimizer=bp.SGD(0.05), epochs=5,
            validation=data, metrics=["r2", "mae"], callbacks=[stopping],
        )  # fmt: skip
    assert stopping.best_epoch == 5
    assert len(run.history["validation_r2"]) == len(run.history["validation_mae"]) == 5
    assert tree_map(lambda p: type(p) is type(data[0]), run.params) == {"bias": True, "weight": True}
