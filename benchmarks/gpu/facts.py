"""What the device says of itself."""

from __future__ import annotations

import os
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.environment import circumstances
from bpcore.words.errors import BackendError

__all__ = ["facts"]

PACKAGES = (
    "bpcore", "numpy", "ml-dtypes", "array-api-compat", "cupy-cuda12x", "cupy-cuda13x", "nvidia-cublas",
    "nvidia-cublas-cu12", "nvidia-cuda-nvrtc", "nvidia-cuda-nvrtc-cu12", "torch", "triton", "jax", "jaxlib",
    "jax-cuda12-plugin", "jax-cuda13-plugin", "optax", "pytest", "pytest-xdist",
)  # fmt: skip

VARIABLES = {
    "BPCORE_CAPTURE", "BPCORE_DETERMINISTIC", "BPCORE_SMALL_PRODUCTS", "BPCORE_TUNE", "CUPY_ACCELERATORS",
    "CUPY_TF32",
    "CUDA_MODULE_LOADING", "CUBLAS_WORKSPACE_CONFIG", "NVIDIA_TF32_OVERRIDE", "XLA_FLAGS",
}  # fmt: skip
"""Variables of the environment that change what is measured."""

QUERY = (
    "name,driver_version,clocks.sm,clocks.mem,clocks.max.sm,clocks.max.mem,power.limit,temperature.gpu,pstate"
)


def facts(backend: Any) -> dict[str, Any]:
    """Return machine, versions and commit, and of a CUDA device what its driver knows."""
    told = circumstances(PACKAGES) | {"backend": backend.name, "version": backend.version}
    told |= _commit(told)
    told["variables"] = {name: value for name, value in sorted(os.environ.items()) if name in VARIABLES}
    return told | (_cuda() if backend.library == "cupy" else {})


def _commit(told: dict[str, Any]) -> dict[str, Any]:
    """Return the commit that the environment names, where the tree came without its history."""
    if told["commit"] is not None or "BPCORE_COMMIT" not in os.environ:
        return {}
    changed = os.environ.get("BPCORE_CHANGED_FILES", "")
    return {
        "commit": os.environ["BPCORE_COMMIT"],
        "changed_files": int(changed) if changed.isdecimal() else None,
    }


def _cuda() -> dict[str, Any]:
    import cupy as cp

    runtime = cp.cuda.runtime
    properties = runtime.getDeviceProperties(cp.cuda.Device().id)
    return {
        "device": properties["name"].decode(),
        "memory": properties["totalGlobalMem"],
        "multiprocessors": properties["multiProcessorCount"],
        "compute_capability": f"{properties['major']}.{properties['minor']}",
        "driver": runtime.driverGetVersion(),
        "cuda_runtime": runtime.runtimeGetVersion(),
        "nvrtc": ".".join(map(str, cp.cuda.nvrtc.getVersion())),
        "cublaslt": _cublaslt(),
        "clocks": _clocks(),
        "torch_cuda": _of_torch(),
    }


def _cublaslt() -> str:
    from bpcore_cupy.products.library import library, version_text

    try:
        return version_text(int(library().cublasLtGetVersion()))
    except BackendError as error:
        return str(error)


def _clocks() -> dict[str, str] | str:
    """Return what nvidia-smi reads off the first device; nothing is set."""
    command = ["nvidia-smi", f"--query-gpu={QUERY}", "--format=csv,noheader"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)
    except (OSError, subprocess.SubprocessError) as error:
        return f"{type(error).__name__}: {error}"
    values = told.stdout.partition("\n")[0].split(", ")
    return dict(zip(QUERY.split(","), values, strict=False))


def _of_torch() -> str | None:
    """Return the CUDA that PyTorch was built for, without importing it."""
    spec = find_spec("torch")
    if spec is None or spec.origin is None:
        return None
    lines = (Path(spec.origin).parent / "version.py").read_text(encoding="utf-8").splitlines()
    return next((line.partition("=")[2].strip(" '\"") for line in lines if line.startswith("cuda")), None)
