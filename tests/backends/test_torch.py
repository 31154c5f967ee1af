"""What is PyTorch's own: its graph, its host memory, its devices, and scalars where it wants tensors."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore import grad, value_and_grad
from bpcore.ground.registry import backend as open_backend
from bpcore.machine.step import make_step
from bpcore.program.compiled import compile as compile_
from bpcore.words.errors import BackendUnusable, MixedArrays
from bpcore.words.trees import leaves, tree_map

Axis = Any
pytestmark = pytest.mark.axes("torch")


def test_a_tensor_with_a_graph_gives_gradients_without_one(backend: Axis) -> None:
    x = backend.array([1.0, 2.0]).requires_grad_()
    value, gradient = value_and_grad(lambda x: backend.xp.sum(x**3))(x)
    assert value.item() == 9.0
    assert gradient.tolist() == [3.0, 12.0]
    assert not gradient.requires_grad
    assert x.grad is None


def test_data_with_a_graph_comes_in_without_it(backend: Axis) -> None:
    x = backend.array([1.0]).requires_grad_()
    assert not backend.backend.asarray(x).requires_grad
    assert backend.host(x * 2).tolist() == [2.0]


def test_reshaped_gradients_of_a_graph_are_ones_own_too(backend: Axis) -> None:
    x = backend.array([[1.0, 2.0]]).requires_grad_()
    gradient = grad(lambda x: backend.xp.sum(backend.xp.permute_dims(x, (1, 0))))(x)
    gradient[0, 0] = 5.0
    assert gradient.tolist() == [[5.0, 1.0]]


def test_bfloat16_goes_out_as_float32(backend: Axis) -> None:
    x = backend.backend.asarray([1.5], dtype=backend.backend.namespace.bfloat16)
    assert backend.host(x).dtype == np.float32


def test_a_scalar_does_not_widen_and_dtypes_meet_as_in_the_standard(backend: Axis) -> None:
    xp, narrow, wide = backend.functions, backend.array([1.0], "float32"), backend.array(2.0, "float64")
    for name in ("add", "atan2", "maximum", "hypot", "logaddexp", "pow", "copysign"):
        function = getattr(xp, name)
        assert function(narrow, 2.0).dtype == function(2.0, narrow).dtype == narrow.dtype
        assert (
            function(narrow, wide).dtype == function(wide, narrow).dtype == wide.dtype
        )  # no axes, and counts
    assert xp.where(backend.array([True], "bool"), narrow, wide).dtype == wide.dtype
    assert xp.less(wide, narrow).tolist() == [False]
    matrix = backend.array([[1.0]], "float64")
    assert xp.matmul(narrow, matrix).dtype == wide.dtype


def test_numpy_arrays_are_not_taken_for_tensors(backend: Axis) -> None:
    with pytest.raises(MixedArrays, match="multiply was given arrays of torch and numpy"):
        grad(lambda x: backend.xp.sum(backend.xp.multiply(x, np.ones(2))))(backend.array([1.0, 2.0]))


@pytest.mark.parametrize("name", ["torch:tpu", "torch:cuda:99", "torch:0"])
def test_a_device_that_is_not_there_is_refused(backend: Axis, name: str) -> None:
    with pytest.raises(BackendUnusable, match=r"torch:cpu|Name one of them|It has cpu"):
        open_backend(name)


def stand_in(**fields: Any) -> Any:
    """Return a PyTorch that says other things of CUDA."""
    cuda = {"built": True, "count": 1} | fields
    return SimpleNamespace(
        __version__="9",
        backends=SimpleNamespace(cuda=SimpleNamespace(is_built=lambda: cuda["built"])),
    )


@pytest.mark.parametrize(
    ("fields", "devices", "why"),
    [
        ({"built": False}, ("cpu",), "PyTorch 9 was built without CUDA"),
        ({}, ("cpu",), "PyTorch 9 finds no CUDA device"),
        ({}, ("cpu", "cuda:0"), "PyTorch finds no cuda:1. It has cpu, cuda:0."),
    ],
)
def test_each_way_of_having_no_cuda_has_its_sentence(
    backend: Axis, fields: dict[str, bool], devices: tuple[str, ...], why: str
) -> None:
    from bpcore_torch.plugin import _no_device

    assert why in str(_no_device(stand_in(**fields), "torch:cuda:1", "cuda:1", devices))


def test_a_device_that_cannot_compute_is_unusable(backend: Axis) -> None:
    from bpcore_torch.plugin import _prove

    def no_kernel(*args: Any, **named: Any) -> Any:
        raise RuntimeError("CUDA error: no kernel image is available\nmore")

    with pytest.raises(BackendUnusable, match=r"cannot compute \(RuntimeError: CUDA error: no kernel image"):
        _prove(SimpleNamespace(ones=no_kernel), "torch:cuda:0", "cuda:0")
    import torch

    assert _prove(torch, "torch:cpu", torch.device("cpu")) is None
    wrong = SimpleNamespace(ones=torch.ones, full=torch.full, equal=torch.equal, matmul=lambda a, b: a)
    with pytest.raises(BackendUnusable, match="computed a wrong product"):
        _prove(wrong, "torch:cpu", torch.device("cpu"))


# -- the lowering: in place, in vectors, fused ---------------------------------------------------------------

OPTIMIZERS = {
    "gradient descent": bp.SGD(0.125),
    "momentum": bp.Momentum(0.125),
    "nesterov": bp.Nesterov(0.125),
    "adagrad": bp.Adagrad(0.125),
    "rmsprop": bp.RMSprop(0.0625),
    "adam": bp.Adam(0.0625),
    "adam with decay": bp.AdamW(0.0625),
}
NET = bp.Chain(bp.Linear(5), bp.Tanh(), bp.Linear(4), bp.Sigmoid(), bp.Linear(3), bp.Relu(), bp.Linear(3))


def training(backend: Axis, optimizer: Any, dtype: str = "float64") -> tuple[Any, Any, Any, Any]:
    """Return a step, parameters, state, and a function of a number to a batch."""
    xp = np.dtype(dtype)
    params = NET.init(bp.key(3, backend="numpy"), (6,), dtype=xp.type)
    state = optimizer.init(params)

    def put(tree: Any) -> Any:
        return tree_map(lambda x: backend.array(np.array(x), str(x.dtype)), tree)

    def batch(number: int, samples: int = 8) -> Any:
        x = np.sin(np.arange(6.0 * samples) * (number + 1)).reshape(samples, 6).astype(dtype)
        return put((x, np.arange(samples) % 3))

    return make_step(NET, bp.CrossEntropy(), optimizer), put(params), put(state), batch


def trained(step: Any, params: Any, state: Any, batch: Any, count: int = 4) -> tuple[Any, Any, list[float]]:
    losses = []
    for number in range(count):
        params, state, report = step(params, state, batch(number))
        losses.append(float(report["loss"]))
    return params, state, losses


def assert_near(one: Any, other: Any, ulps: float) -> None:
    for a, b in zip(leaves(one), leaves(other), strict=True):
        eps = np.finfo(str(a.dtype).partition(".")[2]).eps
        scale = float(b.abs().max()) if b.numel() else 1.0
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=0, atol=ulps * eps * scale)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_compiled_steps_are_eager_steps(backend: Axis, name: str, dtype: str) -> None:
    step, params, state, batch = training(backend, OPTIMIZERS[name], dtype)
    wanted = trained(step, params, state, batch)
    got = trained(compile_(step, carry=2), params, state, batch)
    assert_near(got[:2], wanted[:2], 256)
    assert got[2] == pytest.approx(wanted[2], rel=64 * float(np.finfo(dtype).eps))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_is_a_few_calls_for_all_arrays(backend: Axis, name: str) -> None:
    """Each function of the optimizer's is called once, and not once for each parameter."""
    step, params, state, batch = training(backend, OPTIMIZERS[name])
    compiled = compile_(step, carry=2)
    trained(compiled, params, state, batch, 1)
    equations = len(compiled.program(params, state, batch(0)).equations)
    run = next(iter(compiled._entries.values())).run
    lines = source_of(run).splitlines()
    arrays = len(leaves(params))
    assert arrays == 8
    each = len(leaves(state)) // arrays + 2  # at least so many equations stand there for each array
    assert sum(not line.strip().startswith("del") for line in lines) < equations - (arrays - 1) * each + 16


