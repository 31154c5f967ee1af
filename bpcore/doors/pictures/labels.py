"""The words that a picture takes from somebody's file: names of columns, classes and targets."""

from __future__ import annotations

from typing import Any

from bpcore.run.datasets import Dataset
from bpcore.run.tables.preparation import Preparation

__all__ = ["labels", "plain"]


def plain(text: str) -> str:
    """Return words as they are to be drawn: a dollar sign is one, and begins no formula."""
    return text.replace("$", r"\$")


def labels(data: Dataset, preparation: Preparation | None = None) -> dict[str, Any]:
    """Return the names of features and classes, as the pictures of samples take them.

    Parameters
    ----------
    data : Dataset
    preparation : Preparation or None
        What was done to its numbers: axes show these, and not those of the file.
    """
    names = data.features
    if preparation is not None and (set(preparation.scale) != {1.0} or any(preparation.mean)):
        names = tuple(f"{name} (standardised)" for name in names)
    return {"names": tuple(map(plain, names)), "classes": tuple(map(plain, data.classes))}
