"""JAX arrays, on any of its platforms; Programs are compiled by jax.jit."""

from bpcore_jax.plugin import jax

__all__ = ["jax"]
