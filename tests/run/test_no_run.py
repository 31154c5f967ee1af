"""What wants a run, and is given something else, says so in one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.words.errors import DataError, FileError, OptionError

NET = bp.Linear(1)
X = np.ones((4, 2))
DOORS: dict[str, Callable[[Path, Any], object]] = {
    "run of save": bp.save,
    "run of monitor": lambda path, run: bp.monitor(run, (X, X[:, :1])),
    "run of doctor": lambda path, run: bp.doctor(run),
    "run to export": bp.export_c,
    "run of save_torch": bp.save_torch,
}


@pytest.mark.parametrize("name", DOORS)
@pytest.mark.parametrize("given", [NET, "model.safetensors", None])
def test_a_network_is_no_run(name: str, given: Any, tmp_path: Path) -> None:
    its = type(given).__name__
    told = rf"{name} must be a run, as bpcore\.fit or bpcore\.load returns it, was given '{its}'"
    with pytest.raises(OptionError, match=told):
        DOORS[name](tmp_path / "m", given)


def run() -> bp.Run:
    return bp.fit(NET, (X, X[:, :1]), loss=bp.SquaredError(), optimizer=bp.SGD(0.1), epochs=1, progress=None)


def test_a_stream_is_not_looked_at() -> None:
    with pytest.raises(OptionError, match="data of monitor must be samples"):
        bp.monitor(run(), lambda: iter([(X, X)]))


def test_words_are_no_samples() -> None:
    with pytest.raises(DataError, match="x of predict must be real numbers, was given an array of dtype <U1"):
        run().predict([["a", "b"]])


def test_a_model_of_torch_is_no_state_dict() -> None:
    with pytest.raises(OptionError, match=r"a state dict, as model\.state_dict\(\), was given 'object'"):
        bp.load_torch(object(), NET)  # type: ignore[arg-type]


def test_an_archive_is_not_mapped(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", x=X)
    np.save(tmp_path / "y.npy", X)
    with pytest.raises(FileError, match=r"is an archive of arrays \(\.npz\), which is not mapped"):
        bp.datasets.from_npy(tmp_path / "x.npz", tmp_path / "y.npy")
