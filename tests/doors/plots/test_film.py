"""Frames of a training: they are what `bp.fit` goes through; and the film of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.words.errors import Diverged, OptionError, ShapeError

NET = bp.MLP([2, 4, 1], activation="tanh")
X = np.asarray([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [0.5, 0.2]])
Y = np.asarray([[0.0], [1.0], [1.0], [0.0], [1.0]])


def film(**options: Any) -> tuple[bp.plots.Frame, ...]:
    given: dict[str, Any] = {
        "loss": bp.BinaryCrossEntropy(),
        "optimizer": bp.Momentum(0.3),
        "epochs": 7,
        "seed": 3,
    }
    return bp.plots.film_of_training(NET, (X, Y), **(given | options))


@pytest.mark.parametrize("batch_size", [None, 2])
def test_the_training_is_that_of_fit(batch_size: int | None) -> None:
    frames = film(every=3, batch_size=batch_size)
    assert [frame.epoch for frame in frames] == [0, 3, 6, 7]
    for frame in frames[1:]:
        run = bp.fit(
            NET,
            (X, Y),
            loss=bp.BinaryCrossEntropy(),
            optimizer=bp.Momentum(0.3),
            epochs=frame.epoch,
            batch_size=batch_size,
            seed=3,
            progress=None,
        )
        for mine, its in zip(frame.params, run.params, strict=True):
            for name in its:
                np.testing.assert_array_equal(mine[name], its[name])
    if batch_size is None:
        assert [frame.loss for frame in frames[:3]] == pytest.approx(
            [run.history["loss"][frame.epoch] for frame in frames[:3]], rel=1e-12
        )
    assert not np.array_equal(frames[0].params[0]["weight"], frames[1].params[0]["weight"])


class Doubled(bp.Layer):
    """Carries the number of steps that it saw, and multiplies by it afterwards."""

    def init(self, key: Any, shape: Any, /, *, dtype: Any = None) -> Any:
        return {}

    def init_state(self, shape: Any, /, *, like: Any) -> Any:
        return {"seen": bp.array_namespace(like).zeros((), dtype=like.dtype, device=like.device)}

    def output_shape(self, shape: Any, /) -> Any:
        return shape

    def __call__(self, params: Any, x: Any, /) -> Any:
        raise AssertionError

    def forward(self, params: Any, state: Any, x: Any, /, *, key: Any = None, training: bool = False) -> Any:
        return (x, {"seen": state["seen"] + 1}) if training else (x * (1 + state["seen"]), state)


def test_what_layers_carry_is_kept_and_drawn() -> None:
    net = bp.Chain(bp.Linear(1), Doubled())
    given: dict[str, Any] = {
        "loss": bp.BinaryCrossEntropy(),
        "optimizer": bp.SGD(0.5),
        "epochs": 3,
        "seed": 3,
    }
    frames = bp.plots.film_of_training(net, (X, Y), every=1, **given)
    assert [float(frame.state[1]["seen"]) for frame in frames] == [0.0, 1.0, 2.0, 3.0]
    run = bp.fit(net, (X, Y), progress=None, **given)
    np.testing.assert_array_equal(frames[-1].params[0]["weight"], run.params[0]["weight"])
    assert frames[-1].loss == pytest.approx(float(run.loss(run.predict(X), Y)), rel=1e-12)
    film = bp.plots.boundary_film(net, frames, X, Y, loss=run.loss, resolution=5)
    assert bp.plots.rendered(film, "gif", dpi=20).startswith(b"GIF8")
    assert bp.plots.boundary(run, X, Y, resolution=5).collections
    flow = bp.plots.gradient_flow(net, run.params, X, Y, run.loss, state=run.state)
    assert flow.patches[0].get_height() == pytest.approx(float(np.linalg.norm(run.params[0]["weight"])))


def test_it_starts_from_given_parameters(spiral: Any) -> None:
    frames = bp.plots.film_of_training(
        spiral.net,
        (spiral.x, spiral.y),
        loss=spiral.loss,
        optimizer=bp.SGD(0.5),
        epochs=2,
        every=1,
        params=spiral.params,
    )
    wanted = spiral.run.history["loss"][:3]
    assert [frame.loss for frame in frames] == pytest.approx(wanted, rel=1e-12)


def test_it_computes_where_it_is_told(backend: Any) -> None:
    with backend.reading():
        frames = film(epochs=1, backend=backend.backend, dtype="float32")
    assert type(frames[0].params[0]["weight"]) is type(backend.array(X))
    assert str(frames[0].params[0]["weight"].dtype).endswith("float32")


def test_the_film_is_a_gif_with_a_picture_for_each_frame(tmp_path: Any) -> None:
    image = pytest.importorskip("PIL.Image")
    frames = film(every=2)
    shown = bp.plots.boundary_film(NET, frames, X, Y, loss=bp.BinaryCrossEntropy(), resolution=12, pause=0.2)
    path = bp.plots.save(tmp_path / "film.gif", shown, dpi=30)
    with image.open(path) as gif:
        assert (gif.n_frames, gif.info["duration"]) == (len(frames), 200)
    shown._func(len(frames) - 1)
    (ax,) = shown._fig.axes
    assert ax.get_title() == f"Decision boundary after 7 epochs: loss {frames[-1].loss:.4f}"
    painted = len(ax.collections)
    shown._func(len(frames) - 1)
    assert len(ax.collections) == painted  # the frame before is gone


def test_bad_input() -> None:
    with pytest.raises(OptionError, match="every must be a whole number, 1 or more, was given 0"):
        film(every=0)
    with pytest.raises(OptionError, match="epochs"):
        film(epochs=0)
    with pytest.raises(OptionError, match="frames must be one frame or more"):
        bp.plots.boundary_film(NET, (), X, Y, loss=bp.BinaryCrossEntropy())
    with pytest.raises(ShapeError, match="two features"):
        bp.plots.boundary_film(NET, film(), X[:, :1], Y, loss=bp.BinaryCrossEntropy())
    with (
        np.errstate(over="ignore", invalid="ignore"),
        pytest.raises(Diverged, match="lower the learning rate"),
    ):
        bp.plots.film_of_training(
            bp.MLP([2, 1]), (X * 100, Y), loss=bp.SquaredError(), optimizer=bp.SGD(10.0), epochs=300
        )
