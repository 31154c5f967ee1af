"""The pictures of the lessons: all that the script makes are there, small, and shown."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
STILL, FILM = 200_000, 1_000_000
"""Bytes of a file: it is part of the repository."""


def names() -> list[str]:
    """Return what the script makes, without running it."""
    text = (DOCS / "pictures" / "make.py").read_text("utf-8")
    return re.findall(r'^    "([\w.-]+\.(?:png|svg|gif))":', text, re.MULTILINE)


def test_the_script_makes_something() -> None:
    assert len(names()) >= 16


@pytest.mark.parametrize("name", names())
def test_each_is_there_and_small_and_shown(name: str) -> None:
    size = (DOCS / "pictures" / name).stat().st_size
    assert 1000 < size < (FILM if name.endswith(".gif") else STILL)
    pages = [page.read_text("utf-8") for page in (DOCS / "guide").glob("*.md")]
    assert any(f"(../pictures/{name})" in page for page in pages)


def test_a_drawing_is_made_anew_with_the_same_words() -> None:
    """What stands in the drawing that the repository has is what the step has today."""
    pytest.importorskip("matplotlib")
    path = DOCS / "pictures" / "make.py"
    spec = importlib.util.spec_from_file_location("make_pictures", path)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert sorted(script.PICTURES) == sorted(names())
    for name in ("mazur-graph.svg", "mazur-into-h1.svg", "course-graph.svg"):
        made = script.bp.plots.rendered(script.PICTURES[name](), "svg").decode("utf-8")
        kept = (DOCS / "pictures" / name).read_text("utf-8")
        assert words(made) == words(kept)


def words(drawing: str) -> list[str]:
    return re.findall(r">([^<>]+)</text>", drawing)
