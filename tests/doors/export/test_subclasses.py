"""Subclasses of the library's layers: what they compute otherwise is not taken for theirs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.doors.export.dense import network_of
from bpcore.doors.export.torch_file import load_torch, save_torch
from bpcore.doors.paper.network import network_subject
from bpcore.doors.treatment import _layers, _mapped
from bpcore.parts.layers import computes_as

X = np.sin(np.arange(24.0, dtype=np.float32)).reshape(8, 3)


class Around(bp.Chain):
    """A chain with a way around it."""

    def __call__(self, params: Any, x: Any, /) -> Any:
        return x + super().__call__(params, x)


class Doubled(bp.Linear):
    """A linear layer that is doubled."""

    def __call__(self, params: Any, x: Any, /) -> Any:
        return 2.0 * super().__call__(params, x)


class Named(bp.Chain):
    """A chain that has a name, and computes as any other."""

    def __init__(self, width: int) -> None:
        super().__init__(bp.Linear(width), bp.Tanh(), bp.Linear(3))


OTHERS = {
    "chain": Around(bp.Linear(3)),
    "chain in a chain": bp.Chain(Around(bp.Linear(3)), bp.Tanh()),
    "linear": bp.Chain(Doubled(3), bp.Tanh()),
}


def run_of(net: Any) -> Any:
    return bp.fit(net, (X, X), loss=bp.SquaredError(), optimizer=bp.SGD(0.01), epochs=1, progress=None)


@pytest.mark.parametrize("name", OTHERS)
def test_what_computes_something_else_is_refused(tmp_path: Path, name: str) -> None:
    run, path = run_of(OTHERS[name]), tmp_path / "net.safetensors"
    with pytest.raises(bp.ExportError):
        save_torch(path, run)
    assert not path.exists()
    with pytest.raises(bp.ExportError):
        network_of(run, prepared=False)
    with pytest.raises(bp.OptionError):
        network_subject(run.net, run.params, X, X, loss=bp.SquaredError())


def test_what_computes_the_same_is_written(tmp_path: Path) -> None:
    run, path = run_of(Named(4)), tmp_path / "net.safetensors"
    save_torch(path, run)
    again = load_torch(path, Named(4))
    np.testing.assert_array_equal(again.predict(X), run.predict(X))
    assert [stage.kind for stage in network_of(run, prepared=False).stages] == ["dense", "tanh", "dense"]


def test_a_change_of_layers_leaves_a_chain_of_ones_own_alone() -> None:
    own = Named(4)
    assert _layers(bp.Chain(own, bp.Relu())) == [own, bp.Relu()]
    changed = _mapped(bp.Chain(own, bp.Relu()), lambda layer: bp.Tanh() if layer == bp.Relu() else layer)
    assert changed == bp.Chain(own, bp.Tanh())


def test_of_several_kinds_one_is_enough() -> None:
    assert computes_as(bp.Linear(3), bp.Chain, bp.Linear)
    assert computes_as(Named(3), bp.Chain)
    assert not computes_as(bp.Linear(3), bp.Chain)
    assert not computes_as(Around(bp.Linear(3)), bp.Chain, bp.Linear)
