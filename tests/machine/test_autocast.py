"""Steps in 16 bits beside ``torch.autocast`` and ``torch.amp.GradScaler``, from the same weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.machine.step import init_step_state

torch = pytest.importorskip("torch")

STEPS, SIZE = 30, 50
NET = bp.Chain(bp.Linear(32), bp.LayerNorm(), bp.Gelu(), bp.Linear(10))
NEAR = {"bfloat16": 2e-2, "float16": 3e-3}
"""How far two ways to round may part: some units in the last place of 8 and of 11 bits."""


def digits() -> tuple[Any, Any]:
    data = bp.datasets.digits()
    x = (np.asarray(data.x, np.float32) - 4.9) / 6.0
    return x[: STEPS * SIZE], np.asarray(data.y).reshape(-1)[: STEPS * SIZE].astype("i4")


def theirs(params: Any, x: Any, y: Any, word: str) -> list[float]:
    """Return the losses of PyTorch."""
    net = torch.nn.Sequential(
        torch.nn.Linear(64, 32), torch.nn.LayerNorm(32), torch.nn.GELU(), torch.nn.Linear(32, 10)
    )
    with torch.no_grad():
        for i in (0, 3):
            net[i].weight.copy_(torch.tensor(np.asarray(params[i]["weight"]).T.copy()))
            net[i].bias.copy_(torch.tensor(np.asarray(params[i]["bias"])))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    scaler = torch.amp.GradScaler("cpu", enabled=word == "float16")
    losses = []
    for i in range(STEPS):
        batch = slice(i * SIZE, (i + 1) * SIZE)
        with torch.autocast("cpu", dtype=getattr(torch, word)):
            loss = torch.nn.functional.cross_entropy(
                net(torch.tensor(x[batch])), torch.tensor(y[batch]).long()
            )
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        losses.append(float(loss.detach()))
    return losses


def ours(params: Any, x: Any, y: Any, word: str) -> list[float]:
    """Return the losses of bpcore on PyTorch."""
    place, optimizer = bp.backend("torch"), bp.SGD(0.1)
    params = bp.fit(  # the same start, brought over
        NET, (x[:SIZE], y[:SIZE]), loss=bp.CrossEntropy(), optimizer=bp.SGD(0.0), epochs=1, params=params,
        backend=place, progress=None,
    ).params  # fmt: skip
    scaling = bp.LossScale() if word == "float16" else None
    state = init_step_state(NET, optimizer, params, (64,), bp.key(0, backend=place), loss_scale=scaling)
    step = bp.compile(bp.make_step(NET, bp.CrossEntropy(), optimizer, precision=word), carry=2)
    losses = []
    for i in range(STEPS):
        batch = slice(i * SIZE, (i + 1) * SIZE)
        params, state, report = step(params, state, (place.asarray(x[batch]), place.asarray(y[batch])))
        losses.append(float(report["loss"]))
    return losses


@pytest.mark.parametrize("word", NEAR)
def test_the_same_losses(word: str) -> None:
    x, y = digits()
    params = NET.init(bp.key(3), (64,))
    wanted, found = theirs(params, x, y, word), ours(params, x, y, word)
    assert wanted[-1] < 0.5 * wanted[0]
    assert found == pytest.approx(wanted, rel=NEAR[word])
