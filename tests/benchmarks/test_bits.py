"""In double precision NumPy's compiled step is the eager one, to the last bit, over a whole training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmarks.peers.ours import training_step
from benchmarks.peers.workloads import WORKLOADS, data_of
from bpcore.program.compiled import compile as compile_
from bpcore.words.trees import leaves


@pytest.mark.parametrize("name", ["W1", "W2"])
def test_in_double_precision_a_step_keeps_its_bits(name: str) -> None:
    workload = WORKLOADS[name]
    data = data_of(workload)
    step, optimizer = training_step(workload)
    params = [{"weight": weight, "bias": bias} for weight, bias in data.weights]
    layers = [part for layer in params for part in (layer, {})]
    eager: Any = [layers if workload.last != "identity" else layers[:-1]]
    eager.append(optimizer.init(eager[0]))
    compiled, carried = compile_(step, carry=2), list(eager)
    for x, y in zip(*(np.concatenate([part] * 5)[:500] for part in data[:2]), strict=True):
        *eager, wanted = step(*eager, (x, y))
        *carried, loss = compiled(*carried, (x, y))
        assert loss == wanted
    for got, expected in zip(leaves(carried), leaves(eager), strict=True):
        np.testing.assert_array_equal(got, expected)
