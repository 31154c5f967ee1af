"""Saving and loading: weights in the safetensors format, the network's description beside them.

The file holds numbers and JSON, and nothing that runs when it is read. Any safetensors reader opens it. It
is written beside its place and then renamed, so that a file of that name is always whole.
"""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bpcore.ground.backend import Backend
from bpcore.ground.precision import PRECISIONS
from bpcore.ground.registry import backend as find_backend
from bpcore.parts.initializers import Initializer, Zeros
from bpcore.parts.keys import key
from bpcore.parts.layers import Layer
from bpcore.parts.losses import Loss
from bpcore.run.files.description import build, describe
from bpcore.run.files.model_file import FORMAT, content_of, read_model
from bpcore.run.files.whole_file import HOUR, remove_stale, write_whole
from bpcore.run.result import Run, check_run
from bpcore.words.errors import BpcoreError, FileError, ShapeError
from bpcore.words.protocols import Array, Dtype, Shape, Static, Tree
from bpcore.words.trees import flatten, leaves, named_leaves, unflatten

__all__ = ["load", "save", "write_whole"]

STATE = "state"
"""What the names of tensors begin with that layers carry beside their parameters."""
AVERAGED = "averaged"
"""What those of averaged parameters begin with."""
LARGEST_AXIS, LARGEST_SAMPLE = 2**20, 2**28
"""How long an axis may be that has more than all the weights together; numbers in one sample."""
FAULTS = (
    *(BpcoreError, ArithmeticError, AttributeError, LookupError, MemoryError),
    *(RecursionError, TypeError, ValueError),
)
"""What a description raises that describes no network."""


def save(path: str | os.PathLike[str], run: Run, /, *, extra: Mapping[str, object] | None = None) -> Path:
    """Write a run's network, parameters, averaged parameters and history to a file.

    Parameters
    ----------
    path : path
        A file of that name is replaced, once the new one is whole.
    run : Run
        ``run.with_averaged()`` saves the averaged parameters as those to predict with.
    extra : mapping or None
        More to keep, as JSON values; None keeps the run's own.

    Returns
    -------
    Path
        Where it was written.

    Raises
    ------
    OptionError
        When `extra` is no JSON value; when `run` is none.
    FileError
        When the file cannot be written; one of that name is then as it was.
    """
    check_run(run, "run of save")
    tensors = {
        name: run.backend.to_host(array)
        for name, array in (
            *named_leaves(run.params),
            *named_leaves(run.state, STATE),
            *named_leaves(run.averaged, AVERAGED),
        )
    }
    about = {
        "bpcore": FORMAT,
        "net": describe(run.net),
        "loss": describe(run.loss),
        "features": list(run.features),
        "history": run.history,
        "seconds": run.seconds,
        "extra": dict(run.extra if extra is None else extra),
    }
    about |= {} if run.precision == "float32" else {"precision": run.precision}  # an older reader refuses it
    content = content_of(tensors, about)
    remove_stale(Path(path), older=HOUR)
    return write_whole(Path(path), content)


def load(
    path: str | os.PathLike[str],
    /,
    *,
    backend: str | Backend | None = None,
    net: Layer | None = None,
    loss: Loss | None = None,
) -> Run:
    """Read what `save` wrote.

    Parameters
    ----------
    path : path
    backend : str, Backend or None
        Where to put the parameters; None means NumPy.
    net : Layer or None
        The network, where the file's is to be checked, or has a layer that is not bpcore's. A warning says
        where it has the file's weights, and other layers.
    loss : Loss or None
        The loss, where it is not bpcore's.

    Raises
    ------
    FileError
        When there is no such file; when it is cut, or not a safetensors file, or not bpcore's; when its
        weights are those of another network.
    """
    path = Path(path)
    tensors, about = read_model(path)
    found = net if net is not None else _built(path, "net", about)
    bare = found if net is not None else _built(path, "net", about, starts=Empty(_elements(tensors)))
    its_loss = loss if loss is not None else _built(path, "loss", about)
    if not isinstance(found, Layer) or not isinstance(bare, Layer) or not isinstance(its_loss, Loss):
        raise FileError(path, "does not describe a network and its loss")
    place = find_backend(backend)
    features = _features(path, about["features"], _elements(tensors))
    if not isinstance(about["history"], dict) or not isinstance(about["seconds"], float | int):
        raise FileError(path, "tells a history that is none", "Train again.")
    params, state, averaged = _trees(path, bare, features, tensors, place)
    if net is not None and not _alike(describe(net), about["net"]):
        told = f"the file tells of another network than {net}, which is given its weights."
        warnings.warn(f"{path}: {told}", UserWarning, stacklevel=2)
    return Run(
        net=found,
        params=params,
        state=state,
        averaged=averaged,
        loss=its_loss,
        features=features,
        backend=place,
        history=about["history"],
        seconds=about["seconds"],
        extra=about["extra"],
        precision=_precision(path, about.get("precision", "float32")),
    )


