"""What an estimator writes down epoch by epoch, and when it has enough."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

__all__ = ["Record"]


@dataclass
class Record:
    """Losses, scores, and for how long they have not become better.

    Attributes
    ----------
    losses, scores : lists of float
        One number an epoch; scores are of the samples held out, and empty where none are.
    best_loss, best_score : float
    stale : int
        How many epochs in a row were not better than the best by more than `tol`.
    samples : int
        How many were seen, each as often as it was.
    """

    tol: float = 0.0
    patience: float = math.inf
    losses: list[float] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    best_loss: float = math.inf
    best_score: float = -math.inf
    stale: int = 0
    samples: int = 0

    def begin(self, tol: float, patience: float, *, again: bool) -> None:
        """Begin a training; `again` says that it goes on, and does not start to wait anew."""
        self.tol, self.patience = float(tol), patience
        self.stale = self.stale if again else 0

    @property
    def enough(self) -> bool:
        """Whether nothing became better for more than `patience` epochs."""
        return self.stale > self.patience

    def add_loss(self, loss: float) -> None:
        """Write down the loss of an epoch of which nothing was held out."""
        self.losses.append(loss)
        self.stale = self.stale + 1 if loss > self.best_loss - self.tol else 0
        self.best_loss = min(loss, self.best_loss)

    def add_score(self, loss: float, score: float) -> bool:
        """Write down loss and score of an epoch; return whether its score is the best so far."""
        self.losses.append(loss)
        self.scores.append(score)
        self.stale = self.stale + 1 if not score >= self.best_score + self.tol else 0
        better = score > self.best_score
        self.best_score = max(score, self.best_score)
        return better

    def ahead(self, most: int, left: int) -> int:
        """Return how many epochs can be made in one call before one of them may be the last.

        There are two answers, one and another, for a backend that compiles for each: up to half of what is
        waited for, where so many are `left` and none of them can be the last.
        """
        count = int(min(most, self.patience // 2 + 1))
        return count if count <= min(left, self.patience + 1 - self.stale) else 1
