"""``bpcore predict``: answers for new rows, and models that cannot give them."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from safetensors.numpy import load as read_tensors
from safetensors.numpy import save as write_tensors

import bpcore as bp
from bpcore.run.datasets import iris

pytestmark = pytest.mark.filterwarnings("ignore:.*was written before files had a checksum:UserWarning")

Call = Callable[..., Result]
Refused = Callable[..., str]


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


@pytest.fixture
def model(done: Call) -> str:
    done("train", "iris", "--quiet", "--save", "m.safetensors")
    return "m.safetensors"


def write_rows(path: Path, *, target: bool = True) -> None:
    """Write the irises with the columns in another order, one of them new."""
    data = iris()
    names = [*reversed(data.features), "note", *(["species"] if target else [])]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        for x, label in zip(data.x.tolist(), data.y.tolist(), strict=True):
            writer.writerow([*reversed(x), "new", *([data.classes[label]] if target else [])])


def test_classes_and_their_probabilities(done: Call, model: str, folder: Path) -> None:
    write_rows(folder / "new.csv")
    result = done("predict", model, "new.csv")
    told = rows(result.stdout)
    assert list(told[0]) == ["species", "p(setosa)", "p(versicolor)", "p(virginica)"]
    wanted = [iris().classes[i] for i in iris().y]
    right = np.mean([row["species"] == name for row, name in zip(told, wanted, strict=True)])
    assert right > 0.95
    assert result.stderr == f"accuracy {right:.4f} over 150 rows\n"
    for row in told:
        shares = {name: float(row[f"p({name})"]) for name in iris().classes}
        assert row["species"] == max(shares, key=lambda name: shares[name])
        np.testing.assert_allclose(sum(shares.values()), 1, atol=1e-5)


def test_a_class_that_a_spreadsheet_would_compute(done: Call, folder: Path) -> None:
    """It is written as it is, for it is the class's name; but that is said."""
    lines = [f"{i / 20},{'=1+1' if i % 2 else '-2'}" for i in range(40)]
    Path("t.csv").write_text("\n".join(["a,t", *lines, ""]), encoding="utf-8")
    done("train", "t.csv", "--epochs", 1, "--quiet")
    result = done("predict", "t.safetensors", "t.csv")
    told = (
        'bpcore: the name "=1+1" begins like a formula, which a spreadsheet computes when it opens the file.'
    )
    assert result.stderr.splitlines()[0] == told
    assert {row["t"] for row in rows(result.stdout)} <= {"=1+1", "-2"}


def test_a_file_without_the_target_and_one_for_the_answers(done: Call, model: str, folder: Path) -> None:
    write_rows(folder / "new.csv", target=False)
    result = done("predict", model, "new.csv", "--output", "answers.csv")
    assert (result.stdout, result.stderr) == ("", "wrote answers.csv\n")
    assert len(rows((folder / "answers.csv").read_text(encoding="utf-8"))) == 150


def test_the_answers_are_those_of_the_network(done: Call, model: str, folder: Path) -> None:
    """By hand: the preparation out of the file, the matrices, the softmax."""
    told = rows(done("predict", model, "iris").stdout)
    run = bp.load(folder / model)
    stored: Any = run.extra["preparation"]
    x = (iris().x - stored["mean"]) / stored["scale"]
    first, last = run.params[0], run.params[2]
    z = np.tanh(x @ first["weight"] + first["bias"]) @ last["weight"] + last["bias"]
    shares = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    found = [[float(row[f"p({name})"]) for name in iris().classes] for row in told]
    np.testing.assert_allclose(found, shares, atol=1e-5)


def test_another_backend_answers_alike(done: Call, model: str) -> None:
    first, other = (
        np.asarray([[float(cell) for cell in list(row.values())[1:]] for row in rows(done(*words).stdout)])
        for words in (("predict", model, "iris"), ("predict", model, "iris", "--backend", "strict:device1"))
    )
    np.testing.assert_allclose(other, first, atol=1e-5)


def test_quantities_come_back_in_their_unit(done: Call, folder: Path) -> None:
    lines = [f"{i},{3000 + 10 * i}.5" for i in range(60)]
    (folder / "t.csv").write_text("a,price\n" + "\n".join(lines), encoding="utf-8")
    done("train", "t.csv", "--quiet")
    result = done("predict", "t.safetensors", "t.csv")
    found = [float(row["price"]) for row in rows(result.stdout)]
    np.testing.assert_allclose(found, [3000.5 + 10 * i for i in range(60)], atol=30)
    assert result.stderr.startswith("root mean square error ")


def test_all_gates_at_once(done: Call) -> None:
    done("train", "gates", "--quiet")
    told = rows(done("predict", "gates.safetensors", "gates").stdout)
    assert [row["XOR"] for row in told] == ["0", "1", "1", "0"]
    assert [row["NOR"] for row in told] == ["1", "0", "0", "0"]
    assert float(told[0]["p(NOR)"]) > 0.9


