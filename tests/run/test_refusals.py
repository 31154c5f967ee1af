"""Refused, because it would go wrong in silence or take what is not ours."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import bpcore as bp
from bpcore.doors.cli import cli
from bpcore.run.files.whole_file import write_whole
from bpcore.words.errors import DataError, FileError, NotDifferentiable


@pytest.mark.parametrize("target", [np.zeros((4, 3)), np.ones((4, 3), dtype=np.int64)])
def test_targets_that_are_no_distribution(target: np.ndarray) -> None:
    with pytest.raises(DataError, match="sum to 1 in each row"):
        bp.fit(
            bp.MLP([2, 3]),
            (np.ones((4, 2)), target),
            loss=bp.CrossEntropy(),
            optimizer=bp.SGD(0.1),
            progress=None,
        )


@pytest.mark.parametrize("key", [[0, 0], ([0, 0],), ((0, 0),), (slice(None), [0, 0])])
def test_lists_as_indices(key: object) -> None:
    xp = bp.namespace("numpy")
    with pytest.raises(NotDifferentiable, match=r"an index that is a (list|tuple) has no rule"):
        bp.grad(lambda x: xp.sum(x[key]))(np.ones((2, 2)))


def test_a_method_that_is_a_function() -> None:
    with pytest.raises(AttributeError, match=r"no attribute 'sum': write xp\.sum\(x\)"):
        bp.grad(lambda x: x.sum())(np.ones(3))


@pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes as files there")
def test_what_is_no_ordinary_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(FileError, match="is no ordinary file"):
        write_whole(pipe, b"")
    assert pipe.is_fifo()


def test_a_network_that_does_not_fit_into_memory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def full(*_: object, **__: object) -> None:
        raise MemoryError("wanted 1 PB")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("bpcore.doors.training.fit", full)
    done = CliRunner().invoke(cli, ["train", "gates", "--quiet"])
    assert done.exit_code == 2
    assert (
        done.stderr
        == "bpcore: error: not enough memory (wanted 1 PB): make the network or the batch smaller\n"
    )
    assert not list(tmp_path.iterdir())
