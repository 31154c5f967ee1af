"""Small kernels as parts of one, as host code: turns, barriers, scratch memory. No GPU has a part in it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.derivatives.rules.function import ITEM
from bpcore_cupy.elements import SCRATCH, Kernel, grouped, mergeable, merged, types_of
from bpcore_cupy.elements.merging import THREADS, is_small
from tests.backends.cupy.elements.host import Host, aligned
from tests.backends.cupy.elements.nvrtc import compile_to_cubin, library
from tests.backends.cupy.elements.running import kernels_of, recorded
from tests.backends.cupy.elements.workloads import small

XP = bp.namespace("numpy")


def _merged(f: Any, *args: Any) -> tuple[list[Any], Kernel]:
    """Return what one launch makes of a function all of whose equations have kernels."""
    program = grouped(recorded(f, *args))
    kernels = kernels_of(program)
    assert len(kernels) == sum(x.function is not ITEM for x in program.equations)
    chosen = [kernels[x] for x in program.equations if x in kernels]
    assert mergeable(chosen) == len(chosen)
    names = [[x for stage in kernel.stages for x in stage.arguments] for kernel in chosen]
    kernel, places = merged(chosen, names)
    types = dict(types_of(program))
    for equation in kernels:
        types |= getattr(getattr(equation.function, "inner", None), "types", {})
    slots = {x: i for i, x in enumerate(places)}
    by_slot = {kernel.arguments[i]: types[x] for x, i in slots.items()}
    given = {kernel.arguments[slots[x]]: y for x, y in zip(program.inputs, args, strict=True) if x in slots}
    memory = Host([kernel]).run(kernel, given, by_slot)
    return [memory[kernel.arguments[slots[y]]] for y in program.outputs], kernel


@pytest.mark.usefixtures("compiler")
def test_parts_read_what_parts_before_them_wrote(rng: np.random.Generator) -> None:
    x = rng.integers(-9, 9, (40, 30))

    def f(x: Any) -> Any:
        y = XP.matrix_transpose(XP.add(XP.multiply(x, 3), 1))
        total = XP.sum(y, axis=0)
        return y, XP.concat([total, XP.sum(total, keepdims=True)]), XP.take(y, XP.argmax(y, axis=1), axis=1)

    found, kernel = _merged(f, x)
    assert (kernel.grid, kernel.then) == (1, None)
    for a, b in zip(found, f(x), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.usefixtures("compiler")
def test_parts_that_wait_share_a_block_with_those_that_do_not(rng: np.random.Generator, close: Any) -> None:
    x = rng.normal(size=(3, 1100))

    def f(x: Any) -> Any:
        rows = XP.subtract(x, XP.max(x, axis=-1, keepdims=True))
        flat = XP.reshape(rows[:, ::2], (-1,))
        return rows, XP.sum(XP.flip(flat), keepdims=True), XP.expand_dims(flat[:7], axis=0)

    found, kernel = _merged(f, x)
    assert kernel.block == 256
    close(found, f(x), 4)


def test_what_is_large_stands_alone(rng: np.random.Generator) -> None:
    x = rng.normal(size=(THREADS + 1,))
    program = recorded(lambda x: (XP.exp(x), XP.exp(x[:9])), x)
    large, view, few = (kernels_of(program)[x] for x in program.equations)
    assert not is_small(large)
    assert is_small(few)
    assert mergeable([view, few, large, few]) == 2
    assert mergeable([large]) == 0


@pytest.mark.usefixtures("compiler")
@pytest.mark.parametrize("kept", ["apart", "together"])
def test_scratch_memory_is_taken_in_turns_or_each_has_its_own(kept: str, rng: np.random.Generator) -> None:
    own = kept == "apart"
    x = rng.integers(-9, 9, (1100, 2))
    program = recorded(lambda x: (XP.sum(x, axis=0), XP.max(x, axis=0)), x)
    kernels = list(kernels_of(program).values())
    names = [
        [(i, x) if x is SCRATCH and own else x for stage in kernel.stages for x in stage.arguments]
        for i, kernel in enumerate(kernels)
    ]
    kernel, places = merged(kernels, names)
    assert (SCRATCH in kernel.arguments) is not own
    given = {kernel.arguments[places.index(program.inputs[0])]: x}
    given |= {kernel.arguments[i]: aligned(4096) for i, y in enumerate(places) if isinstance(y, tuple)}
    outputs = [kernel.arguments[places.index(y)] for y in program.outputs]
    types = dict(zip(outputs, (program.types[y] for y in program.outputs), strict=True))
    memory = Host([kernel]).run(kernel, given, types)
    np.testing.assert_array_equal(memory[outputs[0]], x.sum(axis=0))
    np.testing.assert_array_equal(memory[outputs[1]], x.max(axis=0))


def test_blocks_that_wait_must_be_alike(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(3, 1100)), rng.normal(size=(2, 9000))
    program = recorded(lambda x, y: (XP.sum(x, axis=1), XP.max(y, axis=1), XP.exp(y[:, 0])), x, y)
    first, second, _, few = kernels_of(program).values()
    assert all("__syncthreads" in kernel.source for kernel in (first, second))
    assert (first.block, second.block) == (256, 1024)
    assert mergeable([first, first, few]) == 3
    assert mergeable([first, second]) == 1


@pytest.mark.usefixtures("compiler")
def test_a_turn_is_done_once_whatever_the_block(rng: np.random.Generator) -> None:
    """Of a block of 800 threads 768 take turns of 128: what is done in place must not be done twice."""
    x, y = rng.normal(size=(25, 20)), rng.integers(0, 99, 896)
    program = grouped(
        recorded(lambda x, y: (XP.mean(XP.max(x, axis=-1)), XP.add(XP.multiply(y, 3), 1)), x, y)
    )
    rows, chain = kernels_of(program).values()
    assert rows.block == 800
    source, target = chain.arguments
    names = [list(rows.arguments), [source, source]]
    kernel, places = merged([rows, chain], names)
    assert target not in places
    given = {kernel.arguments[places.index(program.inputs[0])]: x}
    memory = given[kernel.arguments[places.index(source)]] = y.copy()
    output = kernel.arguments[places.index(program.outputs[0])]
    given[output] = np.empty(())
    Host([kernel]).run(kernel, given, {})
    np.testing.assert_array_equal(memory, y * 3 + 1)
    np.testing.assert_allclose(given[output], x.max(axis=-1).mean(), rtol=1e-14)


def test_a_whole_small_step_compiles_as_one() -> None:
    if library() is None:
        pytest.skip("no NVRTC: pip install nvidia-cuda-nvrtc")
    step = small(bp.Adam(0.01), dtype="float32")
    chosen = [x for x in kernels_of(step.program).values() if is_small(x)]
    done = 0
    while done < len(chosen):
        count = mergeable(chosen[done:])
        assert count > 0
        part = chosen[done : done + count]
        kernel, _ = merged(part, [[x for s in each.stages for x in s.arguments] for each in part])
        assert compile_to_cubin(kernel.source, "sm_90")[:4] == b"\x7fELF"
        assert (SCRATCH in kernel.arguments) == any(x.scratch_bytes for x in part)
        done += count