def _precision(path: Path, word: Static) -> str:
    if word not in PRECISIONS:
        raise FileError(path, f"says that it computed in {word!r}, which is no precision", "Train again.")
    return str(word)


STARTS = {"weight_init", "bias_init", "inputs"}
"""What makes no difference to a network that has its weights."""


def _alike(one: Static, other: Static) -> bool:
    """Return whether descriptions, as far as both tell, are of layers that compute the same."""
    if isinstance(one, dict) and isinstance(other, dict):
        return all(_alike(one[name], other[name]) for name in (one.keys() & other.keys()) - STARTS)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    return bool(one == other)


@dataclass(frozen=True)
class Empty(Initializer):
    """Zeros for every start, as far as the file has numbers for it: shapes are wanted, and no drawing."""

    most: int

    def __call__(self, key: Array, shape: Shape, /, *, dtype: Dtype = None) -> Array:
        """Return zeros.

        Raises
        ------
        MemoryError
            When there are more than the file holds.
        """
        if math.prod(shape) > self.most:
            raise MemoryError(shape)
        return Zeros()(key, shape, dtype=dtype)


def _elements(tensors: Mapping[str, Array]) -> int:
    return sum(math.prod(array.shape) for array in tensors.values())


def _features(path: Path, features: Static, most: int) -> tuple[int, ...]:
    if not isinstance(features, list) or not features or not all(type(n) is int and n > 0 for n in features):
        raise FileError(path, f"says that a sample has the shape {features!r}", "Train again.")
    if max(features) > max(most, LARGEST_AXIS) or math.prod(features) > LARGEST_SAMPLE:
        raise FileError(path, "says that a sample has more numbers than any has", "Train again.")
    return tuple(features)


def _built(
    path: Path, name: str, about: Mapping[str, Static], *, starts: Initializer | None = None
) -> object:
    try:
        return build(about[name], starts=starts)
    except FAULTS as error:
        said = str(error).rstrip(".")
        raise FileError(path, f"has a {name} that cannot be built: {said}", f"Pass it as {name}=.") from error


def _trees(
    path: Path, net: Layer, features: tuple[int, ...], tensors: dict[str, Array], place: Backend
) -> tuple[Tree, Tree, Tree]:
    """Return the tensors in the trees that the network makes, on the backend: parameters, state, averages."""
    try:
        made = net.init(key(0), features)
        carried = net.init_state(features, like=leaves(made)[0]) if leaves(made) else {}
    except ShapeError as error:
        raise FileError(path, f"holds the weights of another network: {str(error).rstrip('.')}") from error
    except FAULTS as error:
        raise FileError(path, "describes a network that cannot be built", "Pass it as net=.") from error
    wanted = {
        name: tuple(array.shape) for name, array in (*named_leaves(made), *named_leaves(carried, STATE))
    }
    averages = any(name.startswith(f"{AVERAGED}.") for name in tensors.keys() - wanted.keys())
    if averages:
        wanted |= {name: tuple(array.shape) for name, array in named_leaves(made, AVERAGED)}
    given = {name: tuple(array.shape) for name, array in tensors.items()}
    if wanted != given:
        differing = (name for name in sorted(wanted | given) if wanted.get(name) != given.get(name))
        first = next(differing)
        what = f"{first} is {given.get(first, 'missing')}, wanted {wanted.get(first, 'none')}"
        raise FileError(path, f"holds the weights of another network: {what}")

    def tree(like: Tree, begin: str = "") -> Tree:
        names = [name for name, _ in named_leaves(like, begin)]
        return unflatten(flatten(like)[1], [_placed(tensors[name], place) for name in names])

    return (
        tree(made),
        tree(carried, STATE) if leaves(carried) else None,
        tree(made, AVERAGED) if averages else None,
    )


def _placed(array: Array, place: Backend) -> Array:
    dtype = "float64" if str(array.dtype) == "float64" and place.float64 else "float32"
    return place.asarray(array, dtype=place.dtype(dtype))
