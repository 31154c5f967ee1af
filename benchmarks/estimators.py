"""The estimators beside scikit-learn's perceptrons: the score of what was not seen, and the time of `fit`.

Both have their defaults, which are the same, and see the same split and seed. Fits take turns, so that what
else the machine does falls on both; a ratio is formed inside a turn, and its median over all turns of a seed
and then over the seeds is printed. Scores are accuracies or R2. Wanted: a score not worse by more than 0.005
in the mean, and a ratio of 0.5 at most.
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.environment import circumstances, write_record

__all__ = ["TASKS", "houses", "main", "race"]

WORSE, TIMES = 0.005, 0.5
"""What is allowed: the score's loss, and the share of the other's time."""


def houses(samples: int = 8000) -> tuple[Any, Any]:
    """Return made-up houses like California's: eight features of very unlike spread, and their price.

    Income, age, rooms, bedrooms, people, occupants, and a place whose effect is no straight line; prices are
    noisy, and cut off at 5, as there.
    """
    draw = np.random.default_rng(0)
    income = draw.lognormal(1.2, 0.45, samples)
    age = draw.uniform(1, 52, samples)
    rooms = draw.lognormal(1.65, 0.3, samples)
    bedrooms = rooms * draw.normal(0.2, 0.02, samples)
    people = draw.lognormal(7.0, 0.7, samples)
    occupants = draw.lognormal(1.05, 0.25, samples)
    north, west = draw.uniform(32.5, 42.0, samples), draw.uniform(-124.3, -114.3, samples)
    coast = np.exp(-np.abs(west + 124.3 - 1.05 * (42.0 - north)) / 1.5)
    price = 0.4 * income + 0.9 * coast + 0.006 * age + 0.3 * np.log(rooms / occupants)
    price = np.clip(price + draw.normal(0, 0.35, samples), 0.15, 5.0)
    return np.stack([income, age, rooms, bedrooms, people, occupants, north, west], axis=1), price


@dataclass(frozen=True)
class Task:
    """Data, and whether they are of classes."""

    data: Callable[[], tuple[Any, Any]]
    classes: bool

    def pair(self, seed: int) -> tuple[Any, Any]:
        """Return ours and theirs."""
        from sklearn.neural_network import MLPClassifier, MLPRegressor

        from bpcore.estimators import BackpropClassifier, BackpropRegressor

        kinds = (BackpropClassifier, MLPClassifier) if self.classes else (BackpropRegressor, MLPRegressor)
        ours, theirs = (kind(random_state=seed) for kind in kinds)
        return ours, theirs


def _loaded(name: str) -> Callable[[], tuple[Any, Any]]:
    """Return a function that loads a data set of scikit-learn, which asv may find missing."""

    def load() -> tuple[Any, Any]:
        from sklearn import datasets

        x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
        return x, y

    return load


TASKS = {
    "digits": Task(_loaded("digits"), classes=True),
    "breast cancer": Task(_loaded("breast_cancer"), classes=True),
    "diabetes": Task(_loaded("diabetes"), classes=False),
    "houses": Task(houses, classes=False),
}


def race(task: Task, seed: int, turns: int) -> dict[str, float]:
    """Return scores, epochs, least times and the median ratio of one seed."""
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    x, y = task.data()
    seen = train_test_split(x, y, random_state=seed, stratify=y if task.classes else None)
    x_train, x_test, y_train, y_test = seen
    scaler = StandardScaler().fit(x_train)
    x_train, x_test = scaler.transform(x_train), scaler.transform(x_test)
    if not task.classes:
        middle, spread = y_train.mean(), y_train.std()
        y_train, y_test = (y_train - middle) / spread, (y_test - middle) / spread
    taken: list[list[float]] = [[], []]
    models: list[Any] = []
    for turn in range(turns):
        models = list(task.pair(seed))
        for who in (0, 1) if turn % 2 else (1, 0):
            start = time.perf_counter()
            models[who].fit(x_train, y_train)
            taken[who].append(time.perf_counter() - start)
    ours, theirs = (model.score(x_test, y_test) for model in models)
    return {
        "ours": ours,
        "theirs": theirs,
        "our epochs": models[0].n_iter_,
        "their epochs": models[1].n_iter_,
        "our seconds": min(taken[0]),
        "their seconds": min(taken[1]),
        "ratio": statistics.median(a / b for a, b in zip(*taken, strict=True)),
    }


def main(words: list[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.estimators", description=__doc__)
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS), metavar="TASK")
    parser.add_argument("--seeds", type=int, default=5, help="splits and starts (5)")
    parser.add_argument("--turns", type=int, default=3, help="fits of each for each seed (3)")
    parser.add_argument("--json", metavar="FILE", help="write a record")
    options = parser.parse_args(words)
    warnings.filterwarnings("ignore", message="(?i).*converged.*")
    print(f"{'':14}{'ours':>8}{'theirs':>8}{'better by':>11}{'epochs':>12}{'ms':>8}{'theirs':>8}{'ratio':>7}")
    found = {}
    for name in options.tasks:
        rows = [race(TASKS[name], seed, options.turns) for seed in range(options.seeds)]
        found[name] = rows
        mean = {key: statistics.fmean(row[key] for row in rows) for key in rows[0]}
        middle = {key: statistics.median(row[key] for row in rows) for key in rows[0]}
        better = mean["ours"] - mean["theirs"]
        epochs = f"{mean['our epochs']:.0f} / {mean['their epochs']:.0f}"
        kept = better >= -WORSE and middle["ratio"] <= TIMES
        print(
            f"{name:14}{mean['ours']:8.4f}{mean['theirs']:8.4f}{better:+11.4f}{epochs:>12}"
            f"{1e3 * middle['our seconds']:8.0f}{1e3 * middle['their seconds']:8.0f}{middle['ratio']:7.2f}"
            f"{'' if kept else '  MISSED'}",
            flush=True,
        )
    write_record(options.json, circumstances(["bpcore", "numpy", "scikit-learn"]) | {"tasks": found})


if __name__ == "__main__":
    main()
