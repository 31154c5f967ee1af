"""Whole training steps, their kernels as host code; products are NumPy's here. No GPU has a part in it."""

from __future__ import annotations

from typing import Any

import pytest

import bpcore as bp
from tests.backends.cupy.elements.host import Host
from tests.backends.cupy.elements.running import kernels_of, run
from tests.backends.cupy.elements.workloads import OPTIMIZERS, Step, large, small

pytestmark = pytest.mark.usefixtures("compiler")


def _checked(step: Step, close: Any, ulps: float) -> Any:
    kernels = kernels_of(step.program)
    found = run(step.program, step.args, Host(kernels.values()), kernels)
    close(found, step.wanted(), ulps)
    return kernels


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda x: type(x).__name__)
def test_every_optimizer(optimizer: Any, close: Any) -> None:
    kernels = _checked(small(optimizer), close, 64)
    assert "fused" in {equation.function.name for equation in kernels}


@pytest.mark.parametrize("loss", [bp.SquaredError(), bp.BinaryCrossEntropy(), bp.Huber()])
def test_every_loss(loss: Any, close: Any) -> None:
    _checked(small(bp.SGD(0.1), loss), close, 64)


def test_a_step_of_classes_is_few_kernels(close: Any) -> None:
    """Of 20-16-16-10: two activations, the loss, three biases' gradients, Adam's numbers, its pass."""
    kernels = _checked(large(bp.Adam(0.01), (16, 16, 10), 40, 20), close, 200)
    fused = [x for x in kernels if x.function.name == "fused"]
    assert len(fused) == 7
    (adam,) = [x for x in fused if len(kernels[x].shares) == 12]
    assert "sqrtf" in kernels[adam].source
