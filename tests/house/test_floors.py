"""Who may import whom: the floors of bpcore, and the few libraries that it may use."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tests.house.conftest import Source

FLOORS = ("words", "ground", "derivatives", "program", "parts", "machine", "run", "doors")
TOP = len(FLOORS) - 1
ROOMS = ("rules", "arrays", "namespaces", "special", "transforms", "checks")
"""The rooms of the floor `derivatives`, in the order in which they may import one another."""

PLUGIN = FLOORS.index("program")
"""A backend may read words, ground, rules and programs; what is made of them is not its business."""

ARRAY_LIBRARIES = {"array_api_strict", "cupy", "cupyx", "jax", "jaxlib", "numpy", "torch"}
ALLOWED = {
    "bpcore": {"array_api_compat"},
    "bpcore.doors": {"click", "rich"},
    "bpcore.doors.estimators": {"sklearn"},
    "bpcore.doors.export": {"onnx"},
    "bpcore.doors.pages": {"jinja2", "latex2mathml", "markupsafe", "matplotlib"},
    "bpcore.doors.plots": {"matplotlib"},
    "bpcore.run.files.checkpoint_file": {"safetensors"},
    "bpcore.run.progress": {"rich"},
    "bpcore.run.files.model_file": {"safetensors"},
    "bpcore.run.tables.parquet_file": {"pyarrow"},
}
"""The libraries beyond Python's own, by the module that may use them, together with those below it."""

HOST_ARRAYS = (
    ("bpcore.run.files.checkpoint_file", "safetensors.numpy"),
    ("bpcore.run.files.model_file", "safetensors.numpy"),
)
"""Weight files are written from host arrays, which are NumPy's: what a backend's ``to_host`` returns."""

IMPORTS_BY_NAME = ("bpcore/__init__.py", "bpcore/ground/library.py")
"""Where a library, or a public name, is brought in when it is asked for."""


class Edge(NamedTuple):
    """One import: where it stands, the module it names, and whether only a type checker follows it."""

    line: int
    target: str
    typing_only: bool


def edges(source: Source) -> Iterator[Edge]:
    """Yield every import of a file, wherever in it; ``from a import b`` names ``a.b``."""
    yield from _edges(source.tree, typing_only=False)


def _edges(node: ast.AST, *, typing_only: bool) -> Iterator[Edge]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Edge(child.lineno, alias.name, typing_only) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            base = "." * child.level + (child.module or "")
            yield from (Edge(child.lineno, f"{base}.{alias.name}", typing_only) for alias in child.names)
        elif isinstance(child, ast.If) and ast.unparse(child.test) in (
            "TYPE_CHECKING",
            "typing.TYPE_CHECKING",
        ):
            yield from _edges(child, typing_only=True)
        else:
            yield from _edges(child, typing_only=typing_only)


def floor(module: str) -> int:
    """Return the number of a module's floor, counted from the highest; the package itself is a door."""
    parts = module.split(".")
    if parts[0] != "bpcore":
        return PLUGIN
    return FLOORS.index(parts[1]) if len(parts) > 1 and parts[1] in FLOORS else TOP


def broken_floors(source: Source) -> list[str]:
    """Return what is imported from a lower floor."""
    return [
        f"{source.path}:{edge.line}: {source.module} imports {edge.target}, which is on a lower floor"
        for edge in edges(source)
        if edge.target.split(".")[0] == "bpcore" and floor(edge.target) > floor(source.module)
    ]


def room(module: str) -> int | None:
    """Return the number of a module's room; None outside the floor that has rooms."""
    parts = module.split(".")
    inside = parts[:2] == ["bpcore", "derivatives"] and len(parts) > 2 and parts[2] in ROOMS
    return ROOMS.index(parts[2]) if inside else None


def broken_rooms(source: Source) -> list[str]:
    """Return what is imported from a later room of the same floor."""
    here = room(source.module)
    return [
        f"{source.path}:{edge.line}: {source.module} imports {edge.target}, which is in a later room"
        for edge in edges(source)
        if here is not None and (there := room(edge.target)) is not None and there > here
    ]


def foreign(source: Source) -> list[str]:
    """Return what is imported from a library that this module has no business with."""
    allowed = {"bpcore", *sys.stdlib_module_names}
    for scope, names in ALLOWED.items():
        if f"{source.module}.".startswith(f"{scope}."):
            allowed |= names
    return [
        f"{source.path}:{edge.line}: {source.module} imports {edge.target}"
        for edge in edges(source)
        if edge.target.split(".")[0] not in allowed
        or (ARRAY_LIBRARIES & set(edge.target.split(".")) and (source.module, edge.target) not in HOST_ARRAYS)
    ]


