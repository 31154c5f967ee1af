"""What a bare machine is given: bpcore as if it were installed, and an environment."""

from __future__ import annotations

import os
import subprocess
import tomllib
from importlib.metadata import distributions
from pathlib import Path

from benchmarks.environment import ROOT
from benchmarks.gpu.carry import main


def test_the_backends_are_found_by_what_is_carried(tmp_path: Path) -> None:
    assert main(["--folder", str(tmp_path), "--packages"]) == 0
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (found,) = distributions(path=[str(tmp_path / "site")])
    assert (found.metadata["Name"], found.version) == (project["name"], project["version"])
    for group, names in project["entry-points"].items():
        assert {one.name: one.value for one in found.entry_points.select(group=group)} == names


def test_the_environment_can_be_sourced_and_names_the_commit(tmp_path: Path) -> None:
    main(["--folder", str(tmp_path), "--packages"])
    asks = f'. "{tmp_path}/environment.sh" && echo "$BPCORE_COMMIT|$CUPY_CACHE_DIR|$PYTHONPATH"'
    environment = {"PATH": os.environ["PATH"], "BPCORE_KEPT": "/kept"}
    told = subprocess.run(
        ["sh", "-c", asks], cwd=ROOT, env=environment, capture_output=True, text=True, check=True  # noqa: S607
    ).stdout.strip()  # fmt: skip
    commit, cache, path = told.split("|")
    assert len(commit) in (0, 12)
    assert cache == "/kept/cupy"
    assert str(ROOT / "backends") in path.split(":")


def test_it_says_what_is_missing(capsys: object) -> None:
    assert main(["--missing"]) == 0
