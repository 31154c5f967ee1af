"""Where the nodes of a graph go: in columns by depth, ordered so that few edges cross.

K. Sugiyama, S. Tagawa, M. Toda, "Methods for visual understanding of hierarchical system structures", IEEE
Transactions on Systems, Man and Cybernetics 11 (1981): layers, then barycenters.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

__all__ = ["Layout", "layered"]

SWEEPS = 8
"""How often the columns are ordered, there and back."""

Place = tuple[float, float]
Neighbours = Mapping[Hashable, list[Hashable]]


@dataclass(frozen=True)
class Layout:
    """Places, in columns and rows.

    Attributes
    ----------
    places : mapping of name to (column, row)
        Columns are whole numbers from 0; two nodes of a column are 1 or more apart.
    ways : mapping of (parent, child) to a list of places
        From the parent to the child, with a bend in each column between.
    """

    places: Mapping[str, Place]
    ways: Mapping[tuple[str, str], list[Place]]

    @property
    def size(self) -> tuple[float, float]:
        """The columns, and the rows of the highest."""
        every = [place for way in self.ways.values() for place in way] + list(self.places.values())
        rows = [row for _, row in every]
        return 1 + max(column for column, _ in every), 1 + max(rows) - min(rows)


def layered(parents: Mapping[str, Sequence[str]], /) -> Layout:
    """Return a layout of a graph without rings.

    Parameters
    ----------
    parents : mapping of name to names
        For each node those that lead to it, each earlier in the mapping. A node without any goes one column
        before the first that it leads to.
    """
    depths = _depths(parents)
    columns: list[list[Hashable]] = [[] for _ in range(1 + max(depths.values()))]
    for name in _from_the_end(parents):
        columns[depths[name]].append(name)
    before: dict[Hashable, list[Hashable]] = {name: [] for name in parents}
    stations: dict[tuple[str, str], list[Hashable]] = {}
    for child, its_parents in parents.items():
        for parent in dict.fromkeys(its_parents):
            bends: list[Hashable] = [(parent, child, i) for i in range(depths[parent] + 1, depths[child])]
            for bend, column in zip(bends, columns[depths[parent] + 1 : depths[child]], strict=True):
                column.append(bend)
            stations[parent, child] = [parent, *bends, child]
            for earlier, later in zip([parent, *bends], [*bends, child], strict=True):
                before.setdefault(later, []).append(earlier)
    after = _turned(before)
    rows = _rows(_ordered(columns, before, after), before, after)
    places = {node: (float(i), rows[node]) for i, column in enumerate(columns) for node in column}
    ways = {edge: [places[node] for node in nodes] for edge, nodes in stations.items()}
    return Layout({name: places[name] for name in parents}, ways)


def _depths(parents: Mapping[str, Sequence[str]]) -> dict[str, int]:
    depths: dict[str, int] = {}
    for name, its in parents.items():
        depths[name] = 1 + max(depths[parent] for parent in its) if its else 0
    for name, its in parents.items():
        if not its:
            children = [depths[child] for child, theirs in parents.items() if name in theirs]
            depths[name] = min(children, default=1) - 1
    return depths


def _from_the_end(parents: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the nodes as they are met on the way back from the last one."""
    met: dict[str, None] = {}

    def walk(name: str) -> None:
        if name not in met:
            met[name] = None
            for parent in parents[name]:
                walk(parent)

    for name in reversed(tuple(parents)):
        walk(name)
    return list(met)


def _turned(before: Neighbours) -> dict[Hashable, list[Hashable]]:
    after: dict[Hashable, list[Hashable]] = {node: [] for node in before}
    for later, earlier in before.items():
        for node in earlier:
            after[node].append(later)
    return after


def _ordered(columns: list[list[Hashable]], before: Neighbours, after: Neighbours) -> list[list[Hashable]]:
    """Return the columns in the order with the fewest crossings that was met."""
    best, fewest = columns, _crossings(columns, before)
    for _ in range(SWEEPS):
        for there in (True, False):
            columns = _swept(columns, before if there else after, back=not there)
            count = _crossings(columns, before)
            if count < fewest:
                best, fewest = columns, count
    return best


def _swept(columns: list[list[Hashable]], beside: Neighbours, *, back: bool) -> list[list[Hashable]]:
    """Order each column by the mean place of its neighbours in the column that was ordered last."""
    done: list[list[Hashable]] = []
    places: dict[Hashable, float] = {}
    for column in reversed(columns) if back else columns:
        own = {node: _share(i, column) for i, node in enumerate(column)}
        keys = {node: _mean([places[other] for other in beside[node]], own[node]) for node in column}
        ordered = sorted(column, key=lambda node: keys[node])
        places |= {node: _share(i, ordered) for i, node in enumerate(ordered)}
        done.append(ordered)
    return done[::-1] if back else done


def _share(i: int, column: Sequence[Hashable]) -> float:
    return (i + 0.5) / len(column)


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _crossings(columns: Sequence[Sequence[Hashable]], before: Neighbours) -> int:
    count = 0
    places = {node: i for column in columns for i, node in enumerate(column)}
    for column in columns:
        edges = [(places[node], places[other]) for node in column for other in before[node]]
        count += sum((a - c) * (b - d) < 0 for (a, b), (c, d) in combinations(edges, 2))
    return count


def _rows(
    columns: Sequence[Sequence[Hashable]], before: Neighbours, after: Neighbours
) -> dict[Hashable, float]:
    """Return the row of each node: near its neighbours, in the column's order, 1 or more apart."""
    rows = {node: i - (len(column) - 1) / 2 for column in columns for i, node in enumerate(column)}
    for _ in range(SWEEPS):
        for column in (*columns, *reversed(columns)):
            wanted = [_mean([rows[n] for n in (*before[node], *after[node])], rows[node]) for node in column]
            placed: list[float] = []
            for row in wanted:
                placed.append(max(row, placed[-1] + 1) if placed else row)
            shift = _mean(wanted, 0.0) - _mean(placed, 0.0)
            rows |= {node: row + shift for node, row in zip(column, placed, strict=True)}
    return rows
