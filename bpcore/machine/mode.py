"""How a network is run where it is looked at: as it answers, or as it learns."""

from __future__ import annotations

from dataclasses import dataclass

from bpcore.derivatives.namespaces.namespace import device_of
from bpcore.ground.registry import backend_of
from bpcore.parts import keys
from bpcore.parts.layers import Layer
from bpcore.words.errors import OptionError, ShapeError
from bpcore.words.protocols import Array, Tree
from bpcore.words.trees import leaves

__all__ = ["Mode", "mode_of"]


@dataclass(frozen=True, eq=False)
class Mode:
    """How a network is run.

    Attributes
    ----------
    state : tree of arrays
        What its layers carry.
    key : key or None
    training : bool
    """

    state: Tree
    key: Array | None
    training: bool

    def output(self, net: Layer, params: Tree, x: Array) -> Array:
        """Return the network's output."""
        return net.forward(params, self.state, x, key=self.key, training=self.training)[0]


def mode_of(
    net: Layer, params: Tree, x: Array, *, state: Tree, key: Array | None, training: bool | None
) -> Mode | None:
    """Return how a network is to be run; None where ``net(params, x)`` says it.

    Parameters
    ----------
    net : Layer
    params : tree of arrays
    x : array (samples, ...)
    state : tree of arrays, or None
    key : key or None
    training : bool or None
        None: as it answers, or, where it carries something and `state` is None, as it learns; it draws then
        from `key`, or from ``bpcore.key(0)``.

    Raises
    ------
    OptionError
        It is to answer, and what it carries is not given.
    """
    like = next(iter(leaves(params)), x)
    try:
        made = net.init_state(tuple(x.shape[1:]), like=like) if state is None else state
    except ShapeError:  # the layer that it does not fit says so, with its place
        return None
    carries = bool(leaves(made))
    if training is None:
        training = carries and state is None
        if training and key is None and net.draws:
            key = keys.key(0, backend=backend_of(like), device=device_of(like))
    if training:
        return Mode(made, key, training=True) if carries or net.draws else None
    if carries and state is None:
        do = "Give state=run.state, or training=True."
        raise OptionError("state", None, f"what {net} carries, where it is to answer", do)
    return Mode(made, None, training=False) if carries else None
