"""The public names: one list for people, one for type checkers, one for the first use; all the same."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import bpcore


def names_for_type_checkers() -> dict[str, str]:
    tree = ast.parse(Path(bpcore.__file__).read_text("utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    return {
        alias.name: str(node.module)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def test_the_lists_agree() -> None:
    assert names_for_type_checkers() == bpcore._HOMES
    assert sorted(bpcore.__all__) == sorted(bpcore._HOMES)


@pytest.mark.parametrize("name", bpcore.__all__)
def test_each_name_is_there(name: str) -> None:
    assert getattr(bpcore, name).__name__.rpartition(".")[2] == name
    assert name in dir(bpcore)


def test_a_name_that_is_not() -> None:
    with pytest.raises(AttributeError, match="no attribute 'gard'"):
        bpcore.gard  # noqa: B018


def test_gradients_do_not_wait_for_layers() -> None:
    program = (
        "import sys, bpcore; bpcore.grad; sys.exit(any(m.startswith('bpcore.parts') for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
