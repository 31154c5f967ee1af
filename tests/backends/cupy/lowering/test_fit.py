"""Whole trainings on the stand-in device: fit, evaluation, prediction, batches of two sizes, loops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.words.trees import leaves
from tests.backends.cupy.lowering.outside import OnStandIn


def data() -> tuple[Any, Any]:
    draw = np.random.default_rng(3)
    x = draw.normal(size=(50, 6)).astype(np.float64)
    return x, (x[:, 0] + x[:, 1] > 0).astype(np.int64)


NETS = {
    "relu": lambda: bp.MLP([6, 8, 2], activation="relu"),
    "batch norm": lambda: bp.Chain(bp.Linear(8), bp.BatchNorm(), bp.Relu(), bp.Linear(2)),
    "dropout": lambda: bp.Chain(bp.Linear(8), bp.Relu(), bp.Dropout(0.3), bp.Linear(2)),
}


@pytest.mark.parametrize("gathers", [False, True])
@pytest.mark.parametrize("name", NETS)
def test_a_training_ends_where_numpy_s_does(name: str, gathers: Any) -> None:
    stand_in = OnStandIn()
    how: Any = {
        "loss": bp.CrossEntropy(), "optimizer": bp.Adam(1e-2), "epochs": 3, "batch_size": 16, "seed": 0,
        "validation": 0.2,
    }  # fmt: skip
    found = bp.fit(NETS[name](), data(), backend=stand_in.backend(gathers=gathers), **how)
    wanted = bp.fit(NETS[name](), data(), backend="numpy", **how)
    for a, b in zip(leaves(found.params), leaves(wanted.params), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-9)
    assert found.history.keys() == wanted.history.keys()
    for name_, values in wanted.history.items():
        np.testing.assert_allclose(found.history[name_], values, rtol=1e-7)
    np.testing.assert_allclose(found.predict(data()[0]), wanted.predict(data()[0]), rtol=1e-7)
    assert stand_in.device.launches > 6
    assert not stand_in.products.library.wrong


def _drawn() -> dict[str, tuple[Callable[[], Any], Any, dict[str, Any]]]:
    draw = np.random.default_rng(4)
    x, y = data()
    places, pictures = draw.integers(0, 7, (50, 5)), draw.normal(size=(50, 6, 6, 2))
    mlp = NETS["relu"]
    return {
        "clipped": (mlp, (x, y), {"optimizer": bp.Adam(1e-2, clip=bp.clip_by_global_norm(0.1))}),
        "accumulated": (mlp, (x, y), {"optimizer": bp.SGD(1e-2, accumulate=2, averaging=0.9)}),
        "scheduled": (mlp, (x, y), {"optimizer": bp.RAdam(bp.Cosine(1e-2, 20)), "penalty": bp.L2(1e-3)}),
        "weighted": (mlp, (x, y), {"sample_weight": draw.random(50), "loss": bp.Focal()}),
        "embedded": (lambda: bp.Chain(bp.Embedding(7, 4), bp.Flatten(), bp.Linear(2)), (places, y), {}),
        "convolved": (
            lambda: bp.Chain(bp.Conv2D(3, 3), bp.BatchNorm(), bp.Relu(), bp.GlobalAvgPool(), bp.Linear(2)),
            (pictures, y),
            {},
        ),
    }


MORE = _drawn()


@pytest.mark.parametrize("name", MORE)
def test_so_does_one_with_options(name: str) -> None:
    make, given, options = MORE[name]
    stand_in = OnStandIn()
    how: Any = {
        "loss": bp.CrossEntropy(),
        "optimizer": bp.SGD(1e-2),
        "epochs": 2,
        "batch_size": 16,
        "seed": 0,
    }
    found = bp.fit(make(), given, backend=stand_in.backend(gathers=True), **how | options)
    wanted = bp.fit(make(), given, backend="numpy", **how | options)
    for a, b in zip(leaves(found.params), leaves(wanted.params), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-9)
    assert stand_in.device.launches > 6
