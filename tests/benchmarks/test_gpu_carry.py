"""What a bare machine is given: bpcore as if it were installed, and an environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import tomllib
from importlib.metadata import distributions
from pathlib import Path

import pytest

from benchmarks.environment import ROOT
from benchmarks.gpu import carry
from benchmarks.gpu.carry import main


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a clone of nothing but what is read."""
    if shutil.which("git") is None:
        pytest.skip("there is no git")
    (tmp_path / ".gitignore").write_text("build/\n/.carried/\n")
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    (tmp_path / "bpcore").mkdir()
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)  # noqa: S607
    monkeypatch.setattr(carry, "ROOT", tmp_path)
    return tmp_path


def test_the_backends_are_found_by_what_is_carried(clone: Path) -> None:
    assert main(["--packages"]) == 0
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (found,) = distributions(path=[str(clone / ".carried" / "site")])
    assert (found.metadata["Name"], found.version) == (project["name"], project["version"])
    for group, names in project["entry-points"].items():
        assert {one.name: one.value for one in found.entry_points.select(group=group)} == names


def test_the_environment_can_be_sourced_and_names_the_commit(clone: Path) -> None:
    main(["--folder", str(clone / "build" / "x"), "--packages"])  # build/ is ignored, too
    asks = '. build/x/environment.sh && echo "$BPCORE_COMMIT|$CUPY_CACHE_DIR|$PYTHONPATH"'
    environment = {"PATH": os.environ["PATH"], "BPCORE_KEPT": "/kept"}
    told = subprocess.run(
        ["sh", "-c", asks], cwd=clone, env=environment, capture_output=True, text=True, check=True  # noqa: S607
    ).stdout.strip()  # fmt: skip
    commit, cache, path = told.split("|")
    assert len(commit) in (0, 12)
    assert cache == "/kept/cupy"
    assert path.split(":") == [str(clone / "build" / "x" / "site"), str(clone / "backends"), str(clone)]


@pytest.mark.parametrize(
    "folder", ["", ".", "bpcore", "bpcore/new", "../outside", "/nowhere/x", "pyproject.toml"]
)
def test_a_folder_that_would_litter_is_one_line(
    clone: Path, folder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    held = sorted(clone.rglob("*"))
    with pytest.raises(SystemExit, match="2"):
        main(["--folder", folder, "--packages"])
    said = capsys.readouterr().err
    assert "must be a folder below the root of the tree that git ignores, as .carried" in said
    assert f"was given {folder!r}" in said
    assert said.count("\n") == 1
    assert sorted(clone.rglob("*")) == held


def test_it_says_what_is_missing(capsys: object) -> None:
    assert main(["--missing"]) == 0
