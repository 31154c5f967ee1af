"""The step of ``net``, as the command line describes it; and the course's loss from two numbers."""

from __future__ import annotations

import pytest

import bpcore as bp
from bpcore.doors.lessons import course_linear
from bpcore.doors.own_net import own_step
from bpcore.words.errors import DataError, OptionError


def test_it_is_the_step_of_the_network_that_the_words_say() -> None:
    found = own_step(sizes=[2, 3, 1], x=[[1.0, 2.0], [0.0, 1.0]], y=[[1.0], [0.0]], seed=4, rate=0.1)
    net = bp.MLP([2, 3, 1], activation="sigmoid", output="sigmoid")
    loss = bp.SquaredError(half=True)
    wanted = bp.explain(net, [[1.0, 2.0], [0.0, 1.0]], [[1.0], [0.0]], loss=loss, seed=4, rate=0.1)
    assert str(found) == str(wanted)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"x": None}, "--x is missing: net wants all three"),
        ({"x": [[1.0, 2.0]] * 2}, "--y must be 2 targets, one for each sample"),
        ({"x": [[1.0]]}, "--x must be 2 numbers, as --sizes has it"),
        ({"y": [[1.0, 2.0]]}, "--y must be 3 numbers, as --sizes has it"),
        ({"sizes": [2, 257, 3]}, "--sizes must be 256 units a layer at most"),
        ({"loss": "multiclass", "y": [[3.0]]}, "--y must be a whole number from 0 to 2"),
        ({"loss": "multiclass", "y": [[1.5]]}, "--y must be a whole number from 0 to 2"),
        ({"loss": "multiclass", "y": [[1.0, 2.0]]}, "--y must be a whole number from 0 to 2"),
        ({"loss": "binary", "output": "tanh"}, "--output must be identity or sigmoid with --loss binary"),
    ],
)
def test_what_is_refused(options: dict[str, object], said: str) -> None:
    given = {"sizes": [2, 4, 3], "x": [[1.0, 2.0]], "y": [[1.0, 2.0, 3.0]], **options}
    with pytest.raises((DataError, OptionError), match=said):
        own_step(**given)


def test_the_courses_loss_of_two_numbers_is_that_of_its_network() -> None:
    for w1, w2 in ((2.0, 0.5), (2.18, 1.22)):
        assert float(course_linear.loss(w1, w2)) == pytest.approx(
            float(course_linear.linear(style={}, backend=bp.backend(), w1=w1, w2=w2)["L"]), rel=1e-15
        )
