"""Bringing in a library that is there, is not there, or is broken."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bpcore.ground.library import import_library
from bpcore.words.errors import BackendUnusable


def load(module: str) -> object:
    return import_library(module, "The Library", given="lib:0", install="pip install lib")


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """Return the function that writes a module of that text where imports look."""
    monkeypatch.syspath_prepend(str(tmp_path))
    names: list[str] = []

    def write(name: str, text: str) -> str:
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        names.append(name)
        return name

    yield write
    for name in names:
        sys.modules.pop(name, None)


def test_one_that_is_there() -> None:
    assert load("json.decoder").__name__ == "json.decoder"


def test_one_that_is_not_there() -> None:
    with pytest.raises(BackendUnusable) as caught:
        load("no_such_library")
    assert str(caught.value) == (
        'backend "lib:0" cannot be used here: The Library is not installed. Install it: pip install lib'
    )


def test_one_that_lacks_another(module: object) -> None:
    with pytest.raises(BackendUnusable, match="The Library needs what_it_needs"):
        load(module("lib_that_needs", "import what_it_needs"))


def test_one_that_is_broken(module: object) -> None:
    text = "raise OSError('libcudart.so.12: cannot open shared object file\\nand more')"
    with pytest.raises(BackendUnusable) as caught:
        load(module("lib_that_breaks", text))
    assert "does not import (OSError: libcudart.so.12: cannot open shared object file). Install" in str(
        caught.value
    )


def test_an_error_without_words(module: object) -> None:
    with pytest.raises(BackendUnusable, match=r"does not import \(RuntimeError\)"):
        load(module("lib_without_words", "raise RuntimeError"))
