"""A script: compare a wheel and an sdist with the tree they were built from. ``archives.py DIST``.

The wheel holds each file of the seven packages and its own records, and nothing else; the sdist holds what
is needed to build the wheel and to run the tests.
"""

from __future__ import annotations

import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = (
    "bpcore", "bpcore_cupy", "bpcore_jax", "bpcore_numba", "bpcore_numpy", "bpcore_strict", "bpcore_torch",
)  # fmt: skip
RECORDS = ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")
DATA = (
    *(f"{package}/py.typed" for package in PACKAGES),
    *(f"bpcore/run/data/{name}" for name in ("ATTRIBUTION.md", "digits.txt.gz", "iris.csv")),
)
SOURCES = ("CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "noxfile.py", "pyproject.toml")
FOLDERS = ("backends", "benchmarks", "bpcore", "tests")


def in_the_tree() -> set[str]:
    """Return the files of the packages, as they must stand in the wheel."""
    folders = [ROOT / ("" if package == "bpcore" else "backends") / package for package in PACKAGES]
    return {
        file.relative_to(folder.parent).as_posix()
        for folder in folders
        for file in folder.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }


def wrong_in_wheel(names: set[str]) -> list[str]:
    """Return what a wheel has too much, and what it lacks."""
    records = {name for name in names if name.split("/")[0].endswith(".dist-info")}
    wanted = in_the_tree() | set(DATA)
    missing_records = set(RECORDS) - {name.partition("/")[2] for name in records}
    return [
        *(f"the wheel lacks {name}" for name in sorted(wanted - names) + sorted(missing_records)),
        *(f"the wheel holds {name}, which is not in the tree" for name in sorted(names - records - wanted)),
    ]


def wrong_in_sdist(names: set[str]) -> list[str]:
    """Return what an sdist lacks."""
    inside = {name.partition("/")[2] for name in names}
    folders = {name.partition("/")[0] for name in inside if "/" in name}
    return [f"the sdist lacks {name}" for name in (*SOURCES, *FOLDERS) if name not in inside | folders]


def main(dist: Path) -> int:
    """Print what is wrong; return the exit status."""
    wheel, sdist = next(dist.glob("*.whl")), next(dist.glob("*.tar.gz"))
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    with tarfile.open(sdist) as archive_of_sources:
        wrong = wrong_in_wheel(names) + wrong_in_sdist(set(archive_of_sources.getnames()))
    for line in wrong:
        print(line)
    if not wrong:
        print(f"{wheel.name}: {len(names)} files, {wheel.stat().st_size // 1024} KiB, as in the tree")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
