"""The sources of the project, read and parsed once, for the tests of the house rules."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]


class Source(NamedTuple):
    """One Python file: its path from the root with forward slashes, its text, its tree."""

    path: str
    text: str
    tree: ast.Module

    @property
    def module(self) -> str:
        """The dotted name it is imported by."""
        parts = self.path.removesuffix(".py").removeprefix("backends/").split("/")
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def parsed(path: str, text: str) -> Source:
    """Return a `Source` of that text, whether there is such a file or not."""
    return Source(path, text, ast.parse(text, path))


def _below(folder: str) -> list[Source]:
    files = sorted((ROOT / folder).rglob("*.py"))
    return [parsed(file.relative_to(ROOT).as_posix(), file.read_text(encoding="utf-8")) for file in files]


@pytest.fixture(scope="session")
def source() -> Callable[[str, str], Source]:
    """Return the function that makes a `Source`, for the tests that break a rule on purpose."""
    return parsed


@pytest.fixture(scope="session")
def package() -> list[Source]:
    """Every file of bpcore."""
    return _below("bpcore")


@pytest.fixture(scope="session")
def plugins() -> list[Source]:
    """Every file of the backends."""
    return _below("backends")


@pytest.fixture(scope="session")
def tracked() -> list[Path]:
    """Every file that git tracks."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)  # noqa: S607
    if listed.returncode:
        pytest.skip("this is no git checkout, so it is not known which files belong to the project")
    files = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    return [file for file in files if file.is_file()]
