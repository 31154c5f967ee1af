"""What the device says of itself."""

from __future__ import annotations

from typing import Any

from benchmarks.environment import circumstances

__all__ = ["facts"]

PACKAGES = (
    "bpcore", "numpy", "cupy-cuda12x", "cupy-cuda13x", "nvidia-cublas", "nvidia-cuda-nvrtc", "torch", "jax",
    "jaxlib", "optax",
)  # fmt: skip


def facts(backend: Any) -> dict[str, Any]:
    """Return machine, versions and commit, and of a CUDA device what its driver knows."""
    told = circumstances(PACKAGES) | {"backend": backend.name, "version": backend.version}
    if backend.library != "cupy":
        return told
    import cupy as cp

    runtime = cp.cuda.runtime
    properties = runtime.getDeviceProperties(cp.cuda.Device().id)
    return told | {
        "device": properties["name"].decode(),
        "memory": properties["totalGlobalMem"],
        "multiprocessors": properties["multiProcessorCount"],
        "compute_capability": f"{properties['major']}.{properties['minor']}",
        "driver": runtime.driverGetVersion(),
        "cuda_runtime": runtime.runtimeGetVersion(),
    }
