"""What the library is told about arrays of ours makes it compute what NumPy computes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bpcore_cupy.products import Handle, plan_of, refusal_of
from tests.backends.cupy.products.arrays import Lay, Placed, place, untouched
from tests.backends.cupy.products.interpreter import Memory, gelu, gelu_slope
from tests.backends.cupy.products.stand_in import StandIn

pytestmark = pytest.mark.usefixtures("unlimited")
EXAMPLES = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
LENGTH = st.integers(1, 5)
LAY = st.builds(Lay, st.booleans(), st.integers(0, 3))
DTYPES = (
    *(("float32", "float32"), ("float64", "float64"), ("float16", "float16")),
    *(("bfloat16", "bfloat16"), ("bfloat16", "float32"), ("float16", "float32")),
)


def numbers(seed: int, *shape: int) -> np.ndarray:
    """Return small whole numbers: their products and sums are exact in every dtype."""
    return np.random.default_rng(seed).integers(-2, 3, shape).astype("f8")


def memory_of(library: StandIn) -> Memory:
    assert library.memory is not None
    library.memory.arrays.clear()
    return library.memory


def run(handle: Handle, a: Placed, b: Placed, c: Placed, bias: int = 0, aux: int = 0, **options: Any) -> None:
    prepared = handle.prepare(plan_of(a.operand, b.operand, c.operand, **options))
    assert prepared
    prepared(7, a.address, b.address, c.address, bias=bias, aux=aux)


@EXAMPLES
@given(
    mkn=st.tuples(LENGTH, LENGTH, LENGTH),
    lays=st.tuples(LAY, LAY, LAY),
    dtypes=st.sampled_from(DTYPES),
    more=st.booleans(),
)
def test_matrices(
    library: StandIn, handle: Handle, mkn: tuple[int, ...], lays: Any, dtypes: Any, *, more: bool
) -> None:
    m, k, n = mkn
    memory, (dtype, result) = memory_of(library), dtypes
    a, b = (
        place(memory, numbers(i, *shape), dtype, lay)
        for i, shape, lay in zip((1, 2), ((m, k), (k, n)), lays, strict=False)
    )
    before = numbers(3, m, n)
    c = place(memory, before, result, lays[2])
    run(handle, a, b, c, accumulate=more)
    expected = np.matmul(a.numbers(), b.numbers()) + (before if more else 0)
    np.testing.assert_array_equal(c.numbers(), expected)
    assert untouched(c)


@EXAMPLES
@given(st.data())
def test_stacks(library: StandIn, handle: Handle, data: st.DataObject) -> None:
    m, k, n = (data.draw(LENGTH) for _ in range(3))
    stack = tuple(data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=3)))
    memory, placed = memory_of(library), []
    for i, shape in enumerate(((m, k), (k, n))):
        own = stack[data.draw(st.integers(0, len(stack))) :]
        own = tuple(data.draw(st.sampled_from((length, 1))) for length in own)
        repeated = frozenset(data.draw(st.lists(st.sampled_from(range(len(own))))) if own else ())
        lay = Lay(data.draw(st.booleans()), data.draw(st.integers(0, 2)), repeated, data.draw(st.booleans()))
        placed.append(place(memory, numbers(i, *own, *shape), "float32", lay))
    a, b = placed
    expected = np.matmul(a.numbers(), b.numbers())
    lay = Lay(data.draw(st.booleans()), data.draw(st.integers(0, 2)), frozenset(), data.draw(st.booleans()))
    c = place(memory, np.zeros(expected.shape), "float32", lay)
    run(handle, a, b, c)
    np.testing.assert_array_equal(c.numbers(), expected)
    assert untouched(c)


@pytest.mark.parametrize(
    ("a", "b"), [((4,), (4, 3)), ((2, 4), (4,)), ((4,), (4,)), ((2, 3, 4), (4,)), ((4,), (2, 4, 3))]
)
@pytest.mark.parametrize("gap", [0, 2])
def test_vectors(library: StandIn, handle: Handle, a: Any, b: Any, gap: int) -> None:
    memory = memory_of(library)
    left, right = (place(memory, numbers(i, *s), "float64", Lay(gap=gap)) for i, s in enumerate((a, b)))
    expected = np.matmul(left.numbers(), right.numbers())
    c = place(memory, np.zeros(expected.shape), "float64", Lay(gap=gap if expected.ndim > 1 else 0))
    run(handle, left, right, c)
    np.testing.assert_array_equal(c.numbers(), expected)


BIAS = st.sampled_from(["bias", "relu", "relu_bias", "gelu", "gelu_bias"])


@EXAMPLES
@given(
    st.lists(LENGTH, min_size=3, max_size=4),
    st.tuples(LAY, LAY),
    st.integers(0, 2),
    BIAS,
    st.sampled_from([-1, -2]),
)
def test_a_bias_and_what_follows(
    library: StandIn, handle: Handle, lengths: list[int], lays: Any, gap: int, epilogue: str, axis: int
) -> None:
    *stack, m, k, n = (*lengths[:-3], *lengths[-3:])
    memory = memory_of(library)
    a = place(memory, numbers(1, *stack, m, k), "float64", lays[0])
    b = place(memory, numbers(2, k, n), "float64", lays[1])
    expected = np.matmul(a.numbers(), b.numbers())
    c = place(memory, np.zeros(expected.shape), "float64", Lay(by_rows=axis == -1, gap=gap))
    bias = place(memory, numbers(3, n if axis == -1 else m), "float64")
    run(
        *(handle, a, b, c, bias.address if "bias" in epilogue else 0),
        epilogue=epilogue,
        bias_axis=axis,
    )
    if "bias" in epilogue:
        expected = expected + (bias.numbers() if axis == -1 else bias.numbers()[:, None])
    expected = np.maximum(expected, 0) if "relu" in epilogue else expected
    expected = gelu(expected) if "gelu" in epilogue else expected
    np.testing.assert_allclose(c.numbers(), expected, rtol=1e-14)
    assert untouched(c)


@EXAMPLES
@given(
    m=LENGTH,
    k=LENGTH,
    last=LENGTH,
    n=st.integers(1, 200),
    lays=st.tuples(LAY, LAY, LAY),
    which=st.sampled_from(["relu", "gelu"]),
    sums=st.booleans(),
)
def test_forward_and_back_through_an_activation(
    library: StandIn, handle: Handle, m: int, k: int, last: int, n: int, lays: Any, which: str, *, sums: bool
) -> None:
    """A layer ``h = act(x w + b)``, and ``(g v^T) act'`` with its sums over samples, through one mask."""
    memory = memory_of(library)
    x, w = (
        place(memory, numbers(i, *shape), "float64", lay)
        for i, shape, lay in zip((1, 2), ((m, k), (k, n)), lays, strict=False)
    )
    bias, h = place(memory, numbers(3, n), "float64"), place(memory, np.zeros((m, n)), "float64")
    forward = plan_of(x.operand, w.operand, h.operand, epilogue=f"{which}_aux_bias")
    assert forward.aux
    kept = place(memory, np.zeros(forward.aux.nbytes // 8), "float64")
    run(handle, x, w, h, bias.address, kept.address, epilogue=f"{which}_aux_bias")
    before = np.matmul(x.numbers(), w.numbers()) + bias.numbers()
    act, slope = {"relu": (lambda z: np.maximum(z, 0), lambda z: z > 0), "gelu": (gelu, gelu_slope)}[which]
    np.testing.assert_allclose(h.numbers(), act(before), rtol=1e-14)

    g, v = (
        place(memory, numbers(4, m, last), "float64"),
        place(memory, numbers(5, n, last), "float64", lays[2]),
    )
    turned = v.operand.__class__(v.operand.shape[::-1], v.operand.strides[::-1], "float64")
    dz = place(memory, np.zeros((m, n)), "float64")
    db = place(memory, np.full(n, 9.0), "float64")
    epilogue = f"d{which}_bgrad" if sums else f"d{which}"
    plan = plan_of(g.operand, turned, dz.operand, epilogue=epilogue)
    assert plan.aux
    assert plan.aux.nbytes == forward.aux.nbytes
    assert plan.aux.ld == forward.aux.ld
    prepared = handle.prepare(plan)
    assert prepared
    prepared(7, g.address, v.address, dz.address, bias=db.address if sums else 0, aux=kept.address)
    expected = np.matmul(g.numbers(), v.numbers().T) * slope(before)
    np.testing.assert_allclose(dz.numbers(), expected, rtol=1e-13, atol=1e-13)
    if sums:
        assert plan.vector
        assert (plan.vector.length, plan.vector.axis, plan.vector.written) == (n, -1, True)
        np.testing.assert_allclose(db.numbers(), expected.sum(axis=0), rtol=1e-12, atol=1e-12)


@EXAMPLES
@given(LENGTH, LENGTH, LENGTH, st.tuples(LAY, LAY, LAY), st.sampled_from(["bgrad_a", "bgrad_b"]))
def test_a_gradient_of_weights_with_that_of_the_bias(
    library: StandIn, handle: Handle, inputs: int, samples: int, outputs: int, lays: Any, epilogue: str
) -> None:
    """``dw = x^T g`` and the sums of g over samples; or ``dw^T = g^T x``, where g is our a."""
    memory = memory_of(library)
    a = place(memory, numbers(1, inputs, samples), "float32", lays[0])
    b = place(memory, numbers(2, samples, outputs), "float32", lays[1])
    c = place(memory, np.zeros((inputs, outputs)), "float32", lays[2])
    of = (a.numbers().sum(axis=1), b.numbers().sum(axis=0))[epilogue == "bgrad_b"]
    sums = place(memory, np.zeros(len(of)), "float32")
    plan = plan_of(a.operand, b.operand, c.operand, epilogue=epilogue)
    assert plan.vector
    assert (plan.vector.length, plan.vector.written) == (len(of), True)
    run(handle, a, b, c, sums.address, epilogue=epilogue)
    np.testing.assert_array_equal(c.numbers(), np.matmul(a.numbers(), b.numbers()))
    np.testing.assert_array_equal(sums.numbers(), of)


def test_samples_of_sequences_and_one_weight_are_one_product(library: StandIn, handle: Handle) -> None:
    memory = memory_of(library)
    a, b = place(memory, numbers(1, 3, 4, 5, 6), "float32"), place(memory, numbers(2, 6, 2), "float32")
    c = place(memory, np.zeros((3, 4, 5, 2)), "float32")
    plan = plan_of(a.operand, b.operand, c.operand, epilogue="bias")
    assert (plan.m, plan.n, plan.k, plan.result.batch, plan.calls) == (2, 60, 6, 1, ((0, 0, 0),))


def test_heads_of_attention_are_a_call_for_each_sample(library: StandIn, handle: Handle) -> None:
    """Queries (batch, time, heads, width), seen as (batch, heads, time, width): two axes that do not join."""
    memory = memory_of(library)
    q, k = (place(memory, numbers(i, 2, 5, 3, 4), "float32") for i in (1, 2))
    queries, keys = (np.swapaxes(x.numbers(), 1, 2) for x in (q, k))
    seen = [
        q.operand.__class__((2, 3, 5, 4), (60, 4, 12, 1), "float32"),
        k.operand.__class__((2, 3, 4, 5), (60, 4, 1, 12), "float32"),
    ]
    c = place(memory, np.zeros((2, 3, 5, 5)), "float32")
    plan = plan_of(*seen, c.operand)
    assert (plan.result.batch, len(plan.calls)) == (3, 2)
    prepared = handle.prepare(plan)
    assert prepared
    prepared(7, q.address, k.address, c.address)
    np.testing.assert_array_equal(c.numbers(), np.matmul(queries, np.swapaxes(keys, -1, -2)))
    assert refusal_of(*seen, c.operand, epilogue="relu_aux")


def stack_of(library: StandIn, handle: Handle, lays: Any, shapes: Any, **options: Any) -> Any:
    """Multiply a stack by one matrix, compare, and return the plan."""
    memory = memory_of(library)
    a, b = (
        place(memory, numbers(1, *shapes[0]), "float32", lays[0]),
        place(memory, numbers(2, *shapes[1]), "float32"),
    )
    expected = np.matmul(a.numbers(), b.numbers())
    c = place(memory, np.zeros(expected.shape), "float32", lays[1])
    plan = plan_of(a.operand, b.operand, c.operand, **options)
    bias = place(memory, numbers(3, plan.vector.length), "float32") if plan.vector else None
    run(handle, a, b, c, bias.address if bias else 0, **options)
    if bias:
        expected = expected + bias.numbers()[:, None]
    np.testing.assert_array_equal(c.numbers(), expected)
    return plan


def test_a_stack_stays_one_where_rows_would_not_go_on(library: StandIn, handle: Handle) -> None:
    """Not of the result, though of a; not of a single row that lies apart; not with a bias by rows."""
    rows, apart = Lay(), Lay(by_rows=False, gap=1)
    assert stack_of(library, handle, (rows, Lay(gap=2)), ((3, 4, 5), (5, 6))).result.batch == 3
    assert stack_of(library, handle, (apart, rows), ((2, 1, 2), (2, 1))).result.batch == 2
    by_columns = Lay(by_rows=False)
    options = {"epilogue": "bias", "bias_axis": -2}
    assert stack_of(library, handle, (rows, by_columns), ((2, 1, 3), (3, 1)), **options).vector.length == 1