def hidden(source: Source) -> list[str]:
    """Return the calls that import by a name of their own, which no reader of imports can see."""
    return [
        f"{source.path}:{node.lineno}: {ast.unparse(node)}"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).rpartition(".")[2] in ("__import__", "import_module")
        and source.path not in IMPORTS_BY_NAME
    ]


def rings(sources: list[Source]) -> list[str]:
    """Return the rings of imports, each once; what only a type checker follows is no part of one."""
    modules = {source.module for source in sources}
    graph: dict[str, set[str]] = {}
    for source in sources:
        targets = {_module_of(edge.target, modules) for edge in edges(source) if not edge.typing_only}
        graph[source.module] = targets - {source.module, ""}
    found: dict[frozenset[str], str] = {}

    def walk(module: str, path: tuple[str, ...], done: set[str]) -> None:
        if module in path:
            ring = path[path.index(module) :]
            found[frozenset(ring)] = " -> ".join((*ring, module))
        elif module not in done:
            for target in sorted(graph[module]):
                walk(target, (*path, module), done)
            done.add(module)

    done: set[str] = set()
    for module in sorted(graph):
        walk(module, (), done)
    return list(found.values())


def _module_of(target: str, modules: set[str]) -> str:
    """Return the module that ``from a.b import c`` reads: ``a.b.c`` if that is one, else ``a.b``."""
    while target and target not in modules:
        target = target.rpartition(".")[0]
    return target


def test_imports_go_up(package: list[Source], plugins: list[Source]) -> None:
    sources = (*package, *plugins)
    broken = [line for source in sources for line in (*broken_floors(source), *broken_rooms(source))]
    assert not broken, "\n".join(broken)


def test_only_the_libraries_that_are_agreed(package: list[Source]) -> None:
    broken = [line for source in package for line in (*foreign(source), *hidden(source))]
    assert not broken, "\n".join(broken)


def test_no_ring_of_imports(package: list[Source]) -> None:
    broken = rings(package)
    assert not broken, "\n".join(broken)


def test_every_floor_is_there(package: list[Source]) -> None:
    found = {source.module.split(".")[1] for source in package if source.module.count(".")}
    assert set(FLOORS) <= found


def test_a_lower_floor_is_seen(source: Callable[[str, str], Source]) -> None:
    inside = "def f():\n    from bpcore.run import fit\n"
    typed = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import bpcore.parts.layers\n"
    assert broken_floors(source("bpcore/words/x.py", inside)) == [
        "bpcore/words/x.py:2: bpcore.words.x imports bpcore.run.fit, which is on a lower floor"
    ]
    assert broken_floors(source("bpcore/ground/x.py", typed))
    assert broken_floors(source("bpcore/machine/x.py", "import bpcore\n"))
    assert broken_floors(source("backends/bpcore_mine/x.py", "from bpcore.parts import layers\n"))
    assert not broken_floors(source("bpcore/run/x.py", "from bpcore.run import fit\nimport bpcore.words\n"))


def test_a_later_room_is_seen(source: Callable[[str, str], Source]) -> None:
    line = "from bpcore.derivatives.transforms import vjp\n"
    assert broken_rooms(source("bpcore/derivatives/rules/x.py", line))
    assert not broken_rooms(source("bpcore/derivatives/checks/x.py", line))
    assert not broken_rooms(source("bpcore/run/x.py", line))


def test_a_foreign_library_is_seen(source: Callable[[str, str], Source]) -> None:
    for path, line in {
        "bpcore/words/x.py": "import numpy as np",
        "bpcore/ground/x.py": "import array_api_compat.numpy",
        "bpcore/run/x.py": "import rich",
        "bpcore/run/files/model_file.py": "from safetensors.torch import save",
        "bpcore/run/fit.py": "from safetensors import numpy",
        "bpcore/doors/x.py": "import attrs",
        "bpcore/parts/x.py": "from .keys import key",
    }.items():
        assert foreign(source(path, line)), line
    assert hidden(source("bpcore/doors/x.py", "importlib.import_module('numpy')"))
    for path, line in {
        "bpcore/doors/x.py": "import click, rich.table",
        "bpcore/run/progress.py": "from rich.progress import Progress",
        "bpcore/run/files/model_file.py": "import safetensors\nfrom safetensors import numpy",
    }.items():
        assert not foreign(source(path, line)), line


def test_a_ring_is_seen(source: Callable[[str, str], Source]) -> None:
    a = source("bpcore/words/a.py", "from bpcore.words import b\n")
    b = source("bpcore/words/b.py", "def f():\n    from bpcore.words.a import g\n")
    typed = source("bpcore/words/b.py", "if TYPE_CHECKING:\n    from bpcore.words.a import g\n")
    assert rings([a, b]) == ["bpcore.words.a -> bpcore.words.b -> bpcore.words.a"]
    assert rings([a, typed]) == []
