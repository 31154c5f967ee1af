"""Prepare a bare machine without internet for `benchmarks.gpu`: ``python -m benchmarks.gpu.carry``.

Run it in a clone, where there is internet; it writes a folder that git ignores. Bring the tree and that
folder over, and there:

.. code-block:: console

    $ . .carried/environment.sh
    $ python3 -m benchmarks.gpu.carry --missing        # what tests want besides, and is not there
    $ python3 -m benchmarks.gpu --only device parity floors products offers --json first.json

``python3 -m benchmarks.gpu --help`` names the next calls. The folder holds ``site``, with the packages that
are named and what says that bpcore is installed, so that its backends are found; and ``environment.sh``,
which puts them on Python's path, names the commit, and keeps what compilers make between one call and the
next. Nothing is installed there, and nothing fetched.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.environment import ROOT, circumstances
from benchmarks.gpu.parser import Parser

__all__ = ["main", "missing"]

PACKAGES = ("array-api-compat", "array-api-extra", "array-api-strict")
"""What a machine with CuPy, PyTorch and JAX lacks of what the tests import: pure Python, 2 MB."""

ENVIRONMENT = """\
# To be sourced in the root of the tree. What compilers make is kept in $BPCORE_KEPT.
export PYTHONPATH="$PWD/{folder}/site:$PWD/backends:$PWD${{PYTHONPATH:+:$PYTHONPATH}}"
export BPCORE_KEPT="${{BPCORE_KEPT:-${{TMPDIR:-/tmp}}/bpcore-kept}}"
export CUPY_CACHE_DIR="$BPCORE_KEPT/cupy" BPCORE_CACHE="$BPCORE_KEPT/bpcore"
export TORCHINDUCTOR_CACHE_DIR="$BPCORE_KEPT/inductor" TRITON_CACHE_DIR="$BPCORE_KEPT/triton"
export JAX_COMPILATION_CACHE_DIR="$BPCORE_KEPT/jax"
export PYTHONUNBUFFERED=1
export BPCORE_COMMIT="{commit}" BPCORE_CHANGED_FILES="{changed}"
"""


def main(arguments: list[str] | None = None) -> int:
    """Write the folder, or say what is missing; return the exit status."""
    options = _options(arguments)
    if options.missing:
        print("\n".join(missing()) or "nothing is missing")
        return 0
    project = _project()
    folder = ROOT / options.folder
    site = folder / "site"
    site.mkdir(parents=True, exist_ok=True)
    if options.packages and _fetched(site, options.packages, project):
        print("pip could not fetch them: its lines above say why", file=sys.stderr)
        return 1
    _installed(site, project["project"])
    told = circumstances(())
    text = ENVIRONMENT.format(
        folder=options.folder, commit=told["commit"] or "", changed=told["changed_files"]
    )
    (folder / "environment.sh").write_text(text, encoding="utf-8")
    print(f"bring the tree and {options.folder} over; there: . {options.folder}/environment.sh")
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = Parser(
        prog="python -m benchmarks.gpu.carry",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--folder",
        type=_folder,
        default=".carried",
        help="below the root of the tree, ignored by git (.carried)",
    )
    parser.add_argument("--packages", nargs="*", default=list(PACKAGES), help=", ".join(PACKAGES))
    parser.add_argument("--missing", action="store_true", help="say which packages are not installed here")
    return parser.parse_args(arguments)


def _folder(given: str) -> str:
    """Return a folder as it is seen from the root of the tree; it is below it, and git ignores it."""
    root = ROOT.resolve()
    path = (root / given).resolve()
    fits = root in path.parents and (path.is_dir() or not path.exists())
    name = path.relative_to(root).as_posix() if fits else ""
    if not re.fullmatch(r"[\w./-]+", name) or not _ignored(root, f"{name}/environment.sh"):
        wanted = "a folder below the root of the tree that git ignores, as .carried"
        raise argparse.ArgumentTypeError(f"must be {wanted}, was given {given!r}")
    return name


def _ignored(root: Path, name: str) -> bool:
    """Return whether git ignores a file; where there is no git, or no clone, nothing is littered."""
    command = ["git", "-C", str(root), "check-ignore", "--quiet", "--", name]
    try:
        return subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode != 1
    except OSError:
        return True


def _project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def _wanted(project: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield name and requirement of what bpcore and its tests need."""
    listed = (
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["strict"],
        *project["dependency-groups"]["tests"],
    )
    for requirement in listed:
        name = re.match(r"[\w.-]+", requirement)
        if name:
            yield name[0], requirement


def missing() -> Iterator[str]:
    """Yield the requirements of bpcore and its tests that are not installed here."""
    for name, requirement in _wanted(_project()):
        try:
            version(name)
        except PackageNotFoundError:
            yield requirement


def _fetched(site: Path, names: Sequence[str], project: dict[str, Any]) -> int:
    """Unpack the wheels of packages, in the versions that pyproject asks for; return pip's exit status."""
    known = dict(_wanted(project))
    command = [
        sys.executable, "-m", "pip", "install", "--quiet", "--upgrade", "--target", str(site), "--no-deps",
        "--no-compile", "--only-binary", ":all:", *(known.get(name, name) for name in names),
    ]  # fmt: skip
    return subprocess.run(command, check=False).returncode


def _installed(site: Path, project: dict[str, Any]) -> None:
    """Write what an installed package says of itself: name and version, and where its plugins are."""
    folder = site / f"{project['name']}-{project['version']}.dist-info"
    folder.mkdir(exist_ok=True)
    told = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (folder / "METADATA").write_text(told, encoding="utf-8")
    groups = {"console_scripts": project["scripts"], **project["entry-points"]}
    lines = [
        line
        for group, names in groups.items()
        for line in (f"[{group}]", *(f"{name} = {place}" for name, place in names.items()), "")
    ]
    (folder / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
