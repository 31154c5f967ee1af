"""Checkpoints inside an epoch: a run that is killed there goes on at that batch, to the same bytes."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.run.copies import all_finite
from bpcore.run.feeding import npy_stream
from bpcore.run.files.checkpoint_file import content_of, read_checkpoint
from bpcore.run.files.checkpoints import Keeper, Reached, fingerprint
from bpcore.run.files.interrupts import Stopped
from bpcore.words.errors import DataError, Diverged, FileError, OptionError
from bpcore.words.trees import leaves
from tests.run.trials import CARRYING, NET, OPTIONS, Cut, X, Y, file_of, fit

OFTEN: dict[str, Any] = {"batch_size": 5, "epochs": 3}
"""Eight steps an epoch."""


PIECES = [(X[i : i + 5], Y[i : i + 5]) for i in range(0, 50, 5)]


class Again:
    """Pieces that can be read in every epoch."""

    def __init__(self, pieces: list[Any]) -> None:
        self.pieces = pieces

    def __iter__(self) -> Iterator[Any]:
        return iter(self.pieces)


@pytest.fixture
def dies(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let a run die with the writing of its checkpoint of that number; 0 lets it live."""
    real, left = Keeper.write, [0]

    def write(self: Any, *args: Any) -> None:
        real(self, *args)
        left[0] -= 1
        if left[0] == 0:
            raise Cut

    def at(number: int) -> None:
        left[0] = number

    monkeypatch.setattr(Keeper, "write", write)
    return at


def killed(dies: Any, path: Path, number: int, steps: int = 1, **options: Any) -> dict[str, Any]:
    dies(number)
    with pytest.raises(Cut):
        fit(bp.Checkpoint(path, steps=steps), **options)
    dies(0)
    return read_checkpoint(path)


@pytest.mark.parametrize("number", [1, 7, 8, 9, 19])
@pytest.mark.parametrize("net", [NET, CARRYING], ids=["plain", "carrying"])
def test_it_goes_on_at_that_batch(net: Any, number: int, dies: Any, tmp_path: Path) -> None:
    options = {**OFTEN, "net": net, "optimizer": bp.Adam(bp.OneCycle(0.05, steps=24), averaging=0.9)}
    path = tmp_path / "c"
    alone = fit(tmp_path / "alone", **options)
    found = killed(dies, path, number, **options)
    assert found["epoch"] == number // 8
    assert (found["part"] is None) == (number % 8 == 0)
    if number % 8:
        assert found["part"]["samples"] == [5] * (number % 8)
    run = fit(path, **options)
    assert run.history == alone.history
    assert run.first_loss == alone.first_loss
    assert file_of(run, tmp_path / "a") == file_of(alone, tmp_path / "b")
    pairs = zip(leaves(run.averaged), leaves(alone.averaged), strict=True)
    assert all((a == b).all() for a, b in pairs)


def test_every_some_steps_and_at_the_end(dies: Any, tmp_path: Path) -> None:
    found = killed(dies, tmp_path / "c", 3, steps=4, **OFTEN)
    assert found["epoch"] == 1
    assert found["part"]["samples"] == [5] * 4, "twelve steps are made"
    fit(tmp_path / "c", **OFTEN)
    assert read_checkpoint(tmp_path / "c")["part"] is None


def test_every_some_seconds_inside_an_epoch(dies: Any, tmp_path: Path) -> None:
    dies(2)
    with pytest.raises(Cut):
        fit(bp.Checkpoint(tmp_path / "c", seconds=0), data=Again(PIECES), validation=None, batch_size=None)
    assert read_checkpoint(tmp_path / "c")["part"]["samples"] == [5, 5]


def test_every_some_epochs_is_between_them(dies: Any, tmp_path: Path) -> None:
    dies(1)
    with pytest.raises(Cut):
        fit(bp.Checkpoint(tmp_path / "c", every=1), **OFTEN)
    assert read_checkpoint(tmp_path / "c")["part"] is None


@pytest.mark.parametrize("steps", [0, 1.5, True, "3"])
def test_how_many_steps(steps: Any, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="steps of Checkpoint must be a whole number of steps, 1 or more"):
        bp.Checkpoint(tmp_path / "c", steps=steps)


def test_fewer_epochs_than_were_begun(dies: Any, tmp_path: Path) -> None:
    killed(dies, tmp_path / "c", 9, **OFTEN)
    with pytest.raises(OptionError, match="epochs must be 2 or more"):
        fit(tmp_path / "c", **{**OFTEN, "epochs": 1})


