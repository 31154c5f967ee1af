"""Arrays that share memory with one that was assigned to: an error when used, and no harm when not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.words.errors import InPlace

xp = bp.namespace("numpy")

VIEWS = (
    lambda x: x[0, ...],
    lambda x: x[:, 0],
    lambda x: x.T,
    lambda x: xp.reshape(x, (-1,)),
    lambda x: xp.expand_dims(x, axis=0),
    lambda x: xp.flip(x)[1, ...],
    xp.linalg.diagonal,
    lambda x: xp.meshgrid(x[0, :])[0],
    lambda x: xp.unstack(x)[0],
    lambda x: xp.broadcast_to(x, (2, 2, 2)),
)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("written", ["array", "view"])
def test_a_view_is_stale_after_the_other_was_written(view: Any, written: str) -> None:
    def f(x: Any) -> Any:
        y = x * x
        z = view(y)
        if written == "array":
            y[0, 0] = 7.0
            return xp.sum(z)
        z[...] = 7.0
        return xp.sum(y)

    with pytest.raises(InPlace, match="shares memory with one that was assigned to"):
        bp.grad(f)(np.asarray([[1.0, 2.0], [3.0, 4.0]]))


def test_a_stale_array_cannot_be_returned_or_read() -> None:
    def stale(x: Any) -> Any:
        y = x * x
        z = y[:1]
        y += 1.0
        return z

    x = np.asarray([1.0, 2.0])
    with pytest.raises(InPlace, match="shares memory"):
        bp.vjp(stale, x)
    with pytest.raises(InPlace, match="shares memory"):
        bp.vjp(lambda x: x * float(xp.stop_gradient(stale(x)[0])), x)


def test_views_that_are_not_used_again_do_no_harm() -> None:
    def f(x: Any) -> Any:
        y = x * x
        for i in range(3):
            above = y[i, ...]
            y[i + 1, ...] = y[i + 1, ...] * above
        return y[3, ...]

    x = np.asarray([1.1, 0.9, 1.3, 2.0])
    assert float(bp.grad(f)(x)[0]) == pytest.approx(2 * 1.1 * (0.9 * 1.3 * 2.0) ** 2, rel=1e-14)


def test_a_view_made_after_the_assignment_is_fresh() -> None:
    def f(x: Any) -> Any:
        y = x * x
        old = y[0]
        y[0] = x[1]
        new = y[0]
        del old
        return new * y[1]

    assert bp.grad(f)(np.asarray([3.0, 2.0])).tolist() == [0.0, 12.0]
