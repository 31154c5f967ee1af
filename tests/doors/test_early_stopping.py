"""``bpcore train --early-stopping``: the run ends when the held-out loss is no longer better."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

import bpcore as bp
from bpcore.doors.material import found_again, loss_over

COMMAND = ("train", "iris", "--rate", "0.3", "--seed", "1", "--early-stopping", "--patience", "4")


def test_it_ends_with_the_best_weights(done: Callable[..., Result], folder: Path) -> None:
    said = done(*COMMAND, "--epochs", 100).stdout
    run = bp.load("iris.safetensors")
    losses = run.history["validation_loss"]
    best = run.extra["best_epoch"]
    assert isinstance(best, int)
    assert best == losses.index(min(losses)) + 1
    assert len(losses) == best + 4 < 100
    material = found_again(run)
    assert material is not None
    assert material.split_known
    assert material.held is not None
    assert loss_over(run, (material.held.x, material.held.y)) == pytest.approx(min(losses), rel=1e-5)
    assert f"held-out loss      {min(losses):.6g}\n" in said
    assert f"{best + 4} epochs, the weights are those of epoch {best}\n" in said


def test_what_is_kept_repeats_it(done: Callable[..., Result], folder: Path) -> None:
    done(*COMMAND, "--epochs", 30, "--min-delta", "0.01", "--quiet", "--save", "a.safetensors")
    command = bp.load("a.safetensors").extra["command"]
    assert isinstance(command, list)
    assert command[0] == "bpcore"
    done(*command[1:], "--quiet", "--save", "b.safetensors")
    one, other = (bp.load(f"{name}.safetensors") for name in "ab")
    assert one.history == other.history
    assert one.extra["best_epoch"] == other.extra["best_epoch"]


def test_it_goes_on_from_a_checkpoint(done: Callable[..., Result], folder: Path) -> None:
    more = ("--quiet", "--save")
    done(*COMMAND, "--epochs", 40, "--checkpoint", "a", *more, "a.safetensors")
    done(*COMMAND, "--epochs", 3, "--checkpoint", "b", *more, "c.safetensors")
    done(*COMMAND, "--epochs", 40, "--checkpoint", "b", *more, "b.safetensors")
    assert Path("a.safetensors").read_bytes() == Path("b.safetensors").read_bytes()


def test_samples_are_held_out_where_the_recipe_holds_none(done: Callable[..., Result], folder: Path) -> None:
    done("train", "spiral", "--early-stopping", "--epochs", 3, "--quiet")
    assert "validation_loss" in bp.load("spiral.safetensors").history
    done("train", "spiral", "--epochs", 3, "--quiet", "--save", "other.safetensors")
    assert "validation_loss" not in bp.load("other.safetensors").history


def test_nothing_held_out(refused: Callable[..., str]) -> None:
    said = refused("train", "iris", "--early-stopping", "--validation", 0)
    assert said == "--validation must be a share above 0 with --early-stopping, was given 0.0."


@pytest.mark.parametrize(("option", "given"), [("--patience", 3), ("--min-delta", 0.5)])
def test_how_without_early_stopping(refused: Callable[..., str], option: str, given: float) -> None:
    assert refused("train", "iris", option, given) == (
        f"{option} must be used with --early-stopping, was given {given}."
    )


def test_a_negative_delta(refused: Callable[..., str]) -> None:
    said = refused("train", "iris", "--early-stopping", "--min-delta", -1)
    assert said == "Invalid value for '--min-delta': -1.0 is not in the range x>=0."
