"""Networks as C and as Python: they compute what bpcore does, need nothing, and are tested first."""

from __future__ import annotations

import ast
import ctypes
import math
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.doors.export import c_text, python_text
from bpcore.parts.activations import ACTIVATIONS
from bpcore.words.errors import ExportError
from bpcore.words.trees import leaves, tree_map

CC = shutil.which("cc") or shutil.which("gcc")
needs_cc = pytest.mark.skipif(CC is None, reason="there is no C compiler here")
STRICT = ("-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-O2")
XP = bp.namespace("numpy")


def samples(count: int, features: int = 3) -> Any:
    return np.random.default_rng(count).normal(size=(count, features))


def in_c(path: Path, x: Any, outputs: int) -> Any:
    """Compile a file, strictly, and call it."""
    library = path.with_suffix(".so")
    subprocess.run([str(CC), *STRICT, "-shared", "-fPIC", str(path), "-o", str(library), "-lm"], check=True)
    predict, found = ctypes.CDLL(str(library)).predict, np.zeros((len(x), outputs))
    for given, got in zip(np.ascontiguousarray(x, dtype=np.float64), found, strict=True):
        predict(given.ctypes.data_as(ctypes.c_void_p), got.ctypes.data_as(ctypes.c_void_p))
    return found


def in_python(path: Path, x: Any) -> Any:
    names: dict[str, Any] = {"__name__": "model"}
    exec(compile(path.read_text("utf-8"), str(path), "exec"), names)  # noqa: S102 -- the file that was made
    return np.asarray([names["predict"](row) for row in x.tolist()])


