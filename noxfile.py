"""Every check that the project has, each in an environment of its own: ``python -m pip install nox && nox``.

What follows ``--`` is handed to pytest: ``nox -s tests -- -k matmul``. These variables of the environment
choose where there is something to choose:

- ``BPCORE_TORCH``: the torch that `backends` installs, ``2.13.0`` unless told; it is pinned here and not in
  the package, because an open one may draw gigabytes of CUDA libraries on Linux;
- ``BPCORE_CUDA``: the extra that `gpu` installs, ``cuda12`` or ``cuda13``; unless told, as the driver says.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2025.5.1"
nox.options.sessions = ["lint", "types", "tests", "backends", "cuda", "build"]
nox.options.reuse_venv = "yes"
nox.options.error_on_missing_interpreters = True

PROJECT = nox.project.load_toml("pyproject.toml")
TORCH = os.environ.get("BPCORE_TORCH", "2.13.0")
WORKERS = "2"
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""For each of the workers: threads of BLAS that wait for a busy core cost more than they bring."""


def group(name: str) -> list[str]:
    """Return the requirements of a dependency group of pyproject.toml."""
    return list(nox.project.dependency_groups(PROJECT, name))


@nox.session
def tests(session: nox.Session) -> None:
    """NumPy, also as native code, and every device of array-api-strict."""
    session.install(".[strict,jit,pages]", *group("tests"))
    session.run("pytest", "-n", WORKERS, *session.posargs, env=ONE_THREAD)


