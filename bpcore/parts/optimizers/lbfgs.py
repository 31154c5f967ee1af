"""L-BFGS: steps that know the curvature, from the last few changes of the gradient.

Its line search asks how low a point is before it goes there, so a step is no pure function of one gradient:
it is driven from Python, which reads two numbers of each point, over compiled functions of arrays.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from bpcore.derivatives.namespaces.namespace import array_namespace, device_of
from bpcore.ground.backend import Backend
from bpcore.parts.optimizers.searching import Stepper
from bpcore.words.errors import ShapeError
from bpcore.words.protocols import Array, Tree
from bpcore.words.ranges import check_number, check_whole
from bpcore.words.trees import leaves

__all__ = ["LBFGS", "Minimum"]


class Minimum(NamedTuple):
    """Where a search ended.

    Attributes
    ----------
    params : tree of arrays
    value : float
    gradient : float
        The largest absolute value in the gradient there.
    steps : int
        How many were made.
    converged : bool
        Whether the gradient is within the tolerance.
    """

    params: Tree
    value: float
    gradient: float
    steps: int
    converged: bool


@dataclass(frozen=True)
class LBFGS:
    """Quasi-Newton steps with a strong Wolfe line search, on all samples at once.

    Parameters
    ----------
    rate : float > 0
        The step that a line search tries first, in units of the quasi-Newton step.
    memory : int >= 1
        How many of the last changes are remembered.
    evaluations : int >= 1
        At how many points a line search may look.
    tolerance : float >= 0
        No step is made where no number of the gradient is larger.

    Notes
    -----
    For ``bp.fit`` with ``batch_size=None``: an epoch is a step. Or for a function of one's own, by
    `minimize`. It has not the other optimizers' options: penalties are the loss's.

    References
    ----------
    D. C. Liu, J. Nocedal (1989), "On the limited memory BFGS method for large scale optimization".

    Examples
    --------
    >>> import bpcore as bp, numpy as np
    >>> def rosenbrock(p):
    ...     return (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2
    >>> found = bp.LBFGS().minimize(rosenbrock, np.asarray([-1.2, 1.0]))
    >>> found.converged, [round(float(number), 6) for number in found.params]
    (True, [1.0, 1.0])
    """

    rate: float = 1.0
    memory: int = 10
    evaluations: int = 25
    tolerance: float = 1e-9

    def __post_init__(self) -> None:
        check_number("rate of LBFGS", self.rate, "a number above 0", lambda rate: 0 < rate < math.inf)
        check_whole("memory of LBFGS", self.memory, 1)
        check_whole("evaluations of LBFGS", self.evaluations, 1)
        wanted = "a number, 0 or more"
        check_number("tolerance of LBFGS", self.tolerance, wanted, lambda size: 0 <= size < math.inf)

    @property
    def highest_rate(self) -> float:
        """The rate."""
        return float(self.rate)

    def init(self, params: Tree, /) -> Tree:
        """Return the state to start from.

        Returns
        -------
        dict
            ``rate`` and ``count``, arrays of shape (), and ``moves`` and ``turns``, of shape
            (memory, numbers): how parameters and gradients changed, oldest first, 0 where nothing is known.
        """
        arrays = leaves(params)
        if not arrays:
            raise ShapeError("LBFGS", "parameters with at least one array", "an empty tree")
        xp = array_namespace(arrays[0])
        place = {"dtype": arrays[0].dtype, "device": device_of(arrays[0])}
        shape = (self.memory, sum(math.prod(p.shape) for p in arrays))
        return {
            "rate": xp.full((), float(self.rate), **place),
            "count": xp.zeros((), **place),
            "moves": xp.zeros(shape, **place),
            "turns": xp.zeros(shape, **place),
        }

    def stepper(
        self,
        f: Callable[..., tuple[Array, Tree]],
        *,
        compiled: bool = True,
        backend: str | Backend | None = None,
    ) -> Stepper:
        """Return what makes the steps, for ``f(params, *data)`` to a value and what is reported with it."""
        return Stepper(
            f,
            rate=float(self.rate),
            evaluations=self.evaluations,
            tolerance=float(self.tolerance),
            compiled=compiled,
            backend=backend,
        )

    def minimize(
        self,
        f: Callable[..., Array],
        params: Tree,
        /,
        *,
        steps: int = 1000,
        compiled: bool = True,
        backend: str | Backend | None = None,
    ) -> Minimum:
        """Search for the minimum of a function.

        Parameters
        ----------
        f : function
            From parameters to an array of shape (), as for `bpcore.grad`.
        params : tree of arrays
            Where to start.
        steps : int >= 0
            At most.
        compiled : bool
        backend : str, Backend or None
            Who compiles, as for `bpcore.compile`.
        """
        check_whole("steps of minimize", steps, 0)
        stepper = self.stepper(lambda params: (f(params), ()), compiled=compiled, backend=backend)
        state, made = self.init(params), 0
        while made < steps:
            last = params
            params, state, _ = stepper(params, state)
            if params is last and not stepper.forgets:
                break
            made += params is not last
        value, size = stepper.seen(params)
        return Minimum(params, value, size, made, size <= self.tolerance)
