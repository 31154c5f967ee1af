"""``bpcore export``: files that other programs take, what is said of them, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result

import bpcore as bp

Call = Callable[..., Result]
Refused = Callable[..., str]


@pytest.fixture
def iris(done: Call, folder: Path) -> Path:
    done("train", "iris", "--epochs", 3, "--quiet")
    return folder / "iris.safetensors"


def predicted(done: Call, folder: Path) -> Any:
    """Return the probabilities that bpcore predict writes for the irises."""
    done("predict", "iris.safetensors", "iris", "--output", "answers.csv")
    rows = (folder / "answers.csv").read_text("utf-8").splitlines()[1:]
    return np.asarray([[float(cell) for cell in row.split(",")[1:]] for row in rows])


def test_onnx_gives_what_predict_gives(iris: Path, done: Call, folder: Path, runtime: Any) -> None:
    pytest.importorskip("onnx")
    result = done("export", iris, "--to", "onnx")
    assert result.stdout.startswith("wrote iris.onnx: Chain(Linear(")
    assert result.stderr == ""
    assert [line.partition(":")[0] for line in result.stdout.splitlines()[1:]] == [
        "  inputs, in this order",
        "  outputs",
        '  its input "x" wants float64, as numpy.asarray(rows, dtype=...)',
    ]
    (found,) = runtime(folder / "iris.onnx", [bp.datasets.iris().x])
    np.testing.assert_allclose(found, predicted(done, folder), rtol=1e-4, atol=1e-5)


def test_python_gives_what_predict_gives(iris: Path, done: Call, folder: Path) -> None:
    assert done("export", iris, "--to", "python").stdout.startswith("wrote iris.py: Chain(Linear(")
    program = "import iris, json, sys; json.dump([iris.predict(x) for x in json.load(sys.stdin)], sys.stdout)"
    told = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, input=str(bp.datasets.iris().x.tolist()),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = np.asarray(json.loads(told.stdout))
    np.testing.assert_allclose(found, predicted(done, folder), rtol=1e-4, atol=1e-5)


def test_c(iris: Path, done: Call, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert done("export", iris, "--to", "c", "--output", "model.c").stdout.startswith("wrote model.c: ")
    assert "void predict(const double *x, double *y)" in (folder / "model.c").read_text("ascii")
    monkeypatch.setattr("shutil.which", lambda name: None)
    result = done("export", iris, "--to", "c", "--output", "model.c")
    assert result.stdout.startswith("wrote model.c (replaced): ")
    assert result.stderr == (
        "bpcore: The self-test was not run: there was no C compiler."
        " Run it where there is one, as the file says.\n"
    )


def test_torch(iris: Path, done: Call, folder: Path) -> None:
    result = done("export", iris, "--to", "torch")
    assert result.stdout.splitlines()[1] == (
        "  the weights alone: what bpcore train does to inputs and outputs is not in this file"
    )
    run = bp.load(iris)
    found = bp.load_torch(folder / "iris.torch.safetensors", run.net)
    np.testing.assert_array_equal(found.params[0]["weight"], run.params[0]["weight"])


def test_the_network_alone(iris: Path, done: Call, folder: Path) -> None:
    result = done("export", iris, "--to", "python", "--alone")
    assert result.stdout.count("\n") == 1
    assert "MEAN" not in (folder / "iris.py").read_text("utf-8")


def test_a_taken_name_gets_a_number(iris: Path, done: Call, folder: Path) -> None:
    (folder / "iris.py").write_text("mine", "utf-8")
    assert done("export", iris, "--to", "python").stdout.startswith("wrote iris-2.py: ")
    assert (folder / "iris.py").read_text("utf-8") == "mine"


def test_what_is_refused(iris: Path, call: Call, refused: Refused, folder: Path) -> None:
    assert "--to must be one of c, onnx, python, torch" in refused("export", iris, "--to", "onix")
    assert 'Did you mean "onnx"?' in refused("export", iris, "--to", "onix")
    assert "--to" in refused("export", iris)
    assert "ends in .onnx" in refused("export", iris, "--to", "onnx", "--output", "m.c")
    assert "is what this command reads" in refused("export", iris, "--to", "torch", "--output", iris)
    (folder / "broken.safetensors").write_bytes(iris.read_bytes()[:-1])
    assert "is not a whole safetensors file" in refused("export", "broken.safetensors", "--to", "c")


def test_without_onnx(iris: Path, refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert refused("export", iris, "--to", "onnx") == (
        'an ONNX file needs onnx, which is not installed: python -m pip install "bpcore[onnx]".'
    )
