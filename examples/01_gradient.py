"""Gradients of a function of one's own, on NumPy: value, gradient, second derivative, and the check."""

import numpy as np

import bpcore as bp


def cubic(x):
    """Return x^3 - 3x^2 + 2x + 1, whose derivative at 2 is 2."""
    return x**3 - 3 * x**2 + 2 * x + 1


value, slope = bp.value_and_grad(cubic)(2.0)
bend = bp.grad(bp.grad(cubic))(2.0)
print(f"f(2) = {float(value)}, f'(2) = {float(slope)}, f''(2) = {float(bend)}")
assert (float(value), float(slope), float(bend)) == (1.0, 2.0, 6.0)


def bowl(point):
    """Return x^2 + y^2."""
    return point["x"] ** 2 + point["y"] ** 2


gradient = bp.grad(bowl)({"x": 3.0, "y": 4.0})
print("the gradient of x^2 + y^2 at (3, 4):", {name: float(g) for name, g in gradient.items()})
assert {name: float(g) for name, g in gradient.items()} == {"x": 6.0, "y": 8.0}

xp = bp.namespace("numpy")
print(bp.check_grad(lambda x: xp.sum(xp.sin(x) * xp.exp(-x)), np.linspace(0.0, 1.0, 5)))
