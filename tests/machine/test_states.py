"""The states of an update loop at chosen counts."""

from __future__ import annotations

from typing import Any

import pytest

import bpcore as bp
from bpcore.words.errors import OptionError


def double(x: Any) -> Any:
    return 2 * x


def test_each_count_once_and_in_order() -> None:
    assert list(bp.states(double, 1, counts=(3, 0, 10, 3))) == [(0, 1), (3, 8), (10, 1024)]


def test_no_update_is_made_beyond_the_last_count() -> None:
    calls = []
    list(bp.states(lambda x, y: calls.append(y), 0, "y", counts=[2]))
    assert calls == ["y", "y"]


def test_no_counts_are_no_states() -> None:
    assert list(bp.states(double, 1, counts=())) == []


@pytest.mark.parametrize("count", [-1, 1.0, "1", True])
def test_a_count_that_is_none_is_refused_at_once(count: Any) -> None:
    with pytest.raises(OptionError, match="counts of states must be whole numbers from 0 on"):
        bp.states(double, 1, counts=(1, count))


def test_a_compiled_update_gives_the_same(backend: Any) -> None:
    x = backend.array([1.0, 3.0])
    plain = dict(bp.states(double, x, counts=(1, 5)))
    compiled = dict(bp.states(bp.compile(double), x, counts=(1, 5)))
    for n in (1, 5):
        assert backend.host(compiled[n]).tolist() == backend.host(plain[n]).tolist() == [2.0**n, 3 * 2.0**n]
