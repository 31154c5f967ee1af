"""A diagnosis in words: what is claimed, and what is not, in each case."""

from __future__ import annotations

from typing import Any

import pytest

from bpcore.doors.pages.sentences import told
from bpcore.run.trouble.diagnosis import Diagnosis, Moment, Trial
from bpcore.run.trouble.stability import Spike

SPIKE = Spike(start=21, peak=23, end=30, before=0.1, height=2.0)
BASE: dict[str, Any] = {"epochs": 100, "rising": 3, "spikes": (SPIKE,), "worst": SPIKE}
DESCENT = BASE | {"optimizer": "SGD", "rate": 0.5, "full_batch": True, "limit": 4.0}


def moment(sharpness: float, epoch: int = 20) -> Moment:
    return Moment(epoch=epoch, loss=0.1, sharpness=sharpness)


@pytest.mark.parametrize(
    ("known", "wanted"),
    [
        ({"epochs": 0, "rising": 0, "spikes": (), "worst": None}, "The file holds no losses"),
        ({"epochs": 1, "rising": 0, "spikes": (), "worst": None}, "There was one epoch."),
        ({"epochs": 9, "rising": 1, "spikes": (), "worst": None}, "The loss rose in 1 epoch of 9"),
        (BASE, "The run does not say its optimizer and rate"),
        (BASE, "What to do: take a lower rate, and see"),
        (BASE | {"spikes": (SPIKE, SPIKE)}, "It is the highest of 2 spikes."),
        (BASE | {"lowest_accuracy": 0.445}, "Accuracy fell to 0.445 on the way."),
        (DESCENT | {"full_batch": False}, "The rule of 2 / rate holds for steps over all samples"),
        (DESCENT | {"full_batch": False}, "a lower rate, 0.25 say or larger batches"),
        (
            BASE | {"optimizer": "Adam", "rate": 0.1, "full_batch": True},
            "Adam scales each gradient by its own",
        ),
        (
            DESCENT | {"carries": True, "limit": float("nan")},
            "Layers of this network act otherwise while it is trained",
        ),
        (DESCENT | {"differs": 7}, "went another way from epoch 7 on"),
        (DESCENT | {"too_long": True}, "takes too long for a page"),
        (DESCENT, "the network has no second derivative"),
        (
            DESCENT | {"before": moment(3.0)},
            "was 3, not above 4: the curvature at that point does not explain",
        ),
        (DESCENT | {"before": moment(6.0)}, "by 1 - 0.5 x 6 = -2."),
        (DESCENT | {"before": moment(6.0), "end": moment(5.0, 101)}, "above 4: the step was too long."),
        (
            DESCENT | {"before": moment(6.0), "end": moment(2.0, 101)},
            "the largest curvature was 2 at the end",
        ),
        (
            DESCENT
            | {
                "before": moment(6.0),
                "advised": 0.25,
                "trials": (Trial(rate=0.25, spikes=0, rising=0, loss=0.01),),
            },
            "take a rate below 0.333, which that curvature would have allowed: 0.25.",
        ),
        (
            DESCENT
            | {
                "before": moment(6.0),
                "advised": 0.25,
                "trials": (Trial(rate=0.25, spikes=2, rising=9, loss=0.01),),
            },
            "Tried with the rate 0.25: the loss still rose in 2 spikes, and ended at 0.01.",
        ),
        (
            DESCENT
            | {
                "before": moment(6.0),
                "advised": 0.25,
                "trials": (Trial(rate=0.25, spikes=0, rising=0, loss=float("nan")),),
            },
            "Tried with the rate 0.25: training diverged.",
        ),
    ],
)
def test_what_is_said(known: dict[str, Any], wanted: str) -> None:
    assert wanted in " ".join(told(Diagnosis(**known)))


OPEN = Spike(start=21, peak=23, end=100, before=0.1, height=2.0, back=False)


def test_what_had_not_come_back_is_not_said_to_have() -> None:
    known = DESCENT | {"spikes": (OPEN,), "worst": OPEN, "last": 0.7}
    said = " ".join(told(Diagnosis(**known, before=moment(6.0), end=moment(2.0, 101))))
    assert "and had not come back when the run ended, at 0.7." in said
    assert "was back" not in said
    assert "It came back" not in said


@pytest.mark.parametrize("base", [BASE, BASE | {"spikes": (), "worst": None, "rising": 0}])
def test_the_held_out_loss_is_spoken_of(base: dict[str, Any]) -> None:
    rose = " ".join(told(Diagnosis(**base, held=(0.5, 0.3, 0.4))))
    assert "On the samples held out the loss was lowest in epoch 2, 0.3, and 0.4 in the last" in rose
    fell = " ".join(told(Diagnosis(**base, held=(0.5, 0.3, 0.2))))
    assert "On the samples held out the loss was lowest in the last epoch: 0.2." in fell
    lost = " ".join(told(Diagnosis(**base, held=(0.5, 0.3, float("nan")))))
    assert "lowest in epoch 2, 0.3, and nan in the last" in lost
    assert "held out" not in " ".join(told(Diagnosis(**base)))


def test_what_is_not_said() -> None:
    """Nothing brings a loss back that is measured to be as curved as before."""
    still = " ".join(told(Diagnosis(**DESCENT, before=moment(6.0), end=moment(5.0, 101))))
    assert "It came back because" not in still
    momentum = " ".join(told(Diagnosis(**(DESCENT | {"optimizer": "Momentum"}), before=moment(6.0))))
    assert "The limit here is 2 (1 + momentum) / rate = 4." in momentum
    assert "each step multiplied" not in momentum
