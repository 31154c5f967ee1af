"""`check_layer`: does a layer of one's own do what a layer promises? Ask the layer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bpcore.derivatives.checks.checking import GradCheck
from bpcore.ground.backend import Backend
from bpcore.ground.registry import backend as find_backend
from bpcore.parts.layer_trial import Trial
from bpcore.parts.layers import Layer
from bpcore.words.errors import OptionError
from bpcore.words.protocols import Array, Shape
from bpcore.words.trees import leaves

__all__ = ["LayerCheck", "check_layer"]


@dataclass(frozen=True, kw_only=True)
class LayerCheck:
    """What `check_layer` found: the layer keeps its promises.

    Attributes
    ----------
    layer : str
    output_shape : tuple of int
        Of one sample.
    parameters : int
        How many numbers the layer learns.
    gradients : tuple of GradCheck
        By parameters and input, as it is used, and as it learns where that is something else.
    """

    layer: str
    output_shape: Shape
    parameters: int
    gradients: tuple[GradCheck, ...]


def check_layer(
    layer: Layer,
    shape: Sequence[int],
    /,
    *,
    x: Array | None = None,
    backend: str | Backend | None = None,
    seed: int = 0,
    independent: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
) -> LayerCheck:
    """Try a layer on random samples, and find the first promise that it breaks.

    The output has the shape of ``output_shape``, the dtype and device of the input, and follows from its
    sample alone. No value is read, so that a step holding the layer can be recorded, and what is recorded
    gives the same numbers. The state keeps its shapes. Gradients by parameters and input are their slopes.

    Parameters
    ----------
    layer : Layer
    shape : sequence of int
        Of one sample.
    x : array ``(3 or more, *shape)``, or None
        Samples to try it on; None for numbers that are spread evenly, or for tokens 0 and 1 where it takes
        whole numbers.
        Give some of your own where the layer has kinks or is not defined everywhere.
    backend : str, Backend or None
        Where to try it; None for NumPy. ``"strict:device1"`` finds arrays made on the wrong device.
    seed : int
        Of parameters and samples.
    independent : bool
        Whether the output of a sample, once it has learnt, may depend on no other sample.
    rtol, atol : float, optional
        As for `check_grad`.

    Returns
    -------
    LayerCheck

    Raises
    ------
    LayerError
        When a promise is broken: which one, what was wanted and what came.
    RecordError
        When a value is read, with the line that does.

    Examples
    --------
    >>> import bpcore as bp
    >>> bp.check_layer(bp.Linear(2), (3,)).parameters
    8
    """
    if not isinstance(layer, Layer):
        raise OptionError("layer of check_layer", layer, "a layer, as bpcore.Linear(2)")
    if not isinstance(shape, Sequence):
        raise OptionError("shape of check_layer", shape, f"that of one sample, as ({shape},)")
    place = find_backend(backend)
    trial = Trial(layer, tuple(shape), place, seed, x)
    trial.parameters()
    trial.outputs("float32")
    trial.outputs(trial.widest)
    trial.state_keeps_its_shapes()
    trial.repetition()
    if independent:
        trial.independence()
    trial.replay()
    gradients = tuple(trial.gradients(rtol, atol))
    params = trial.made(trial.widest)[0]
    count = sum(math.prod(p.shape) for p in leaves(params))
    out = tuple(layer.output_shape(trial.shape))
    return LayerCheck(layer=str(layer), output_shape=out, parameters=count, gradients=gradients)
