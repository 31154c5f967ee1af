"""Saving and loading: weights in the safetensors format, the network's description beside them.

The file holds numbers and JSON, and nothing that runs when it is read. Any safetensors reader opens it. It
is written beside its place and then renamed, so that a file of that name is always whole.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bpcore.ground.backend import Backend
from bpcore.ground.registry import backend as find_backend
from bpcore.parts.keys import key
from bpcore.parts.layers import Layer
from bpcore.parts.losses import Loss
from bpcore.run.description import build, describe
from bpcore.run.result import Run
from bpcore.words.errors import BpcoreError, FileError
from bpcore.words.protocols import Array, Static, Tree
from bpcore.words.trees import flatten, named_leaves, unflatten

__all__ = ["load", "save", "write_whole"]

FORMAT = "1"


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
    """
    host = find_backend("numpy").namespace
    tensors = {
        # row by row in memory: the format has no other order, and would take a transposed array's as it lies
        name: host.asarray(run.backend.to_host(array), order="C")
        for name, array in named_leaves(run.params)
    }
    about = {
        "net": describe(run.net),
        "loss": describe(run.loss),
        "features": list(run.features),
        "history": run.history,
        "seconds": run.seconds,
        "extra": dict(run.extra if extra is None else extra),
    }
    from safetensors import numpy as format  # noqa: PLC0415 -- loaded when a file is written, not before

    metadata = {"bpcore": FORMAT, "run": json.dumps(about)}
    return write_whole(Path(path), format.save(tensors, metadata=metadata))


def write_whole(path: Path, content: bytes) -> Path:
    """Write a file beside its place, make sure it is on the disk, and rename it."""
    try:
        handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise FileError(path, f"cannot be written: {error.strerror}", "Name another folder.") from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(beside).chmod(0o666 & ~_umask())
        Path(beside).replace(path)
    except OSError as error:
        raise FileError(path, f"cannot be written: {error.strerror}") from error
    finally:
        Path(beside).unlink(missing_ok=True)
    return path


def _umask() -> int:
    """Return the permissions that new files of this process do without."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def load(
    path: str | os.PathLike[str], /, *, backend: str | Backend | None = None, net: Layer | None = None
) -> Run:
    """Read what `save` wrote.

    Parameters
    ----------
    path : path
    backend : str, Backend or None
        Where to put the parameters; None means NumPy.
    net : Layer or None
        The network, where the file's is to be checked, or has a layer that is not bpcore's.

    Raises
    ------
    FileError
        When there is no such file; when it is cut, or not a safetensors file, or not bpcore's; when its
        weights are those of another network.
    """
    path = Path(path)
    tensors, about = _read(path)
    try:
        found = net if net is not None else build(about["net"])
        loss = build(about["loss"])
    except BpcoreError as error:
        raise FileError(path, f"holds a network that cannot be built: {error}", "Pass it as net=.") from error
    if not isinstance(found, Layer) or not isinstance(loss, Loss):
        raise FileError(path, "does not describe a network and its loss")
    place = find_backend(backend)
    features = tuple(about["features"])
    return Run(
        net=found,
        params=_parameters(path, found, features, tensors, place),
        loss=loss,
        features=features,
        backend=place,
        history=about["history"],
        seconds=about["seconds"],
        extra=about["extra"],
    )


def _read(path: Path) -> tuple[dict[str, Array], dict[str, Static]]:
    """Return the file's tensors by name, on the host, and what it says about the run."""
    from safetensors import SafetensorError  # noqa: PLC0415 -- loaded when a file is read
    from safetensors import numpy as format  # noqa: PLC0415

    try:
        content = path.read_bytes()
        tensors = format.load(content)
    except OSError as error:
        raise FileError(path, f"cannot be read: {error.strerror}") from error
    except SafetensorError as error:
        do = "It may be cut, or no weight file: copy it again, or train again."
        raise FileError(path, f"is not a whole safetensors file ({error})", do) from error
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    metadata = header.get("__metadata__", {})
    if metadata.get("bpcore") != FORMAT:
        raise FileError(path, "holds weights that were not written by bpcore", "Load a file of bpcore train.")
    return tensors, json.loads(metadata["run"])


def _parameters(
    path: Path, net: Layer, features: tuple[int, ...], tensors: dict[str, Array], place: Backend
) -> Tree:
    """Return the tensors in the tree that the network makes, on the backend."""
    made = net.init(key(0), features)
    wanted = {name: tuple(array.shape) for name, array in named_leaves(made)}
    given = {name: tuple(array.shape) for name, array in tensors.items()}
    if wanted != given:
        differing = (name for name in sorted(wanted | given) if wanted.get(name) != given.get(name))
        first = next(differing)
        what = f"{first} is {given.get(first, 'missing')}, wanted {wanted.get(first, 'none')}"
        raise FileError(path, f"holds the weights of another network: {what}")
    return unflatten(flatten(made)[1], [_placed(tensors[name], place) for name in wanted])


def _placed(array: Array, place: Backend) -> Array:
    dtype = "float64" if str(array.dtype) == "float64" and place.float64 else "float32"
    return place.asarray(array, dtype=place.dtype(dtype))
