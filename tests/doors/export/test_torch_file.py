"""Weights to and from a real torch.nn.Sequential: the same names, the same outputs."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import numpy as plain

import bpcore as bp
from bpcore.words.errors import ExportError, FileError, OptionError
from bpcore.words.trees import leaves, named_leaves

X = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)


def started(net: Any, features: Any) -> bp.Run:
    """Return a run whose parameters and state are random."""
    random = np.random.default_rng(1)
    params = net.init(bp.key(3), features)
    state = net.init_state(features, like=leaves(params)[0])

    def moved(tree: Any) -> Any:
        if isinstance(tree, dict):
            return {name: moved(part) for name, part in tree.items()}
        if isinstance(tree, list):
            return [moved(part) for part in tree]
        return (tree + random.uniform(0.1, 0.5, size=tree.shape)).astype(np.float32)

    return bp.Run(
        net=net, params=moved(params), state=moved(state), loss=bp.SquaredError(), features=features,
        backend=bp.backend("numpy"),
    )  # fmt: skip


def same(one: bp.Run, other: bp.Run) -> None:
    for a, b in ((one.params, other.params), (one.state or [], other.state or [])):
        first, second = dict(named_leaves(a)), dict(named_leaves(b))
        assert first.keys() == second.keys()
        for name, array in first.items():
            np.testing.assert_array_equal(array, second[name])


NET = bp.Chain(
    bp.Linear(7), bp.Relu(), bp.BatchNorm(), bp.Dropout(0.1),
    bp.Chain(bp.Linear(4, bias=False), bp.LayerNorm(), bp.Gelu()), bp.Linear(2),
)  # fmt: skip


def sequential() -> Any:
    nn = pytest.importorskip("torch").nn
    inner = nn.Sequential(nn.Linear(7, 4, bias=False), nn.LayerNorm(4), nn.GELU())
    norm = nn.BatchNorm1d(7)
    return nn.Sequential(nn.Linear(3, 7), nn.ReLU(), norm, nn.Dropout(0.1), inner, nn.Linear(4, 2)).eval()


def test_to_torch_and_back(tmp_path: Path) -> None:
    torch, model, run = pytest.importorskip("torch"), sequential(), started(NET, (3,))
    path = bp.save_torch(tmp_path / "m.safetensors", run)
    read = pytest.importorskip("safetensors.torch").load_file(path)
    assert list(model.load_state_dict(read, strict=True)) == [[], []]
    with torch.no_grad():
        wanted = model(torch.asarray(X)).numpy()
    np.testing.assert_allclose(run.predict(X), wanted, rtol=1e-5, atol=1e-6)
    same(run, bp.load_torch(path, NET))
    same(run, bp.load_torch(model.state_dict(), NET))


def test_from_torch(tmp_path: Path) -> None:
    torch, model = pytest.importorskip("torch"), sequential()
    with torch.no_grad():
        model[2].running_mean += 0.3
        model[2].running_var *= 2.0
        wanted = model(torch.asarray(X)).numpy()
    path = tmp_path / "m.safetensors"
    pytest.importorskip("safetensors.torch").save_file(model.state_dict(), path)
    found = bp.load_torch(path, NET)
    assert found.features == (3,)
    np.testing.assert_allclose(found.predict(X), wanted, rtol=1e-5, atol=1e-6)


IMAGES = bp.Chain(
    bp.Reshape((8, 8, 1)), bp.Conv2D(4, 3, padding="same"), bp.Relu(), bp.MaxPool2D(2),
    bp.Conv2D(6, (2, 3), stride=(1, 2), groups=2), bp.BatchNorm(), bp.Flatten(), bp.BatchNorm(),
    bp.Tanh(), bp.Linear(5), bp.Linear(2),
)  # fmt: skip


def test_images_with_their_channels_elsewhere(tmp_path: Path) -> None:
    """Channels are last here and first there; what reads a flattened image is put into its order."""
    torch = pytest.importorskip("torch")
    nn, run = torch.nn, started(IMAGES, (64,))
    model = nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, 4, 3, padding="same"), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(4, 6, (2, 3), stride=(1, 2), groups=2), nn.BatchNorm2d(6), nn.Flatten(), nn.BatchNorm1d(18),
        nn.Tanh(), nn.Linear(18, 5), nn.Linear(5, 2),
    ).eval()  # fmt: skip
    path = bp.save_torch(tmp_path / "m", run)
    model.load_state_dict(pytest.importorskip("safetensors.torch").load_file(path), strict=True)
    x = np.random.default_rng(2).normal(size=(3, 64)).astype(np.float32)
    with torch.no_grad():
        wanted = model(torch.asarray(x)).numpy()
    np.testing.assert_allclose(run.predict(x), wanted, rtol=1e-4, atol=1e-5)
    same(run, bp.load_torch(path, IMAGES, features=(64,)))


def test_padding_that_torch_has_too(tmp_path: Path) -> None:
    """A mean counts no padding: torch's must be told so, and a warning says it."""
    nn = pytest.importorskip("torch").nn
    net = bp.Chain(
        bp.Conv2D(2, 3, stride=2, padding="same"), bp.MaxPool2D(2, 2, padding=1),
        bp.AvgPool2D(3, 2, padding=1), bp.Conv2D(2, 2, padding="same"),
    )  # fmt: skip
    run = started(net, (9, 9, 1))
    model = nn.Sequential(
        nn.Conv2d(1, 2, 3, stride=2, padding=1), nn.MaxPool2d(2, 2, padding=1),
        nn.AvgPool2d(3, 2, padding=1, count_include_pad=False), nn.Conv2d(2, 2, 2, padding="same"),
    )  # fmt: skip
    said = r"AvgPool2D\(3\) with padding is torch.nn.AvgPool2d\(\.\.\., count_include_pad=False\)"
    with pytest.warns(UserWarning, match=said):
        path = bp.save_torch(tmp_path / "m", run)
    model.load_state_dict(pytest.importorskip("safetensors.torch").load_file(path), strict=True)
    x = np.random.default_rng(2).normal(size=(3, 9, 9, 1)).astype(np.float32)
    with pytest.importorskip("torch").no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # torch's, of an even kernel
        wanted = (
            model(pytest.importorskip("torch").asarray(x).permute(0, 3, 1, 2)).permute(0, 2, 3, 1).numpy()
        )
    np.testing.assert_allclose(run.predict(x), wanted, rtol=1e-4, atol=1e-5)


