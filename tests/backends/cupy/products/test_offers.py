"""What is left out of the heuristic's answers, what is said of it, and what is taken after a look."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from bpcore_cupy.products import Handle, Prepared, ProductFailed, plan_of
from tests.backends.cupy.products.arrays import layer, operand
from tests.backends.cupy.products.conftest import allocate
from tests.backends.cupy.products.stand_in import Answer, StandIn

TF32 = 0x04 << 16 | 0x02 << 8 | 0x02


@pytest.fixture
def library(listening: StandIn) -> StandIn:
    return listening


def mask(library: StandIn) -> Any:
    found = library.asked[-1].attributes.get(3)
    return None if found is None else struct.unpack("<I", found)[0]


@pytest.mark.parametrize(("scheme", "split"), [(0, 1), (1, 1), (2, 4), (4, 4)])
def test_parts_are_added_in_an_order_that_is_fixed(
    handle: Handle, library: StandIn, scheme: int, split: int
) -> None:
    library.answers = [Answer(1, split=4, scheme=scheme), Answer(2)]
    prepared = handle.prepare(layer())
    assert prepared
    assert prepared.algorithm.split == split
    assert mask(library) == 2 | 4


def test_parts_in_the_dtype_of_the_result_are_not_asked_for_in_16_bits(
    handle: Handle, library: StandIn
) -> None:
    library.answers = [Answer(1, split=4, scheme=4), Answer(2, split=2, scheme=2)]
    a, b, c = (operand(*shape, dtype="bfloat16") for shape in ((64, 512), (512, 10), (64, 10)))
    prepared = handle.prepare(plan_of(a, b, c))
    assert prepared
    assert prepared.algorithm.split == 2
    assert mask(library) == 2


def test_without_determinism_all_ways_are_asked_for(library: StandIn) -> None:
    library.answers = [Answer(1, split=4, scheme=1)]
    with Handle(allocate, deterministic=False, library=library) as handle:
        prepared = handle.prepare(layer())
    assert prepared
    assert prepared.algorithm.split == 4
    assert mask(library) is None


def test_the_reason_is_kept_and_said_each_time(handle: Handle, library: StandIn) -> None:
    library.answers = [Answer(1, numerics=TF32), Answer(2, split=2, scheme=1), Answer(3, numerics=TF32)]
    line = (
        "none of the heuristic's 3 algorithms can be taken; 2 of them: it rounds the float32 numbers that it "
        "multiplies, by its own account; 1 of them: it adds up the parts of a sum in an order"
    )
    for _ in range(2):
        with pytest.raises(ProductFailed, match=line):
            handle.prepare(layer())
    assert line in handle.refused[layer()]
    assert len(library.asked) == 1


def test_every_answer_is_told_with_its_reason(handle: Handle, library: StandIn) -> None:
    library.answers = [Answer(1, state=15), Answer(2, workspace_bytes=1 << 20), Answer(3, numerics=TF32)]
    library.answers.append(Answer(4, split=2, scheme=2))
    offers = handle.offers(layer())
    assert [offer.why.split()[0] if offer.why else "" for offer in offers] == [
        "failed",
        "wants",
        "rounds",
        "",
    ]
    assert [(offer.numerics, offer.scheme) for offer in offers[2:]] == [(TF32, 0), (0x08 << 16 | 0x0201, 2)]


class Looks:
    """A check that finds some answers wrong."""

    def __init__(self, wrong: set[int]) -> None:
        self.wrong, self.seen = wrong, list[int]()

    def __call__(self, handle: Handle, prepared: Prepared) -> str:
        number = struct.unpack("<8Q", prepared.algorithm.data)[1]
        self.seen.append(number)
        return "its sums err" if number in self.wrong else ""


def test_what_says_that_it_rounds_is_looked_at_once_where_nothing_else_is_offered(library: StandIn) -> None:
    library.answers = [Answer(1, numerics=TF32), Answer(2, numerics=TF32), Answer(3, numerics=TF32)]
    look = Looks({1})
    with Handle(allocate, check=look, library=library) as handle:
        first = handle.prepare(layer("bias"))
        assert handle.prepare(layer("bias")) is first
        assert handle.proved == {layer("bias")}
        assert not handle.refused
    assert first
    assert look.seen == [1, 2]


def test_where_numbers_are_wrong_the_reason_says_so(library: StandIn) -> None:
    library.answers = [Answer(1, numerics=TF32)]
    with Handle(allocate, check=Looks({1}), library=library) as handle:
        assert handle.prepare(layer("bias")) is None
        with pytest.raises(ProductFailed, match="by its own account; one was run, and its sums err"):
            handle.prepare(layer())
        assert not handle.proved


def test_nothing_is_looked_at_where_there_is_something_better(library: StandIn) -> None:
    library.answers = [Answer(1, numerics=TF32), Answer(2)]
    look = Looks(set())
    with Handle(allocate, check=look, library=library) as handle:
        handle.prepare(layer())
        library.answers = [Answer(3, split=2, scheme=1)]
        assert handle.prepare(layer("bias")) is None
    assert not look.seen


def test_a_workspace_is_as_large_as_the_largest_that_was_chosen(library: StandIn) -> None:
    sizes: list[int] = []

    def counted(nbytes: int) -> Any:
        sizes.append(nbytes)
        return allocate(nbytes)

    library.answers = [Answer(1, workspace_bytes=512)]
    with Handle(counted, library=library) as handle:
        small = handle.prepare(layer())
        library.answers = [Answer(2, workspace_bytes=4096)]
        large = handle.prepare(layer("bias"))
        library.answers += [Answer(3, workspace_bytes=1 << 20), Answer(1, workspace_bytes=512)]
        assert small
        assert large
        handle.prepare(layer(), algorithm=handle.algorithms(layer())[1])  # one that is only timed
        small(5, 256, 512, 768)
        large(5, 256, 512, 768, bias=16)
        assert sizes == [4096]
        library.answers.append(Answer(4, workspace_bytes=8192))
        larger = handle.take(layer("relu"), handle.algorithms(layer("relu"))[-1])
        assert larger
        larger(5, 256, 512, 768)
        small(5, 256, 512, 768)
    assert sizes == [4096, 8192]
    before, between, after, last = (call.workspace for call in library.calls)
    assert before == between != after == last
