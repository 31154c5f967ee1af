"""`bp.special`: sums of products, padding, ranking, convolution, against NumPy and loops written out."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bpcore as bp
from bpcore.derivatives.rules import TABLE
from bpcore.derivatives.rules.special.subscripts import subscripts_of
from bpcore.words.errors import OptionError, ShapeError

LETTERS = "abcd"
SIZES = {"a": 2, "b": 3, "c": 1, "d": 2}


def filled(*shape: int) -> np.ndarray:
    return np.sin(np.arange(1.0, 1.0 + np.prod(shape, dtype=int))).reshape(shape)


@st.composite
def notations(draw: Any) -> tuple[str, list[np.ndarray]]:
    """Return a notation and arrays that fit: letters twice, ellipses, and lengths of 1 among them."""
    count = draw(st.integers(1, 3))
    parts = [draw(st.text(LETTERS, max_size=3)) for _ in range(count)]
    dots = [draw(st.sampled_from([None, None, (), (4,), (1,), (5, 4)])) for _ in parts]
    known = sorted(set("".join(parts)))
    output = "".join(draw(st.permutations(known))[: draw(st.integers(0, len(known)))])
    arrays, written = [], []
    for part, dot in zip(parts, dots, strict=True):
        sizes = {letter: SIZES[letter] for letter in part}
        arrays.append(filled(*(dot or ()), *(sizes[letter] for letter in part)))
        written.append(("" if dot is None else "...") + part)
    text = ",".join(written)
    if draw(st.booleans()):
        text += "->" + ("..." if "..." in text else "") + output
    return text, arrays


@settings(max_examples=150, deadline=None)
@given(notations())
def test_einsum_is_numpys(drawn: tuple[str, list[np.ndarray]]) -> None:
    text, arrays = drawn
    y = bp.special.einsum(text, *arrays)
    right = np.einsum(text, *arrays)
    assert y.shape == right.shape
    np.testing.assert_allclose(y, right, rtol=1e-12, atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(notations())
def test_the_gradient_of_einsum_is_its_transpose(drawn: tuple[str, list[np.ndarray]]) -> None:
    """The sum is linear in each operand: the gradient times the operand is the result again."""
    text, arrays = drawn
    for i, x in enumerate(arrays):

        def of_one(x: Any, i: int = i) -> Any:
            return bp.special.einsum(text, *arrays[:i], x, *arrays[i + 1 :])

        y, pullback = bp.vjp(of_one, x)
        g = filled(*y.shape) + 0.5
        (dx,) = pullback(g)
        assert dx.shape == x.shape
        np.testing.assert_allclose(np.sum(dx * x), np.sum(g * y), rtol=1e-10, atol=1e-10)
        other = filled(*x.shape) ** 2  # another point: the gradient does not depend on the operand
        np.testing.assert_allclose(np.sum(dx * other), np.sum(g * of_one(other)), rtol=1e-10, atol=1e-10)


def test_einsum_multiplies_the_cheaper_pair_first() -> None:
    shapes: list[tuple[int, ...]] = []

    class Watched:
        def __getattr__(self, name: str) -> Any:
            def call(*arrays: Any, **named: Any) -> Any:
                y = getattr(np, name)(*arrays, **named)
                shapes.append(y.shape)
                return y

            return call

    body = TABLE["einsum"].compute
    assert body is not None
    body(Watched(), "ij,jk,k->i", np.ones((50, 50)), np.ones((50, 50)), np.ones(50))
    assert max(map(len, shapes)) == 1  # a matrix times a vector, twice


@pytest.mark.parametrize(
    ("text", "shapes", "error", "says"),
    [
        ("ij,jk", [(2, 3)], ShapeError, "2 operands"),
        ("ij", [(2, 3, 4)], ShapeError, '2 axes for "ij"'),
        ("i...j", [(2,)], ShapeError, '2 axes for "i...j"'),
        ("ij,jk", [(2, 3), (4, 2)], ShapeError, "one length for every j"),
        ("ij->ik", [(2, 3)], OptionError, "the result's letters are the operands'"),
        ("ij->ii", [(2, 3)], OptionError, "each once"),
        ("i1", [(2, 3)], OptionError, "of letters, commas"),
        (3, [(2, 3)], OptionError, "a text such as"),
    ],
)
def test_a_notation_that_does_not_fit_is_refused(text: Any, shapes: Any, error: Any, says: str) -> None:
    with pytest.raises(error, match=says):
        subscripts_of(text, shapes)


@pytest.mark.axes("numpy", "strict", "torch")
def test_a_sum_of_one_operand_is_no_view_of_it(backend: Any) -> None:
    x = backend.array(filled(2, 2))
    for text in ("ij->ij", "ij->ji", "ii->i"):
        y = bp.special.einsum(text, x)
        before = backend.host(y).copy()
        x[0, 0] = x[0, 0] + 1.0
        np.testing.assert_array_equal(backend.host(y), before)


MODES = ("constant", "edge", "reflect", "symmetric", "wrap")


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(MODES),
    st.integers(1, 4),
    st.integers(1, 3),
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=2),
)
def test_pad_is_numpys(mode: str, rows: int, columns: int, widths: list[tuple[int, int]]) -> None:
    x = filled(rows, columns)
    y, pullback = bp.vjp(lambda x: bp.special.pad(x, widths, mode=mode), x)
    np.testing.assert_array_equal(y, np.pad(x, widths, mode=mode))
    g = np.cos(np.arange(y.size)).reshape(y.shape)
    other = x**2
    np.testing.assert_allclose(np.sum(pullback(g)[0] * other), np.sum(g * np.pad(other, widths, mode=mode)))


def test_pad_takes_widths_as_numpy_does_and_refuses_others(backend: Any) -> None:
    x = filled(2, 3)
    for widths in (1, (0, 2), ((1, 0), (0, 3))):
        y = bp.special.pad(backend.array(x), widths, constant_values=2.5)
        right = np.pad(x, [widths] * 2 if np.ndim(widths) == 1 else widths, constant_values=2.5)
        np.testing.assert_allclose(backend.host(y), right, rtol=1e-6)
    for wrong in (-1, ((1, 1),), ((1, 2, 3), (1, 1))):
        with pytest.raises(ShapeError, match="2 pairs"):
            bp.special.pad(backend.array(x), wrong)
    with pytest.raises(OptionError, match='Did you mean "reflect"'):
        bp.special.pad(backend.array(x), 1, mode="reflects")
    with pytest.raises(ShapeError, match="not empty"):
        bp.special.pad(backend.array(x)[:, :0], 1, mode="edge")


def test_what_is_not_padded_is_a_copy() -> None:
    x = filled(2, 2)
    for mode in MODES:
        assert not np.shares_memory(bp.special.pad(x, 0, mode=mode), x)


def test_top_k_is_in_order_and_says_where(backend: Any) -> None:
    x = backend.array([[3.0, -1.0, 7.0, 5.0], [0.0, 2.0, -4.0, 1.0]])
    for k, largest, wanted in ((2, True, [[2, 3], [1, 3]]), (3, False, [[1, 0, 3], [2, 0, 3]])):
        found = bp.special.top_k(x, k, largest=largest)
        assert backend.host(found.indices).tolist() == wanted
        right = np.take_along_axis(backend.host(x), np.asarray(wanted), axis=-1)
        np.testing.assert_array_equal(backend.host(found.values), right)
    assert tuple(bp.special.top_k(x, 0, axis=0).values.shape) == (0, 4)


def test_the_gradient_of_top_k_goes_where_the_values_were(backend: Any) -> None:
    xp = backend.xp
    x = backend.array([[3.0, -1.0, 7.0], [0.0, 2.0, -4.0]])
    weights = backend.array([[1.0, 10.0], [100.0, 1000.0]])
    g = bp.grad(lambda x: xp.sum(bp.special.top_k(x, 2).values * weights))(x)
    assert backend.host(g).tolist() == [[10.0, 0.0, 1.0], [1000.0, 100.0, 0.0]]


@pytest.mark.axes("numpy", "strict", "jax")
def test_of_equal_values_the_first_is_taken_first(backend: Any) -> None:
    x = backend.array([1.0, 5.0, 1.0, 5.0])
    for largest, wanted in ((True, [1, 3, 0]), (False, [0, 2, 1])):
        assert backend.host(bp.special.top_k(x, 3, largest=largest).indices).tolist() == wanted


def test_more_than_there_is_is_refused(backend: Any) -> None:
    x = backend.array([[1.0, 2.0]])
    for k, axis in ((3, -1), (2, 0), (-1, 0), (1, 2), (1.0, 0)):
        with pytest.raises(ShapeError, match="top_k"):
            bp.special.top_k(x, k, axis=axis)


def slid(x: np.ndarray, w: np.ndarray, stride: int, dilation: int, groups: int) -> np.ndarray:
    """Return the convolution with no padding, as loops over every number."""
    spans = [dilation * (k - 1) + 1 for k in w.shape[2:]]
    out = [(n - span) // stride + 1 for n, span in zip(x.shape[2:], spans, strict=True)]
    y = np.zeros((x.shape[0], w.shape[0], *out))
    inside = w.shape[1]
    for at in itertools.product(*map(range, y.shape)):
        first = at[1] // (w.shape[0] // groups) * inside
        for offset in itertools.product(*map(range, w.shape[1:])):
            place = tuple(i * stride + k * dilation for i, k in zip(at[2:], offset[1:], strict=True))
            y[at] += x[(at[0], first + offset[0], *place)] * w[(at[1], *offset)]
    return y


@pytest.mark.parametrize(("stride", "dilation", "groups"), [(1, 1, 1), (2, 1, 2), (1, 2, 1), (3, 2, 2)])
@pytest.mark.parametrize("spatial", [(6,), (5, 6), (4, 3, 4), (3, 3, 2, 3)])
def test_convolution_is_what_loops_say(
    backend: Any, spatial: tuple[int, ...], stride: int, dilation: int, groups: int
) -> None:
    if len(spatial) == 4 and backend.name.startswith("jax"):
        pytest.skip("four spatial axes take XLA long to compile")
    x, w = filled(2, 2, *spatial), filled(4, 2 // groups, *(2,) * len(spatial))
    padded = np.pad(x, [(0, 0), (0, 0), *[(1, 1)] * len(spatial)])
    how = {"stride": stride, "dilation": dilation, "groups": groups}
    y = bp.special.conv(backend.array(x), backend.array(w), padding=1, **how)
    right = slid(padded, w, **how)
    np.testing.assert_allclose(backend.host(y), right, rtol=64 * backend.eps, atol=64 * backend.eps)


@pytest.mark.parametrize("padding", [0, "valid", "same", (1, 0), ((0, 2), (1, 0))])
def test_zeros_stand_where_padding_says(backend: Any, padding: Any) -> None:
    x, w = filled(1, 1, 5, 4), filled(1, 1, 2, 3)
    pairs = {
        0: ((0, 0), (0, 0)),
        "valid": ((0, 0), (0, 0)),
        "same": ((0, 1), (1, 1)),
        (1, 0): ((1, 1), (0, 0)),
    }
    wide = np.pad(x, ((0, 0), (0, 0), *pairs.get(padding, padding)))
    y, pullback = bp.vjp(lambda x, w: bp.special.conv(x, w, padding=padding), *map(backend.array, (x, w)))
    right = slid(wide, w, 1, 1, 1)
    close = {"rtol": 64 * backend.eps, "atol": 64 * backend.eps}
    np.testing.assert_allclose(backend.host(y), right, **close)
    dx, dw = map(backend.host, pullback(y))
    np.testing.assert_allclose([np.sum(dx * x), np.sum(dw * w)], [np.sum(right**2)] * 2, **close)


def test_with_strides_same_gives_one_window_for_each_step(backend: Any) -> None:
    x, w = backend.array(filled(1, 1, 7)), backend.array(filled(1, 1, 4))
    assert tuple(bp.special.conv(x, w, padding="same", stride=3).shape) == (1, 1, 3)


@pytest.mark.parametrize(
    ("x", "w", "how", "error", "says"),
    [
        ((1, 2), (1, 2), {}, ShapeError, "spatial"),
        ((1, 2, 3), (1, 2, 2, 2), {}, ShapeError, "spatial"),
        ((1, 2, 3), (1, 1, 2), {}, ShapeError, "2 channels in 1 groups"),
        ((1, 2, 3), (3, 1, 2), {"groups": 2}, ShapeError, "in 2 groups, 3 out"),
        ((1, 2, 3), (1, 2, 4), {}, ShapeError, "windows that fit"),
        ((1, 1, 3), (1, 1, 2), {"stride": 0}, OptionError, "stride must be"),
        ((1, 1, 3), (1, 1, 2), {"dilation": (1, 2)}, OptionError, "dilation must be"),
        ((1, 1, 3), (1, 1, 2), {"padding": "full"}, OptionError, '"same" or "valid"'),
        ((1, 1, 3), (1, 1, 2), {"padding": -1}, ShapeError, "padding of conv"),
    ],
)
def test_windows_that_do_not_fit_are_refused(
    backend: Any, x: Any, w: Any, how: dict[str, Any], error: Any, says: str
) -> None:
    with pytest.raises(error, match=says):
        bp.special.conv(backend.array(np.ones(x)), backend.array(np.ones(w)), **how)


@pytest.mark.axes("numpy")
@pytest.mark.parametrize("n", [1, 2, 3])
def test_convolution_and_its_gradients_are_pytorchs(backend: Any, n: int) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle")
    native = getattr(torch.nn.functional, f"conv{n}d")
    for stride, padding, dilation, groups in ((1, 0, 1, 1), (2, 1, 1, 2), (1, 2, 2, 4)):
        how = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        x, w = filled(2, 4, *(7, 6, 5)[:n]), filled(8, 4 // groups, *(3, 2, 2)[:n])
        tensors = [torch.tensor(z, requires_grad=True) for z in (x, w)]
        y = native(*tensors, **how)
        mine, pullback = bp.vjp(lambda x, w, how=how: bp.special.conv(x, w, **how), x, w)
        np.testing.assert_allclose(mine, y.detach().numpy(), rtol=1e-12, atol=1e-12)
        right = torch.autograd.grad(y, tensors, y.detach())
        for a, b in zip(pullback(mine), right, strict=True):
            np.testing.assert_allclose(a, b.numpy(), rtol=1e-11, atol=1e-11)


def test_slices_are_added_by_name(backend: Any) -> None:
    x, source = backend.array([[1.0, 2.0], [3.0, 4.0]]), backend.array([[10.0, 20.0], [30.0, 40.0]])
    y = bp.special.index_add(x, backend.array([1, 1], "int32"), source, axis=0)
    assert backend.host(y).tolist() == [[1.0, 2.0], [43.0, 64.0]]


def test_they_are_recorded_and_compiled_with_their_gradients(backend: Any) -> None:
    """Notations are text, windows options, and rankings two outputs: a Program holds them all."""
    xp = backend.xp

    def loss(x: Any, w: Any) -> Any:
        y = bp.special.conv(bp.special.pad(x, ((0, 0), (0, 0), (2, 1)), mode="reflect"), w, stride=2)
        best = bp.special.top_k(bp.special.einsum("...ij,kj->...ik", y, y[0, ...]), 2, axis=-2).values
        return xp.sum(bp.special.gammaln(xp.add(xp.abs(best), 1.5)))

    x, w = backend.array(filled(2, 2, 6)), backend.array(filled(3, 2, 3))
    both = bp.value_and_grad(loss, argnums=(0, 1))
    value, (dx, dw) = both(x, w)
    again, (cx, cw) = bp.compile(both)(x, w)
    for a, b in ((again, value), (cx, dx), (cw, dw)):
        np.testing.assert_allclose(backend.host(a), backend.host(b), rtol=1e-5, atol=1e-5)