def test_ctrl_c_inside_an_epoch(tmp_path: Path, capfd: Any) -> None:
    path = tmp_path / "c"

    def batches() -> Iterator[Any]:
        for start in range(0, 50, 10):
            if start == 30 and not path.exists():
                signal.raise_signal(signal.SIGINT)
            yield X[start : start + 10], Y[start : start + 10]

    options: dict[str, Any] = {"data": batches, "validation": None, "batch_size": None, "epochs": 2}
    with pytest.raises(Stopped) as caught:
        fit(bp.Checkpoint(path, every=100), **options)
    assert str(caught.value).startswith(f"stopped after step 3 of epoch 1 of 2, saved in {path}: ")
    assert capfd.readouterr().err == "finishing the step, then saving; Ctrl-C again stops at once\n"
    run, alone = fit(path, **options), fit(tmp_path / "alone", **options)
    assert file_of(run, tmp_path / "a") == file_of(alone, tmp_path / "b")


def streams(folder: Path) -> dict[str, Callable[[], Any]]:
    np.save(folder / "x.npy", X)
    np.save(folder / "y.npy", Y)
    table = np.concatenate([X, Y[:, None]], axis=1)
    np.savetxt(folder / "t.csv", table, delimiter=",", header="a,b,c,d,y", comments="")
    holes = (folder / "t.csv").read_text("utf-8").splitlines()
    holes[3], holes[20] = ",1,1,1,0", "1,,1,1,1"
    (folder / "holes.csv").write_text("\n".join(holes), "utf-8")
    return {
        "npy": lambda: bp.datasets.from_npy(folder / "x.npy", folder / "y.npy", rows=7),
        "csv": lambda: bp.datasets.from_csv(folder / "t.csv", rows=7),
        "csv without rows": lambda: bp.datasets.from_csv(folder / "holes.csv", rows=7, fill="drop"),
        "function": lambda: lambda: ((X[i : i + 7], Y[i : i + 7]) for i in range(0, 50, 7)),
        "lists": lambda: Again([(X[i : i + 9].tolist(), Y[i : i + 9].tolist()) for i in range(0, 50, 9)]),
    }


@pytest.mark.parametrize("size", [None, 4])
@pytest.mark.parametrize("name", ["npy", "csv", "csv without rows", "function", "lists"])
def test_streams_go_on_at_that_batch(name: str, size: int | None, dies: Any, tmp_path: Path) -> None:
    data = streams(tmp_path)[name]
    options: dict[str, Any] = {"validation": None, "batch_size": size, "epochs": 2}
    alone = fit(tmp_path / "alone", data=data(), **options)
    for number in (1, 4, 11):
        path = tmp_path / f"{number}"
        killed(dies, path, number, data=data(), **options)
        run = fit(path, data=data(), **options)
        assert file_of(run, tmp_path / "a") == file_of(alone, tmp_path / "b")


def test_what_is_left_out_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bpcore.run.feeding import npy_stream as module

    streams(tmp_path)
    stream, key = bp.datasets.from_npy(tmp_path / "x.npy", tmp_path / "y.npy", rows=10), bp.key(0)
    whole = list(stream.pieces(2, key))
    mixed: list[int] = []
    real = module.mixed
    monkeypatch.setattr(module, "mixed", lambda piece, key: mixed.append(len(piece[0])) or real(piece, key))
    read = sum(len(piece[0]) for piece in whole[:3])
    rest = list(stream.after(2, key, read + 2))
    assert len(mixed) == len(whole) - 3 == 2
    pairs = zip([rest[0], *rest[1:]], [[part[2:] for part in whole[3]], *whole[4:]], strict=True)
    assert all((a == b).all() for one, other in pairs for a, b in zip(one, other, strict=True))


def test_a_stream_that_has_become_shorter(dies: Any, tmp_path: Path) -> None:
    options: dict[str, Any] = {"validation": None, "batch_size": None, "epochs": 1}
    killed(dies, tmp_path / "c", 4, data=Again(PIECES), **options)
    with pytest.raises(DataError, match="ended after 5 samples: the checkpoint is at sample 20 of epoch 1"):
        fit(tmp_path / "c", data=Again(PIECES[:1]), **options)


def test_the_origin_is_told_by_its_own_number(dies: Any, tmp_path: Path) -> None:
    """The steps before the checkpoint are not made again from the parameters that it holds."""
    x, y = X.copy(), Y.copy()
    x[32], y[32] = 3e38, 2  # whose logit becomes -inf
    pieces = Again([(x[i : i + 5], y[i : i + 5]) for i in range(0, 50, 5)])
    options: dict[str, Any] = {"validation": None, "batch_size": None, "epochs": 1}

    def told(path: Any) -> str:
        with pytest.raises(Diverged) as caught:
            fit(path, data=pieces, **options)
        return str(caught.value)

    alone = told(tmp_path / "alone")
    assert "epoch 1, batch 7" in alone
    killed(dies, tmp_path / "c", 4, data=pieces, **options)
    assert told(tmp_path / "c") == alone


def test_a_file_of_the_format_before(tmp_path: Path) -> None:
    path = tmp_path / "c"
    fit(path, epochs=2)
    value = {name: part for name, part in read_checkpoint(path).items() if name != "part"}
    path.write_bytes(content_of(value, number=1))
    run, alone = fit(path, epochs=4), fit(tmp_path / "alone", epochs=4)
    assert run.history == alone.history


