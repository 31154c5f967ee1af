"""``bpcore parity``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from bpcore.doors.parity_nets import TRAININGS
from bpcore.ground.registry import backend as find_backend


def test_strict_agrees_with_numpy(done: Callable[..., Result], tmp_path: Path) -> None:
    pytest.importorskip("array_api_strict")
    path = tmp_path / "parity.json"
    told = done("parity", "--backend", "strict", "--steps", "1", "--json", str(path)).stdout
    assert told.count("first over its budget: none") == len(TRAININGS)
    assert "perceptron: strict against numpy, from the same numbers, function by function:" in told
    found = json.loads(path.read_text())
    assert set(found["nets"]) == set(TRAININGS)
    seen = {row["function"] for net in found["nets"].values() for row in net["functions"]}
    assert {"matmul", "conv", "take", "tanh", "bitwise_xor", "softmax", "where", "argmax"} <= seen
    assert all(net["good"] and net["first_over_budget"] is None for net in found["nets"].values())


def test_a_function_over_its_budget_ends_with_one(call: Callable[..., Result]) -> None:
    pytest.importorskip("array_api_strict")
    good = call("parity", "--backend", "strict", "--net", "perceptron", "--steps", "1", "--budget", "exp=0")
    assert good.exit_code == 0
    jax = pytest.importorskip("jax")
    assert jax.__name__
    told = call("parity", "--backend", "jax", "--net", "perceptron", "--steps", "1", "--budget", "tanh=0")
    assert told.exit_code == 1
    assert "first over its budget: tanh in float32, step 1" in told.stdout
    assert "to allow it: --budget tanh=" in told.stdout
    allowed = call("parity", "--backend", "strict", "--steps", "1", "--budget", " tanh = 2 ")
    assert allowed.exit_code == 0  # not every net has a tanh


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--net", "percepton"], "one of perceptron, images, sequences, was given 'percepton'"),
        (["--budget", "exp"], "a function and a number from 0 on, as exp=4, was given 'exp'"),
        (["--budget", "exp=-1"], "was given 'exp=-1'"),
        (["--budget", "epx=1", "--net", "perceptron"], 'Did you mean "exp"?'),
        (["--net", "perceptron,images"], "Of several repeat --net."),
        (["--steps", "0"], "steps must be at least 1"),
        (["--against", "nunpy"], 'Did you mean "numpy"?'),
    ],
)
def test_bad_input_is_one_line(call: Callable[..., Result], given: list[str], said: str) -> None:
    pytest.importorskip("array_api_strict")
    told = call("parity", "--backend", "strict", *given)
    assert told.exit_code == 2
    assert said in told.stderr
    assert len(told.stderr.strip().splitlines()) == 1


@pytest.mark.axes("numpy", "strict:device1", "torch", "jax", "cupy")
@pytest.mark.parametrize("name", TRAININGS)
def test_each_training_begins_with_the_same_numbers(name: str, backend: Any) -> None:
    homes = find_backend(backend.name), find_backend("numpy")
    x, own = (home.to_host(TRAININGS[name]().begun(home, "float32").batch[1]) for home in homes)
    assert (x == own).all()
