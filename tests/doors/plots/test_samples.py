"""Samples as points: colours by class, and what is no class."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.doors.plots.samples import points
from bpcore.words.errors import DataError, OptionError, ShapeError

X = np.asarray([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])


def faces(ax: Any) -> list[str]:
    from matplotlib.colors import to_hex

    return [to_hex(group.get_facecolors()[0]) for group in ax.collections]


def test_class_0_is_red_and_class_1_blue() -> None:
    ax = bp.plots.data(X, np.asarray([0.0, 1.0, 1.0, 0.0]))
    assert faces(ax) == ["#e03131", "#1c6dd0"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["class 0", "class 1"]
    assert ax.collections[0].get_offsets().tolist() == [[0.0, 0.0], [1.0, 1.0]]
    assert (ax.collections[0].get_edgecolors()[0][:3] == 0).all()


@pytest.mark.parametrize(
    ("y", "labels"),
    [
        ([0, 1, 2, 1], [0, 1, 2, 1]),
        ([[0.0], [1.0], [1.0], [0.0]], [0, 1, 1, 0]),
        ([[1.0, 0.0], [0.0, 1.0], [0.2, 0.8], [1.0, 0.0]], [0, 1, 1, 0]),
    ],
)
def test_labels_of_every_form(backend: Any, y: Any, labels: list[int]) -> None:
    whole = isinstance(y[0], int)
    found = points(backend.array(X), backend.array(y, "int32" if whole else None))
    assert found.labels == labels
    assert found.x.tolist() == X.tolist()


def test_one_of_several_targets_is_chosen() -> None:
    gates = bp.datasets.gates()
    assert points(gates.x, gates.y, output=2).labels == [0, 1, 1, 0]
    with pytest.raises(OptionError, match="output must be a column of y, 0 to 4, was given None"):
        points(gates.x, gates.y)
    with pytest.raises(OptionError, match="0 to 4, was given 5"):
        points(gates.x, gates.y, output=5)


def test_names_of_classes_and_axes_and_axes_that_are_given() -> None:
    from matplotlib.figure import Figure

    ax = Figure().subplots()
    assert bp.plots.data(X, [0, 1, 1, 0], names=("a", "b"), classes=("no", "yes"), ax=ax) is ax
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("a", "b")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["no", "yes"]


def test_what_is_no_picture_of_classes() -> None:
    with pytest.raises(ShapeError, match="two features, x of shape"):
        points(np.zeros((4, 3)), [0, 1, 1, 0])
    with pytest.raises(ShapeError, match="4 targets"):
        points(X, [0, 1])
    with pytest.raises(DataError, match=r"targets 0, 1, 2 and so on, was given 0\.5"):
        points(X, [0.0, 0.5, 1.0, 0.0])
    for wrong in (-1, float("nan"), "a"):
        with pytest.raises(DataError, match=f"was given '?{wrong}"):
            points(X, [0, wrong, 1, 0] if wrong != "a" else ["a"] * 4)
    with pytest.raises(DataError, match="one sample or more"):
        points(np.zeros((0, 2)), np.zeros((0,)))
    with pytest.raises(DataError, match="finite features"):
        points(X * np.nan, [0, 1, 1, 0])
    with pytest.raises(DataError, match="a picture wants arrays of numbers"):
        points([[0.0, 1.0], [1.0]], [0, 1])
