"""Which algorithm is taken, and keeping it."""

from __future__ import annotations

import pytest

from bpcore.words.errors import OptionError
from bpcore_cupy.products import Algorithm, Handle, Prepared, ProductFailed
from tests.backends.cupy.products.arrays import layer
from tests.backends.cupy.products.conftest import allocate
from tests.backends.cupy.products.stand_in import Answer, StandIn

TF32 = 0x04 << 16 | 0x02 << 8 | 0x02


@pytest.fixture
def library(listening: StandIn) -> StandIn:
    return listening


def test_without_determinism_sums_may_be_split(library: StandIn) -> None:
    library.answers = [Answer(1, split=4), Answer(2)]
    for deterministic, number in ((True, 2), (False, 1)):
        with Handle(allocate, deterministic=deterministic, library=library) as handle:
            prepared = handle.prepare(layer())
            assert prepared
            prepared(0, 256, 512, 768)
        assert library.calls[-1].algorithm == number
    assert 3 not in library.asked[-1].attributes


@pytest.mark.parametrize(("precision", "number"), [("float32", 2), ("tf32", 1)])
def test_float32_is_never_rounded_unless_asked_for(library: StandIn, precision: str, number: int) -> None:
    library.answers = [Answer(1, numerics=TF32), Answer(2)]
    with Handle(allocate, library=library) as handle:
        prepared = handle.prepare(layer(precision=precision))
        assert prepared
        prepared(0, 256, 512, 768)
    assert library.calls[-1].algorithm == number


def test_an_answer_that_failed_or_wants_too_much_is_left_out(handle: Handle, library: StandIn) -> None:
    library.answers = [
        Answer(1, state=15),
        Answer(2, workspace_bytes=1 << 20),
        Answer(3, workspace_bytes=512),
    ]
    assert [a.workspace_bytes for a in handle.algorithms(layer())] == [512]
    assert [a.waves for a in handle.algorithms(layer())] == [0.5]


def test_an_algorithm_that_the_library_says_nothing_of_is_taken(handle: Handle, library: StandIn) -> None:
    library.answers = [Answer(5, split=3, numerics=TF32)]
    assert not handle.algorithms(layer())
    library.fails = dict.fromkeys(
        ("cublasLtMatmulAlgoCapGetAttribute", "cublasLtMatmulAlgoConfigGetAttribute"), 15
    )
    assert [x.split for x in handle.algorithms(layer())] == [1]


def test_an_algorithm_is_kept_and_taken_again(library: StandIn) -> None:
    library.answers = [Answer(3, workspace_bytes=128)]
    with Handle(allocate, library=library) as handle:
        handle.prepare(layer("bias"))
        kept = handle.chosen
    assert [*kept] == [layer("bias").key]
    library.answers, asked = [Answer(4), Answer(3, workspace_bytes=256)], len(library.asked)
    with Handle(allocate, kept=kept, library=library) as handle:
        prepared = handle.prepare(layer("bias"))
        assert prepared
        prepared(5, 256, 512, 768, bias=16)
        assert handle.chosen.keys() == kept.keys()
    assert library.calls[-1].algorithm == 3
    assert library.calls[-1].workspace_bytes == 256
    assert len(library.asked) == asked


def test_another_version_does_not_read_what_was_kept(library: StandIn) -> None:
    with Handle(allocate, library=library) as handle:
        handle.prepare(layer())
        kept = handle.chosen
    library.version = 120805
    with (
        Handle(allocate, kept=kept, library=library) as handle,
        pytest.raises(
            ProductFailed, match=r"kept by cuBLASLt 13\.1\.0, and this is 12\.8\.5\. Leave kept= out"
        ),
    ):
        handle.prepare(layer())


def test_what_no_algorithm_wrote_is_refused() -> None:
    made = Algorithm(bytes(range(64)), 12, 130100, split=2)
    assert Algorithm.of_text(made.text()) == made
    for text in ("", "1:2:3", "1:2:3:####", "1:2:3:AAAA", made.text() + ":"):
        with pytest.raises(OptionError, match="a kept algorithm must be"):
            Algorithm.of_text(text)


def test_a_given_algorithm_is_checked_and_not_remembered(handle: Handle, library: StandIn) -> None:
    library.answers = [Answer(1), Answer(2)]
    second = handle.algorithms(layer())[1]
    one, other = handle.prepare(layer()), handle.prepare(layer(), algorithm=second)
    assert one
    assert other
    assert other is not one
    other(5, 256, 512, 768)
    assert library.calls[-1].algorithm == 2
    assert handle.prepare(layer()) is one
    library.fails["cublasLtMatmulAlgoCheck"] = 8
    with pytest.raises(
        ProductFailed, match=r"AlgoCheck answered CUBLAS_STATUS_ARCH_MISMATCH\. The algorithm is"
    ):
        handle.prepare(layer(), algorithm=second)


def test_the_fastest_is_taken_where_products_are_timed(handle: Handle, library: StandIn) -> None:
    library.answers = [Answer(1), Answer(2), Answer(3)]
    before = handle.prepare(layer())
    times = {1: 3.0, 2: 1.0, 3: 2.0}

    def seconds(prepared: Prepared) -> float:
        prepared(5, 256, 512, 768)
        return times[library.calls[-1].algorithm]

    handle.tune(layer(), seconds)
    after = handle.prepare(layer())
    assert after
    assert after is not before
    after(5, 256, 512, 768)
    assert library.calls[-1].algorithm == 2
    assert Algorithm.of_text(handle.chosen[layer().key]).data == after.algorithm.data
    library.answers = []
    handle.tune(layer("bias"), seconds)
    assert layer("bias").key not in handle.chosen
