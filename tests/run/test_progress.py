"""Progress: a bar where there is a terminal, lines elsewhere, silence on request, or a function."""

from __future__ import annotations

import io
import sys
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.run.progress import AUTO, progress_bar, shown
from bpcore.words.errors import OptionError


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def fit(**options: Any) -> Any:
    x = np.asarray([[0.0], [1.0]])
    return bp.fit(bp.Linear(1), (x, x), loss=bp.SquaredError(), optimizer=bp.SGD(0.1), epochs=3, **options)


def test_a_function_is_called_after_each_epoch() -> None:
    calls: list[Any] = []
    run = fit(progress=lambda epoch, epochs, row: calls.append((epoch, epochs, dict(row))), validation=0.5)
    assert [call[:2] for call in calls] == [(1, 3), (2, 3), (3, 3)]
    assert [call[2] for call in calls] == [
        {name: values[i] for name, values in run.history.items()} for i in range(3)
    ]


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(AUTO, raising=False)


def test_lines_without_a_terminal_by_themselves(capfd: Any) -> None:
    fit()
    out, err = capfd.readouterr()
    assert out == ""
    assert [line.split("  ")[0] for line in err.splitlines()] == ["epoch 1/3", "epoch 2/3", "epoch 3/3"]


def test_silence_on_request(capfd: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fit(progress=None)
    monkeypatch.setenv(AUTO, "none")
    fit()
    monkeypatch.setattr(sys, "stderr", None)  # as where there is no console
    monkeypatch.delenv(AUTO)
    fit()
    assert capfd.readouterr() == ("", "")


def test_what_auto_is_can_be_said(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv(AUTO, "lines")
    fit()
    assert terminal.getvalue().startswith("epoch 1/3  loss ")
    monkeypatch.setenv(AUTO, "line")
    with pytest.raises(OptionError, match="BPCORE_PROGRESS must be one of bar, lines, none, was given"):
        fit()


@pytest.mark.parametrize("stream", [False, True])
def test_within_a_long_epoch_it_moves(stream: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001
    from bpcore.run import progress, training

    monkeypatch.setattr(training, "APART", 0.0)
    monkeypatch.setattr(progress, "MINUTE", 0.0)
    x = np.linspace(0.0, 1.0, 8)[:, None]
    data: Any = (lambda: [(x[:4], x[:4]), (x[4:], x[4:])]) if stream else (x, x)
    how: dict[str, Any] = {"loss": bp.SquaredError(), "optimizer": bp.SGD(0.1), "epochs": 2, "batch_size": 2}
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    bp.fit(bp.Linear(1), data, progress="lines", **how, compiled=False)
    assert f"epoch 1  {'4 samples' if stream else '4 of 8 samples'}" in terminal.getvalue()


def test_the_bar_moves_within_an_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress_bar(4) as bar:
        bar(1, 4, {"loss": 1.0})
        assert bar.within is not None
        bar.within(2, 1500, 3000)
    assert "loss 1  1,500 of 3,000 samples" in terminal.getvalue()


def test_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    fit()
    assert "epoch" in terminal.getvalue()
    assert "3/3" in terminal.getvalue()
    assert "loss" in terminal.getvalue()
    assert capfd.readouterr().out == ""


def test_no_bar_on_a_terminal_when_not_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    fit(progress=None)
    assert terminal.getvalue() == ""


def test_the_bar_moves_and_names_every_quantity(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress_bar(4) as advance:
        for epoch in range(1, 5):
            advance(epoch, 4, {"loss": 1 / epoch, "validation_accuracy": 0.5})
    assert "4/4" in terminal.getvalue()
    assert "loss 0.25" in terminal.getvalue()
    assert "validation accuracy 0.5" in terminal.getvalue()


def test_the_bar_shows_the_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress_bar(2, lambda: 0.125) as advance:
        advance(1, 2, {"loss": 1.0})
        advance(2, 2, {"loss": 1.0})
    assert "rate 0.125" in terminal.getvalue()


def test_lines_where_there_is_no_terminal(capfd: Any) -> None:
    with shown("lines", 50, lambda: 0.01, made=20) as show:
        for epoch in range(21, 51):
            show(epoch, 50, {"loss": 1 / epoch, "validation_loss": 2.0})
    found = capfd.readouterr().err.splitlines()
    assert [line.split()[1] for line in found] == [f"{n}/50" for n in (25, 30, 35, 40, 45, 50)]
    assert found[-1] == "epoch 50/50  loss 0.02  validation loss 2  rate 0.01  0 s left"


def test_the_bar_ends_when_training_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cursor is given back."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with pytest.raises(ZeroDivisionError), shown("auto", 3):
        raise ZeroDivisionError
    assert terminal.getvalue().count("\x1b[?25l") == terminal.getvalue().count("\x1b[?25h")


def test_a_word_that_is_none() -> None:
    with pytest.raises(OptionError) as caught:
        fit(progress="atuo")
    assert (
        str(caught.value)
        == "progress must be one of auto, bar, lines, was given 'atuo'. Did you mean \"auto\"?"
    )
