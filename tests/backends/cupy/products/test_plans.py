"""What cannot be described, and in which words; dtypes and precisions."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from bpcore.words.errors import OptionError, ShapeError
from bpcore_cupy.products import Operand, plan_of, refusal_of, row_major
from bpcore_cupy.products.limits import limit_of


def operand(*shape: int, dtype: str = "float32", strides: tuple[int, ...] | None = None) -> Operand:
    return Operand(shape, row_major(shape) if strides is None else strides, dtype)


@pytest.mark.parametrize(
    ("dtypes", "precision", "compute", "scale"),
    [
        (("float32", "float32"), "float32", "32F", "float32"),
        (("float32", "float32"), "tf32", "32F_FAST_TF32", "float32"),
        (("float32", "float32"), "bfloat16", "32F_FAST_16BF", "float32"),
        (("float32", "float32"), "float16", "32F_FAST_16F", "float32"),
        (("float64", "float64"), "tf32", "64F", "float64"),
        (("float16", "float32"), "float32", "32F", "float32"),
        (("bfloat16", "bfloat16"), "bfloat16", "32F", "float32"),
    ],
)
def test_what_is_computed_in(dtypes: tuple[str, str], precision: str, compute: str, scale: str) -> None:
    plan = plan_of(
        *(operand(2, 3, dtype=dtypes[0]), operand(3, 4, dtype=dtypes[0]), operand(2, 4, dtype=dtypes[1])),
        precision=precision,
    )
    assert (plan.compute, plan.scale) == (compute, scale)


def test_float32_is_the_default() -> None:
    assert plan_of(operand(2, 3), operand(3, 4), operand(2, 4)).compute == "32F"


REFUSED: list[tuple[tuple[Operand, Operand, Operand], dict[str, Any], str]] = [
    ((operand(2, 3), operand(4, 5), operand(2, 5)), {}, "as many columns on the left"),
    ((operand(2, 3), operand(3, 5), operand(2, 4)), {}, r"a result that \(2, 3\) times \(3, 5\) makes"),
    ((operand(2, 3), operand(3, 5), operand(10)), {}, "a result that"),
    ((operand(2, 2, 3), operand(3, 3, 5), operand(2, 2, 5)), {}, "stacks that can be broadcast"),
    ((operand(), operand(3, 5), operand(5)), {}, "arrays of one axis and more"),
    ((operand(0, 3), operand(3, 5), operand(0, 5)), {}, "something to multiply"),
    ((operand(2, 0), operand(0, 5), operand(2, 5)), {}, "Fill it with zeros"),
    ((operand(2, 3, dtype="int32"), operand(3, 5), operand(2, 5)), {}, "was given int32. Cast it first"),
    ((operand(2, 3), operand(3, 5, dtype="float16"), operand(2, 5)), {}, "two arrays of one dtype"),
    ((operand(2, 3), operand(3, 5), operand(2, 5, dtype="float16")), {}, "a result of float32 for float32"),
    ((operand(2, 3, strides=(6, 2)), operand(3, 5), operand(2, 5)), {}, r"given 2 x 3 with strides \(6, 2\)"),
    ((operand(2, 3, strides=(0, 1)), operand(3, 5), operand(2, 5)), {}, "do not overlap"),
    (
        (operand(2, 3, strides=(2, 1)), operand(3, 5), operand(2, 5)),
        {},
        "do not overlap, was given 2 x 3 with",
    ),
    ((operand(2, 3, strides=(-3, 1)), operand(3, 5), operand(2, 5)), {}, "Copy it first"),
    ((operand(2, 3, strides=(1,)), operand(3, 5), operand(2, 5)), {}, "a stride for each axis"),
    (
        (operand(2, 4, 3, strides=(-12, 3, 1)), operand(2, 3, 5), operand(2, 4, 5)),
        {},
        "strides that run forwards",
    ),
    (
        (operand(2, 4, 3), operand(2, 3, 5), operand(2, 4, 5, strides=(0, 5, 1))),
        {},
        "results in places of their own",
    ),
    (
        (operand(70, 80, 2, 3, strides=(6, 420, 3, 1)), operand(70, 80, 3, 2), operand(70, 80, 2, 2)),
        {},
        "at most 64 calls, was given one of 70",
    ),
    (
        (operand(2, 3), operand(3, 5), operand(2, 5, strides=(1, 2))),
        {"epilogue": "bias"},
        "a bias along axis -2 of a result by columns, was given axis -1",
    ),
    (
        (operand(2, 3), operand(3, 5), operand(2, 5)),
        {"epilogue": "bias", "bias_axis": -2},
        "a bias along axis -1 of a result by rows",
    ),
    (
        (operand(2, 4, 3), operand(2, 3, 5), operand(2, 4, 5)),
        {"epilogue": "bgrad_b"},
        "one matrix for the epilogue 'bgrad_b'",
    ),
    (
        (operand(2**31, 1), operand(1, 1), operand(2**31, 1)),
        {},
        "at most 2147483647 elements along an axis",
    ),
]


@pytest.mark.parametrize(("operands", "options", "line"), REFUSED)
def test_what_the_library_has_no_words_for(operands: Any, options: Any, line: str) -> None:
    with pytest.raises(ShapeError, match=line) as raised:
        plan_of(*operands, **options)
    assert refusal_of(*operands, **options) == str(raised.value)
    assert "\n" not in str(raised.value)


def test_what_can_be_described_is_not_refused() -> None:
    assert refusal_of(operand(2, 3), operand(3, 5), operand(2, 5), epilogue="relu_aux_bias") is None


def test_near_words() -> None:
    operands = (operand(2, 3), operand(3, 5), operand(2, 5))
    with pytest.raises(OptionError, match='Did you mean "tf32"'):
        refusal_of(*operands, precision="tf23")
    with pytest.raises(OptionError, match='Did you mean "relu_aux_bias"'):
        refusal_of(*operands, epilogue="relu_auxbias")
    with pytest.raises(OptionError, match="alignment must be a power of two"):
        Operand((2,), (1,), "float32", 24)


@pytest.mark.parametrize(
    ("lengths", "turned", "epilogue", "version", "limit"),
    [
        ((200, 1, 16), "b", "drelu_bgrad", 130100, "DRELU_BGRAD does not take a k of 1"),
        ((200, 1, 16), "b", "dgelu", 130100, "DGELU does not take a k of 1"),
        ((200, 8, 16), "b", "drelu_bgrad", 130100, ""),
        ((200, 1, 16), "", "relu_aux_bias", 130100, ""),
        ((16, 200, 8), "a", "bgrad_b", 130100, ""),
        ((16, 200, 8), "a", "bgrad_a", 130100, ""),
        ((16, 200, 1), "a", "bgrad_b", 130100, "BGRADA does not take a sum of one row"),
        ((1, 200, 8), "a", "bgrad_a", 130100, "BGRADB does not take a sum of one row"),
        ((16, 1, 8), "a", "bgrad_b", 120205, "BGRADA takes a k of 1 from version 12.3.4 on"),
        ((16, 1, 8), "a", "bgrad_b", 120304, ""),
        ((16, 200, 8), "ab", "bgrad_b", 130100, "BGRADA sums operands that are read as they lie"),
        ((16, 200, 8), "", "bgrad_a", 130100, "BGRADB sums operands that are read transposed"),
        ((16, 200, 8), "c", "bgrad_a", 130100, "BGRADA sums operands that are read as they lie"),
        ((16, 200, 8), "ac", "bgrad_a", 130100, ""),
        ((16, 200, 8), "bc", "bgrad_b", 130100, "BGRADB sums operands that are read transposed"),
        ((16, 200, 8), "c", "bgrad_b", 130100, ""),
    ],
)
def test_what_the_library_is_not_asked_for(
    lengths: tuple[int, ...], turned: str, epilogue: str, version: int, limit: str
) -> None:
    """A layer's gradients, ``x^T g`` with the sums of g, are asked for; what is rarer is not."""
    m, k, n = lengths

    def lying(name: str, rows: int, columns: int) -> Operand:
        return operand(rows, columns, strides=(1, rows) if name in turned else None)

    plan = plan_of(lying("a", m, k), lying("b", k, n), lying("c", m, n), epilogue=epilogue)
    found = limit_of(plan, version)
    assert found.startswith(limit)
    assert bool(found) == bool(limit)


def test_alignments_follow_the_offsets_of_what_is_stacked() -> None:
    plan = plan_of(operand(3, 2, 4), operand(3, 4, 5), operand(3, 2, 5))
    assert [plan.second.alignment, plan.first.alignment, plan.result.alignment] == [32, 16, 8]


def test_a_plan_is_a_key_in_every_run() -> None:
    operands = (operand(2, 3), operand(3, 5), operand(2, 5))
    plan = plan_of(*operands, epilogue="relu_aux_bias")
    assert plan == pickle.loads(pickle.dumps(plan))  # noqa: S301
    assert hash(plan) == hash(plan_of(*operands, epilogue="relu_aux_bias"))
    assert plan.key == plan_of(*operands, epilogue="relu_aux_bias").key != plan_of(*operands).key
    assert plan.flops == 2 * 2 * 3 * 5
    assert str(plan.text).endswith("in float32 with the epilogue 'relu_aux_bias'")
