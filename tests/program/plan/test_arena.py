"""Places in work memory: what is needed at one time does not overlap, and little is wasted."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from bpcore.program.plan.arena import LINE, Span, packed

SPANS = st.builds(
    lambda size, first, length: Span(size, first, first + length),
    st.integers(0, 1000), st.integers(-1, 20), st.integers(0, 8),
)  # fmt: skip


@given(st.lists(SPANS, max_size=30))
def test_what_is_needed_at_one_time_does_not_overlap(spans: list[Span]) -> None:
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
