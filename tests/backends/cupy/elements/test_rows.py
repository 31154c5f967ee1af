"""Rows as host code: softmax, its loss and its gradient in one kernel; norms of layers. No GPU runs here."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.program.equation import Constant
from bpcore.program.passes import optimized
from bpcore.program.program import Program
from bpcore_cupy.elements import grouped, is_written_out, row_kernels
from tests.backends.cupy.elements.host import Host
from tests.backends.cupy.elements.running import FUNCTIONS, compared, kernels_of, recorded

XP = bp.namespace("numpy")
pytestmark = pytest.mark.usefixtures("compiler")


def _passes(program: Program) -> Program:
    return grouped(optimized(program, FUNCTIONS, inlined=is_written_out))


def _loss(z: Any, labels: Any) -> Any:
    value, gradient = bp.value_and_grad(lambda z: bp.CrossEntropy()(z, labels))(z)
    right = XP.astype(XP.equal(XP.argmax(z, axis=-1), labels), z.dtype)
    return value, gradient, XP.mean(right)


@pytest.mark.parametrize(
    ("rows", "classes"), [(1, 3), (7, 10), (130, 32), (33, 33), (5, 1000), (2100, 10), (3, 3000), (2, 9000)]
)
def test_cross_entropy_and_its_gradient_are_one_kernel(
    rows: int, classes: int, rng: np.random.Generator, close: Any
) -> None:
    z = (4 * rng.normal(size=(rows, classes))).astype("float32")
    labels = rng.integers(0, classes, rows)
    found, wanted, kernels = compared(_loss, z, labels, passes=_passes)
    (kernel,) = [x for x in kernels.values() if "expf" in x.source]
    assert len(kernels) <= 2  # the labels as a column are a view, here a copy
    assert sum(y in kernel.source for y in ("expf", "logf")) == 2
    assert len(kernel.stages) == (2 if kernel.grid > 1 else 1)
    close(found, wanted, 40)


def test_rows_that_are_not_numbers(rng: np.random.Generator, close: Any) -> None:
    z = rng.normal(size=(6, 5))
    z[1, 2], z[2, 3], z[3] = np.nan, np.inf, -np.inf
    found, wanted, _ = compared(_loss, z, rng.integers(0, 5, 6), passes=_passes)
    close(found, wanted, 8)


@pytest.mark.parametrize("shape", [(4, 17), (2, 3, 64), (300,)])
def test_softmax_and_norms(shape: tuple[int, ...], rng: np.random.Generator, close: Any) -> None:
    x = rng.normal(size=shape)

    def f(x: Any) -> Any:
        away = XP.subtract(x, XP.mean(x, axis=-1, keepdims=True))
        spread = XP.sqrt(XP.add(XP.mean(XP.square(away), axis=-1, keepdims=True), 1e-5))
        return XP.softmax(x, axis=-1), XP.divide(away, spread), XP.logsumexp(x, axis=-1)

    found, wanted, kernels = compared(f, x, passes=_passes)
    assert len(kernels) <= 3
    close(found, wanted, 8)


def test_rows_of_several_axes(rng: np.random.Generator, close: Any) -> None:
    x = rng.normal(size=(5, 6, 7))

    def f(x: Any) -> Any:
        most = XP.max(x, axis=(1, 2), keepdims=True)
        return XP.exp(XP.subtract(x, most)), XP.sum(XP.exp(XP.subtract(x, most)), axis=(1, 2))

    found, wanted, kernels = compared(f, x, passes=_passes)
    assert len(kernels) == 1
    close(found, wanted, 16)


def test_a_number_of_each_row_is_not_taken_for_one_of_each_column(rng: np.random.Generator) -> None:
    x = rng.normal(size=(5, 5))

    def f(x: Any) -> Any:
        return (XP.subtract(x, XP.sum(x, axis=-1)), XP.max(x, axis=-1))

    found, wanted, _ = compared(f, x, passes=_passes)
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-14)


def test_one_text_gives_the_same_bits_again(rng: np.random.Generator) -> None:
    """The order of additions is in the text: neither a clock nor an atomic has a part in it."""
    z, labels = rng.normal(size=(700, 10)).astype("float32"), rng.integers(0, 10, 700)
    one, _, kernels = compared(_loss, z, labels, passes=_passes)
    other, *_ = compared(_loss, z, labels, passes=_passes)
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not any("atomic" in stage.source for kernel in kernels.values() for stage in kernel.stages)


def test_a_block_takes_one_row_after_the_other(
    rng: np.random.Generator, close: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_kernels, "MOST_BLOCKS", 2)
    z, labels = rng.normal(size=(7, 1500)), rng.integers(0, 1500, 7)
    found, wanted, kernels = compared(_loss, z, labels, passes=_passes)
    assert {2} == {kernel.grid for kernel in kernels.values() if "exp(" in kernel.source}
    close(found, wanted, 8)
    found, wanted, _ = compared(lambda z: (XP.max(z, axis=-1),), z)
    close(found, wanted, 0)


@pytest.mark.parametrize("shape", [(7, 10), (3, 1500)])
def test_a_gradient_may_lie_where_its_logits_lay(
    shape: tuple[int, ...], rng: np.random.Generator, close: Any
) -> None:
    z = rng.normal(size=shape)
    program = _passes(recorded(lambda z: XP.softmax(z, axis=-1), z))
    (kernel,) = kernels_of(program).values()
    (output,) = program.outputs
    assert kernel.shares == ((0, len(kernel.arguments) - 1),)
    memory = z.copy()
    given = {program.inputs[0]: memory, output: memory}
    given |= {Constant(name): x for name, x in program.constants.items()}
    Host([kernel]).run(kernel, given, {})
    close([memory], [XP.softmax(z, axis=-1)], 8)
