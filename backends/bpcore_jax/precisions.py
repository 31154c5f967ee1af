"""The precisions of JAX, which are a matter of how its compiler is called, and so of a scope.

Left alone, JAX multiplies float32 in TF32 on GPUs that have it, and in bfloat16 on TPUs; here float32 is
IEEE's on every device. On the CPU it is that in any case, and there is nothing to be said.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from bpcore.ground.precision import Precision

__all__ = ["precisions"]


def _products(how: str) -> Any:
    return lambda: jax.default_matmul_precision(how)


def precisions(platform: str) -> dict[str, Precision]:
    """Return them for the devices of a platform: cpu, gpu or tpu."""
    narrow = {name: Precision(dtype=jnp.dtype(name)) for name in ("bfloat16", "float16")}
    if platform == "cpu":
        return {"tf32": Precision(plain=lambda device: True), **narrow}
    return {
        "float32": Precision(scope=_products("float32")),
        "tf32": Precision(scope=_products("tensorfloat32"), plain=lambda device: platform != "gpu"),
        **narrow,
    }
