"""Losses: one number that says how far the outputs are from the targets.

A loss is called as ``loss(output, target)``, or ``loss(output, target, weights)`` with a weight for each
sample, and returns an array of shape (). Shapes that would broadcast in silence, (N, 1) against (N,), are
refused.
"""

from bpcore.parts.losses.counts import PoissonLoss
from bpcore.parts.losses.cross_entropy import BinaryCrossEntropy, CrossEntropy
from bpcore.parts.losses.distances import Huber, MeanAbsoluteError, SquaredError
from bpcore.parts.losses.divergence import KLDivergence
from bpcore.parts.losses.focal import BinaryFocal, Focal
from bpcore.parts.losses.hinge import Hinge
from bpcore.parts.losses.loss import BinaryLoss, ClassLoss, Loss, QuantityLoss

__all__ = [
    "BinaryCrossEntropy",
    "BinaryFocal",
    "BinaryLoss",
    "ClassLoss",
    "CrossEntropy",
    "Focal",
    "Hinge",
    "Huber",
    "KLDivergence",
    "Loss",
    "MeanAbsoluteError",
    "PoissonLoss",
    "QuantityLoss",
    "SquaredError",
]