def test_sequences(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    net = bp.Chain(bp.Conv1D(4, 3, dilation=2), bp.AvgPool1D(2), bp.Sigmoid())
    run = started(net, (12, 2))
    model = torch.nn.Sequential(
        torch.nn.Conv1d(2, 4, 3, dilation=2), torch.nn.AvgPool1d(2), torch.nn.Sigmoid()
    )
    path = bp.save_torch(tmp_path / "m", run)
    model.load_state_dict(pytest.importorskip("safetensors.torch").load_file(path), strict=True)
    x = np.random.default_rng(2).normal(size=(3, 12, 2)).astype(np.float32)
    with torch.no_grad():
        wanted = model(torch.asarray(x).permute(0, 2, 1)).permute(0, 2, 1).numpy()
    np.testing.assert_allclose(run.predict(x), wanted, rtol=1e-4, atol=1e-5)
    same(run, bp.load_torch(path, net, features=(12, 2)))


def test_tokens(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    net = bp.Chain(bp.Embedding(7, 4), bp.LayerNorm(), bp.Flatten(), bp.Linear(2))
    run = started(net, (5,))
    model = torch.nn.Sequential(
        torch.nn.Embedding(7, 4), torch.nn.LayerNorm(4), torch.nn.Flatten(), torch.nn.Linear(20, 2)
    )
    path = bp.save_torch(tmp_path / "m", run)
    model.load_state_dict(pytest.importorskip("safetensors.torch").load_file(path), strict=True)
    x = np.random.default_rng(2).integers(0, 7, size=(3, 5))
    with torch.no_grad():
        wanted = model(torch.asarray(x)).numpy()
    np.testing.assert_allclose(run.predict(x), wanted, rtol=1e-5, atol=1e-6)
    same(run, bp.load_torch(path, net, features=(5,)))


def test_on_every_backend(backend: Any, tmp_path: Path) -> None:
    with backend.reading():
        path = bp.save_torch(tmp_path / "m", started(NET, (3,)))
        found = bp.load_torch(path, NET, backend=backend.backend)
        again = bp.save_torch(tmp_path / "n", found)
    assert path.read_bytes() == again.read_bytes()
    assert found.backend is backend.backend


def test_the_names(tmp_path: Path) -> None:
    tensors = plain.load_file(bp.save_torch(tmp_path / "m", started(NET, (3,))))
    assert {name: array.shape for name, array in tensors.items()} == {
        "0.weight": (7, 3), "0.bias": (7,), "2.weight": (7,), "2.bias": (7,), "2.running_mean": (7,),
        "2.running_var": (7,), "2.num_batches_tracked": (), "4.0.weight": (4, 7), "4.1.weight": (4,),
        "4.1.bias": (4,), "5.weight": (2, 4), "5.bias": (2,),
    }  # fmt: skip


# -- what is refused -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("net", "features", "said"),
    [
        (bp.Chain(bp.GRU(3)), (4, 2), "GRU(3) has no counterpart"),
        (bp.Chain(bp.Residual(bp.Linear(3))), (3,), "Residual(Linear(3)) has no counterpart"),
        (bp.Chain(bp.Conv2D(2, 3), bp.Linear(2)), (5, 5, 1), "Linear(2) on an image has no counterpart"),
        (bp.Chain(bp.Conv2D(2, 3), bp.LayerNorm()), (5, 5, 1), "on an image has no counterpart"),
        (bp.Chain(bp.Reshape((2, 2, 2)), bp.Flatten(), bp.Linear(1)), (8,), "of an image has no counterpart"),
        (bp.Linear(2), (3,), "Linear(2) is no chain of layers"),
        (
            bp.Chain(bp.Conv2D(4, 3, stride=2, padding="same")),
            (8, 8, 1),
            "Conv2D(4, 3) with more padding on one side than on the other has no counterpart",
        ),
        (
            bp.Chain(bp.Conv1D(2, 3), bp.MaxPool1D(2, padding=((0, 1),))),
            (5, 1),
            "MaxPool1D(2) with more padding",
        ),
    ],
)
def test_layers_that_torch_holds_otherwise(net: Any, features: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(ExportError) as caught:
        bp.save_torch(tmp_path / "m", started(net, features))
    assert said in str(caught.value)
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize(
    ("net", "said"),
    [
        (bp.MLP([3, 5, 2]), "0.weight is (7, 3), wanted (5, 3)"),
        (bp.MLP([3, 7, 2, 2]), "4.bias is missing"),
        (bp.MLP([3, 7], output="tanh"), "2.bias is of no layer of Chain(Linear(7), Tanh)"),
        (bp.MLP([3, 7, 2], bias=False), "0.bias is of no layer"),
    ],
)
def test_weights_of_another_network(net: Any, said: str, tmp_path: Path) -> None:
    path = bp.save_torch(tmp_path / "m", started(bp.MLP([3, 7, 2]), (3,)))
    with pytest.raises(FileError) as caught:
        bp.load_torch(path, net)
    assert str(caught.value).startswith(f"{path}: ")
    assert said in str(caught.value)


def test_numbers_that_numpy_has_not(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    path = tmp_path / "m"
    pytest.importorskip("safetensors.torch").save_file({"0.weight": torch.ones(2, 2).bfloat16()}, path)
    with pytest.raises(FileError, match=r"as bfloat16\. Save it in float32"):
        bp.load_torch(path, bp.MLP([2, 2]))


def test_what_it_has_to_be_told(tmp_path: Path) -> None:
    path = bp.save_torch(tmp_path / "m", started(IMAGES, (64,)))
    with pytest.raises(OptionError, match=r"features must be the shape of one sample, was given None"):
        bp.load_torch(path, IMAGES)
    with pytest.raises(OptionError, match="features must be what the network takes"):
        bp.load_torch(path, IMAGES, features=(65,))
    (tmp_path / "n").write_bytes(b"no")
    with pytest.raises(FileError, match="is not a whole safetensors file"):
        bp.load_torch(tmp_path / "n", NET)


def test_a_loss_of_its_own(tmp_path: Path) -> None:
    run = replace(started(bp.MLP([3, 7, 2]), (3,)), state=None)
    path = bp.save_torch(tmp_path / "m", run)
    assert bp.load_torch(path, run.net, loss=bp.CrossEntropy()).loss == bp.CrossEntropy()
    assert bp.load_torch(path, run.net).state is None