@needs_cc
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_activation_in_c(dtype: str, trained: Any, tmp_path: Path) -> None:
    layers = [part for name in sorted(ACTIVATIONS) for part in (bp.Linear(6), ACTIVATIONS[name]())]
    run = trained(bp.Chain(*layers, bp.LayerNorm(), bp.Linear(2, bias=False)), dtype=dtype)
    path = bp.export_c(tmp_path / "m.c", run)
    x = samples(7).astype(dtype)
    tolerance = 1e-5 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(in_c(path, x, 2), run.predict(x), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_every_activation_in_python(name: str, trained: Any, tmp_path: Path) -> None:
    run = trained(bp.MLP([3, 6, 2], activation=name), dtype="float64")
    path = bp.export_python(tmp_path / "m.py", run)
    np.testing.assert_allclose(in_python(path, samples(7)), run.predict(samples(7)), rtol=1e-12, atol=1e-12)


def test_large_numbers(tmp_path: Path, trained: Any) -> None:
    """Nothing overflows where bpcore does not."""
    run = trained(bp.MLP([3, 6, 2], activation="sigmoid", output="softmax"), dtype="float64")
    run = replace(run, params=tree_map(lambda p: p * 400.0, run.params))
    x = samples(7) * 100.0
    np.testing.assert_allclose(
        in_python(bp.export_python(tmp_path / "m.py", run), x), run.predict(x), rtol=1e-9, atol=1e-12
    )
    if CC:
        np.testing.assert_allclose(
            in_c(bp.export_c(tmp_path / "m.c", run), x, 2), run.predict(x), rtol=1e-9, atol=1e-12
        )


def test_layers_that_carry(tmp_path: Path) -> None:
    net = bp.Chain(
        bp.Flatten(),
        bp.Linear(5),
        bp.BatchNorm(),
        bp.Dropout(0.4),
        bp.Chain(bp.LayerNorm(), bp.Tanh()),
        bp.Linear(2),
    )
    random = np.random.default_rng(0)
    params = tree_map(
        lambda p: p + random.uniform(0.1, 0.5, p.shape), net.init(bp.key(0), (2, 3), dtype=np.float64)
    )
    state = tree_map(
        lambda p: p + random.uniform(0.1, 0.5, p.shape), net.init_state((2, 3), like=leaves(params)[0])
    )
    run = bp.Run(
        net=net,
        params=params,
        state=state,
        loss=bp.SquaredError(),
        features=(2, 3),
        backend=bp.backend("numpy"),
    )
    x = samples(4, 6)
    wanted = run.predict(x.reshape(4, 2, 3))
    np.testing.assert_allclose(in_python(bp.export_python(tmp_path / "m.py", run), x), wanted, rtol=1e-12)
    if CC:
        np.testing.assert_allclose(in_c(bp.export_c(tmp_path / "m.c", run), x, 2), wanted, rtol=1e-12)


def with_preparation(run: bp.Run, **changes: Any) -> bp.Run:
    names = {"features": ["a", "b */", 'c"""'], "mean": [1.0, 2.0, 3.0], "scale": [2.0, 0.5, 1.0]}
    plain = {"targets": ["t", "u"], "classes": [], "target_mean": [5.0, 6.0], "target_scale": [3.0, 0.1]}
    task = {"task": "regression", "fill": [0.5, 0.25, 0.125]}
    return replace(run, extra={"preparation": names | plain | task | changes})


CLASSES: dict[str, Any] = {"classes": ["no", "yés\n"], "target_mean": [], "target_scale": []}
TASKS = {
    "regression": {},
    "binary": CLASSES | {"task": "binary"},
    "multiclass": CLASSES | {"task": "multiclass", "targets": ["t"]},
}


@pytest.mark.parametrize("task", TASKS)
def test_what_bpcore_train_does_around_it(task: str, trained: Any, tmp_path: Path) -> None:
    run = with_preparation(trained(bp.MLP([3, 5, 2]), dtype="float64"), **TASKS[task])
    x = samples(6) * 2.0 + 1.0
    x[2, 1] = math.nan
    inner = run.predict((np.where(np.isnan(x), [0.5, 0.25, 0.125], x) - [1.0, 2.0, 3.0]) / [2.0, 0.5, 1.0])
    ends = {
        "regression": lambda y: y * np.asarray([3.0, 0.1]) + [5.0, 6.0], "binary": XP.expit,
        "multiclass": lambda y: XP.softmax(y, axis=-1),
    }  # fmt: skip
    wanted = ends[task](inner)
    path = bp.export_python(tmp_path / "m.py", run)
    np.testing.assert_allclose(in_python(path, x), wanted, rtol=1e-12)
    assert "inputs, in this order: a, b" in path.read_text("utf-8")
    if CC:
        path = bp.export_c(tmp_path / "m.c", run)
        np.testing.assert_allclose(in_c(path, x, 2), wanted, rtol=1e-12)
        assert "inputs, in this order: a, b * /" in path.read_text("ascii")
    alone = bp.export_python(tmp_path / "n.py", run, prepared=False)
    np.testing.assert_allclose(in_python(alone, samples(3)), run.predict(samples(3)), rtol=1e-12)


def test_the_bits_of_the_weights(trained: Any, tmp_path: Path) -> None:
    for dtype in ("float32", "float64"):
        run = trained(bp.MLP([3, 4, 2]), dtype=dtype)
        wanted = run.params[0]["weight"].ravel()
        text = bp.export_python(tmp_path / "m.py", run).read_text("utf-8")
        tree = ast.parse(text)
        held = next(
            node.value
            for node in tree.body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "WEIGHT_0"
        )
        np.testing.assert_array_equal(np.asarray(ast.literal_eval(held), dtype=dtype), wanted)
        if CC:
            source = bp.export_c(tmp_path / "m.c", run).read_text("ascii")
            words = re.search(r"weight_0\[12\] = \{([^}]*)\}", source)
            assert words is not None
            numbers = [float.fromhex(word.strip().rstrip("f")) for word in words[1].split(",")]
            np.testing.assert_array_equal(np.asarray(numbers, dtype=dtype), wanted)


@needs_cc
def test_what_the_files_need(trained: Any, tmp_path: Path) -> None:
    run = trained(bp.MLP([3, 4, 2], activation="gelu"))
    source = bp.export_c(tmp_path / "m.c", run).read_text("ascii")
    assert re.findall(r"#include.*", source) == ["#include <math.h>"]
    assert "The self-test was run when this was written." in source
    script = bp.export_python(tmp_path / "m.py", run)
    imports = [
        node for node in ast.walk(ast.parse(script.read_text("utf-8"))) if isinstance(node, ast.Import)
    ]
    assert {alias.name for node in imports for alias in node.names} == {"math", "sys"}
    done = subprocess.run([sys.executable, "-I", str(script)], check=True, capture_output=True, text=True)
    assert done.stdout == "11 test vectors, all right\n"


@needs_cc
def test_a_self_test_sees_a_weight_that_is_wrong(trained: Any, tmp_path: Path) -> None:
    run = trained(bp.MLP([3, 4, 2], activation="tanh"))
    script, source = bp.export_python(tmp_path / "m.py", run), bp.export_c(tmp_path / "m.c", run)
    text = script.read_text("utf-8")
    first = repr(run.params[0]["weight"].tolist()[0][0])
    script.write_text(text.replace(first, "0.0", 1), "utf-8")
    done = subprocess.run([sys.executable, str(script)], check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stdout.startswith("wrong test vectors: [")
    first = run.params[0]["weight"].tolist()[0][0].hex()
    source.write_text(source.read_text("ascii").replace(first, "0x0.0p+0", 1), "ascii")
    program = tmp_path / "test"
    subprocess.run([str(CC), *STRICT, "-DSELF_TEST", str(source), "-o", str(program), "-lm"], check=True)
    assert subprocess.run([str(program)], check=False).returncode > 0


BROKEN = [
    (c_text, "FUNCTIONS", "tanh@(x[i])", "x[i]", "export_c"),
    (c_text, "FUNCTIONS", "tanh@(x[i])", "tahn(x[i])", "export_c"),
    (python_text, "FUNCTIONS", "math.tanh(a)", "a", "export_python"),
    (python_text, "FUNCTIONS", "math.tanh(a)", "tahn(a)", "export_python"),
]


@needs_cc
@pytest.mark.parametrize(("module", "name", "right", "wrong", "export"), BROKEN)
def test_what_fails_its_self_test_is_not_written(
    module: Any,
    name: str,
    right: str,
    wrong: str,
    export: str,
    trained: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    texts = getattr(module, name)
    assert right in texts["tanh"]
    monkeypatch.setitem(texts, "tanh", texts["tanh"].replace(right, wrong))
    (tmp_path / "m").write_bytes(b"before")
    with pytest.raises(
        ExportError, match=r"^the self-test of the file failed \(.*\)\. Nothing was written\."
    ):
        getattr(bp, export)(tmp_path / "m", trained(bp.MLP([3, 4, 2], activation="tanh")))
    assert (tmp_path / "m").read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_where_there_is_no_compiler(trained: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.warns(UserWarning, match="was not run: there was no C compiler") as told:
        path = bp.export_c(tmp_path / "m.c", trained(bp.MLP([3, 4, 2])))
    assert told[0].filename == __file__
    assert "The self-test was not run: there was no C compiler." in path.read_text("ascii")


def test_the_compiler_that_the_environment_names(
    trained: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", "false")
    if shutil.which("false"):
        with pytest.raises(ExportError, match=r"failed \(false: exit code 1\)"):
            bp.export_c(tmp_path / "m.c", trained(bp.MLP([3, 4, 2])))


@pytest.mark.parametrize(
    ("net", "features", "said"),
    [
        (bp.Chain(bp.GRU(3)), (4, 2), "GRU(3) on more than one axis is no layer of a dense network"),
        (bp.Chain(bp.Residual(bp.Linear(3))), (3,), "Residual(Linear(3)) is no layer of a dense network"),
        (bp.Chain(bp.Linear(2)), (4, 3), "Linear(2) on more than one axis"),
    ],
)
def test_layers_that_are_not_dense(net: Any, features: Any, said: str, tmp_path: Path) -> None:
    run = bp.Run(
        net=net, params=net.init(bp.key(0), features), loss=bp.SquaredError(), features=features,
        backend=bp.backend("numpy"),
    )  # fmt: skip
    for export in (bp.export_c, bp.export_python):
        with pytest.raises(ExportError) as caught:
            export(tmp_path / "m", run)
        assert str(caught.value).startswith(said)
        assert str(caught.value).endswith("Export it to ONNX: bpcore.export_onnx.")


def test_weights_that_are_not_finite(trained: Any, tmp_path: Path) -> None:
    run = trained(bp.MLP([3, 4, 2]))
    run.params[0]["weight"][1, 1] = np.inf
    with pytest.raises(ExportError, match="a weight is infinite or not a number"), np.errstate(all="ignore"):
        bp.export_python(tmp_path / "m.py", run)
    assert list(tmp_path.iterdir()) == []


def test_from_every_backend(backend: Any, trained: Any, tmp_path: Path) -> None:
    run = trained(bp.MLP([3, 4, 2]))
    there = bp.load(bp.save(tmp_path / "m", run), backend=backend.backend)
    one, other = bp.export_python(tmp_path / "a.py", run), bp.export_python(tmp_path / "b.py", there)
    assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
@pytest.mark.parametrize("norm", ["none", "batch", "layer"])
def test_a_sensor_that_fails_is_no_answer(name: str, norm: str, trained: Any, tmp_path: Path) -> None:
    between = {"none": [], "batch": [bp.BatchNorm()], "layer": [bp.LayerNorm()]}[norm]
    run = trained(bp.Chain(bp.Linear(4), *between, ACTIVATIONS[name](), bp.Linear(2)), dtype="float64")
    x = np.asarray([[math.nan, 0, 0], [math.inf, 0, 0], [-math.inf, 1, 0], [math.inf, -math.inf, 0]])
    with np.errstate(invalid="ignore"):
        wanted = run.predict(x)
    assert np.all(np.isnan(wanted[0]))
    found = [in_python(bp.export_python(tmp_path / "m.py", run), x)]
    found += [in_c(bp.export_c(tmp_path / "m.c", run), x, 2)] if CC else []
    for each in found:
        np.testing.assert_allclose(each, wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("text", "right", "wrong"), [
    (python_text, "return [0.0 if a < 0.0 else a for a in x]", "return [a if a > 0.0 else 0.0 for a in x]"),
    (c_text, "x[i] < 0 ? 0 : x[i]", "x[i] > 0 ? x[i] : 0"),
])  # fmt: skip
def test_the_self_test_sees_nan(
    text: Any, right: str, wrong: str, trained: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if text is c_text and not CC:
        pytest.skip("there is no C compiler here")
    assert right in text.FUNCTIONS["relu"]
    monkeypatch.setitem(text.FUNCTIONS, "relu", text.FUNCTIONS["relu"].replace(right, wrong))
    write = bp.export_python if text is python_text else bp.export_c
    with pytest.raises(ExportError, match="the self-test of the file failed"):
        write(tmp_path / "m", trained(bp.MLP([3, 6, 2], activation="relu")))