def test_on_every_backend(backend: Any, dies: Any, tmp_path: Path) -> None:
    data = backend.array(X[:22], "float32"), backend.array(Y[:22], "int32")
    options: dict[str, Any] = {**OPTIONS, "data": data, "batch_size": 4, "epochs": 2, "validation": None}
    with backend.reading():
        alone = fit(bp.Checkpoint(tmp_path / "alone", steps=2), **options)
        found = killed(dies, tmp_path / "c", 2, steps=2, **options)
        run = fit(bp.Checkpoint(tmp_path / "c", steps=2), **options)
    assert found["part"]["samples"] == [4] * 4
    assert run.history == alone.history
    assert file_of(run, tmp_path / "a") == file_of(alone, tmp_path / "b")


STEEP: dict[str, Any] = {
    "loss": bp.SquaredError(),
    "optimizer": bp.SGD(3.0),
    "validation": None,
    "batch_size": 4,
    "epochs": 12,
}
"""With these a run is lost in its first epoch."""
POINTS = np.random.default_rng(0).normal(size=(64, 4)).astype("f4")
TARGETS = POINTS[:, :1] + POINTS[:, 1:2]


def lost(path: Path | None, **more: Any) -> Diverged:
    options = {**STEEP, "progress": None, **more}
    checkpoint = None if path is None else bp.Checkpoint(path, steps=1)
    with pytest.raises(Diverged) as caught:
        bp.fit(bp.MLP([4, 8, 1]), (POINTS, TARGETS), checkpoint=checkpoint, **options)
    return caught.value


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("precision", ["float32", "float16"])
@pytest.mark.parametrize("compiled", [True, False])
def test_what_is_not_finite_is_not_written_over_what_is(
    tmp_path: Path, precision: str, *, compiled: bool
) -> None:
    path, more = tmp_path / "c", {"precision": precision, "compiled": compiled}
    # in float16 any of the steps that were skipped at the end may be told
    errors = [lost(where, **more) for where in (None, path, path)]
    told = [str(error) if precision == "float32" else str(error).partition("It began")[0] for error in errors]
    assert told == [told[0]] * 3
    assert all_finite(read_checkpoint(path)["params"])
    assert errors[-1].run is not None
    assert all_finite(errors[-1].run.params)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_an_update_that_no_loss_sees_is_not_written(tmp_path: Path) -> None:
    path, huge = tmp_path / "c", {**STEEP, "optimizer": bp.SGD(1e30), "batch_size": None, "epochs": 1}
    for _ in range(2):
        with pytest.raises(Diverged, match="a parameter became"):
            bp.fit(bp.Linear(1), (POINTS * 1e9, TARGETS), checkpoint=path, progress=None, **huge)
        assert not path.exists()


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_ctrl_c_in_an_epoch_that_is_lost_does_not_say_that_it_was_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, real = tmp_path / "c", Reached.sound.fget  # type: ignore[attr-defined]
    pressed: list[int] = []

    def sound(self: Reached) -> bool:
        if not real(self) and not pressed:
            pressed.append(self.steps)
            signal.raise_signal(signal.SIGINT)
        return bool(real(self))

    monkeypatch.setattr(Reached, "sound", property(sound))
    error = lost(path)
    assert pressed
    assert "in epoch 1" in str(error)
    assert "a loss or a parameter became" in str(error)
    assert all_finite(read_checkpoint(path)["params"])


@pytest.mark.parametrize("which", ["x", "validation"])
def test_other_numbers_in_the_files_of_a_stream_are_refused(tmp_path: Path, dies: Any, which: str) -> None:
    files = {name: tmp_path / f"{name}.npy" for name in ("x", "y", "validation", "labels")}
    for name, part in zip(files, (X, Y, X[:20], Y[:20]), strict=True):
        np.save(files[name], part)

    def options() -> dict[str, Any]:
        data = bp.datasets.from_npy(files["x"], files["y"], rows=10, shuffle=False)
        held = bp.datasets.from_npy(files["validation"], files["labels"], rows=10, shuffle=False)
        return {**OFTEN, "data": data, "validation": held}

    killed(dies, tmp_path / "c", 5, **options())
    other = np.load(files[which])
    other[-1, 0] += 1.0  # the first piece is as it was
    np.save(files[which], other)
    with pytest.raises(FileError, match=r"another run: .*stream\.numbers"):
        fit(tmp_path / "c", **options())


def test_of_a_large_file_some_rows_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "y.npy", Y)
    monkeypatch.setattr(npy_stream, "MOST", X.nbytes // 3)
    read: list[int] = []

    def counted(part: Any) -> str:
        read.append(part.shape[0])
        return fingerprint(part)

    monkeypatch.setattr(npy_stream, "fingerprint", counted)
    bp.datasets.from_npy(tmp_path / "x.npy", tmp_path / "y.npy").described()
    assert read[0] == 13  # of 50, each fourth
