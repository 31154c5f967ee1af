"""`backends`: a line for each, and none that brings the others down."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bpcore.ground.backend import Backend, Plugin
from bpcore.ground.registry import Row, backends
from bpcore.words.errors import BackendUnusable


def test_numpy_is_usable_and_every_line_says_something() -> None:
    rows = {row.name: row for row in backends()}
    assert list(rows) == ["cupy", "jax", "numba", "numpy", "strict", "torch"]
    assert rows["numpy"] == Row("numpy", np.__version__, ("cpu",), usable=True, why_not="")
    for row in rows.values():
        assert row.usable == bool(row.version) == bool(row.devices) == (not row.why_not)
        assert "\n" not in row.why_not


def test_what_cannot_be_used_says_why_and_what_to_do() -> None:
    for row in backends():
        if not row.usable:
            assert "python -m pip install" in row.why_not


def test_a_broken_one_does_not_bring_the_others_down(offer: Any) -> None:
    def opens(device: str | None) -> Backend:
        return Backend(
            name="good",
            version="7",
            namespace=np,
            devices=("here", "there"),
            asarray=lambda data, /, *, dtype=None, device=None: np.asarray(data, dtype=dtype),
            to_host=np.asarray,
        )

    def raises(device: str | None) -> Backend:
        raise ValueError("no luck")

    def refuses(device: str | None) -> Backend:
        raise BackendUnusable("refusing", "there is no GPU", "Buy one.")

    offer("twice", "one_package", Plugin(name="twice", install="", open=opens))
    offer("twice", "two_package", Plugin(name="twice", install="", open=opens))
    offer("refusing", "refusing_package", Plugin(name="refusing", install="", open=refuses))
    offer("raising", "raising_package", Plugin(name="raising", install="pip install raising", open=raises))
    offer("good", "good_package", Plugin(name="good", install="", open=opens))
    rows = {row.name: row for row in backends()}
    assert list(rows) == ["good", "raising", "refusing", "twice"]
    assert rows["good"] == Row("good", "7", ("here", "there"), usable=True, why_not="")
    assert rows["refusing"].why_not == "there is no GPU. Buy one."
    assert "ValueError: no luck" in rows["raising"].why_not
    assert "one_package:door and two_package:door" in rows["twice"].why_not


def test_the_survey_is_taken_anew_each_time(offer: Any) -> None:
    tries: list[int] = []

    def opens(device: str | None) -> Backend:
        tries.append(1)
        raise BackendUnusable("late", "not yet", "Wait.")

    offer("late", "late_package", Plugin(name="late", install="", open=opens))
    assert not backends()[0].usable
    assert not backends()[0].usable
    assert len(tries) == 2


@pytest.mark.axes("cupy")
def test_cupy_is_usable_where_its_axis_is(backend: Any) -> None:
    row = next(row for row in backends() if row.name == "cupy")
    assert row.usable
    assert row.devices[0] == "0"
