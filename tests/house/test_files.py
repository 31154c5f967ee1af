"""What a file may be called, how long it may be, and what it must and must not hold."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.house.conftest import Source

LONGEST = 350
NAMELESS = re.compile(r"^_?(utils?|misc|helpers?|common|tools?|stuff)$")
"""Names that say nothing of what is inside."""

HOME = re.compile(r"(?<![\w.$}])/(?:home|Users|root|work|tmp)/\w|\b[A-Za-z]:\\+Users\b")
"""Paths that only one machine has."""


def products(source: Source) -> list[str]:
    """Return the places where the operator for products is used."""
    return [
        f"{source.path}:{node.lineno}: write xp.matmul(a, b), which a backend can replace"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.MatMult)
    ]


def misnamed(path: str) -> list[str]:
    """Return what is wrong with the names in the path of a module."""
    parts = path.removesuffix(".py").split("/")[1:]
    wrong = [part for part in parts if NAMELESS.match(part)]
    return [f"{path}: {part!r} does not say what is inside" for part in wrong] + [
        f"{path}: Python has a module {part!r} of its own"
        for part in parts
        if part in sys.stdlib_module_names
    ]


def bound(body: list[ast.stmt]) -> Iterator[str]:
    """Yield the names that statements at the top of a module bind."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((alias.asname or alias.name).split(".")[0] for alias in node.names)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [name for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]
            yield from (name.id for name in names)
        elif isinstance(node, ast.If | ast.Try):
            yield from bound(node.body)
            yield from bound(node.orelse)


def exported(source: Source) -> list[str] | None:
    """Return what ``__all__`` lists, None where there is none."""
    for node in source.tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return list(ast.literal_eval(node.value))
    return None


def unexported(source: Source) -> list[str]:
    """Return what is wrong with the ``__all__`` of a module."""
    names = exported(source)
    if names is None:
        script = source.path.rpartition("/")[2] in ("__init__.py", "__main__.py")
        return [] if script else [f"{source.path}: there is no __all__"]
    there = set(bound(source.tree.body))
    lazy = "__getattr__" in there
    return [
        f"{source.path}: __all__ lists {name}, which is not there"
        for name in names
        if name not in there and not lazy
    ]


def paths_of_a_machine(name: str, text: str) -> list[str]:
    """Return the lines of a text with a path that only one machine has."""
    lines = enumerate(text.splitlines(), start=1)
    return [f"{name}:{number}: {line.strip()}" for number, line in lines if HOME.search(line)]


def test_no_operator_for_products(package: list[Source]) -> None:
    broken = [line for source in package for line in products(source)]
    assert not broken, "\n".join(broken)


def test_names_say_what_is_inside(package: list[Source], plugins: list[Source]) -> None:
    paths = [source.path for source in package] + [
        source.path.removeprefix("backends/") for source in plugins
    ]
    broken = [line for path in paths for line in misnamed(path)]
    assert not broken, "\n".join(broken)


def test_every_module_says_what_it_offers(package: list[Source], plugins: list[Source]) -> None:
    broken = [line for source in (*package, *plugins) for line in unexported(source)]
    assert not broken, "\n".join(broken)


def test_one_idea_fits_in_350_lines(tracked: list[Path]) -> None:
    lengths = {file: file.read_text(encoding="utf-8").count("\n") for file in tracked if file.suffix == ".py"}
    assert lengths
    broken = [f"{file}: {length} lines" for file, length in lengths.items() if length > LONGEST]
    assert not broken, "\n".join(broken)


def test_no_path_of_one_machine(tracked: list[Path]) -> None:
    broken = []
    for file in tracked:
        data = file.read_bytes()
        if b"\0" not in data:
            broken += paths_of_a_machine(file.name, data.decode(errors="replace"))
    assert not broken, "\n".join(broken)


def test_the_operator_for_products_is_seen(source: Callable[[str, str], Source]) -> None:
    assert len(products(source("bpcore/x.py", "a = b @ c\na @= b\n"))) == 2
    assert not products(source("bpcore/x.py", "@cache\ndef f(): ...\n"))


@pytest.mark.parametrize("path", ["bpcore/words/utils.py", "bpcore/helpers/x.py", "bpcore/run/random.py"])
def test_a_name_that_says_nothing_is_seen(path: str) -> None:
    assert misnamed(path)


@pytest.mark.parametrize("text", ["a = 1\n", '__all__ = ["a", "b"]\na: int = 1\n'])
def test_an_offer_that_is_not_kept_is_seen(source: Callable[[str, str], Source], text: str) -> None:
    assert unexported(source("bpcore/x.py", text))
    assert not unexported(
        source("bpcore/x.py", '__all__ = ["A", "b", "c"]\nclass A: ...\nb, d = 1, 2\nimport c\n')
    )


def test_a_path_of_one_machine_is_seen() -> None:
    slash = "/"
    for path in (f"{slash}root{slash}x", f"in {slash}home{slash}me{slash}x", "C:" + r"\Users\me"):
        assert paths_of_a_machine("x", f"first\n{path}\n") == [f"x:2: {path}"]
    assert not paths_of_a_machine("x", "docs/home/me, $HOME/work/x, a/root/b")
