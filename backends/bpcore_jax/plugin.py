"""JAX, which speaks the standard by itself. Its arrays cannot be written, and its speed is in jit."""

from __future__ import annotations

from functools import partial
from typing import Any

from bpcore.ground.backend import Backend, Plugin
from bpcore.words.errors import BackendUnusable, OptionError

__all__ = ["jax"]

INSTALL = 'python -m pip install "bpcore[jax]"'


def _asarray(jx: Any, place: Any, data: Any, /, *, dtype: Any = None, device: Any = None) -> Any:
    """Take in numbers, a host array, or an array of the library."""
    _check_wide(jx, dtype)
    return jx.numpy.asarray(data, dtype=dtype, device=device or (None if isinstance(data, jx.Array) else place))


def _check_wide(jx: Any, dtype: Any) -> None:
    if dtype is not None and "64" in str(dtype) and not jx.config.jax_enable_x64:
        raise OptionError(
            "dtype on jax", str(dtype), "of 32 bits while JAX's 64-bit mode is off",
            'Switch it on first: jax.config.update("jax_enable_x64", True).',
        )  # fmt: skip


def _to_host(x: Any) -> Any:
    import numpy as np

    return np.asarray(x)


def _open(device: str | None) -> Backend:
    name = f"jax:{device}" if device else "jax"
    try:
        import jax as jx
    except ImportError as error:
        raise BackendUnusable(name, "JAX is not installed", f"Install it: {INSTALL}") from error
    from bpcore_jax.kernels import KERNELS

    places = {f"{place.platform}:{place.id}": place for place in jx.devices()}
    place = places.get(device if ":" in device else f"{device}:0") if device else None
    return Backend(
        name=name,
        version=jx.__version__,
        namespace=jx.numpy,
        devices=tuple(places),
        device=place,
        asarray=partial(_asarray, jx, place),
        to_host=_to_host,
        compile=lambda program, functions: jx.jit(program.function(functions)),
        float64=jx.config.jax_enable_x64,
        kernels=KERNELS,
    )


jax = Plugin(name="jax", install=INSTALL, open=_open)
