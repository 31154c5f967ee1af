"""Layouts of graphs: columns by depth, few crossings, room between nodes."""

from __future__ import annotations

from itertools import pairwise

from bpcore.doors.plots.layering import layered


def test_a_node_is_after_all_that_lead_to_it() -> None:
    layout = layered({"a": (), "b": ("a",), "c": ("b",), "d": ("a", "c")})
    assert [layout.places[name][0] for name in "abcd"] == [0, 1, 2, 3]


def test_what_is_given_stands_just_before_its_first_use() -> None:
    layout = layered({"x": (), "w": (), "v": (), "h": ("x", "w"), "y": ("h", "v")})
    assert layout.places["w"][0] == 0
    assert layout.places["v"][0] == 1


def test_a_long_way_bends_around_what_is_between() -> None:
    layout = layered({"a": (), "b": ("a",), "c": ("b", "a")})
    way = layout.ways["a", "c"]
    assert [column for column, _ in way] == [0, 1, 2]
    assert abs(way[1][1] - layout.places["b"][1]) >= 1


def test_no_crossing_where_none_is_needed() -> None:
    layout = layered({"a": (), "b": (), "c": (), "q": ("c",), "p": ("a",), "r": ("b",), "s": ("p", "q", "r")})
    rows = {name: row for name, (_, row) in layout.places.items()}
    first = sorted("abc", key=lambda name: rows[name])
    then = [{"a": "p", "b": "r", "c": "q"}[name] for name in first]
    assert then == sorted("pqr", key=lambda name: rows[name])


def test_columns_are_reordered_where_that_saves_crossings() -> None:
    layout = layered({"a": (), "c": (), "d": (), "p": ("c", "a"), "q": ("d", "c"), "s": ("p", "q")})
    rows = {name: row for name, (_, row) in layout.places.items()}
    found = "".join(sorted("acd", key=lambda name: rows[name]))
    assert found in ("acd", "dca")
    assert (rows["p"] < rows["q"]) == (found == "acd")


def test_nodes_of_a_column_are_apart() -> None:
    parents: dict[str, tuple[str, ...]] = {f"i{n}": () for n in range(4)}
    parents |= {f"h{n}": tuple(f"i{k}" for k in range(4)) for n in range(5)}
    parents["e"] = tuple(f"h{n}" for n in range(5))
    layout = layered(parents)
    for column in range(3):
        rows = sorted(row for at, row in layout.places.values() if at == column)
        assert all(later - earlier >= 1 - 1e-9 for earlier, later in pairwise(rows))
    assert layout.size[0] == 3


def test_a_node_is_used_twice_by_one() -> None:
    layout = layered({"x": (), "y": ("x", "x")})
    assert list(layout.ways) == [("x", "y")]