@nox.session
def backends(session: nox.Session) -> None:
    """Torch and JAX on the CPU."""
    # array-api-strict is there to be mixed with: arrays of two libraries are refused, or brought over.
    session.install(".[torch,jax,strict]", f"torch=={TORCH}", *group("tests"))
    for name in ("torch", "jax"):  # an axis that cannot be used is skipped by the tests: here it must not be
        session.run("python", "-c", f"import bpcore; print(bpcore.backend({name!r}))")
    once = ("--ignore=tests/house", "--ignore=tests/docs")  # `tests` has run them; they know no axes
    # JAX compiles each function for each shape anew in every process, unless it may keep what it compiled.
    env = ONE_THREAD | {
        "JAX_COMPILATION_CACHE_DIR": str(Path(session.create_tmp()).resolve() / "jax"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }
    session.run("pytest", "-n", WORKERS, "--axes", "torch,jax,jax:jit", *once, *session.posargs, env=env)


@nox.session(default=False)
def coverage(session: nox.Session) -> None:
    """Write docs/coverage.md anew, on every axis that needs no GPU, or on some: ``-- --axes numpy,torch``."""
    session.install(".[torch,jax,strict]", f"torch=={TORCH}", *group("tests"))
    axes = ("numpy,numpy:readonly", "strict,strict:device1,strict:device2,strict:no_float64,strict:no_x64")
    every = ("--axes", ",".join((*axes, "strict:strictest,torch,jax,jax:jit")))
    test = ("tests/derivatives/test_coverage.py", "--write-coverage", "-n", WORKERS)
    session.run("pytest", *test, *(session.posargs or every), env=ONE_THREAD)


@nox.session(default=False)
def features(session: nox.Session) -> None:
    """Write README's table of features anew, from the tests of each on every axis that needs no GPU."""
    session.install(".[torch,jax,strict,jit]", f"torch=={TORCH}", *group("tests"))
    axes = ("numpy", "strict:device1", "torch", "jax:jit")
    places = session.run(
        "python",
        "-c",
        "from tests.house.features import FEATURES; print(*sum(FEATURES.values(), ()))",
        silent=True,
    )
    test = ("pytest", "-n", WORKERS, "--axes", ",".join(axes), "--write-features")
    session.run(*test, *str(places).split(), env=ONE_THREAD)


@nox.session(default=False)
def kills(session: nox.Session) -> None:
    """Kill a hundred times at random moments a training that keeps a checkpoint, and compare the bytes."""
    session.install(".", *group("tests"))
    session.run("python", "-m", "tests.run.kills", *(session.posargs or ["100"]), env=ONE_THREAD)


@nox.session(default=False)
def gpu(session: nox.Session) -> None:
    """CuPy on a CUDA device; skipped, with the reason, where there is none."""
    extra, reason = _cuda()
    if not extra:
        session.skip(reason)
    session.install(f".[{extra}]", *group("tests"))
    session.run("python", "-c", "import bpcore; print(bpcore.backend('cupy'))")
    session.run("python", "-m", "benchmarks.gpu", "--json", "gpu.json", *session.posargs)


@nox.session
def cuda(session: nox.Session) -> None:
    """Kernels for CUDA compiled by NVRTC (90 MB to download), and run as host code; no GPU is needed."""
    if not sys.platform.startswith("linux"):
        session.skip("NVRTC is loaded as a Linux library")
    wanted = [x for x in group("tests") if x.startswith(("hypothesis", "ml-dtypes", "pytest"))]
    session.install(".", *group("cuda"), *wanted)
    env = ONE_THREAD | {"BPCORE_NVRTC": "required"}  # a skip is a failure
    steps = [f"tests/backends/cupy/lowering/test_{name}.py" for name in ("halves", "merging", "texts")]
    session.run(
        "pytest",
        *("-n", WORKERS, "--axes", "numpy", "tests/backends/cupy/elements", *steps),
        *session.posargs,
        env=env,
    )


@nox.session(default=False)
def cublas(session: nox.Session) -> None:
    """Products for CUDA told to cuBLASLt itself (a download of 420 MB); no GPU is needed, or used."""
    wanted = [x for x in group("tests") if x.startswith(("hypothesis", "pytest"))]
    session.install(".", "nvidia-cublas>=13,<14", *wanted)
    env = {"BPCORE_CUBLAS": "required"}  # a skip is a failure
    session.run("pytest", "--axes", "numpy", "tests/backends/cupy/products", *session.posargs, env=env)


def _cuda() -> tuple[str, str]:
    """Return the extra that fits the driver here, or nothing and the reason."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return "", "no CUDA device here: there is no nvidia-smi"
    told = subprocess.run([program], capture_output=True, text=True, check=False)
    version = re.search(r"CUDA Version:\s*(\d+)", told.stdout)
    if told.returncode or version is None:
        line = (told.stderr or told.stdout).strip().partition("\n")[0]
        return "", f"no CUDA device here: nvidia-smi says {line!r}"
    return os.environ.get("BPCORE_CUDA", "cuda12" if int(version[1]) < 13 else "cuda13"), ""


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff: the rules, and the format."""
    session.install(*group("lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Mypy, strict."""
    session.install(*PROJECT["project"]["dependencies"], *group("types"))
    session.run("mypy", *session.posargs)


@nox.session
def build(session: nox.Session) -> None:
    """Wheel and sdist: built, compared with the tree, and the wheel used in a clean environment."""
    session.install("build")
    folder = Path(session.create_tmp()).resolve()
    dist, clean = folder / "dist", folder / "clean"
    for stale in (dist, clean):
        shutil.rmtree(stale, ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", str(dist))  # the wheel is built from the sdist
    session.run("python", "tests/house/archives.py", str(dist))
    session.run("python", "-m", "venv", str(clean))
    python = str(clean / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
    wheel = next(dist.glob("*.whl"))
    session.run(python, "-m", "pip", "install", "--quiet", str(wheel), external=True)
    script = Path("tests/house/installed.py").resolve()
    with session.chdir(folder):  # so that the tree itself cannot be imported
        session.run(python, "-I", str(script), external=True)


@nox.session(default=False)
def docs(session: nox.Session) -> None:
    """Make a site of the documents, by Sphinx; a warning is an error."""
    session.install(".[sklearn]", *group("docs"))
    folder = Path(session.create_tmp()).resolve()
    trees = ("--doctree-dir", str(folder / "doctrees"))
    session.run("sphinx-build", "--fail-on-warning", "--keep-going", *trees, "docs", str(folder / "site"))
    session.log(f"the site begins at {folder / 'site' / 'index.html'}")


@nox.session(default=False)
def mutants(session: nox.Session) -> None:
    """Break every rule in every way, and see that the suite sees it; writes docs/mutants.md."""
    session.install(".[strict]", *group("tests"))
    session.run("python", "-m", "mutants", "--jobs", WORKERS, *session.posargs, env=ONE_THREAD)


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Asv, quickly, and the side-by-side tables; results under .asv."""
    session.install(".", *group("bench"))
    home = session.create_tmp()  # asv writes a file there
    env = {"HOME": home, "USERPROFILE": home} | ONE_THREAD
    commit = str(session.run("git", "rev-parse", "HEAD", external=True, silent=True)).strip()
    session.run("asv", "machine", "--yes", env=env)
    session.run("asv", "check", "--python=same", env=env)
    session.run("asv", "run", "--quick", "--python=same", f"--set-commit-hash={commit}", env=env)
    session.run("python", "-m", "benchmarks.imports", "--rounds", "5")
    session.run("python", "-m", "benchmarks.eager", "--rounds", "3")
    session.run("python", "-m", "benchmarks.peers", "--quick")