def test_a_spiral_model_answers_for_an_npz_file(done: Call, folder: Path) -> None:
    done("train", "spiral", "--quiet")
    np.savez(folder / "new.npz", x=np.asarray([[0.3, 0.1], [-0.3, -0.1]]))
    told = rows(done("predict", "spiral.safetensors", "new.npz").stdout)
    assert {row["arm"] for row in told} == {"0", "1"}


def test_missing_values_are_filled_as_in_training(done: Call, refused: Refused, folder: Path) -> None:
    (folder / "t.csv").write_text("a,b,y\n" + "1,2,u\n3,,v\n5,6,u\n7,8,v\n" * 5, encoding="utf-8")
    (folder / "new.csv").write_text("a,b\n1,\n", encoding="utf-8")
    done("train", "t.csv", "--fill", "median", "--quiet", "--epochs", 1, "--save", "filled.safetensors")
    done("train", "t.csv", "--fill", "drop", "--quiet", "--epochs", 1, "--save", "dropped.safetensors")
    assert len(rows(done("predict", "filled.safetensors", "new.csv").stdout)) == 1
    assert 'row 2, column "b"' in refused("predict", "dropped.safetensors", "new.csv")


def test_a_column_that_the_rows_lack(refused: Refused, model: str, folder: Path) -> None:
    (folder / "new.csv").write_text("sepal length,petal length\n1,2\n", encoding="utf-8")
    message = refused("predict", model, "new.csv")
    assert message.startswith('new.csv: no column "sepal width": the columns are sepal length, petal length.')
    assert 'digits: no column "sepal length": the columns are pixel 0,0, ' in refused(
        "predict", model, "digits"
    )


# -- models that cannot answer -------------------------------------------------------------------------------


def test_a_model_that_is_not_there(refused: Refused) -> None:
    assert refused("predict", "nowhere.safetensors", "iris").startswith("nowhere.safetensors: ")


@pytest.mark.parametrize("keep", [0, 1, 7, 100, 0.5, 0.99])
def test_a_model_file_that_is_cut(refused: Refused, model: str, folder: Path, keep: float) -> None:
    whole = (folder / model).read_bytes()
    (folder / model).write_bytes(whole[: keep if isinstance(keep, int) else int(len(whole) * keep)])
    assert refused("predict", model, "iris").startswith("m.safetensors: ")


def test_a_foreign_file(refused: Refused, folder: Path) -> None:
    (folder / "m.safetensors").write_text("weights, honestly", encoding="utf-8")
    assert "safetensors" in refused("predict", "m.safetensors", "iris")
    (folder / "m.safetensors").write_bytes(write_tensors({"w": np.ones(3)}))
    assert "not written by bpcore" in refused("predict", "m.safetensors", "iris")


def changed(path: Path, **extra: object) -> None:
    """Write a model file anew with other numbers, or with another preparation."""
    content = path.read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    about = json.loads(header["__metadata__"]["run"])
    about["extra"] = about["extra"] | extra
    about.pop("checksum", None)  # it would be that of another content
    path.write_bytes(write_tensors(read_tensors(content), metadata={"run": json.dumps(about)}))


def test_weights_of_another_network(refused: Refused, model: str, folder: Path) -> None:
    content = (folder / model).read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    tensors = {name: np.concatenate([array, array]) for name, array in read_tensors(content).items()}
    about = json.loads(header["__metadata__"]["run"])
    about.pop("checksum", None)
    (folder / model).write_bytes(write_tensors(tensors, metadata={"run": json.dumps(about)}))
    assert "another network" in refused("predict", model, "iris")


def test_a_preparation_that_is_not_the_networks(refused: Refused, model: str, folder: Path) -> None:
    stored: Any = bp.load(folder / model).extra["preparation"]
    changed(folder / model, preparation=stored | {"classes": ["a", "b"]})
    assert "a network of 4 inputs and 2 outputs" in refused("predict", model, "iris")
    changed(folder / model, preparation=stored | {"scale": [0, 0, 0, 0]})
    assert "contradicts itself" in refused("predict", model, "iris")
    changed(folder / model, preparation="none")
    assert "not of bpcore's form" in refused("predict", model, "iris")


def test_a_model_that_was_saved_in_python(refused: Refused, folder: Path) -> None:
    data = (iris().x, iris().y)
    run = bp.fit(bp.MLP([4, 3]), data, loss=bp.CrossEntropy(), optimizer=bp.SGD(0.1), epochs=1)
    bp.save(folder / "own.safetensors", run)
    assert "does not say how its inputs are prepared" in refused("predict", "own.safetensors", "iris")
