"""What a run knows of where it is."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

import bpcore as bp


def test_samples_go_where_the_parameters_are(backend: Any) -> None:
    kind = backend.backend.dtype(backend.float)
    net = bp.MLP([2, 3, 2])
    params = net.init(bp.key(0, backend=backend.backend), (2,), dtype=kind)
    loss = bp.CrossEntropy()
    run = bp.Run(net=net, params=params, loss=loss, features=(2,), backend=backend.backend)
    x, y = run.placed(([[1, 2]], [1]))
    first = params[0]["weight"]
    assert (x.dtype, x.device) == (first.dtype, first.device) == (run.place.dtype, y.device)
    assert str(y.dtype).endswith("int32")
    assert run.dtype == backend.float


def pickled(run: bp.Run) -> Any:
    return pickle.loads(pickle.dumps(run))  # noqa: S301 -- its own


@pytest.mark.parametrize("again", [copy.deepcopy, pickled])
def test_a_run_is_pickled_and_copied_with_the_name_of_its_backend(backend: Any, again: Any) -> None:
    net = bp.Chain(bp.Linear(3), bp.BatchNorm(), bp.Linear(1))
    x, y = backend.array([[1.0, 2.0], [3.0, 5.0], [0.0, 1.0], [2.0, 2.0]]), [[0.0], [1.0], [1.0], [0.0]]
    how: dict[str, Any] = {"optimizer": bp.Adam(0.1, averaging=0.9), "epochs": 2, "progress": None}
    with backend.reading():
        run = bp.fit(net, (x, y), loss=bp.SquaredError(), backend=backend.backend, **how)
    other = again(run)
    assert other.backend.name == run.backend.name
    assert other.recipe is None
    assert (other.net, other.loss, other.history) == (run.net, run.loss, run.history)
    assert other.params[0]["weight"].device == run.params[0]["weight"].device
    for one, its in ((run, other), (run.with_averaged(), other.with_averaged())):
        assert (backend.host(its.predict(x)) == backend.host(one.predict(x))).all()
