"""JAX, which speaks the standard by itself. Its arrays cannot be written, and its speed is in jit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bpcore.ground.backend import Backend, Plugin
from bpcore.ground.library import import_library
from bpcore.ground.narrow import HALF, check_dtype, narrowed
from bpcore.ground.registry import on_host
from bpcore.words.errors import BackendUnusable

__all__ = ["jax"]

INSTALL = 'python -m pip install "bpcore[jax]"'
WIDEN = 'JAX\'s 64-bit mode is off: switch it on first, with jax.config.update("jax_enable_x64", True). '


@dataclass(frozen=True, eq=False)
class _Door:
    """The way in and out of one device."""

    name: str
    jax: Any
    place: Any

    def asarray(
        self, data: Any, /, *, dtype: Any = None, device: Any = None, copy: bool | None = None
    ) -> Any:
        """Take data in; float64 while JAX's 64-bit mode is off is refused, where JAX would narrow it."""
        jnp, lacking = self.jax.numpy, self.lacking()
        if dtype is not None:
            check_dtype(np.dtype(dtype).name, lacking, self.name, WIDEN)
        target = self.place if device is None else device
        if isinstance(data, self.jax.Array):
            kept = data.dtype if dtype is None else dtype
            return jnp.asarray(data, dtype=kept, device=target, copy=copy)
        data = np.asarray(on_host(data))
        if dtype is None:
            data = narrowed(data, lacking, self.name)
        kept = data.dtype if dtype is None else dtype  # a dtype always: without one JAX makes weak arrays
        return jnp.asarray(data, dtype=kept, device=target, copy=copy)

    def lacking(self) -> tuple[str, ...]:
        """Return the dtypes that are not there as long as the 64-bit mode is off."""
        return () if self.jax.config.jax_enable_x64 else tuple(HALF)

    def to_host(self, x: Any, /) -> Any:
        """Return `x` as a NumPy array."""
        return np.asarray(x)

    def synchronize(self) -> None:
        """Wait for every array that is still being computed."""
        self.jax.block_until_ready(self.jax.live_arrays())


def _compile(jax: Any, program: Any, functions: Any, shared: dict[str, Any], /) -> Any:
    """Compile the Program, written out as a plain function, with XLA."""
    return jax.jit(program.function(functions))


def _places(jax: Any) -> dict[str, Any]:
    """Return JAX's devices by the names that users write: platform, colon, number."""
    found: dict[str, Any] = {}
    for platform in ("cpu", "gpu", "tpu"):
        try:
            found |= {f"{platform}:{place.id}": place for place in jax.devices(platform)}
        except RuntimeError:
            continue  # JAX's way to say that there is no such platform here
    return found


def _open(device: str | None) -> Backend:
    name = f"jax:{device}" if device else "jax"
    library = import_library("jax", "JAX", given=name, install=INSTALL)
    from bpcore_jax.algebra import ALGEBRA
    from bpcore_jax.compiling import compile_loop, compile_program
    from bpcore_jax.kernels import KERNELS
    from bpcore_jax.precisions import precisions
    from bpcore_jax.special import KERNELS as SPECIAL
    from bpcore_jax.standard import STANDARD
    from bpcore_jax.standing_in import abstract

    places = _places(library)
    place = None
    if device is not None:
        first = f"{device}:0" if ":" not in device else device
        place = places.get(first)
        if place is None:
            do = f'JAX has {", ".join(places)} here; for CUDA install "jax[cuda12]" or "jax[cuda13]".'
            raise BackendUnusable(name, f"JAX {library.__version__} finds no device {first}", do)
    door = _Door(name, library, place)
    return Backend(
        name=name,
        version=library.__version__,
        namespace=library.numpy,
        devices=tuple(places),
        device=place,
        asarray=door.asarray,
        to_host=door.to_host,
        synchronize=door.synchronize,
        compile=compile_program,
        loop=compile_loop,
        abstract=abstract,
        wide=lambda: bool(library.config.jax_enable_x64),
        precisions=precisions(library.default_backend() if place is None else place.platform),
        kernels={**KERNELS, **SPECIAL, **ALGEBRA, **STANDARD, "asarray": door.asarray},
    )


jax = Plugin(name="jax", install=INSTALL, open=_open)
