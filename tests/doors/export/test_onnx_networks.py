"""Networks and Programs in ONNX: outputs in onnxruntime, names, any number of samples, and what is told."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bpcore as bp
from bpcore.doors.export.graphs.building import built, prepared_program
from bpcore.doors.export.onnx_file import onnx_model
from bpcore.doors.export.subject import subject_of
from bpcore.parts.activations import ACTIVATIONS
from bpcore.program.equation import Slot
from bpcore.words.errors import BpcoreError, DataError, ExportError, OptionError
from bpcore.words.trees import leaves, named_leaves
from tests.program.passes.random_programs import STEP, STEPS, arguments, computed, programs

onnx = pytest.importorskip("onnx")

XP = bp.namespace("numpy")


def samples(count: int, dtype: str = "float32", features: int = 3) -> Any:
    return np.random.default_rng(count).normal(size=(count, features)).astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_a_perceptron(activation: str, dtype: str, trained: Any, runtime: Any, tmp_path: Path) -> None:
    run = trained(bp.MLP([3, 7, 5, 2], activation=activation), dtype=dtype)
    path = bp.export_onnx(tmp_path / "m.onnx", run)
    assert path == tmp_path / "m.onnx"
    for count in (1, 2, 9):
        x = samples(count, dtype)
        (found,) = runtime(path, {"x": x})
        assert found.dtype == x.dtype
        np.testing.assert_allclose(found, run.predict(x), rtol=1e-5, atol=1e-5)


def test_the_file_holds_the_parameters_by_their_names(trained: Any, tmp_path: Path) -> None:
    run = trained(bp.MLP([3, 7, 2]))
    model = onnx.load(bp.export_onnx(tmp_path / "m.onnx", run))
    held = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    wanted = dict(named_leaves(run.params))
    assert list(wanted) == ["0.bias", "0.weight", "2.bias", "2.weight"]
    assert set(wanted) <= set(held)
    for name, array in wanted.items():
        np.testing.assert_array_equal(held[name], array)
    (asked,), (told,) = model.graph.input, model.graph.output
    assert (asked.name, told.name) == ("x", "output")
    shapes = [[d.dim_param or d.dim_value for d in part.type.tensor_type.shape.dim] for part in (asked, told)]
    assert shapes == [["batch", 3], ["batch", 2]]


def test_it_is_the_same_file_each_time(trained: Any, tmp_path: Path) -> None:
    run = trained(bp.MLP([3, 7, 2]))
    one, other = (bp.export_onnx(tmp_path / name, run).read_bytes() for name in "ab")
    assert one == other


def test_a_network_with_parameters_of_any_library(backend: Any, runtime: Any, tmp_path: Path) -> None:
    net = bp.Chain(bp.Linear(4), bp.Tanh(), bp.Linear(2))
    params = net.init(bp.key(1, backend=backend.backend), (3,))
    x = backend.array(samples(4), "float32")
    path = bp.export_onnx(tmp_path / "m.onnx", net, params, x)
    (found,) = runtime(path, {"x": samples(4)})
    np.testing.assert_allclose(found, backend.host(net(params, x)), rtol=1e-5, atol=1e-5)


def test_a_function_with_parameters_of_its_own(runtime: Any, tmp_path: Path) -> None:
    def model(weights: Any, x: Any, y: Any) -> Any:
        return {"near": XP.exp(-XP.abs(x - weights["centre"])), "both": XP.concat([x, y], axis=1)}

    weights = {"centre": np.asarray([0.5, -1.0, 2.0])}
    path = bp.export_onnx(tmp_path / "m.onnx", model, weights, samples(2, "float64"), samples(2, "float64"))
    assert (
        next(tensor.name for tensor in onnx.load(path).graph.initializer if "." not in tensor.name)
        == "centre"
    )
    x, y = samples(5, "float64"), samples(5, "float64") * 2.0
    both, near = runtime(path, {"x": x, "y": y})
    np.testing.assert_allclose(near, model(weights, x, y)["near"], rtol=1e-12)
    np.testing.assert_array_equal(both, np.concatenate([x, y], axis=1))
    assert [out.name for out in onnx.load(path).graph.output] == ["output.both", "output.near"]


def test_a_gradient(runtime: Any, tmp_path: Path) -> None:
    """What is recorded may be a gradient."""
    slope = bp.grad(lambda x: XP.sum(XP.tanh(x[:, 1:]) * x[:, :-1] ** 2))
    path = bp.export_onnx(tmp_path / "m.onnx", slope, samples(4, "float64"), batched=())
    x = samples(4, "float64") * 1.5
    (found,) = runtime(path, [x])
    np.testing.assert_allclose(found, slope(x), rtol=1e-9, atol=1e-12)


# -- any number of samples -----------------------------------------------------------------------------------

FOLLOWING = {
    "flattened": lambda x: XP.reshape(x, (x.shape[0], -1)),
    "halves": lambda x: XP.reshape(x, (2 * x.shape[0], x.shape[1] // 2, 2)),
    "columns": lambda x: XP.reshape(x, (-1, x.shape[0], 2)),
    "spread": lambda x: XP.broadcast_to(XP.sum(x, axis=0), x.shape[:2] + x.shape[2:]),
    "repeated": lambda x: XP.repeat(XP.reshape(x, (x.shape[0], -1)), 2, axis=0),
    "joined": lambda x: XP.concat([x, XP.ones_like(x), x[1:, ...]], axis=0),
    "standardized": lambda x: (x - XP.mean(x, axis=0)) / XP.std(x, axis=0, correction=1),
    "sorted": lambda x: XP.sort(x, axis=0),
    "softmax": lambda x: XP.softmax(x, axis=0),
    "numbers of its own": lambda x: XP.concat([np.full((x.shape[0], 1, 2), 0.5), x], axis=1),
    "twice and one": lambda x: XP.broadcast_to(XP.sum(x), (2 * x.shape[0] + 1, 3)),
}


@pytest.mark.parametrize("name", FOLLOWING)
def test_sizes_follow_the_batch(name: str, runtime: Any, tmp_path: Path) -> None:
    f: Any = FOLLOWING[name]
    example, x = (np.random.default_rng(n).normal(size=(n, 4, 2)) for n in (3, 7))
    path = bp.export_onnx(tmp_path / "m.onnx", f, example)
    (found,) = runtime(path, {"x": x})
    np.testing.assert_allclose(found, f(x), rtol=1e-9)


DEPENDING = {
    "a number": (lambda x: x * (1.0 / x.shape[0]), "a number in multiply"),
    "an array": (lambda x: x + np.arange(1.0 * x.shape[0])[:, None], "an array of shape (4, 1)"),
    "other calls": (lambda x: x if x.shape[0] < 6 else XP.exp(x), "it makes other calls"),
    "an order": (lambda x: XP.roll(x, 2, axis=0), "the length of an axis in roll"),
    "a shape that fits": (lambda x: x + np.zeros((4, 1)), "with 9 samples it fails"),
}


@pytest.mark.parametrize("name", DEPENDING)
def test_what_depends_on_the_batch_is_fixed_and_said(name: str, runtime: Any, tmp_path: Path) -> None:
    f, why = DEPENDING[name]
    called: Any = f
    x = samples(4, "float64")
    with pytest.warns(UserWarning, match="depends on the number of samples") as told:
        path = bp.export_onnx(tmp_path / "m.onnx", called, x)
    assert why in str(told[0].message)
    assert told[0].filename == __file__
    assert str(told[0].message).endswith(": the file takes 4 of them, no more and no less")
    (found,) = runtime(path, {"x": x})
    np.testing.assert_allclose(found, called(x), rtol=1e-12)
    (dim, _) = onnx.load(path).graph.input[0].type.tensor_type.shape.dim
    assert (dim.dim_value, dim.dim_param) == (4, "")


def test_sizes_that_are_fixed_on_request(tmp_path: Path) -> None:
    path = bp.export_onnx(tmp_path / "m.onnx", XP.exp, samples(4), batched=())
    assert onnx.load(path).graph.input[0].type.tensor_type.shape.dim[0].dim_value == 4


# -- random Programs -----------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(programs(), st.integers(0, 1).map(lambda n: 2 * n))
def test_random_programs(runtime: Any, program: Any, seed: int) -> None:
    arrays = arguments(seed)
    ready = prepared_program(program, arrays)
    inputs = {slot: f"x{i}" for i, slot in enumerate(ready.inputs)}
    names = [f"y{i}" for i in range(len(ready.outputs))]
    wanted = computed(program, arrays)
    if not all(isinstance(y, Slot | str) for y in ready.outputs):
        return
    model = built(ready, inputs=inputs, parameters={}, outputs=names)
    found = runtime(model.SerializeToString(), arrays)
    for got, ours in zip(found, wanted, strict=True):
        assert (got.shape, got.dtype) == (ours.shape, ours.dtype)
        finite = np.isfinite(ours)
        np.testing.assert_allclose(got[finite], ours[finite], rtol=1e-5, atol=1e-5)


# -- what is refused -----------------------------------------------------------------------------------------


def test_what_cannot_be_exported(tmp_path: Path) -> None:
    net = bp.MLP([3, 2])
    path = tmp_path / "m.onnx"
    with pytest.raises(OptionError, match="Pass its parameters and an example of its inputs"):
        bp.export_onnx(path, net)
    with pytest.raises(OptionError, match="what is exported must be a run, a network, or a function"):
        bp.export_onnx(path, 3)
    with pytest.raises(OptionError, match="batched must be numbers among"):
        bp.export_onnx(path, lambda x: x, samples(2), batched=(1,))
    with pytest.raises(BpcoreError, match="float"):
        bp.export_onnx(path, lambda x: x * float(x[0, 0]), samples(2))
    with pytest.raises(ExportError, match=r"linalg\.inv has no counterpart"):
        bp.export_onnx(path, XP.linalg.inv, np.eye(3), batched=())
    assert not path.exists()


# -- what bpcore train saved ---------------------------------------------------------------------------------


def with_preparation(run: bp.Run, **changes: Any) -> bp.Run:
    from dataclasses import replace

    names = {"features": ["a", "b", "c"], "mean": [1.0, 2.0, 3.0], "scale": [2.0, 0.5, 1.0], "fill": []}
    plain = {"targets": ["t", "u"], "classes": [], "target_mean": [5.0, 6.0], "target_scale": [3.0, 0.1]}
    return replace(run, extra={"preparation": names | plain | {"task": "regression"} | changes})


def test_a_regression_in_its_own_units(trained: Any, runtime: Any, tmp_path: Path) -> None:
    run = with_preparation(trained(bp.MLP([3, 5, 2])), fill=[0.5, 0.5, 0.5])
    path = bp.export_onnx(tmp_path / "m.onnx", run)
    x = samples(6, "float64") * 2.0 + 1.0
    x[2, 1] = np.nan
    filled = np.where(np.isnan(x), 0.5, x)
    inner = run.predict((filled - [1.0, 2.0, 3.0]) / [2.0, 0.5, 1.0])
    (found,) = runtime(path, {"x": x})
    np.testing.assert_allclose(found, inner * np.asarray([3.0, 0.1]) + [5.0, 6.0], rtol=1e-5)
    model = onnx.load(path)
    assert {entry.key: entry.value for entry in model.metadata_props} == {
        "note 1": "inputs, in this order: a, b, c", "note 2": "outputs: t, u, in their own units",
    }  # fmt: skip
    assert model.graph.output[0].name == "quantities"


@pytest.mark.parametrize(("task", "targets"), [("binary", ["t", "u"]), ("multiclass", ["t"])])
def test_classes_as_probabilities(
    task: str, targets: Any, trained: Any, runtime: Any, tmp_path: Path
) -> None:
    none: dict[str, Any] = {"target_mean": [], "target_scale": []}
    run = with_preparation(
        trained(bp.MLP([3, 5, 2])), task=task, classes=["no", "yes"], targets=targets, **none
    )
    path = bp.export_onnx(tmp_path / "m.onnx", run)
    x = samples(6, "float64")
    inner = run.predict((x - [1.0, 2.0, 3.0]) / [2.0, 0.5, 1.0])
    wanted = XP.expit(inner) if task == "binary" else XP.softmax(inner, axis=-1)
    (found,) = runtime(path, {"x": x})
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)  # the runtime's own expit is coarse
    words = [entry.value for entry in onnx.load(path).metadata_props]
    assert "yes" in words[1]


def test_the_network_alone(trained: Any, runtime: Any, tmp_path: Path) -> None:
    run = with_preparation(trained(bp.MLP([3, 5, 2])))
    path = bp.export_onnx(tmp_path / "m.onnx", run, prepared=False)
    (found,) = runtime(path, {"x": samples(3)})
    np.testing.assert_allclose(found, run.predict(samples(3)), rtol=1e-5, atol=1e-6)


def test_a_preparation_that_does_not_fit(trained: Any, tmp_path: Path) -> None:
    run = trained(bp.MLP([3, 5, 2]))
    two: dict[str, Any] = {"features": ["a", "b"], "mean": [0.0, 0.0], "scale": [1.0, 1.0]}
    with pytest.raises(ExportError, match=r"is for 2 inputs and 2 outputs.* with prepared=False\.$"):
        bp.export_onnx(tmp_path / "m.onnx", with_preparation(run, **two))
    with pytest.raises(DataError):
        bp.export_onnx(tmp_path / "m.onnx", with_preparation(run, scale=[0.0, 1.0, 1.0]))


# -- layers --------------------------------------------------------------------------------------------------

LAYERS: dict[str, Any] = {
    "batch norm": (bp.Chain(bp.Linear(4), bp.BatchNorm()), (3,)),
    "layer norm and dropout": (bp.Chain(bp.Linear(4), bp.LayerNorm(), bp.Dropout(0.3)), (3,)),
    "images": (
        bp.Chain(
            bp.Conv2D(4, 3, padding="same"), bp.Relu(), bp.MaxPool2D(2), bp.Conv2D(3, (2, 3), stride=(1, 2)),
            bp.Flatten(), bp.Linear(2),
        ), (8, 8, 2),
    ),
    "sequences": (bp.Chain(bp.Conv1D(4, 3, dilation=2), bp.AvgPool1D(2), bp.GlobalAvgPool()), (12, 2)),
    "groups": (bp.Chain(bp.Conv2D(4, 3, groups=2), bp.AvgPool2D(2, padding="same")), (8, 8, 2)),
    "RNN": (bp.RNN(5), (6, 3)),
    "GRU": (bp.GRU(5), (6, 3)),
    "LSTM": (bp.LSTM(5), (6, 3)),
    "attention": (bp.MultiHeadAttention(2, causal=True), (5, 4)),
    "tokens": (bp.Chain(bp.Embedding(7, 4), bp.PositionalEncoding(), bp.Flatten(), bp.Linear(2)), (5,)),
    "residual": (bp.Chain(bp.Linear(4), bp.Residual(bp.Linear(4), bp.Tanh()), bp.Reshape((2, 2))), (3,)),
}  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", LAYERS)
def test_every_layer(name: str, dtype: str, runtime: Any, tmp_path: Path) -> None:
    """Any number of samples, from an example of three; nothing is said, for nothing depends on it."""
    net, shape = LAYERS[name]
    params = net.init(bp.key(0), shape, dtype=np.dtype(dtype))
    state = net.init_state(shape, like=leaves(params)[0])
    run = bp.Run(
        net=net,
        params=params,
        state=state,
        loss=bp.SquaredError(),
        features=shape,
        backend=bp.backend("numpy"),
    )
    random = np.random.default_rng(0)
    x: Any = random.normal(size=(5, *shape)).astype(dtype)
    if net.integers:
        x = random.integers(0, 7, size=(5, *shape)).astype(np.int32)
    (found,) = runtime(bp.export_onnx(tmp_path / "m.onnx", run), {"x": x})
    np.testing.assert_allclose(found, run.predict(x), rtol=1e-5, atol=1e-5)


def test_more_than_a_file_holds(trained: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bpcore.doors.export.graphs.graph.LARGEST", 100)
    with pytest.raises(ExportError, match="more than the 2 GiB that an ONNX file holds"):
        bp.export_onnx(tmp_path / "m.onnx", trained(bp.MLP([3, 9, 2])))


def test_tokens_without_an_example(runtime: Any, tmp_path: Path) -> None:
    net = bp.Chain(bp.Embedding(7, 4), bp.Flatten(), bp.Linear(2))
    run = bp.Run(
        net=net, params=net.init(bp.key(0), (5,)), loss=bp.SquaredError(), features=(5,),
        backend=bp.backend("numpy"),
    )  # fmt: skip
    x = np.asarray([[0, 6, 1, 2, 3]], dtype=np.int32)
    (found,) = runtime(bp.export_onnx(tmp_path / "m.onnx", run), [x])
    np.testing.assert_allclose(found, run.predict(x), rtol=1e-5)


@settings(max_examples=60, deadline=None)
@given(st.lists(STEP, min_size=1, max_size=8), st.integers(0, 30))
def test_random_functions_of_any_number_of_samples(runtime: Any, calls: Any, wanted: int) -> None:
    """With other numbers of samples the file computes the same, or they are fixed and it is said."""

    def f(*values: Any) -> Any:
        there = list(values)
        for name, i, j, n in calls:
            made = STEPS[name](there[-1 - i % len(there)], there[-1 - j % len(there)], n)
            if made.size > 0 and made.ndim < 4:
                there.append(made)
        return there[-1 - wanted % len(there)]

    def arrays(count: int) -> Any:
        random = np.random.default_rng(count)
        return [random.normal(size=shape) for shape in ((count, 3), (3,), ())]

    with warnings.catch_warnings(record=True) as told, np.errstate(all="ignore"):
        warnings.simplefilter("always")
        model = onnx_model(subject_of(f, tuple(arrays(3)), prepared=False), (0,))
    fixed = [line for line in told if "depends on the number of samples" in str(line.message)]
    for count in (3,) if fixed else (3, 11, 13):  # no length that a constant of the programs has
        with np.errstate(all="ignore"):
            ours = np.asarray(f(*arrays(count)))
        (got,) = runtime(model.SerializeToString(), arrays(count))
        finite = np.isfinite(ours)
        assert got.shape == ours.shape
        np.testing.assert_allclose(got[finite], ours[finite], rtol=1e-5, atol=1e-5)
