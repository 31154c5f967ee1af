"""Decision regions of networks whose boundary is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.doors.plots.regions import Grid, margins
from bpcore.doors.plots.samples import points
from bpcore.words.errors import OptionError, ShapeError

X = np.asarray([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
Y = np.asarray([[0.0], [0.0], [1.0], [1.0]])


def a_run(weight: Any, bias: Any, *, loss: Any = None, net: Any = None) -> bp.Run:
    """Return a run of one linear layer with these parameters."""
    params: list[Any] = [{"weight": np.asarray(weight), "bias": np.asarray(bias)}]
    net = net or bp.Chain(bp.Linear(len(bias)))
    params += [{}] * (len(net.layers) - 1)
    return bp.Run(
        net=net, params=params, loss=loss or bp.BinaryCrossEntropy(), features=(2,), backend=bp.backend()
    )


def test_the_line_is_where_p_is_a_half() -> None:
    ax = bp.plots.boundary(a_run([[2.0], [0.0]], [-0.5]), X, Y, resolution=40)
    black = ax.collections[2]
    vertices = np.concatenate([path.vertices for path in black.get_paths()])
    np.testing.assert_allclose(vertices[:, 0], 0.25, atol=0.02)  # 2 x - 0.5 = 0
    assert ax.get_xlim() == (-1.5, 1.5)
    assert ax.get_ylim() == (-1.5, 1.5)
    light = [tuple(np.round(one.get_facecolors()[0][:3], 2)) for one in ax.collections[:2]]
    assert light[0][0] > light[0][2]  # class 0 reddish, class 1 bluish
    assert light[1][2] > light[1][0]


@pytest.mark.parametrize(
    ("loss", "output"),
    [
        (bp.BinaryCrossEntropy(), "identity"),
        (bp.BinaryCrossEntropy(from_logits=False), "sigmoid"),
        (bp.SquaredError(), "sigmoid"),
    ],
)
def test_logits_and_probabilities_have_one_boundary(backend: Any, loss: Any, output: str) -> None:
    net = bp.MLP([2, 1], output=output)
    params: list[Any] = [{"weight": backend.array([[1.0], [1.0]]), "bias": backend.array([0.25])}]
    params += [{}] * (len(net.layers) - 1)
    grid = Grid.around(points(X, Y), 3)
    first, second = margins(net, params, loss, grid)
    where = np.asarray(grid.samples()).sum(axis=1).reshape(3, 3) + 0.25
    assert ((np.asarray(second) > 0) == (where > 0)).all()
    assert (np.asarray(first) == -np.asarray(second)).all()
    assert np.abs(np.asarray(first)).max() <= 0.5


def test_several_classes_each_have_a_region() -> None:
    run = a_run([[-1.0, 0.0, 1.0], [0.0, 1.0, 0.0]], [0.0, 0.0, 0.0], loss=bp.CrossEntropy())
    ax = bp.plots.boundary(run, X, np.asarray([0, 1, 2, 2]), resolution=30, classes=("a", "b", "c"))
    fills = {tuple(np.round(one.get_facecolors()[0][:3], 2)) for one in ax.collections[:6:2]}
    assert len(fills) == 3
    ahead = margins(run.net, run.params, run.loss, Grid([-1.0, 0.0, 1.0], [-1.0, 0.5]))
    assert [[int(np.argmax([m[i, j] for m in ahead])) for j in (0, 2)] for i in (0, 1)] == [[0, 2], [0, 2]]
    assert float(ahead[1][1, 1]) == 0.5  # over (0, 0.5): scores 0, 0.5, 0
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b", "c"]


def test_one_answer_everywhere_has_no_line() -> None:
    ax = bp.plots.boundary(a_run([[0.0], [0.0]], [3.0]), X, Y, resolution=10)
    assert len(ax.collections) == 3  # one region, and the points of two classes


def test_one_of_several_outputs() -> None:
    run = a_run([[1.0, 0.0], [0.0, 1.0]], [0.0, 0.0])
    y = np.asarray([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    bp.plots.boundary(run, X, y, output=1, resolution=10)
    with pytest.raises(OptionError, match="output must be"):
        bp.plots.boundary(run, X, y, resolution=10)
    with pytest.raises(OptionError, match="one of the network's outputs, 0 to 1"):
        margins(run.net, run.params, run.loss, Grid([0.0, 1.0], [0.0, 1.0]), 2)


def test_a_single_class_and_a_grid_of_one_point() -> None:
    run = a_run([[1.0], [0.0]], [0.0], loss=bp.CrossEntropy())
    assert len(bp.plots.boundary(run, X, np.asarray([0, 0, 0, 0]), resolution=5).collections) == 2
    with pytest.raises(OptionError, match="resolution must be a whole number of points, 2 or more"):
        bp.plots.boundary(run, X, np.asarray([0, 0, 0, 0]), resolution=1)


def test_two_features_only() -> None:
    run = bp.Run(
        net=bp.Linear(1), params={}, loss=bp.BinaryCrossEntropy(), features=(3,), backend=bp.backend()
    )
    with pytest.raises(ShapeError, match="a decision boundary wants a network of two features"):
        bp.plots.boundary(run, X, Y)


def test_the_notebooks_figure(spiral: Any) -> None:
    whole = bp.plots.notebook_figure(spiral.run, spiral.x, spiral.y)
    assert whole.get_size_inches().tolist() == [12.0, 10.0]
    assert whole.get_dpi() == 150
    titles = [ax.get_title() for ax in whole.axes]
    loss = "Training loss (binary cross-entropy)"
    assert titles == ["Spiral dataset", "Decision boundary", loss, "Training accuracy"]
    low, high = spiral.x.min(axis=0) - 0.5, spiral.x.max(axis=0) + 0.5
    assert whole.axes[1].get_xlim() == pytest.approx((low[0], high[0]))
    assert whole.axes[1].get_ylim() == pytest.approx((low[1], high[1]))
