"""Steps in bfloat16 and float16, lowered: by the text of their kernels, run as host code. No GPU run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.machine.step import init_step_state, make_step
from bpcore.program.program import Program
from bpcore.words.trees import leaves
from bpcore_cupy.lowering.casting import cast_at_once, cast_by_products
from bpcore_cupy.lowering.lowering import lowered
from bpcore_cupy.lowering.steps import Launch, Multiply
from tests.backends.cupy.elements.host import COMPILER
from tests.backends.cupy.elements.nvrtc import compile_to_cubin, library
from tests.backends.cupy.halves import SHORT, numpy_with_bfloat16
from tests.backends.cupy.lowering import host
from tests.backends.cupy.lowering.networks import NETWORKS
from tests.backends.cupy.lowering.outside import OnStandIn

WORDS = ("bfloat16", "float16")
NEAR = {"bfloat16": 3e-2, "float16": 4e-3}
"""Some units in the last place of 8 and of 11 bits: sums are made in another order."""

compiled = pytest.mark.skipif(COMPILER is None, reason="no C++ compiler")


@pytest.fixture
def space(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return NumPy with bfloat16, to which NumPy's arrays belong for a while."""
    with numpy_with_bfloat16() as found:
        monkeypatch.setattr(host, "FUNCTIONS", found.functions)
        yield found


@pytest.fixture
def functions(space: Any) -> Any:
    """Return its plain functions."""
    return space.functions


def recorded(name: str, word: str, optimizer: Any = None) -> tuple[Program, list[Any], list[Any]]:
    """Return a step, what it carries, and a batch."""
    make, shape, usual = NETWORKS[name]
    net, optimizer, key = make(), optimizer or usual, bp.key(0)
    params = net.init(key, shape)
    scaling = bp.LossScale(init_scale=64.0) if word == "float16" else None
    state = init_step_state(net, optimizer, params, shape, key, loss_scale=scaling)
    random = np.random.default_rng(1)
    batch = random.normal(size=(6, *shape)).astype("f4"), random.integers(0, 3, 6)
    step = make_step(net, bp.CrossEntropy(), optimizer, precision=word)
    program = bp.compile(step, carry=2).program(params, state, batch)
    return program, [np.asarray(x) for x in leaves((params, state))], list(batch)


@compiled
@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("name", ["relu", "gelu", "batch norm", "dropout", "attention"])
def test_a_step_computes_what_is_written(functions: Any, name: str, word: str) -> None:
    program, carried, batch = recorded(name, word)
    run, plain = host.HostRun(program, text=True), program.function(functions)
    found = wanted = carried
    for _ in range(3):
        results = run(*found, *batch), plain(*wanted, *batch)
        found, wanted = (list(x[: len(carried)]) for x in results)
        for one, other in zip(*results, strict=True):
            assert (one.shape, one.dtype) == (np.shape(other), other.dtype)
            assert one.dtype != SHORT
        for j in range(len(carried), len(results[0])):
            np.testing.assert_allclose(results[0][j], results[1][j], rtol=NEAR[word], atol=NEAR[word])
    assert not np.array_equal(found[0], carried[0])


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("gathers", [False, True])
def test_a_training_on_the_stand_in_device(space: Any, word: str, *, gathers: bool) -> None:
    stand_in, plain = OnStandIn(), space.backend
    place = replace(stand_in.backend(gathers=gathers), kernels=plain.kernels, precisions=plain.precisions)
    random = np.random.default_rng(3)
    x = random.normal(size=(48, 6)).astype("f4")
    data = x, (x[:, 0] + x[:, 1] > 0).astype("i8")
    how: Any = {
        "loss": bp.CrossEntropy(),
        "optimizer": bp.Adam(0.02),
        "epochs": 3,
        "batch_size": 16,
        "seed": 0,
    }
    losses = [
        bp.fit(bp.MLP([6, 16, 2]), data, backend=one, precision=given, progress=None, **how).history["loss"]
        for one, given in ((place, word), (plain, word), (plain, "float32"))
    ]
    assert losses[0][-1] < 0.9 * losses[0][0]
    assert losses[0] != losses[2]
    np.testing.assert_allclose(losses[0], losses[1], rtol=NEAR[word])
    np.testing.assert_allclose(losses[0], losses[2], rtol=NEAR[word])
    assert stand_in.device.launches > 6
    assert not stand_in.products.library.wrong


