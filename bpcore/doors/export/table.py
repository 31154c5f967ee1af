"""What `bpcore train` does around its network: how inputs are prepared, and what outputs mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.ground.registry import backend as find_backend
from bpcore.run.result import Run
from bpcore.run.tables.preparation import Preparation
from bpcore.words.errors import ExportError
from bpcore.words.protocols import Array

__all__ = ["arrays_of", "inputs", "meaning", "notes", "outputs", "preparation_of"]

MEANINGS = {"regression": "quantities", "multiclass": "probabilities", "binary": "probabilities"}


def preparation_of(run: Run, *, wanted: bool = True) -> Preparation | None:
    """Return what was saved with a run of `bpcore train`; None where there is nothing, or it is not wanted.

    Raises
    ------
    DataError
        It is not of bpcore's form.
    ExportError
        It is that of another network.
    """
    if not wanted or "preparation" not in run.extra:
        return None
    found = Preparation.from_dict(run.extra["preparation"])
    sizes = (len(found.features), found.outputs)
    if (*run.features, *run.net.output_shape(run.features)) != sizes:
        what = f"the preparation saved with the run is for {sizes[0]} inputs and {sizes[1]} outputs"
        raise ExportError(f"{what}, not for its network", "Export the network alone, with prepared=False.")
    return found


def arrays_of(preparation: Preparation) -> Mapping[str, Array]:
    """Return its numbers as host arrays of float64, by name; those that change nothing are left out."""
    host = find_backend("numpy")
    numbers = {
        name: getattr(preparation, name) for name in ("fill", "mean", "scale", "target_mean", "target_scale")
    }
    return {
        name: host.asarray(list(row), dtype=host.dtype("float64")) for name, row in numbers.items() if row
    }


def inputs(numbers: Mapping[str, Any], x: Array) -> Array:
    """Return raw features as the network's inputs."""
    xp = array_namespace(x)
    if "fill" in numbers:
        x = xp.where(xp.isnan(x), numbers["fill"], x)
    return xp.divide(xp.subtract(x, numbers["mean"]), numbers["scale"])


def outputs(preparation: Preparation, numbers: Mapping[str, Any], y: Array) -> Array:
    """Return a network's outputs as what they mean: probabilities, or quantities in the targets' unit."""
    xp = array_namespace(y)
    if preparation.task == "regression":
        wide = xp.astype(y, numbers["target_mean"].dtype)
        return xp.add(xp.multiply(wide, numbers["target_scale"]), numbers["target_mean"])
    return xp.softmax(y, axis=-1) if preparation.task == "multiclass" else xp.expit(y)


def meaning(preparation: Preparation | None) -> str:
    """Return the name of the output."""
    return "output" if preparation is None else MEANINGS[preparation.task]


def notes(preparation: Preparation | None) -> tuple[str, ...]:
    """Return what the arithmetic does not hold, in one line each: the names of columns and classes."""
    if preparation is None:
        return ()
    lines = [f"inputs, in this order: {', '.join(preparation.features)}"]
    if preparation.task == "multiclass":
        lines.append(
            f"outputs: the probabilities of {', '.join(preparation.classes)}; the class is the largest one's"
        )
    elif preparation.task == "binary":
        second, targets = preparation.classes[1], ", ".join(preparation.targets)
        lines.append(
            f"outputs: the probability of {second} in {targets}; the class is {second} above one half"
        )
    else:
        lines.append(f"outputs: {', '.join(preparation.targets)}, in their own units")
    return tuple(lines)
