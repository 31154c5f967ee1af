"""``bpcore train``: what it reaches, prints and writes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result

from bpcore.doors.sources import load_samples
from bpcore.run.datasets import iris
from bpcore.run.files.saving import load

Call = Callable[..., Result]


def lines(result: Result) -> dict[str, str]:
    """Return the summary: name -> value."""
    pairs = (line.split("  ", 1) for line in result.stdout.splitlines())
    return {name: value.strip() for name, value in pairs}


def write_iris(path: Path) -> None:
    """Write the irises as anybody's CSV file."""
    data = iris()
    rows = [",".join(data.features) + ",species"]
    for x, label in zip(data.x.tolist(), data.y.tolist(), strict=True):
        rows.append(",".join(map(str, x)) + f",{data.classes[label]}")
    path.write_text("\n".join(rows), encoding="utf-8")


@pytest.mark.parametrize("seed", range(10))
def test_spiral_is_learnt_without_a_mistake(done: Call, seed: int) -> None:
    told = lines(done("train", "spiral", "--seed", seed))
    assert told["accuracy"] == "1.0000"
    assert float(told["loss"]) < 0.01
    assert told["network"] == "2-16-8-1, tanh, 193 parameters"
    assert told["model"] == "spiral.safetensors"
    assert told["backend"].startswith("numpy ")
    assert told["time"].endswith(" s for 500 epochs")


def test_gates_are_learnt_all_twenty_values(done: Call) -> None:
    for seed in range(5):
        assert lines(done("train", "gates", "--seed", seed))["accuracy"] == "1.0000"


def test_iris_is_learnt_for_flowers_that_were_held_out(done: Call) -> None:
    for seed in range(5):
        assert float(lines(done("train", "iris", "--seed", seed))["held-out accuracy"]) >= 0.93


def test_digits_are_learnt_for_images_that_were_held_out(done: Call) -> None:
    told = lines(done("train", "digits", "--hidden", "128,64"))
    assert float(told["held-out accuracy"]) >= 0.97
    assert told["data"] == "digits: 1797 samples, 64 features"
    assert told["network"].startswith("64-128-64-10, ")


@pytest.mark.parametrize("words", [("gates", "--epochs", 30), ("iris", "--epochs", 30, "--batch-size", 25)])
def test_every_backend_starts_and_ends_alike(done: Call, backend: Any, words: tuple[object, ...]) -> None:
    if backend.name in ("numpy:readonly", "strict:strictest", "jax:jit"):
        pytest.skip("not a backend of its own")
    wanted = lines(done("train", *words))
    found = lines(done("train", *words, "--backend", backend.backend.name))
    assert found["backend"].startswith(f"{backend.backend.name} ")
    np.testing.assert_allclose(float(found["first loss"]), float(wanted["first loss"]), rtol=1e-6)
    for name in wanted:
        if name.endswith("accuracy"):
            assert abs(float(found[name]) - float(wanted[name])) <= 0.01


@pytest.mark.parametrize("name", ["strict:device1", "torch", "jax"])
def test_digits_start_and_go_on_alike(done: Call, pytestconfig: pytest.Config, name: str) -> None:
    if name not in pytestconfig.getoption("axes").split(","):
        pytest.skip(f"axis {name} was not asked for")
    words = ("train", "digits", "--hidden", "128,64", "--epochs", 2, "--save", "d.safetensors")
    wanted, found = (lines(done(*words, "--backend", other)) for other in ("numpy", name))
    np.testing.assert_allclose(float(found["first loss"]), float(wanted["first loss"]), rtol=1e-6)
    assert abs(float(found["held-out accuracy"]) - float(wanted["held-out accuracy"])) <= 0.01


def test_the_same_seed_gives_the_same_file_and_another_seed_another(done: Call, folder: Path) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        done("train", "iris", "--epochs", 2, "--seed", seed, "--save", f"{name}.safetensors")
    a, b, c = (load(folder / f"{name}.safetensors").params[0]["weight"] for name in "abc")
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)


def test_the_seed_is_that_of_the_data_and_of_the_split_too(done: Call, folder: Path) -> None:
    for name in ("spiral", "iris"):
        for seed in (0, 1):
            done("train", name, "--epochs", 1, "--seed", seed, "--save", f"{name}{seed}.safetensors")
    runs = (load(folder / f"iris{seed}.safetensors") for seed in (0, 1))
    first, other = (dict[str, Any](run.extra)["preparation"] for run in runs)
    assert first["mean"] != other["mean"]
    assert not np.array_equal(load_samples("spiral", seed=0).x, load_samples("spiral", seed=1).x)