def source_of(run: Any) -> str:
    """Return the text of a compiled function, which may be wrapped."""
    while not hasattr(run, "source"):
        run = next(c.cell_contents for c in run.__closure__ if callable(c.cell_contents) and named(c))
    text: str = run.source
    return text


def named(cell: Any) -> bool:
    return getattr(cell.cell_contents, "__name__", "") in ("run", "run_apart", "run_with_values", "program")


def test_adam_is_one_call_and_its_numbers_are_those_of_its_lines(
    backend: Axis, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bpcore_torch import vectors

    made: list[Any] = []
    fused = vectors.fused_adam
    monkeypatch.setattr(vectors, "fused_adam", lambda *given: made.append(given) or fused(*given))
    step, params, state, batch = training(backend, bp.Adam(0.0625))
    one = trained(compile_(step, carry=2), params, state, batch)
    assert len(made) == 1
    monkeypatch.setattr(vectors.Vectors, "_takes_fused", lambda self: False)
    other = trained(compile_(step, carry=2), params, state, batch)
    assert len(made) == 1
    assert_near(one[:2], other[:2], 64)
    monkeypatch.undo()
    step, params, state, batch = training(backend, bp.AdamW(0.0625))
    trained(compile_(step, carry=2), params, state, batch, 1)
    assert len(made) == 1  # its decay is another formula


@pytest.mark.parametrize("piece", [1, 7, 64])
def test_vectors_in_pieces_are_vectors(backend: Axis, monkeypatch: pytest.MonkeyPatch, piece: int) -> None:
    from bpcore_torch import vectors

    step, params, state, batch = training(backend, bp.RMSprop(0.0625))
    whole = trained(compile_(step, carry=2), params, state, batch)
    monkeypatch.setattr(vectors, "PIECE", piece)
    assert_near(trained(compile_(step, carry=2), params, state, batch)[:2], whole[:2], 0)


def test_carried_arrays_stay_where_they_are_and_the_first_ones_are_the_users(backend: Axis) -> None:
    step, params, state, batch = training(backend, bp.Adam(0.0625))
    before = tree_map(lambda x: x.clone(), (params, state))
    compiled = compile_(step, carry=2)
    first = compiled(params, state, batch(0))
    pointers = [x.data_ptr() for x in leaves(first[:2])]
    second = compiled(*first[:2], batch(1))
    assert [x.data_ptr() for x in leaves(second[:2])] == pointers
    assert not set(pointers) & {x.data_ptr() for x in leaves((params, state))}
    assert_near((params, state), before, 0)
    assert first[2]["loss"].data_ptr() != second[2]["loss"].data_ptr()


def test_what_is_kept_of_carried_memory_is_copied_before_it_is_written(backend: Axis) -> None:
    xp = backend.xp

    def step(a: Any, b: Any, x: Any) -> Any:
        turned = xp.matrix_transpose(a)
        report = {"old": a, "turned": turned, "row": a[0, ...], "flat": xp.reshape(b, (-1,)), "twice": x}
        return a - 0.5 * x, turned, report

    a, b, x = (backend.array(np.arange(4.0).reshape(2, 2) * k) for k in (1, 2, 3))
    compiled, carried = compile_(step, carry=2), (a, b)
    kept = []
    for _ in range(3):
        *wanted, notes = step(a, b, x)
        *carried, report = compiled(*carried, x)
        kept.append((report, tree_map(lambda y: y.clone(), notes)))
        a, b = wanted
        assert_near(carried, wanted, 0)
    for report, notes in kept:
        assert_near(report, notes, 0)


def test_carried_arrays_that_change_places(backend: Axis) -> None:
    compiled = compile_(lambda a, b, c: (b, a, c * 2.0), carry=3)
    given = [backend.array([float(k)]) for k in range(3)]
    one = compiled(*given)
    assert [x.tolist() for x in one] == [[1.0], [0.0], [4.0]]
    assert [x.tolist() for x in compiled(*one)] == [[0.0], [1.0], [8.0]]
    two = compiled(*compiled(*given))
    assert [x.tolist() for x in compiled(two[1], two[0], two[0])] == [[0.0], [1.0], [0.0]]


def test_gradients_that_are_returned_are_not_overwritten(backend: Axis) -> None:
    xp = backend.xp

    def step(p: Any, x: Any) -> Any:
        g = grad(lambda p: xp.sum(xp.square(xp.matmul(x, p["w"]) + p["b"])))(p)
        return {name: p[name] - 0.25 * xp.sqrt(xp.square(g[name]) + 1.0) for name in p}, g

    p = {"w": backend.array([[1.0, 2.0], [0.5, -1.0]]), "b": backend.array([0.5, 0.25])}
    compiled, x = compile_(step, carry=1), backend.array([[1.0, -1.0], [2.0, 0.5]])
    carried, g = compiled(p, x)
    assert_near([carried, g], list(step(p, x)), 4)
    compiled(carried, x)
    assert_near(g, step(p, x)[1], 4)


def test_memory_that_a_view_still_shows_is_not_written(backend: Axis) -> None:
    xp = backend.xp

    def f(x: Any) -> Any:
        y = xp.exp(x)
        turned, spread = xp.matrix_transpose(y), xp.expand_dims(y, axis=0)
        z = y * 2.0
        return turned + z, xp.tanh(spread) - z

    x = backend.array([[0.5, 1.0], [-1.0, 2.0]])
    assert_near(list(compile_(f)(x)), list(f(x)), 2)


def test_what_two_lines_of_an_optimizer_read_is_there_for_both(backend: Axis) -> None:
    def step(p: Any, m: Any, x: Any) -> Any:
        half = [part * 0.5 for part in x]
        squares = [a + b * b for a, b in zip(m, half, strict=True)]
        return [a - b for a, b in zip(p, half, strict=True)], squares

    p, m, x = ([backend.array([1.0 * k, 2.0]), backend.array([3.0 * k])] for k in (1, 2, 3))
    wanted = step(p, m, x)
    assert_near(list(compile_(step, carry=2)(p, m, x)), list(wanted), 2)


def test_a_ragged_batch_a_rate_and_an_epoch_compile_nothing_new(backend: Axis) -> None:
    step, params, state, batch = training(backend, bp.Momentum(0.125))
    calls: list[int] = []

    def counted(*args: Any) -> Any:
        calls.append(1)
        return step(*args)

    compiled = compile_(counted, carry=2)
    for epoch in range(3):
        for number, samples in enumerate((8, 8, 5)):
            params, state, _ = compiled(params, state, batch(number, samples))
        state = {**state, "rate": backend.array(0.1 / (epoch + 1))}
    assert len(calls) == compiled.compilations == 2
    places = {x.data_ptr() for x in leaves(params)}
    params, state, _ = compiled(params, state, batch(0, 5))
    assert {x.data_ptr() for x in leaves(params)} == places  # both signatures carry in one place


def test_a_compiled_function_writes_no_graph(backend: Axis) -> None:
    x = backend.array([1.0, 2.0]).requires_grad_()
    y = compile_(lambda x: backend.xp.exp(x) * 2.0)(x)
    assert not y.requires_grad
    z = compile_(lambda a, x: (a + x, a * x), carry=1)(x, x)
    assert not any(part.requires_grad for part in z)
    assert x.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("name", ["qr", "svd", "eigh", "slogdet"])
def test_what_a_decomposition_returns_can_be_returned(backend: Axis, name: str) -> None:
    def decomposed(x: Any) -> Any:
        return getattr(bp.array_namespace(x).linalg, name)(x)

    x = backend.array([[3.0, 1.0], [1.0, 2.0]], "float64")
    ways = (decomposed(x), bp.vjp(decomposed, x)[0], bp.jacobian(decomposed)(x), compile_(decomposed)(x))
    assert len({type(found) for found in ways}) == 1
    slope = grad(lambda x: backend.xp.sum(bp.checkpoint(decomposed)(x)[1]))(x)
    assert np.allclose(slope, grad(lambda x: backend.xp.sum(decomposed(x)[1]))(x))
    assert bp.parity(decomposed, np.eye(2), backend="torch").functions