@pytest.mark.parametrize("word", WORDS)
def test_parameters_are_cast_by_one_kernel(functions: Any, word: str) -> None:
    program, *_ = recorded("relu", word)
    steps = lowered(program, functions).steps
    casts = [x for x in steps if isinstance(x, Launch) and x.name == "astype"]
    assert [x.outputs[0].count for x in casts if x.outputs[0].dtype == word] == [6 * 128, 6 * 5]
    products = [x for x in steps if isinstance(x, Multiply)]
    assert len(products) == 8
    vector = casts[0].outputs[0].memory.root
    assert [x.b.memory.root is vector for x in products[:3]] == [True] * 3
    for x in products:
        assert {x.a.dtype, x.b.dtype} == {word}
        assert x.plan.compute == "32F"


def test_what_lies_in_no_vector_is_cast_alone(functions: Any) -> None:
    def once(w: Any, v: Any, x: Any) -> Any:
        xp = bp.array_namespace(x)
        narrow = [xp.astype(y, SHORT) for y in (w, v)]
        return xp.matmul(xp.matmul(x, narrow[0]), narrow[1])

    w, v, x = np.ones((4, 5), "f4"), np.ones((5, 3), "f4"), np.ones((2, 4), SHORT)
    steps = lowered(bp.record(once, w, v, x), functions).steps
    assert [x.name for x in steps].count("astype") == 2


def test_dtypes_without_kernels_are_left_alone(functions: Any) -> None:
    def cast(a: Any) -> Any:
        xp = bp.array_namespace(a)
        return xp.astype(xp.matmul(a, a), xp.complex128)

    program = bp.record(cast, np.ones((2, 2), np.complex64))
    assert cast_at_once(cast_by_products(program)).equations == program.equations


@compiled
@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("refused", [False, True])
def test_products_end_in_float32_where_they_are_cast_to_it(
    functions: Any, word: str, *, refused: bool
) -> None:
    def product(a: Any, b: Any) -> Any:
        xp = bp.array_namespace(a)
        return xp.astype(xp.matmul(a, b), xp.float32)

    random = np.random.default_rng(0)
    a, b = (random.normal(size=shape).astype(word) for shape in ((3, 40), (40, 5)))
    program = bp.record(product, a, b)

    def offers(plan: Any) -> bool:
        return not refused or plan.result.dtype == word

    steps = lowered(program, functions, offers=offers).steps
    assert [x.name for x in steps] == (["matmul", "astype"] if refused else ["matmul"])
    assert steps[0].outputs[0].dtype == (word if refused else "float32")
    if not refused:
        (found,) = host.HostRun(program, text=True)(a, b)
        np.testing.assert_allclose(found, a.astype("f8") @ b.astype("f8"), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("word", WORDS)
def test_a_product_is_rounded_where_others_read_it(functions: Any, word: str) -> None:
    def product(a: Any, b: Any) -> Any:
        xp = bp.array_namespace(a)
        y = xp.matmul(a, b)
        return xp.astype(y, xp.float32), xp.negative(y)

    a = np.ones((4, 4), word)
    steps = lowered(bp.record(product, a, a), functions).steps
    assert steps[0].outputs[0].dtype == word


@pytest.mark.parametrize("word", WORDS)
def test_every_kernel_of_a_step_compiles(functions: Any, word: str) -> None:
    if library() is None:
        assert os.environ.get("BPCORE_NVRTC") != "required", "NVRTC was not found"
        pytest.skip("no NVRTC: pip install nvidia-cuda-nvrtc")
    found: dict[str, str] = {}
    for name in ("relu", "gelu", "batch norm"):
        steps = lowered(recorded(name, word)[0], functions).steps
        found |= {s.name: s.source for x in steps if isinstance(x, Launch) for s in x.kernel.stages}
    text = "".join(f"namespace n{i} {{\n{source}}}\n" for i, source in enumerate(found.values()))
    assert f"bp_to_{word}" in text
    for architecture in ("sm_80", "sm_90"):
        assert compile_to_cubin(text, architecture)[:4] == b"\x7fELF"
