"""Weight files: what is written comes back, and any reader of safetensors opens it."""

from __future__ import annotations

import dataclasses
import json
import os
import pickletools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import numpy as plain
from safetensors import safe_open

import bpcore as bp
from bpcore.run.files.description import build, describe
from bpcore.run.files.model_file import read_model
from bpcore.words.errors import DataError, FileError, OptionError
from bpcore.words.trees import named_leaves

X = np.asarray([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = np.asarray([[0.0], [1.0], [1.0], [0.0]])
NET = bp.MLP([2, 3, 1], activation="gelu")


class Stretch(bp.Layer):
    """A layer of the user's own."""

    def init(self, key: Any, shape: Any, /, *, dtype: Any = None) -> Any:
        return {"scale": bp.Uniform()(key, shape, dtype=dtype)}

    def output_shape(self, shape: Any, /) -> Any:
        return shape

    def __call__(self, params: Any, x: Any, /) -> Any:
        return params["scale"] * x


class Absolute(bp.Loss):
    """A loss of the user's own."""

    reduction = "mean"
    labels = False

    def each(self, xp: Any, output: Any, target: Any) -> Any:
        return xp.abs(output - target)

    def check_shapes(self, output: Any, target: Any) -> None:
        """Take any."""

    def check_targets(self, target: Any, output: Any) -> None:
        """Take any."""


def train(net: Any = NET, x: Any = X, y: Any = Y, **options: Any) -> Any:
    named = {"loss": bp.BinaryCrossEntropy(), "optimizer": bp.Adam(0.05), "epochs": 2, "progress": None}
    return bp.fit(net, (x, y), **(named | options))


def hosted(run: Any) -> dict[str, np.ndarray]:
    return {name: np.asarray(run.backend.to_host(array)) for name, array in named_leaves(run.params)}


def same(one: Any, other: Any) -> None:
    """Want the parameters of two runs to the last bit."""
    first, second = hosted(one), hosted(other)
    assert list(first) == list(second)
    for name, array in first.items():
        assert array.dtype == second[name].dtype
        np.testing.assert_array_equal(array, second[name])


# -- there and back ------------------------------------------------------------------------------------------


def test_what_is_written_comes_back(backend: Any, tmp_path: Path) -> None:
    with backend.reading():
        run = train(x=backend.array(X), y=backend.array(Y), validation=0.25)
        path = bp.save(tmp_path / "m.safetensors", run, extra={"classes": ["no", "yes"]})
        found = bp.load(path, backend=backend.backend)
        same(run, found)
        np.testing.assert_array_equal(backend.host(found.predict(X)), backend.host(run.predict(X)))
    assert path == tmp_path / "m.safetensors"
    assert found.net == run.net
    assert found.loss == run.loss
    assert (found.features, found.history, found.seconds) == (run.features, run.history, run.seconds)
    assert found.extra == {"classes": ["no", "yes"]}
    assert found.backend is backend.backend
    place = backend.array(X)
    assert all(array.device == place.device for _, array in named_leaves(found.params))


def test_from_one_library_to_another(backend: Any, tmp_path: Path) -> None:
    """Written there, read on NumPy, and the other way round; float64 becomes float32 where there is none."""
    with backend.reading():
        there = train(x=backend.array(X, "float32"), y=backend.array(Y, "float32"))
        same(there, bp.load(bp.save(tmp_path / "there", there)))
    here = train()
    found = bp.load(bp.save(tmp_path / "here", here), backend=backend.backend)
    for name, array in hosted(found).items():
        assert str(array.dtype) == backend.float
        np.testing.assert_array_equal(array, hosted(here)[name].astype(array.dtype))


def test_it_trains_on_from_there(tmp_path: Path) -> None:
    run = train()
    found = bp.load(bp.save(tmp_path / "m", run))
    same(train(params=run.params), train(found.net, params=found.params))


def test_saved_again_it_is_the_same_file(tmp_path: Path) -> None:
    path = bp.save(tmp_path / "m", train(), extra={"a": [1, None, "é"]})
    again = bp.save(tmp_path / "n", bp.load(path))
    assert path.read_bytes() == again.read_bytes()


@pytest.mark.parametrize(
    "turn", [np.asfortranarray, lambda x: x.T.copy().T, lambda x: np.repeat(x, 2, axis=1)[:, ::2]]
)
def test_however_an_array_lies_in_memory(turn: Any, tmp_path: Path) -> None:
    run = train()
    lying = bp.Run(
        net=run.net,
        params=[
            {name: turn(array) if array.ndim > 1 else array for name, array in layer.items()}
            for layer in run.params
        ],
        loss=run.loss,
        features=run.features,
        backend=run.backend,
    )
    assert not lying.params[0]["weight"].flags.c_contiguous
    same(run, bp.load(bp.save(tmp_path / "m", lying)))


def test_weights_that_were_given(tmp_path: Path) -> None:
    net = bp.Chain(bp.Linear(3, weight_init=bp.Given(np.arange(6.0).reshape(2, 3))), bp.Tanh(), bp.Linear(1))
    run = train(net)
    found = bp.load(bp.save(tmp_path / "m", run))
    same(run, found)
    np.testing.assert_array_equal(found.predict(X), run.predict(X))


@pytest.mark.parametrize(
    "part",
    [
        bp.Chain(),
        bp.Chain(
            bp.Chain(bp.Linear(2, 3, bias=False), bp.Relu()), bp.Linear(1, weight_init=bp.He("uniform"))
        ),
        bp.Linear(4, bias_init=bp.Normal(0.5), weight_init=bp.Uniform(-1.0, 2.0)),
        bp.MLP([2, 3, 4], activation="sigmoid", output="softmax", weight_init=bp.LeCun()),
        *(bp.Tanh(), bp.Gelu(), bp.Identity(), bp.Glorot(), bp.Zeros()),
        *(
            bp.SquaredError(half=True),
            bp.BinaryCrossEntropy(from_logits=False, reduction="sum"),
            bp.CrossEntropy(),
        ),
    ],
    ids=str,
)
def test_a_description_builds_what_it_describes(part: Any) -> None:
    words = json.loads(json.dumps(describe(part)))
    assert build(words) == part


def test_a_misspelt_kind() -> None:
    with pytest.raises(DataError) as caught:
        build({"kind": "Linaer", "outputs": 1})
    assert str(caught.value) == (
        '"Linaer" is no kind of layer, loss or initializer of bpcore. Did you mean "Linear"?'
    )
    with pytest.raises(DataError, match="Linear cannot be built from"):
        build({"kind": "Linear", "ouputs": 1})


def test_a_layer_of_ones_own(tmp_path: Path) -> None:
    net = bp.Chain(bp.Linear(2), Stretch())
    run = train(net, y=X, loss=bp.SquaredError())
    path = bp.save(tmp_path / "m", run)
    same(run, bp.load(path, net=net))
    with pytest.raises(FileError) as caught:
        bp.load(path)
    assert str(caught.value) == (
        f'{path}: has a net that cannot be built: "Stretch" is no kind of layer, loss or initializer of'
        " bpcore. Pass it as net=."
    )


def test_a_loss_of_ones_own(tmp_path: Path) -> None:
    run = train(loss=Absolute())
    path = bp.save(tmp_path / "m", run)
    with pytest.raises(
        FileError, match=r'has a loss that cannot be built: "Absolute" is no kind .* Pass it as loss=\.'
    ):
        bp.load(path)
    loss = Absolute()
    assert bp.load(path, loss=loss).loss is loss


# -- the file ------------------------------------------------------------------------------------------------


def test_any_safetensors_reader_opens_it(tmp_path: Path) -> None:
    run = train()
    path = bp.save(tmp_path / "m.safetensors", run)
    tensors = plain.load_file(path)
    assert sorted(tensors) == ["0.bias", "0.weight", "2.bias", "2.weight"]
    for name, array in hosted(run).items():
        np.testing.assert_array_equal(tensors[name], array)
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
    about = json.loads(metadata["run"])
    assert about["bpcore"] == "1"
    assert about["net"]["layers"][0] == describe(NET.layers[0])
    assert about["features"] == [2]
    assert about["history"] == run.history


def test_nothing_in_it_runs(tmp_path: Path) -> None:
    """A header of JSON and numbers: no pickle anywhere."""
    content = bp.save(tmp_path / "m", train()).read_bytes()
    length = int.from_bytes(content[:8], "little")
    json.loads(content[8 : 8 + length])
    with pytest.raises(ValueError):  # noqa: PT011 -- each opcode that is none has words of its own
        list(pickletools.genops(content))
    for file in (Path(bp.__file__).parent / "run" / "files").glob("*.py"):
        assert "import pickle" not in file.read_text(encoding="utf-8"), file.name


def test_a_name_of_every_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = train()
    for path in (str(tmp_path / "a"), tmp_path / "b c ü.bin", tmp_path / ".hidden"):
        same(run, bp.load(bp.save(path, run)))
    monkeypatch.chdir(tmp_path)
    assert bp.save("here", run) == Path("here")
    same(run, bp.load("here"))


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_permissions_are_those_of_new_files(tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"")
    wanted = (tmp_path / "other").stat().st_mode
    assert bp.save(tmp_path / "m", train()).stat().st_mode == wanted


def test_more_that_is_no_json(tmp_path: Path) -> None:
    with pytest.raises(
        OptionError, match=r"^extra must be JSON values: numbers, text, lists, dicts, was given"
    ):
        bp.save(tmp_path / "m", train(), extra={"x": X})
    assert list(tmp_path.iterdir()) == []


def test_another_network_of_the_same_weights_is_told(tmp_path: Path) -> None:
    net = bp.MLP([2, 3, 1], activation="tanh")
    x = np.ones((4, 2))
    how: dict[str, Any] = {"loss": bp.SquaredError(), "optimizer": bp.SGD(0.1), "epochs": 1, "progress": None}
    path = bp.save(tmp_path / "m", bp.fit(net, (x, x[:, :1]), **how))
    bp.load(path, net=net)
    bp.load(path, net=bp.Chain(bp.Linear(3, weight_init=bp.He()), bp.Tanh(), bp.Linear(1, inputs=3)))
    with pytest.warns(UserWarning, match=r"the file tells of another network than Chain\(Linear\(3\), Relu"):
        bp.load(path, net=bp.MLP([2, 3, 1], activation="relu"))


@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_the_precision_of_its_steps_comes_back(tmp_path: Path, precision: str) -> None:
    run = train(x=X.astype("f4"), precision=precision)
    path = bp.save(tmp_path / "m", run)
    assert bp.load(path).precision == precision
    told = read_model(path)[1]
    assert ("precision" in told) == (precision != "float32")  # readers before it knew only that


def test_a_precision_that_is_none(tmp_path: Path) -> None:
    path = bp.save(tmp_path / "m", dataclasses.replace(train(), precision="float8"))
    with pytest.raises(FileError, match="says that it computed in 'float8', which is no precision"):
        bp.load(path)
