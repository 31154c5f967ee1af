"""Places in work memory: what is needed at one time does not overlap, and little is wasted."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpcore.program.plan import arena
from bpcore.program.plan.arena import LINE, Span, packed

SPANS = st.builds(
    lambda size, first, length: Span(size, first, first + length),
    st.integers(0, 1000), st.integers(-1, 20), st.integers(0, 8),
)  # fmt: skip


@pytest.mark.parametrize("many", [0, 1000], ids=["as they come", "by size"])
@given(spans=st.lists(SPANS, max_size=30))
def test_what_is_needed_at_one_time_does_not_overlap(many: int, spans: list[Span]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arena, "MANY", many)
        offsets, total = packed(spans)
    for (one, at), (other, there) in combinations(zip(spans, offsets, strict=True), 2):
        if one.first <= other.last and other.first <= one.last and one.size and other.size:
            assert at + one.size <= there or there + other.size <= at
    assert all(at % LINE == 0 and at + span.size <= total for span, at in zip(spans, offsets, strict=True))
    assert total <= sum(-(-span.size // LINE) * LINE for span in spans)


def test_arrays_that_follow_each_other_share_one_place() -> None:
    chain = [Span(256, number, number + 1) for number in range(10)]
    assert packed(chain)[1] == 512
    apart = [Span(256, 2 * number, 2 * number + 1) for number in range(10)]
    assert packed(apart)[1] == 256


def test_a_small_array_fills_the_gap_between_two_large_ones() -> None:
    spans = [Span(640, 0, 9), Span(320, 0, 2), Span(320, 4, 9), Span(256, 3, 3)]
    offsets, total = packed(spans)
    assert total == 960
    assert offsets == [0, 640, 640, 640]


def test_very_many_take_little_more_than_is_needed_at_one_time() -> None:
    """As of a network over time: a value of each step is kept for the way back, and others come and go."""
    steps = 2000
    kept = [Span(1024, number, 2 * steps - number) for number in range(steps)]
    passing = [Span(4352 if number % 3 else 192, number, number + 1) for number in range(2 * steps)]
    offsets, total = packed([*kept, *passing])
    assert len(offsets) == 3 * steps
    assert total <= 1.2 * (1024 * steps + 2 * 4352)
