"""Saving and loading: weights in the safetensors format, the network's description beside them.

The file holds numbers and JSON, and nothing that runs when it is read. Any safetensors reader opens it. It
is written beside its place and then renamed, so that a file of that name is always whole.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from bpcore.ground.backend import Backend
from bpcore.ground.registry import backend as find_backend
from bpcore.parts.keys import key
from bpcore.parts.layers import Layer
from bpcore.parts.losses import Loss
from bpcore.run.description import build, describe
from bpcore.run.result import Run
from bpcore.run.whole_file import write_whole
from bpcore.words.errors import BpcoreError, FileError, OptionError, ShapeError
from bpcore.words.protocols import Array, Static, Tree
from bpcore.words.trees import flatten, leaves, named_leaves, unflatten

__all__ = ["load", "save", "write_whole"]

FORMAT = "1"

STATE = "state"
"""What the names of tensors begin with that layers carry beside their parameters."""


def save(path: str | os.PathLike[str], run: Run, /, *, extra: Mapping[str, object] | None = None) -> Path:
    """Write a run's network, parameters and history to a file.

    Parameters
    ----------
    path : path
        A file of that name is replaced, once the new one is whole.
    run : Run
    extra : mapping or None
        More to keep, as JSON values; None keeps the run's own.

    Returns
    -------
    Path
        Where it was written.

    Raises
    ------
    OptionError
        When `extra` is no JSON value.
    FileError
        When the file cannot be written; one of that name is then as it was.
    """
    host = find_backend("numpy").namespace
    tensors = {
        # row by row in memory: the format has no other order, and would take a transposed array's as it lies
        name: host.asarray(run.backend.to_host(array), order="C")
        for name, array in (*named_leaves(run.params), *named_leaves(run.state, STATE))
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
    from safetensors import numpy as format  # loaded when a file is written, not before

    try:
        metadata = {"run": json.dumps(about)}  # one entry: several would be written in no fixed order
    except (TypeError, ValueError) as error:
        raise OptionError("extra", str(error), "JSON values: numbers, text, lists, dicts") from error
    return write_whole(Path(path), format.save(tensors, metadata=metadata))


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
        The network, where the file's is to be checked, or has a layer that is not bpcore's.
    loss : Loss or None
        The loss, where it is not bpcore's.

    Raises
    ------
    FileError
        When there is no such file; when it is cut, or not a safetensors file, or not bpcore's; when its
        weights are those of another network.
    """
    path = Path(path)
    tensors, about = _read(path)
    found = net if net is not None else _built(path, "net", about)
    bare = found if net is not None else _built(path, "net", {"net": _without_starts(about["net"])})
    its_loss = loss if loss is not None else _built(path, "loss", about)
    if not isinstance(found, Layer) or not isinstance(bare, Layer) or not isinstance(its_loss, Loss):
        raise FileError(path, "does not describe a network and its loss")
    place = find_backend(backend)
    features = _features(path, about["features"])
    if not isinstance(about["history"], dict) or not isinstance(about["seconds"], float | int):
        raise FileError(path, "tells a history that is none", "Train again.")
    params, state = _trees(path, bare, features, tensors, place)
    return Run(
        net=found,
        params=params,
        state=state,
        loss=its_loss,
        features=features,
        backend=place,
        history=about["history"],
        seconds=about["seconds"],
        extra=about["extra"],
    )


def _without_starts(description: Static) -> Static:
    """Return a network's description with zeros for every start: its shapes are wanted, and no drawing."""
    if isinstance(description, list):
        return [_without_starts(part) for part in description]
    if not isinstance(description, dict):
        return description
    zeros = {"kind": "Zeros"}
    return {
        name: zeros if name.endswith("_init") else _without_starts(part) for name, part in description.items()
    }


def _features(path: Path, features: Static) -> tuple[int, ...]:
    if not isinstance(features, list) or not features or not all(type(n) is int and n > 0 for n in features):
        raise FileError(path, f"says that a sample has the shape {features!r}", "Train again.")
    return tuple(features)


def _built(path: Path, name: str, about: Mapping[str, Static]) -> object:
    try:
        return build(about[name])
    except (BpcoreError, LookupError, TypeError) as error:
        said = str(error).rstrip(".")
        raise FileError(path, f"has a {name} that cannot be built: {said}", f"Pass it as {name}=.") from error


def _read(path: Path) -> tuple[dict[str, Array], dict[str, Static]]:
    """Return the file's tensors by name, on the host, and what it says about the run."""
    from safetensors import SafetensorError  # loaded when a file is read
    from safetensors import numpy as format

    try:
        content = path.read_bytes()
        tensors = format.load(content)
    except OSError as error:
        raise FileError(path, f"cannot be read: {error.strerror}") from error
    except SafetensorError as error:
        do = "It may be cut, or no weight file: copy it again, or train again."
        raise FileError(path, f"is not a whole safetensors file ({error})", do) from error
    except KeyError as error:  # numbers of a kind that NumPy has not, as BF16
        raise _foreign(path) from error
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    return tensors, _about(path, header.get("__metadata__", {}))


def _foreign(path: Path) -> FileError:
    return FileError(path, "holds weights that were not written by bpcore", "Load a file of bpcore train.")


def _about(path: Path, metadata: Mapping[str, str]) -> dict[str, Static]:
    try:
        about = json.loads(metadata["run"])
        written = about["bpcore"]
    except (LookupError, TypeError, ValueError) as error:
        raise _foreign(path) from error
    if written != FORMAT:
        what = f"is of format {written}, and this version of bpcore reads format {FORMAT}"
        raise FileError(path, what, "Load it with the version that wrote it.")
    missing = {"net", "loss", "features", "history", "seconds", "extra"} - set(about)
    if missing:
        raise FileError(path, f"does not say its {', '.join(sorted(missing))}", "Train again.")
    return dict(about)


def _trees(
    path: Path, net: Layer, features: tuple[int, ...], tensors: dict[str, Array], place: Backend
) -> tuple[Tree, Tree]:
    """Return the tensors in the trees that the network makes, parameters and state, on the backend."""
    try:
        made = net.init(key(0), features)
        carried = net.init_state(features, like=leaves(made)[0]) if leaves(made) else {}
    except ShapeError as error:
        raise FileError(path, f"holds the weights of another network: {str(error).rstrip('.')}") from error
    except (TypeError, MemoryError) as error:
        raise FileError(path, "describes a network that cannot be built", "Pass it as net=.") from error
    wanted = {
        name: tuple(array.shape) for name, array in (*named_leaves(made), *named_leaves(carried, STATE))
    }
    given = {name: tuple(array.shape) for name, array in tensors.items()}
    if wanted != given:
        differing = (name for name in sorted(wanted | given) if wanted.get(name) != given.get(name))
        first = next(differing)
        what = f"{first} is {given.get(first, 'missing')}, wanted {wanted.get(first, 'none')}"
        raise FileError(path, f"holds the weights of another network: {what}")
    params = unflatten(flatten(made)[1], [_placed(tensors[name], place) for name, _ in named_leaves(made)])
    if not leaves(carried):
        return params, None
    arrays = [_placed(tensors[name], place) for name, _ in named_leaves(carried, STATE)]
    return params, unflatten(flatten(carried)[1], arrays)


def _placed(array: Array, place: Backend) -> Array:
    dtype = "float64" if str(array.dtype) == "float64" and place.float64 else "float32"
    return place.asarray(array, dtype=place.dtype(dtype))
