"""Trees: leaves out, leaves in again."""

from __future__ import annotations

import os
from collections import namedtuple
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpcore.words.errors import ShapeError
from bpcore.words.tree_code import builder, reader
from bpcore.words.trees import LEAF, flatten, leaves, named_leaves, size, tree_map, unflatten


class Layer(NamedTuple):
    weight: Any
    bias: Any


Single = namedtuple("Single", "only")  # noqa: PYI024 - the old kind, too

KEYS = st.text("abz.0", max_size=3) | st.integers(-3, 12) | st.tuples(st.integers(0, 2))
TREES = st.recursive(
    st.integers() | st.floats(allow_nan=False) | st.none() | st.text(max_size=2),
    lambda children: (
        st.lists(children, max_size=3)
        | st.lists(children, max_size=3).map(tuple)
        | st.dictionaries(KEYS, children, max_size=3)
        | st.builds(Layer, children, children)
        | st.builds(Single, children)
    ),
    max_leaves=12,
)


def _kinds(tree: Any) -> Any:
    """Return the tree with types in place of containers' contents: == alone takes a tuple for a named one."""
    if isinstance(tree, dict):
        return dict, {key: _kinds(child) for key, child in tree.items()}
    if isinstance(tree, list | tuple):
        return type(tree), [_kinds(child) for child in tree]
    return tree


@settings(max_examples=200, deadline=None)
@given(TREES)
def test_there_and_back(tree: Any) -> None:
    values, structure = flatten(tree)
    assert _kinds(unflatten(structure, values)) == _kinds(tree)
    assert _kinds(unflatten(structure, tuple(values))) == _kinds(tree)
    assert leaves(tree) == values
    assert hash(structure) == hash(flatten(tree)[1])


@settings(max_examples=200, deadline=None)
@given(TREES)
def test_names_come_in_the_order_of_the_leaves(tree: Any) -> None:
    assert [leaf for _, leaf in named_leaves(tree)] == leaves(tree)


@settings(max_examples=100, deadline=None)
@given(TREES, TREES)
def test_structures_are_equal_when_the_trees_are_alike(one: Any, other: Any) -> None:
    values, structure = flatten(one)
    _, second = flatten(other)
    assert (structure == second) == (_kinds(_blank(one)) == _kinds(_blank(other)))
    assert len(values) == len(leaves(_blank(one)))


def _blank(tree: Any) -> Any:
    return tree_map(lambda _: 0, tree)


def test_a_struct_sequence_is_put_together_as_what_it_was() -> None:
    tree = {"size": os.terminal_size((3, 4))}  # as what PyTorch's decompositions return
    values, structure = flatten(tree)
    for again in (unflatten(structure, values), builder(structure, 1)([3], [4])):
        assert _kinds(again) == _kinds(tree)
        assert again["size"].lines == 4


def test_the_order_of_a_dict_is_that_of_its_sorted_keys() -> None:
    one, other = {"b": 1, "a": 2}, {"a": 2, "b": 1}
    assert flatten(one) == flatten(other)
    assert leaves(one) == [2, 1]
    assert leaves({10: "ten", 9: "nine", "x": "word"}) == leaves({"x": "word", 9: "nine", 10: "ten"})


def test_none_is_an_empty_tree() -> None:
    assert leaves([None, {"x": None}]) == []
    values, structure = flatten({"bias": None, "weight": 3})
    assert values == [3]
    assert unflatten(structure, [4]) == {"bias": None, "weight": 4}


def test_a_leaf_is_a_tree() -> None:
    assert flatten(5) == ([5], LEAF)
    assert unflatten(LEAF, [6]) == 6
    assert flatten("word")[0] == ["word"]


def test_paths() -> None:
    tree = {"layers": [Layer(1, None), Layer(2, 3)], "rate": 4, 0: 5}
    assert dict(named_leaves(tree)) == {
        "0": 5, "layers.0.0": 1, "layers.1.0": 2, "layers.1.1": 3, "rate": 4,
    }  # fmt: skip
    assert dict(named_leaves(7)) == {"": 7}
    assert dict(named_leaves([8], "net")) == {"net.0": 8}


def test_map() -> None:
    assert tree_map(lambda x: x * 2, {"a": [1, (2,)], "b": None}) == {"a": [2, (4,)], "b": None}
    assert tree_map(lambda x, y: x - y, Layer(5, [7]), Layer(1, [2])) == Layer(4, [5])
    assert type(tree_map(lambda x: x, Layer(1, 2))) is Layer


@pytest.mark.parametrize(
    ("one", "other", "shown"),
    [
        ([1, 2], [1], r"\[\*, \*\].*given \[\*\]"),
        ({"a": 1}, {"b": 1}, r"\{a: \*\}.*given \{b: \*\}"),
        ((1,), [1], r"\(\*\).*given \[\*\]"),
        (Layer(1, 2), (1, 2), r"\(\*, \*\)"),
        (1, None, r"\*"),
    ],
)
def test_map_refuses_trees_that_differ(one: Any, other: Any, shown: str) -> None:
    with pytest.raises(ShapeError, match=shown):
        tree_map(lambda x, y: x, one, other)


@pytest.mark.parametrize("values", [[1], [1, 2, 3]])
def test_too_few_values_or_too_many(values: list[int]) -> None:
    _, structure = flatten([10, 20])
    with pytest.raises(ShapeError, match=f"2 leaves, was given {len(values)}"):
        unflatten(structure, values)


@settings(max_examples=200, deadline=None)
@given(TREES, TREES)
def test_written_code_takes_apart_and_puts_together_as_the_general_functions_do(
    tree: Any, other: Any
) -> None:
    values, structure = flatten(tree)
    read, build = reader(structure), builder(structure)
    assert read(tree) == tuple(values)
    assert _kinds(build((), values)) == _kinds(tree)
    for known in range(len(values) + 1):
        assert reader(structure, known)(tree, values[:known]) == tuple(values[known:])
        assert _kinds(builder(structure, known)(values[:known], values[known:])) == _kinds(tree)
    _, structure_of_other = flatten(other)
    if structure == LEAF:
        assert read(other) == (other,)  # whatever it is: who asks looks at the leaves
    elif _fits(structure, structure_of_other):
        assert len(read(other)) == len(values)
    else:
        assert read(other) is None


def _fits(structure: Any, other: Any) -> bool:
    """Return whether a tree of the second structure has subtrees where one of the first has leaves."""
    if structure.kind is None:
        return True
    if (structure.kind, structure.keys, len(structure.children)) != (
        other.kind, other.keys, len(other.children)
    ):  # fmt: skip
        return False
    return all(map(_fits, structure.children, other.children))


def test_size_counts_the_numbers_of_all_arrays() -> None:
    assert size([{"weight": np.zeros((2, 3)), "bias": np.zeros(3)}, {}, None, np.asarray(1.0)]) == 10
