"""Chains as host code: shapes, broadcasting, layouts, alignment, memory in place. No GPU has a part in it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import bpcore as bp
from bpcore.derivatives.rules import TABLE
from bpcore.program.equation import ArrayType, Equation, Slot
from bpcore.program.passes.joining import joined
from bpcore_cupy.elements import Layout, grouped, kernel_of, types_of
from bpcore_cupy.elements.chains import WIDE
from tests.backends.cupy.elements.host import Host, aligned
from tests.backends.cupy.elements.running import compared, kernels_of, recorded, run

XP = bp.namespace("numpy")
pytestmark = pytest.mark.usefixtures("compiler")
SHAPES = hnp.mutually_broadcastable_shapes(num_shapes=3, min_dims=0, max_dims=4, min_side=0, max_side=9)


def _chain(x: Any, y: Any, z: Any) -> Any:
    total = XP.multiply(XP.add(x, y), 0.5)
    both = XP.subtract(XP.maximum(total, z), XP.divide(total, 3.0))
    return total, XP.square(both), both > 0


@settings(max_examples=8, deadline=None)
@given(SHAPES, st.sampled_from(["float32", "float64"]), st.integers(0, 99))
def test_any_shapes(shapes: Any, dtype: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    arrays = [np.asarray(rng.normal(size=shape), dtype) for shape in shapes.input_shapes]
    found, wanted, kernels = compared(_chain, *arrays, passes=grouped)
    assert kernels
    for a, b in zip(found, wanted, strict=True):
        assert (a.shape, a.dtype) == (np.shape(b), b.dtype)
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("shape", [(WIDE,), (WIDE + 3,), (512, 260), (2, 513, 129)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_large_ones_take_several_elements_together(
    shape: tuple[int, ...], dtype: str, rng: np.random.Generator
) -> None:
    x = rng.normal(size=shape).astype(dtype)
    y = rng.normal(size=shape[-1:]).astype(dtype)
    z = rng.normal(size=(*shape[:-1], 1)).astype(dtype)
    found, wanted, kernels = compared(_chain, x, y, z, passes=grouped)
    (kernel,) = kernels.values()
    together = shape[-1] % 4 == 0 or len(shape) == 1
    assert ("bp_pack" in kernel.source) == together
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(a, b)


def _one_kernel(f: Any, *arrays: Any, layouts: Any = None) -> Any:
    program = grouped(recorded(f, *arrays))
    equation = program.equations[0]
    types = {**types_of(program), **equation.function.inner.types}
    names = dict(zip(("x", "y"), program.inputs, strict=False))
    placed = {names[name]: layout for name, layout in (layouts or {}).items()}
    return kernel_of(equation, types, layouts=placed), names, types


def _update(x: Any, y: Any) -> Any:
    moved = XP.add(XP.multiply(x, 0.9), y)
    return moved, XP.subtract(x, XP.multiply(moved, 0.1))


@pytest.mark.parametrize("offset", [0, 4, 8])
def test_pointers_need_not_be_aligned(offset: int, rng: np.random.Generator) -> None:
    x, y = (rng.normal(size=WIDE + 1).astype("float32") for _ in range(2))
    kernel, names, types = _one_kernel(_update, x, y)
    assert "bp_pack" in kernel.source
    moved = aligned(x.nbytes, offset).view("float32")
    moved[:] = x
    memory = Host([kernel]).run(kernel, {names["x"]: moved, names["y"]: y}, types)
    for name, wanted in zip(kernel.arguments[2:], _update(x, y), strict=True):
        np.testing.assert_array_equal(memory[name], wanted)


@pytest.mark.parametrize("count", [7, WIDE + 5])
def test_an_output_may_lie_where_an_input_lay(count: int, rng: np.random.Generator) -> None:
    x, y = (rng.normal(size=count).astype("float32") for _ in range(2))
    kernel, names, types = _one_kernel(_update, x, y)
    assert (0, 3) in kernel.shares
    assert (1, 2) in kernel.shares
    wanted = _update(x, y)
    first, second = kernel.arguments[2:]
    given = {names["x"]: x.copy(), names["y"]: y.copy()}
    given |= {second: given[names["x"]], first: given[names["y"]]}
    memory = Host([kernel]).run(kernel, given, types)
    np.testing.assert_array_equal(memory[first], wanted[0])
    np.testing.assert_array_equal(memory[second], wanted[1])


def test_what_is_broadcast_shares_no_memory(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(3, 3)), rng.normal(size=3)
    kernel, *_ = _one_kernel(_update, x, y)
    assert {i for i, _ in kernel.shares} == {0}


def test_layouts(rng: np.random.Generator) -> None:
    """What is turned, sliced and reversed is read where it lies."""
    base, y = rng.normal(size=(8, 12)), rng.normal(size=(6, 4))
    x = base[::2, 11::-2].T
    layouts = {"x": Layout((-2, 24), 11)}
    kernel, names, types = _one_kernel(_update, np.ascontiguousarray(x), y, layouts=layouts)
    assert x.base is base
    memory = Host([kernel]).run(kernel, {names["x"]: base, names["y"]: y}, types)
    for name, wanted in zip(kernel.arguments[2:], _update(x, y), strict=True):
        np.testing.assert_array_equal(memory[name], wanted)


def test_what_is_reshaped_first_is_read_in_its_own_shape(rng: np.random.Generator) -> None:
    x = rng.normal(size=(4, 6))
    program = recorded(lambda x: XP.exp(XP.negative(XP.reshape(x, (24,)))), x)
    program = joined(program, [program.equations])
    kernels = kernels_of(program)
    (found,) = run(program, [x], Host(kernels.values()), kernels)
    np.testing.assert_allclose(found, np.exp(-x.reshape(24)), rtol=1e-15)


def test_an_array_beyond_32_bits_has_wide_indices(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
    program = grouped(recorded(_update, x, y))
    (equation,) = [e for e in program.equations if e.function.name == "fused"]
    inner = equation.function.inner
    large = {slot: replace_shape(kind, (2**16, 2**16)) for slot, kind in inner.types.items()}
    changed = replace(equation.function, inner=replace(inner, types=large))
    kernel = kernel_of(replace(equation, function=changed), large)
    assert "typedef unsigned long long bp_index" in kernel.source
    assert kernel.grid * kernel.block * 2 == 2**32
    small, *_ = _one_kernel(_update, x, y)
    assert "typedef unsigned int bp_index" in small.source


def replace_shape(kind: Any, shape: tuple[int, ...]) -> Any:
    return kind._replace(shape=shape)


def test_equal_kernels_have_one_name(rng: np.random.Generator) -> None:
    x, y = (rng.normal(size=(3, 4)) for _ in range(2))
    one, other = (_one_kernel(_update, *arrays)[0] for arrays in ((x, y), (y, x)))
    third, *_ = _one_kernel(_update, x.astype("float32"), y.astype("float32"))
    assert one.name == other.name
    assert one.name in one.source
    assert one.name != third.name


def test_halves_are_rounded_after_each_function(rng: np.random.Generator) -> None:
    x, y, z = (
        np.asarray(rng.normal(size=300) * 10.0 ** rng.integers(-6, 5, 300), "float16") for _ in range(3)
    )
    with np.errstate(all="ignore"):
        found, wanted, kernels = compared(_chain, x, y, z, passes=grouped)
    assert "bp_round_float16" in next(iter(kernels.values())).source
    for a, b in zip(found, wanted, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


def _brain(x: Any) -> Any:
    """Return float32 numbers rounded to the nearest with 16 bits, to even in the middle."""
    bits = x.view("uint32").astype("uint64")
    return ((bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000).astype("uint32").view("float32")


def test_bfloat16_is_rounded_after_each_function(rng: np.random.Generator) -> None:
    """NumPy itself has no such dtype: in memory it is words of 16 bits."""
    x, y = (_brain(rng.normal(size=300).astype("float32")) for _ in range(2))
    one, other, result, wide = map(Slot, range(4))
    short = ArrayType((300,), SimpleNamespace(name="bfloat16"))
    types = {one: short, other: short, result: short, wide: ArrayType((300,), np.dtype("float32"))}
    product = kernel_of(Equation(TABLE["multiply"], (one, other), {}, result), types)
    widened = kernel_of(Equation(TABLE["astype"], (result, np.dtype("float32")), {}, wide), types)
    words = ArrayType((300,), np.dtype("uint16"))
    kinds = {**types, one: words, other: words, result: words}
    given = {one: (x.view("uint32") >> 16).astype("uint16"), other: (y.view("uint32") >> 16).astype("uint16")}
    host = Host([product, widened])
    memory = host.run(widened, host.run(product, given, kinds), kinds)
    np.testing.assert_array_equal(memory[wide], _brain(x * y))


def test_casts_to_and_from_bfloat16() -> None:
    """Every number of 16 bits, numbers in the middle between two of them and beside it, every kind of NaN."""
    short = np.dtype(pytest.importorskip("ml_dtypes").bfloat16)
    words = np.arange(2**16, dtype="uint16").view(short)
    bits = np.arange(2**16, dtype="uint32") << 16
    near = [bits | low for low in (0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF)]
    singles = np.concatenate(near).view("float32")
    one, other, wide, narrow, double = map(Slot, range(5))
    types = {
        one: ArrayType(words.shape, short), wide: ArrayType(words.shape, np.dtype("float32")),
        other: ArrayType(singles.shape, np.dtype("float32")), narrow: ArrayType(singles.shape, short),
        double: ArrayType(words.shape, np.dtype("float64")),
    }  # fmt: skip
    casts = [(one, wide), (other, narrow), (one, double)]
    kernels = [kernel_of(Equation(TABLE["astype"], (x, types[y].dtype), {}, y), types) for x, y in casts]
    host = Host(kernels)
    with np.errstate(all="ignore"):
        for (x, y), kernel in zip(casts, kernels, strict=True):
            given = {one: words, other: singles}[x]
            found, wanted = host.run(kernel, {x: given}, types)[y], given.astype(types[y].dtype)
            assert found.dtype == wanted.dtype
            number = ~np.isnan(wanted)
            np.testing.assert_array_equal(np.isnan(found), ~number)
            assert found[number].tobytes() == wanted[number].tobytes()


def test_casts_to_and_from_halves() -> None:
    """Every number of 16 bits, and numbers in the middle between two of them."""
    halves = np.arange(2**16, dtype="uint16").view("float16")
    singles = halves.astype("float32")
    with np.errstate(all="ignore"):
        near = np.concatenate([singles, np.nextafter(singles, np.inf), (singles[1:] + singles[:-1]) / 2])

    def f(h: Any, x: Any) -> Any:
        return XP.astype(h, np.float32), XP.astype(x, np.float16), XP.astype(h, np.float64)

    with np.errstate(all="ignore"):
        found, wanted, kernels = compared(f, halves, near.astype("float32"))
    assert len(kernels) == 3
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(a, b)
