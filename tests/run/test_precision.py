"""Runs in each precision: accuracy, checkpoints to the byte, skipped steps, and what is said of it."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.machine.loss_scale import LEAST
from bpcore.run.files.checkpoint_file import read_checkpoint
from bpcore.words.errors import Diverged, FileError, OptionError
from bpcore.words.trees import leaves
from tests.run.trials import CARRYING, NET, OPTIONS, X, Y, file_of, fit, stopped_at

HALVES = {
    ("numpy", "float16"),
    ("torch", "bfloat16"), ("torch", "float16"),
    ("jax", "bfloat16"), ("jax", "float16"),
}  # fmt: skip
SCALE = bp.LossScale(init_scale=2.0**20, growth_interval=5)
"""One that overflows at first, and grows again within a small run."""


def test_digits_are_learnt_as_well_as_in_float32(backend: Any) -> None:
    library = backend.backend.library
    words = [word for where, word in sorted(HALVES) if where == library]
    if not words:
        pytest.skip("no 16 bits there")
    data = bp.datasets.digits()
    x, y = (np.asarray(data.x, np.float32) - 4.9) / 6.0, np.asarray(data.y).reshape(-1)
    how: dict[str, Any] = {
        "loss": bp.CrossEntropy(),
        "optimizer": bp.Adam(0.005),
        "epochs": 5,
        "batch_size": 64,
    }
    how |= {"validation": 0.25, "backend": library, "progress": None}
    reached = {
        word: bp.fit(bp.MLP([64, 32, 10], activation="relu"), (x, y), precision=word, **how).history
        for word in ("float32", *words)
    }
    wanted = reached["float32"]["validation_accuracy"][-1]
    assert wanted > 0.93
    for word in words:
        assert reached[word]["validation_accuracy"][-1] >= wanted - 0.01
        assert ("skipped" in reached[word]) == (word == "float16")


def test_the_history_tells_scale_and_skipped_steps() -> None:
    run = bp.fit(CARRYING, (X, Y), precision="float16", loss_scale=SCALE, **OPTIONS)
    assert run.precision == "float16"
    skipped, scales = run.history["skipped"], run.history["loss_scale"]
    assert skipped[0] > 0
    assert {*skipped} <= {0.0, 1.0, 2.0, 3.0}
    assert scales[0] < 2.0**20
    assert len(scales) == len(skipped) == 8
    assert all(x.dtype == np.float32 for x in leaves(run.params))


@pytest.mark.parametrize("epoch", [2, 5])
def test_stopped_and_gone_on_to_the_same_bytes(epoch: int, tmp_path: Path) -> None:
    options: dict[str, Any] = {"net": CARRYING, "precision": "float16", "loss_scale": SCALE}
    alone = fit(tmp_path / "alone", **options)
    stopped_at(epoch, tmp_path / "c", **options)
    held = read_checkpoint(tmp_path / "c")["state"]
    assert float(held["loss_scale"]) < SCALE.init_scale
    assert "steady" in held
    run = fit(tmp_path / "c", **options)
    assert run.history == alone.history
    assert len({*alone.history["loss_scale"]}) > 1
    assert file_of(run, tmp_path / "a") == file_of(alone, tmp_path / "b")
    ends = [read_checkpoint(tmp_path / name)["state"] for name in ("c", "alone")]
    assert all(a.tobytes() == b.tobytes() for a, b in zip(*map(leaves, ends), strict=True))


def test_a_checkpoint_is_of_its_precision(tmp_path: Path) -> None:
    fit(tmp_path / "c", precision="float16")
    for more, said in (
        ({}, "precision is float16 there, float32 here"),
        (
            {"precision": "float16", "loss_scale": SCALE},
            "loss_scale.init_scale is 65536.0 there, 1048576.0 here",
        ),
    ):
        with pytest.raises(FileError, match=re.escape(said)):
            fit(tmp_path / "c", **more)


def spoilt(rows: int) -> Any:
    """Return samples of which some are beyond float16: their steps are skipped, whatever the scale."""
    x = X.copy()
    x[:rows] *= 1e6
    return x


def test_a_skipped_step_stops_no_run() -> None:
    options = OPTIONS | {"validation": None, "epochs": 4, "batch_size": 10}
    run = bp.fit(NET, (spoilt(1), Y), precision="float16", **options)
    assert run.history["skipped"] == [1.0] * 4
    assert np.isfinite(run.history["loss"]).all()
    assert run.history["loss_scale"][-1] in {2.0**13, 2.0**12}
    whole = bp.fit(NET, (spoilt(1), Y), precision="float32", **options)
    assert np.isfinite(whole.history["loss"]).all()


def test_a_run_that_only_skips_is_stopped() -> None:
    options = OPTIONS | {"validation": None, "epochs": 60, "batch_size": None}
    with pytest.raises(Diverged, match="the loss became") as told:
        bp.fit(NET, (spoilt(3), Y), precision="float16", **options)
    assert "net Linear(3): matmul" in str(told.value) or "astype" in str(told.value)
    assert told.value.epoch == 1


class Steep(bp.Layer):
    """Its output is that of the identity; its gradient is infinite."""

    def __call__(self, params: Any, x: Any, /) -> Any:
        xp = bp.array_namespace(x)
        return xp.add(x, xp.sqrt(xp.multiply(x, 0.0)))


def test_a_finite_loss_with_no_finite_gradient_ends_at_the_least_scale() -> None:
    scale = bp.LossScale(init_scale=LEAST * 8)
    options = OPTIONS | {"validation": None, "epochs": 60, "batch_size": None}
    net = bp.Chain(bp.Linear(3), Steep())
    with pytest.raises(Diverged, match="no gradient was finite, at the least loss scale, in epoch 4"):
        bp.fit(net, (X, Y), precision="float16", loss_scale=scale, **options)


def test_tf32_is_float32_without_tensor_cores_and_says_so_once() -> None:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        run = bp.fit(NET, (X, Y), precision="tf32", **OPTIONS)
    assert [str(one.message) for one in said] == [
        'precision "tf32" is float32 on numpy: it has no tensor cores.'
    ]
    assert said[0].filename == __file__
    plain = bp.fit(NET, (X, Y), **OPTIONS)
    assert run.history == plain.history
    assert all(
        a.tobytes() == b.tobytes() for a, b in zip(leaves(run.params), leaves(plain.params), strict=True)
    )


def test_data_of_float64_is_computed_in_float32() -> None:
    run = bp.fit(NET, (X.astype("f8"), Y), precision="float16", **OPTIONS)
    assert run.dtype == "float32"
    assert bp.fit(NET, (X.astype("f8"), Y), **OPTIONS).dtype == "float64"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            {"precision": "half"},
            "precision must be one of bfloat16, float16, float32, tf32, was given 'half'.",
        ),
        ({"precision": "bfloat16"}, "precision must be float32, tf32 or float16 with numpy, was given"),
        (
            {"precision": "float16", "backend": "strict"},
            "precision must be float32 or tf32 with strict, was",
        ),
        ({"precision": "float16", "dtype": "float64"}, 'dtype must be "float32" with precision "float16"'),
        ({"loss_scale": SCALE}, 'loss_scale must be None with precision "float32"'),
        (
            {"precision": "float16", "optimizer": bp.LBFGS(), "batch_size": None},
            'precision must be "float32" with LBFGS',
        ),
    ],
)
def test_what_is_refused_before_the_first_step(more: dict[str, Any], said: str) -> None:
    with pytest.raises(OptionError, match=re.escape(said)):
        bp.fit(NET, (X, Y), **OPTIONS | more)


POINTS = np.random.default_rng(0).standard_normal((64, 4)).astype("f4")
LINE: Any = {
    "loss": bp.SquaredError(),
    "epochs": 12,
    "batch_size": 8,
    "progress": None,
    "precision": "float16",
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_skipped_step_is_not_where_a_run_was_lost() -> None:
    huge, y = POINTS.copy(), POINTS[:, :1] + POINTS[:, 1:2]
    huge[5, 0] = 1e6
    well = bp.fit(bp.MLP([4, 8, 1]), (huge, y), optimizer=bp.SGD(0.01), **LINE)
    assert min(well.history["skipped"]) == 1.0
    with pytest.raises(Diverged) as caught:
        bp.fit(bp.MLP([4, 8, 1]), (huge, y), optimizer=bp.SGD(1.5), **LINE)
    origin = caught.value.origin
    assert origin is not None
    assert origin.sample != 5
    assert origin.epoch is not None
    assert origin.epoch > 1
    assert "lower the learning rate" in str(caught.value)


def test_a_run_that_took_no_step_says_so() -> None:
    far = POINTS[:, :1] * 1e5
    with pytest.warns(UserWarning, match="all steps of all 3 epochs were skipped") as told:
        run = bp.fit(
            bp.MLP([4, 8, 1]), (POINTS, far), optimizer=bp.SGD(0.1), **{**LINE, "epochs": 3, "batch_size": 16}
        )
    assert run.history["skipped"] == [4.0] * 3
    assert len(told) == 1
    assert told[0].filename == __file__


def test_a_step_that_was_taken_is_enough() -> None:
    options = {**LINE, "epochs": 2, "loss_scale": bp.LossScale(init_scale=2.0**18)}
    run = bp.fit(bp.MLP([4, 8, 1]), (POINTS, POINTS[:, :1]), optimizer=bp.SGD(0.01), **options)
    assert 1 <= sum(run.history["skipped"]) < 16
