"""Functions beyond the standard as one compiled call each: JAX's own, or bpcore's body where that is better.

Measured with JAX 0.10 on the CPU in float64, JAX's own were wrong by so many units in the last place:
``erfc`` 410, ``ndtr`` 1700, ``logit`` and ``digamma`` 1e11 and more near their zeros, ``gammaln`` 1e12 near
its own, ``log_ndtr`` 1e5 to the left and 1e14 to the right; ``polygamma`` has no digit right to the left of
zero. For bpcore's bodies, see docs/accuracy.md.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from bpcore.derivatives.rules import TABLE
from bpcore.derivatives.rules.special.convolution import windows_and_groups
from bpcore.derivatives.rules.special.padding import checked_pairs
from bpcore.derivatives.rules.special.ranking import TopK, check_count
from bpcore.derivatives.rules.special.windows import Windows

__all__ = ["COMPILED", "KERNELS"]

Kernel = Callable[..., Any]


COMPILED = ("erfc", "erfcx", "ndtr", "log_ndtr", "logit", "gammaln", "digamma", "polygamma")
"""Functions of which bpcore's body is compiled."""


def _compiled(name: str, *options: str) -> Kernel:
    """Return bpcore's body of a function, compiled."""
    body = TABLE[name].compute
    if body is None:
        raise KeyError(name)
    compiled: Kernel = jax.jit(partial(body, jnp), static_argnames=options)
    return compiled


_polygamma = _compiled("polygamma", "order")
_digamma = _compiled("digamma")


def polygamma(x: Any, /, *, order: int) -> Any:
    """Return the derivative of digamma of that order."""
    return _polygamma(x, order=order) if order else _digamma(x)


def einsum(subscripts: str, /, *operands: Any) -> Any:
    """Sum products of the operands as the letters say."""
    return jnp.einsum(subscripts, *operands)


def pad(x: Any, widths: Any, /, *, mode: str = "constant", constant_values: float = 0) -> Any:
    """Return `x` with more at its ends."""
    more = {"constant_values": constant_values} if mode == "constant" else {}
    return jnp.pad(x, checked_pairs(x, widths, mode), mode=mode, **more)


@partial(jax.jit, static_argnames=("k", "axis", "largest"))
def _top_k(x: Any, *, k: int, axis: int, largest: bool) -> Any:
    places = jnp.argsort(x, axis=axis, descending=largest, stable=True)
    places = lax.slice_in_dim(places, 0, k, axis=axis % x.ndim)
    return jnp.take_along_axis(x, places, axis=axis), places


def top_k(x: Any, k: int, /, *, axis: int = -1, largest: bool = True) -> TopK:
    """Return the first `k` in order, and their places; of equal values, the first stands first."""
    check_count(x, k, axis)
    return TopK(*_top_k(x, k=k, axis=axis, largest=largest))


def _convolved(x: Any, w: Any, windows: Windows, groups: int) -> Any:
    dtype = jnp.promote_types(x.dtype, w.dtype)
    return lax.conv_general_dilated(
        x.astype(dtype),
        w.astype(dtype),
        windows.stride,
        windows.padding,
        rhs_dilation=windows.dilation,
        feature_group_count=groups,
        precision=lax.Precision.HIGHEST,
    )


_conv = partial(jax.jit, static_argnames=("windows", "groups"))(_convolved)


@partial(jax.jit, static_argnames=("windows", "groups", "shape"))
def _by_input(g: Any, w: Any, *, windows: Windows, groups: int, shape: Any) -> Any:
    like = jnp.zeros(shape, jnp.promote_types(g.dtype, w.dtype))
    pull = jax.linear_transpose(lambda x: _convolved(x, w, windows, groups), like)
    return pull(g.astype(like.dtype))[0]


@partial(jax.jit, static_argnames=("windows", "groups", "shape"))
def _by_weight(g: Any, x: Any, *, windows: Windows, groups: int, shape: Any) -> Any:
    like = jnp.zeros(shape, jnp.promote_types(g.dtype, x.dtype))
    pull = jax.linear_transpose(lambda w: _convolved(x, w, windows, groups), like)
    return pull(g.astype(like.dtype))[0]


def conv(x: Any, w: Any, /, **how: Any) -> Any:
    """Multiply what each window sees with the weights."""
    windows, groups = windows_and_groups(x.shape, w.shape, **how)
    return _conv(x, w, windows=windows, groups=groups)


def conv_input(g: Any, w: Any, /, *, shape: Any, **how: Any) -> Any:
    """Return, of that shape, the transpose of `conv` by its input."""
    windows, groups = windows_and_groups(shape, w.shape, **how)
    return _by_input(g, w, windows=windows, groups=groups, shape=tuple(shape))


def conv_weight(g: Any, x: Any, /, *, shape: Any, **how: Any) -> Any:
    """Return, of that shape, the transpose of `conv` by its weights."""
    windows, groups = windows_and_groups(x.shape, shape, **how)
    return _by_weight(g, x, windows=windows, groups=groups, shape=tuple(shape))


KERNELS: dict[str, Kernel] = {
    **{name: _compiled(name) for name in COMPILED},
    "log_expit": jax.nn.log_sigmoid,
    "softplus": jax.nn.softplus,
    "polygamma": polygamma,
    "xlogy": jax.scipy.special.xlogy,
    "einsum": einsum,
    "pad": pad,
    "top_k": top_k,
    "conv": conv,
    "conv_input": conv_input,
    "conv_weight": conv_weight,
}