def test_nothing_is_overwritten_unless_it_is_named(done: Call, folder: Path) -> None:
    told = [lines(done("train", "gates", "--epochs", 1))["model"] for _ in range(3)]
    assert told == ["gates.safetensors", "gates-2.safetensors", "gates-3.safetensors"]
    before = (folder / "gates.safetensors").read_bytes()
    done("train", "gates", "--epochs", 2, "--save", "gates.safetensors")
    assert (folder / "gates.safetensors").read_bytes() != before
    assert sorted(path.name for path in folder.iterdir()) == sorted(told)


def test_what_is_said_replaces_the_recipe(done: Call, folder: Path) -> None:
    words = "--hidden 5,4,3 --activation sigmoid --optimizer sgd --rate 0.5 --epochs 3 --batch-size 7"
    told = lines(done("train", "iris", *words.split(), "--validation", 0, "--dtype", "float64"))
    assert told["network"].startswith("4-5-4-3-3, sigmoid, ")
    assert told["backend"].endswith("float64")
    assert "held-out accuracy" not in told
    assert told["time"].endswith("for 3 epochs")
    run = load(folder / "iris.safetensors")
    assert str(run.params[0]["weight"].dtype) == "float64"
    assert lines(done("train", "iris", "--hidden", "none", "--epochs", 1))["network"].startswith("4-3, ")


def test_another_optimizer_does_not_get_the_rate_of_the_recipe(done: Call) -> None:
    told = [
        lines(done("train", "gates", "--epochs", 5, "--optimizer", "sgd", *rate))["loss"]
        for rate in ((), ("--rate", 0.01), ("--rate", 0.05))
    ]
    assert told[0] == told[1] != told[2]


def test_a_csv_file_with_text_labels(done: Call, folder: Path) -> None:
    write_iris(folder / "flowers.csv")
    told = lines(done("train", "flowers.csv"))
    assert float(told["held-out accuracy"]) >= 0.93
    assert told["target"].startswith("species (the last column; --target names another): 3 classes, setosa")
    assert told["model"] == "flowers.safetensors"


def test_a_csv_file_with_a_quantity(done: Call, folder: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 2))
    y = 1000 + 50 * x[:, 0] - 20 * x[:, 1] ** 2
    rows = [f"{a},{b},{c}" for (a, b), c in zip(x.tolist(), y.tolist(), strict=True)]
    (folder / "t.csv").write_text("a,b,price\n" + "\n".join(rows), encoding="utf-8")
    told = lines(done("train", "t.csv", "--target", "price"))
    assert told["target"] == "price: a quantity"
    assert 0 < float(told["held-out error"].split()[0]) < 15
    assert "accuracy" not in told
    told = lines(done("train", "t.csv", "--validation", 0, "--batch-size", 0))
    error = float(done("predict", told["model"], "t.csv").stderr.split()[4])
    np.testing.assert_allclose(float(told["error"].split()[0]), error, rtol=0.3)


def test_an_npz_file(done: Call, folder: Path) -> None:
    np.savez(folder / "d.npz", x=iris().x, y=iris().y)
    told = lines(done("train", "d.npz", "--epochs", 30))
    assert float(told["held-out accuracy"]) >= 0.9
    assert told["target"].endswith("3 classes, 0, 1, 2")


def test_missing_values_are_filled_when_the_user_says_how(done: Call, folder: Path) -> None:
    write_iris(folder / "f.csv")
    text = (folder / "f.csv").read_text(encoding="utf-8").replace("5.1,", ",", 1).replace("4.9,", "NA,", 1)
    (folder / "f.csv").write_text(text, encoding="utf-8")
    for fill in ("mean", "median", "zero"):
        told = lines(done("train", "f.csv", "--fill", fill, "--epochs", 2))
        assert told["data"] == "f.csv: 150 samples, 4 features"
    told = lines(done("train", "f.csv", "--fill", "drop", "--epochs", 2))
    assert told["data"] == "f.csv: 148 samples, 4 features"


def test_progress_is_a_line_now_and_then_where_there_is_no_terminal(done: Call) -> None:
    told = done("train", "gates", "--epochs", 40).stderr.splitlines()
    assert len(told) == 10
    assert told[-1].startswith("epoch 40/40  loss ")
    assert len(done("train", "gates", "--epochs", 3).stderr.splitlines()) == 3


def test_progress_can_be_left_out_and_everything_can(done: Call) -> None:
    assert done("train", "gates", "--epochs", 3, "--no-progress").stderr == ""
    assert done("train", "gates", "--epochs", 3, "--no-progress").stdout != ""
    assert done("train", "gates", "--epochs", 3, "--quiet").output == ""
