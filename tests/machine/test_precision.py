"""Steps in each precision: what is computed in which floats, and what is refused."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bpcore as bp
from bpcore.ground.precision import PRECISIONS
from bpcore.machine.step import init_step_state, report_of
from bpcore.parts.narrowing import in_precision
from bpcore.words.errors import OptionError, ShapeError
from bpcore.words.trees import leaves

X = np.random.default_rng(0).standard_normal((32, 6)).astype("f4")
Y = np.random.default_rng(1).integers(0, 3, 32).astype("i4")
NET = bp.Chain(bp.Linear(8), bp.LayerNorm(), bp.Gelu(), bp.Linear(3))
OPTIMIZER, LOSS = bp.Adam(0.01), bp.CrossEntropy()

NETS = {
    "dense": (NET, (6,)),
    "convolution": (bp.Chain(bp.Conv1D(4, 3), bp.BatchNorm(), bp.Relu(), bp.MaxPool1D(2), bp.Flatten(),
                             bp.Dropout(0.2), bp.Linear(3)), (8, 2)),
    "residual at the end": (bp.Residual(bp.LayerNorm(), bp.Linear(3), bp.Sigmoid()), (3,)),
    "attention": (bp.Chain(bp.Embedding(7, 8), bp.PositionalEncoding(), bp.MultiHeadAttention(2, causal=True),
                           bp.Flatten(), bp.Linear(3)), (4,)),
    "recurrent": (bp.Chain(bp.GRU(6), bp.Linear(3)), (4, 3)),
}  # fmt: skip


def begun(net: bp.Layer, shape: tuple[int, ...], place: Any, precision: str = "float32") -> Any:
    """Return parameters, state and a batch."""
    params = net.init(bp.key(0, backend=place), shape)
    scaling = bp.LossScale() if precision == "float16" else None
    state = init_step_state(net, OPTIMIZER, params, shape, bp.key(1, backend=place), loss_scale=scaling)
    random = np.random.default_rng(2)
    x = random.integers(0, 7, (16, *shape)) if net.integers else random.standard_normal((16, *shape))
    x = place.asarray(x, dtype=place.dtype("int32" if net.integers else "float32"))
    return params, state, (x, place.asarray(Y[:16]))


def net_of(name: str, backend: Any) -> Any:
    """Return a network, where it is not one that XLA compiles for long."""
    if name != "dense" and backend.backend.library == "jax":
        pytest.skip("one network is enough where each is compiled by XLA")
    return NETS[name]


def short(dtype: Any) -> str:
    return str(dtype).rpartition(".")[2]


def had(place: Any) -> list[str]:
    """Return the precisions of a backend."""
    return [word for word in PRECISIONS if word == "float32" or word in place.precisions]


@pytest.mark.parametrize("compiled", [False, True])
def test_float32_is_the_step_that_it_was(backend: Any, *, compiled: bool) -> None:
    """Written out here as it was before there were precisions."""
    if backend.backend.library == "jax" and not compiled:
        pytest.skip("each function of it is compiled by XLA")
    params, state, batch = begun(NET, (6,), backend.backend)

    def before(params: Any, state: Any, batch: Any) -> Any:
        def objective(params: Any, x: Any, y: Any) -> Any:
            output = NET(params, x)
            return LOSS(output, y), output

        (value, output), grads = bp.value_and_grad(objective, has_aux=True)(params, *batch)
        params, state = OPTIMIZER.update(params, grads, state)
        return params, state, report_of(LOSS, value, output, batch[1])

    for more in ({}, {"precision": "float32"}):
        step = bp.make_step(NET, LOSS, OPTIMIZER, **more)
        if compiled:
            programs = [str(bp.record(f, params, state, batch)) for f in (step, before)]
            assert programs[0] == programs[1]
            continue
        both = [leaves(f(params, state, batch)) for f in (step, before)]
        for one, other in zip(*both, strict=True):
            assert backend.host(one).tobytes() == backend.host(other).tobytes()


@pytest.mark.parametrize("name", NETS)
def test_products_in_16_bits_and_all_else_in_float32(backend: Any, name: str) -> None:
    net, shape = net_of(name, backend)
    for word in {"bfloat16", "float16"} & set(had(backend.backend)):
        params, state, batch = begun(net, shape, backend.backend, word)
        step = bp.make_step(net, LOSS, OPTIMIZER, precision=word)
        program = bp.record(step, params, state, batch)
        products = [e for e in program.equations if e.function.name == "matmul"]
        assert products
        assert {short(program.types[x].dtype) for e in products for x in e.inputs} == {word}
        wide = ("log", "logsumexp", "sqrt", "softmax", "index_add", "scatter_add")
        others = [e for e in program.equations if e.function.name in wide]
        assert {short(program.types[e.output].dtype) for e in others} <= {"float32"}
        wanted = [x.dtype for x in leaves((params, state))]
        assert [x.dtype for x in leaves(bp.compile(step)(params, state, batch)[:2])] == wanted


@pytest.mark.parametrize("name", NETS)
def test_losses_are_near_those_of_float32(backend: Any, name: str) -> None:
    net, shape = net_of(name, backend)
    found = {}
    for word in had(backend.backend):
        params, state, batch = begun(net, shape, backend.backend, word)
        step = bp.compile(bp.make_step(net, LOSS, OPTIMIZER, precision=word), carry=2)
        for _ in range(3):
            params, state, report = step(params, state, batch)
        found[word] = float(backend.host(report["loss"]))
        assert float(backend.host(report.get("skipped", report["loss"] * 0))) == 0
    for word, near in (("tf32", 0.0), ("float16", 2e-3), ("bfloat16", 1e-2)):
        assert found.get(word, found["float32"]) == pytest.approx(found["float32"], rel=near)


def test_a_planted_overflow_is_skipped(backend: Any) -> None:
    if "float16" not in had(backend.backend):
        pytest.skip("no float16 there")
    carrying = bp.Chain(bp.Linear(4), bp.BatchNorm(), bp.Dropout(0.5), bp.Linear(3))
    net = bp.Linear(3) if backend.backend.library == "jax" else carrying
    params, state, (x, y) = begun(net, (6,), backend.backend, "float16")
    step = bp.compile(bp.make_step(net, LOSS, OPTIMIZER, precision="float16"), carry=2)
    kept = [backend.host(p).copy() for p in leaves(params)]
    carried = [backend.host(s).copy() for s in leaves(state.get("layers", {}))]
    params, state, report = step(params, state, (x * 1e6, y))
    assert float(backend.host(report["skipped"])) == 1
    assert float(backend.host(report["loss_scale"])) == 65536
    assert float(backend.host(state["loss_scale"])) == 32768
    assert float(backend.host(state["count"])) == 0
    for before, after in zip(
        [*kept, *carried], [*leaves(params), *leaves(state.get("layers", {}))], strict=True
    ):
        assert before.tobytes() == backend.host(after).tobytes()
    params, state, report = step(params, state, (x, y))
    assert float(backend.host(report["skipped"])) == 0
    assert float(backend.host(state["count"])) == 1
    for before, after in zip(
        [*kept, *carried], [*leaves(params), *leaves(state.get("layers", {}))], strict=True
    ):
        assert not np.array_equal(before, backend.host(after))


@pytest.mark.parametrize("word", ["bfloat16", "float16"])
def test_what_a_backend_has_not_is_refused(backend: Any, word: str) -> None:
    if word in had(backend.backend):
        pytest.skip("it has it")
    params, state, batch = begun(NET, (6,), backend.backend, word)
    step = bp.make_step(NET, LOSS, OPTIMIZER, precision=word)
    there = " or ".join(", ".join(had(backend.backend)).rsplit(", ", 1))
    said = rf"precision must be {there} with {backend.backend.library}\S*, was given '{word}'\."
    for f in (step, bp.compile(step, carry=2)):
        with pytest.raises(OptionError, match=said):
            f(params, state, batch)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: bp.make_step(NET, LOSS, OPTIMIZER, precision="mixed_float16"), 'Did you mean "float16"?'),
        (lambda: bp.make_step(NET, LOSS, OPTIMIZER, precision="bf16"), 'Did you mean "bfloat16"?'),
        (
            lambda: bp.make_step(NET, LOSS, OPTIMIZER, precision="double"),
            "one of bfloat16, float16, float32, tf32",
        ),
        (
            lambda: bp.make_step(NET, LOSS, OPTIMIZER, precision="bfloat16", loss_scale=bp.LossScale()),
            'None with precision "bfloat16", which needs none',
        ),
        (
            lambda: bp.make_step(NET, LOSS, OPTIMIZER, precision="float16", loss_scale=1024.0),  # type: ignore[arg-type]
            "loss_scale must be None, or as bpcore.LossScale",
        ),
    ],
)
def test_what_is_refused_at_once(make: Any, said: str) -> None:
    with pytest.raises(OptionError, match=re.escape(said)):
        make()


def test_a_state_without_a_scale_and_wide_parameters() -> None:
    place = bp.backend("numpy")
    params, state, batch = begun(NET, (6,), place)
    step = bp.make_step(NET, LOSS, OPTIMIZER, precision="float16")
    with pytest.raises(
        OptionError, match=re.escape("optimizer.init(params) | bpcore.LossScale().init(params)")
    ):
        step(params, state, batch)
    scale = bp.LossScale().init(params)
    for name, value in (("loss_scale", 4.0), ("steady", 0.0), ("loss_scale", np.ones(2, "float32"))):
        with pytest.raises(
            OptionError, match=rf"{name} in the state of a step must be an array of shape \(\)"
        ):
            step(params, state | scale | {name: value}, batch)
    wide = NET.init(bp.key(0), (6,), dtype=np.float64)
    with pytest.raises(
        OptionError, match=r"parameters of a step in float16 must be float32, was given 'float64'"
    ):
        step(wide, OPTIMIZER.init(wide), batch)


@settings(max_examples=25, deadline=None)
@given(
    layers=st.lists(
        st.sampled_from([bp.Linear(5), bp.Tanh(), bp.Gelu(), bp.Sigmoid(), bp.Softmax()]), max_size=5
    ),
    around=st.sampled_from([0, 1]),
    seed=st.integers(0, 99),
)
def test_any_smooth_network_in_16_bits_is_near_the_one_in_32(
    layers: list[bp.Layer], around: int, seed: int
) -> None:
    chain = bp.Chain(bp.Linear(5), *layers)
    net = bp.Chain(bp.Linear(5), bp.Residual(chain)) if around else chain
    params = net.init(bp.key(seed), (6,))
    outputs = [in_precision(net, word)(params, X) for word in ("float32", "float16")]
    assert outputs[1].dtype == np.float32
    assert outputs[1] == pytest.approx(outputs[0], rel=0.02, abs=0.02)

    def total(params: Any, net: bp.Layer) -> Any:
        return bp.array_namespace(X).sum(net(params, X))

    gradient = bp.grad(total)
    pairs = zip(
        *(leaves(gradient(params, in_precision(net, w))) for w in ("float32", "float16")), strict=True
    )
    for wide, narrow in pairs:
        assert narrow.dtype == np.float32
        assert narrow == pytest.approx(wide, rel=0.05, abs=0.05 * (1 + float(np.abs(wide).max())))


@pytest.mark.parametrize("word", ["float32", "tf32", "float16"])
def test_a_network_without_parameters_has_nothing_to_learn(word: str) -> None:
    step = bp.make_step(bp.Tanh(), bp.SquaredError(), bp.SGD(0.1), precision=word)
    state = bp.SGD(0.1).init(X) | (bp.LossScale().init(X) if word == "float16" else {})
    with pytest.raises(ShapeError, match="wants parameters with at least one array, was given an empty tree"):
        step({}, state, (X, X))
