"""Sharpness: the largest curvature of the loss, which says how long a step of descent may be."""

from __future__ import annotations

import math
from collections.abc import Callable

from bpcore.derivatives.namespaces.namespace import array_namespace, device_of
from bpcore.derivatives.transforms.directional import hvp
from bpcore.ground.registry import backend_of
from bpcore.machine.mode import mode_of
from bpcore.parts.keys import key as seeded
from bpcore.parts.keys import normal
from bpcore.parts.layers import Layer
from bpcore.parts.losses import Loss
from bpcore.program.compiled import compile
from bpcore.words.protocols import Array, Tree
from bpcore.words.trees import flatten, leaves, tree_map, unflatten

__all__ = ["sharpness"]

ITERATIONS = 300
"""How often a vector is multiplied at most; eigenvalues of one size need not be told apart."""

NEAR = 1e-5
"""By how much of itself an estimate may still change when it is taken."""


def sharpness(
    net: Layer,
    params: Tree,
    x: Array,
    y: Array,
    loss: Loss,
    *,
    state: Tree = None,
    training: bool | None = None,
    key: Array | None = None,
) -> float:
    """Return the largest eigenvalue of the Hessian of the loss by the parameters, by power iteration.

    Parameters
    ----------
    net : Layer
    params : tree of arrays
    x : array (samples, features)
    y : array
        As the loss takes it. Both are arrays of the parameters' library, on their device.
    loss : Loss
    state : tree of arrays, or None
        What layers carry, as a Run has it; None for those that carry nothing, or to run them as they learn.
    training : bool or None
        Whether the network is run as it learns: by the statistics of `x`, and with some of it dropped. None:
        where it carries something and no `state` is given.
    key : key or None
        Where it draws from while it learns, the same at every product; None is ``bpcore.key(0)``.

    Returns
    -------
    float
        From below, and usually to four digits or more. The Hessian itself is never made: it is multiplied
        with vectors by `hvp`, 300 times at most, or 600 where its largest eigenvalue in size is negative.

    Raises
    ------
    ShapeError, MixedArrays, NotDifferentiable
        When these do not fit together, or the network has no second derivative.
    OptionError
        With ``training=False``, when what the network carries is not given.

    Examples
    --------
    One weight w, one sample (3, 0): the loss is (3 w)^2, its second derivative 18.

    >>> import bpcore as bp, numpy as np
    >>> from bpcore.run.trouble.sharpness import sharpness
    >>> params = {"weight": np.asarray([[0.5]])}
    >>> x, y = np.asarray([[3.0]]), np.asarray([[0.0]])
    >>> sharpness(bp.Linear(1, bias=False), params, x, y, bp.SquaredError())
    18.0
    """
    if key is None and training and net.draws:
        key = seeded(0, backend=backend_of(x), device=device_of(x))
    mode = mode_of(net, params, x, state=state, key=key, training=training)

    def objective(params: Tree) -> Array:
        return loss(net(params, x) if mode is None else mode.output(net, params, x), y)

    product = compile(lambda params, vector: hvp(objective, (params,), (vector,))[0])
    start = _start(params)
    most = _power(lambda vector: product(params, vector), start)
    if most >= 0.0:
        return most

    def moved(vector: Tree) -> Tree:  # by H - most, whose largest eigenvalue in size is at the other end
        return tree_map(lambda image, part: image - most * part, product(params, vector), vector)

    return _power(moved, start) + most


def _power(product: Callable[[Tree], Tree], vector: Tree) -> float:
    """Return the eigenvalue that is the largest in size."""
    found = 0.0
    for _ in range(ITERATIONS):
        image = product(vector)
        before, found = found, _dot(vector, image)
        length = math.sqrt(_dot(image, image))
        if length == 0.0 or abs(found - before) <= NEAR * abs(found):
            break
        vector = _scaled(image, 1.0 / length)
    return found


def _start(params: Tree) -> Tree:
    """Return a random vector of length 1 like the parameters, the same one at every call."""
    arrays, structure = flatten(params)
    drawn = []
    for i, p in enumerate(arrays):
        its_key = seeded(i, backend=backend_of(p), device=device_of(p))
        drawn.append(normal(its_key, tuple(p.shape), dtype=p.dtype))
    vector = unflatten(structure, drawn)
    return _scaled(vector, 1.0 / math.sqrt(_dot(vector, vector)))


def _scaled(vector: Tree, factor: float) -> Tree:
    return tree_map(lambda part: part * factor, vector)


def _dot(a: Tree, b: Tree) -> float:
    """Return the sum of the products of all elements, read from the device once."""
    pairs = list(zip(leaves(a), leaves(b), strict=True))
    xp = array_namespace(pairs[0][0])
    total = xp.sum(xp.stack([xp.sum(xp.multiply(*pair)) for pair in pairs]))
    return float(backend_of(total).to_host(total))
