"""A network's outputs in the words of the data: classes and their probabilities, or quantities."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.run.tables.columns import Table
from bpcore.run.tables.preparation import Preparation
from bpcore.words.protocols import Array

__all__ = ["Answers", "answers", "compared"]

HALF = 0.5
"""A probability above this means the second of two classes."""


@dataclass(frozen=True)
class Answers:
    """A table to write out.

    Attributes
    ----------
    names : tuple of str
        For each target its name, followed by the probabilities.
    columns : tuple of lists
        Class names, or numbers; one entry for each sample.
    """

    names: tuple[str, ...]
    columns: tuple[list[str] | list[float], ...]


def answers(preparation: Preparation, output: Array) -> Answers:
    """Return what the network's outputs mean.

    Parameters
    ----------
    preparation : Preparation
    output : (samples, outputs) host array
        Logits where the task is one of classes.
    """
    if preparation.task == "regression":
        return Answers(preparation.targets, tuple(preparation.quantities(output).T.tolist()))
    if preparation.task == "multiclass":
        return _best(preparation, output)
    return _each(preparation, output)


def _best(preparation: Preparation, output: Array) -> Answers:
    xp = array_namespace(output)
    shares = xp.softmax(output, axis=-1)
    labels = [preparation.classes[i] for i in xp.argmax(output, axis=-1).tolist()]
    names = (*preparation.targets, *(f"p({name})" for name in preparation.classes))
    return Answers(names, (labels, *shares.T.tolist()))


def _each(preparation: Preparation, output: Array) -> Answers:
    several = len(preparation.targets) > 1
    names: list[str] = []
    columns: list[list[str] | list[float]] = []
    for target, shares in zip(
        preparation.targets, array_namespace(output).expit(output).T.tolist(), strict=True
    ):
        names += [target, f"p({target if several else preparation.classes[1]})"]
        columns += [[preparation.classes[share > HALF] for share in shares], shares]
    return Answers(tuple(names), tuple(columns))


def compared(preparation: Preparation, found: Answers, table: Table) -> str:
    """Return how good the answers are, in words, or "" where the table does not hold the target."""
    target = preparation.targets[0]
    if len(preparation.targets) > 1 or target not in table.names:
        return ""
    column = table.column(target)
    known = sorted(set(range(column.length)) - set(column.missing))
    if not known or (preparation.task == "regression" and column.numbers is None):
        return ""
    if column.numbers is not None and preparation.task == "regression":
        truth, guesses = column.numbers.tolist(), found.columns[0]
        squares = [(float(guesses[i]) - truth[i]) ** 2 for i in known]
        return f"root mean square error {math.sqrt(sum(squares) / len(squares)):.6g} over {len(known)} rows"
    words, guessed = column.names(preparation.classes), found.columns[0]
    right = sum(guessed[i] == words[i] for i in known)
    return f"accuracy {right / len(known):.4f} over {len(known)} rows"
