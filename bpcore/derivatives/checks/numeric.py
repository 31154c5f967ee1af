"""Derivatives from differences, with the step in sight: what a derivative is, for who learns it.

`check_grad` chooses its steps so that no rounding is seen. Here the step is given, and what it does is
what is asked: too long, it bends with the function; too short, it drowns in rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from numbers import Real
from typing import NamedTuple

from bpcore.derivatives.checks.differences import flat_values
from bpcore.derivatives.namespaces.namespace import device_of, space_of
from bpcore.derivatives.transforms.gradients import grad
from bpcore.derivatives.transforms.tracing import floating_array, name_of, place_of
from bpcore.words.errors import NotDifferentiable, OptionError, ShapeError, choose
from bpcore.words.protocols import Array, Static, Tree
from bpcore.words.trees import Structure, flatten, leaves, unflatten

__all__ = ["DerivativeError", "derivative_errors", "floating", "numeric_derivative", "one_number"]

METHODS = {"central": (1.0, -1.0), "forward": (1.0, 0.0)}
"""The two places, in steps from x, whose difference is taken."""


def numeric_derivative(
    f: Callable[[Tree], Array], x: Tree, *, step: float = 1e-3, method: str = "central"
) -> Tree:
    """Return the derivative of `f` at `x` from differences of `f`, element by element.

    Parameters
    ----------
    f : function
        Of `x`, to one real number.
    x : real floating array, Python float, or a tree of them
        On any backend and device. It is not changed.
    step : float > 0
        By how much each element is moved, in the units of `x`.
    method : "central" or "forward"
        ``(f(x + step) - f(x - step)) / (2 step)``, whose error falls like ``step**2`` for a smooth `f`; or
        ``(f(x + step) - f(x)) / step``, whose error falls like ``step``.

    Returns
    -------
    tree like `x`
        Arrays of its shape, dtype and device; an array of shape () for a number.

    Raises
    ------
    OptionError
        When the step is no finite number above 0, or the method is not known.
    ShapeError
        When `f` does not return one number.
    NotDifferentiable
        When `x` is not real floating.

    Notes
    -----
    `f` is called twice for each element. Rounding of `f` is divided by the step as well: in float64 the
    errors meet near a step of 1e-5 (central) and 1e-8 (forward), in float32 near 5e-3 and 3e-4.

    Examples
    --------
    >>> import bpcore as bp
    >>> float(bp.numeric_derivative(lambda x: x**2, 3.0, step=0.5, method="forward"))
    6.5
    >>> float(bp.numeric_derivative(lambda x: x**2, 3.0, step=0.5))
    6.0
    """
    step = _step(step)
    ahead, behind = METHODS[choose("method", method, METHODS)]
    arrays, structure = floating("numeric_derivative", x)

    def at(place: int, element: int, moved: float) -> Array:
        there = [_moved(a, element, moved) if i == place else a for i, a in enumerate(arrays)]
        return one_number("numeric_derivative", f, arrays[place], f(unflatten(structure, there)))

    def slope(place: int, element: int) -> Array:
        difference = at(place, element, ahead * step) - at(place, element, behind * step)
        return difference / ((ahead - behind) * step)

    slopes = [[slope(i, element) for element in range(math.prod(a.shape))] for i, a in enumerate(arrays)]
    return unflatten(structure, [_like(a, found) for a, found in zip(arrays, slopes, strict=True)])


class DerivativeError(NamedTuple):
    """One step, and how far the numeric derivative is from the analytic one.

    Attributes
    ----------
    step : float
    numeric, analytic : float
        Of the element at which they differ most, where there are several.
    error : float
        ``abs(numeric - analytic)``.
    """

    step: float
    numeric: float
    analytic: float
    error: float


def derivative_errors(
    f: Callable[[Tree], Array], x: Tree, *, steps: Iterable[float] | None = None, method: str = "central"
) -> list[DerivativeError]:
    """Return how far the numeric derivative is from the analytic one, for each of some steps.

    Over the step the error is a V on logarithmic axes: on the right the function bends within the step, on
    the left rounding is divided by it.

    Parameters
    ----------
    f, x, method
        As for `numeric_derivative`; `f` must also be differentiable by `grad`.
    steps : floats > 0, optional
        Powers of ten from 1 down to the rounding of the coarsest dtype of `x`, unless given: to 1e-15 in
        float64, to 1e-6 in float32.

    Returns
    -------
    list of DerivativeError
        ``(step, numeric, analytic, error)``, in the order of the steps; Python floats.

    Raises
    ------
    OptionError, ShapeError, NotDifferentiable
        As for `numeric_derivative` and `grad`.

    Examples
    --------
    >>> import bpcore as bp
    >>> for row in bp.derivative_errors(lambda x: x**3, 2.0, steps=(0.1, 0.01)):
    ...     print(f"{row.step:5} {row.numeric:.6f} {row.analytic:.1f} {row.error:.1e}")
      0.1 12.010000 12.0 1.0e-02
     0.01 12.000100 12.0 1.0e-04
    """
    arrays, structure = floating("derivative_errors", x)
    x = unflatten(structure, arrays)
    analytic = _flat(grad(f)(x))
    rows = []
    for step in _powers(arrays) if steps is None else _steps(steps):
        numeric = _flat(numeric_derivative(f, x, step=step, method=method))
        rows.append(max((_row(step, *pair) for pair in zip(numeric, analytic, strict=True)), key=_size))
    return rows


def _flat(tree: Tree) -> list[float]:
    return [float(value.real) for x in leaves(tree) for value in flat_values(x)]


def _row(step: float, numeric: float, analytic: float) -> DerivativeError:
    return DerivativeError(float(step), numeric, analytic, abs(numeric - analytic))


def _size(row: DerivativeError) -> float:
    return math.inf if math.isnan(row.error) else row.error


def _powers(arrays: Sequence[Array]) -> list[float]:
    """Return powers of ten from 1 to the coarsest rounding among the arrays."""
    eps = max(space_of(x).functions.finfo(x.dtype).eps for x in arrays)
    return [10.0**-k for k in range(1 - math.ceil(math.log10(eps)))]


def _steps(steps: object) -> Iterable[float]:
    if not isinstance(steps, Iterable):
        raise OptionError("steps", steps, "several steps, as in (0.1, 0.01)")
    return map(_step, steps)


def _step(step: Static) -> float:
    if isinstance(step, bool) or not isinstance(step, Real) or not 0 < float(step) < math.inf:
        raise OptionError("step", step, "a finite number above 0")
    return float(step)


def floating(where: str, tree: Tree) -> tuple[list[Array], Structure]:
    """Return the leaves of a tree as real floating arrays, and its structure."""
    inputs, structure = flatten(tree)
    if not inputs:
        raise NotDifferentiable(f"{where} was given no number: pass one, or an array.")
    space, like = place_of(inputs, ())
    arrays = [floating_array(space, like, x) for x in inputs]
    for x in arrays:
        if not space.is_real(x.dtype):
            raise NotDifferentiable(f"{where} was given {x.dtype}: pass its real and imaginary part.")
    return arrays, structure


def one_number(where: str, f: Callable[..., Array], like: Array, y: Array) -> Array:
    """Return what `f` returned as an array of shape (), or say what it was."""
    if type(y) in {float, int}:
        return space_of(like).functions.asarray(float(y), dtype=like.dtype, device=device_of(like))
    shape = getattr(y, "shape", None)
    if shape is None or tuple(shape) != ():
        given = type(y).__name__ if shape is None else tuple(shape)
        wanted = "a function that returns an array of shape ()"
        raise ShapeError(f"{where} of {name_of(f)}", wanted, given, "Take the mean or the sum.")
    return y


def _moved(x: Array, element: int, by: float) -> Array:
    """Return `x` with one element moved, where it is."""
    xp = space_of(x).traced
    places = xp.reshape(xp.arange(math.prod(x.shape), device=device_of(x)), tuple(x.shape))
    return xp.where(xp.equal(places, element), xp.add(x, by), x)


def _like(x: Array, slopes: Sequence[Array]) -> Array:
    """Return the slopes as one array like `x`."""
    xp = space_of(x).traced
    return xp.astype(xp.reshape(xp.stack(slopes), tuple(x.shape)), x.dtype) if slopes else xp.zeros_like(x)
