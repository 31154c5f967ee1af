"""What a run knows of where it is."""

from __future__ import annotations

from typing import Any

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
