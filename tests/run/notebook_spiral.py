"""The spiral notebook's data, network and start, samples as rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

import bpcore as bp

__all__ = ["DATA", "KNOWN", "LOSS", "NET", "start"]

KNOWN = json.loads((Path(__file__).parents[1] / "data" / "spiral.json").read_text(encoding="utf-8"))
NET, LOSS = bp.MLP([2, 16, 8, 1], activation="tanh"), bp.BinaryCrossEntropy()
DATA = (np.asarray(KNOWN["X"]).T, np.repeat([0.0, 1.0], 200)[:, None])


def start() -> Any:
    """Return the parameters that the notebook starts from."""
    weights = [np.asarray(KNOWN["initial"][name]).T for name in ("W1", "W2", "W3")]
    first, second, third = ({"weight": weight, "bias": np.zeros(weight.shape[1])} for weight in weights)
    return [first, {}, second, {}, third]
