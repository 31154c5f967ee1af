"""What is measured on the training part, applied to new rows, and undone in the answers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bpcore.parts import keys
from bpcore.run.datasets import Dataset, gates, iris
from bpcore.run.tables.answers import answers, compared
from bpcore.run.tables.preparation import Preparation
from bpcore.run.tables.reading import read_table
from bpcore.run.tables.splitting import split_samples
from bpcore.words.errors import DataError, ShapeError

# -- the preparation ----------------------------------------------------------------------------------------


def made(x: Any, y: Any, task: str = "regression", classes: tuple[str, ...] = ()) -> Dataset:
    x = np.asarray(x, dtype=np.float64)
    names = tuple(f"f{i}" for i in range(x.shape[1]))
    return Dataset(
        name="made", x=x, y=np.asarray(y), features=names, targets=("t",), classes=classes, task=task
    )


def test_features_and_quantities_are_standardised_and_brought_back() -> None:
    data = made([[1, 5], [3, 5], [5, 5]], [[10.0], [20.0], [60.0]])
    preparation = Preparation.measured(data)
    prepared = preparation.apply(data)
    np.testing.assert_allclose(prepared.x, [[-(1.5**0.5), 0], [0, 0], [1.5**0.5, 0]])
    np.testing.assert_allclose([prepared.y.mean(), prepared.y.std()], [0, 1], atol=1e-15)
    np.testing.assert_allclose(preparation.quantities(prepared.y), data.y)


def test_a_constant_column_that_has_no_exact_mean_has_scale_one() -> None:
    preparation = Preparation.measured(made([[0.1]] * 7, [[float(i)] for i in range(7)]))
    assert preparation.scale == (1.0,)
    assert preparation.inputs(np.full((2, 1), 0.1)).tolist() == [[0.0], [0.0]]


def test_features_of_one_unit_share_one_scale() -> None:
    preparation = Preparation.measured(made([[0, 2], [4, 6]], [[0.0], [1.0]]), scaling="all")
    assert preparation.mean == (3.0, 3.0)
    assert preparation.scale == (5**0.5, 5**0.5)


def test_only_the_training_part_is_measured() -> None:
    data = iris()
    train, held = split_samples(data, 0.2, keys.key(0))
    preparation = Preparation.measured(train)
    np.testing.assert_allclose(preparation.mean, train.x.mean(axis=0))
    assert np.abs(preparation.apply(held).x.mean(axis=0)).max() > 1e-6


def test_numbers_too_large_to_square() -> None:
    with pytest.raises(DataError, match='column "f0" holds numbers too large'):
        Preparation.measured(made([[1e200], [1.0]], [[0.0], [1.0]]))


class Frame:
    """What is asked of a data frame."""

    def __init__(self, **columns: Any) -> None:
        self.data, self.columns = columns, list(columns)

    def __getitem__(self, names: list[str]) -> Frame:
        return Frame(**{name: self.data[name] for name in names})

    def to_numpy(self) -> Any:
        return np.asarray(list(self.data.values())).T


ABC = Preparation.measured(made([[1, 50, 9], [3, 10, 1], [5, 30, 5]], [[0.0], [1.0], [4.0]]))


@pytest.mark.parametrize("kind", [Frame, "pandas", "polars"])
def test_columns_of_a_frame_are_found_by_name(kind: Any) -> None:
    columns = {"f2": [1.0], "f1": [2.0], "new": [0.0], "f0": [3.0]}
    frame = kind(**columns) if kind is Frame else pytest.importorskip(kind).DataFrame(columns)
    np.testing.assert_array_equal(ABC.inputs(frame), ABC.inputs(np.asarray([[3.0, 2.0, 1.0]])))


@pytest.mark.parametrize(
    ("x", "said"),
    [
        (Frame(f0=[1.0], f1=[1.0], f3=[1.0]), 'no column "f2": the columns are f0, f1, f3.'),
        (np.ones((4, 2)), r"wants samples of 3 features (f0, f1, f2), was given an array of shape (4, 2)."),
        (np.ones(3), "was given an array of shape (3,)."),
        ([["a", "b", "c"]], "the features cannot be made an array of numbers: could not convert string"),
        (np.asarray([[1.0, 2.0, 3.0], [1.0, np.nan, 3.0]]), 'sample 1: the feature "f1" is missing'),
    ],
)
def test_features_that_do_not_fit(x: Any, said: str) -> None:
    with pytest.raises((DataError, ShapeError), match=re.escape(said)):
        ABC.inputs(x)


def test_answers_of_any_library_are_brought_back(backend: Any) -> None:
    with backend.reading():
        found = ABC.quantities(backend.array([[0.0], [1.0]]))
    np.testing.assert_allclose(found, [[5 / 3], [5 / 3 + np.std([0.0, 1.0, 4.0])]], rtol=1e-6)


@pytest.mark.parametrize("data", [iris(), gates(), made([[1, 5], [3, 5]], [[10.0], [20.0]])])
def test_a_preparation_survives_json(data: Dataset) -> None:
    preparation = Preparation.measured(data, fill="median")
    assert Preparation.from_dict(json.loads(json.dumps(preparation.to_dict()))) == preparation


@pytest.mark.parametrize(
    "change",
    [
        {"task": "guess"},
        {"scale": [0.0] * 4},
        {"mean": [1.0]},
        {"mean": ["a"] * 4},
        {"mean": [float("nan")] * 4},
        {"fill": [1.0]},
        {"classes": 3},
        {"targets": []},
        {"target_mean": [1.0]},
        {"features": [1, 2, 3, 4]},
        {"task": "binary"},
        {"new": 1},
    ],
)
def test_a_preparation_of_another_form_is_refused(change: dict[str, Any]) -> None:
    stored = Preparation.measured(iris()).to_dict()
    with pytest.raises(DataError, match="stored with the model"):
        Preparation.from_dict(stored | change)


def test_a_preparation_that_is_no_dict_is_refused() -> None:
    with pytest.raises(DataError, match="stored with the model"):
        Preparation.from_dict([1, 2])


# -- new rows -----------------------------------------------------------------------------------------------


@pytest.fixture
def table(tmp_path: Path) -> Callable[[str], Any]:
    def read(content: str) -> Any:
        (tmp_path / "new.csv").write_text(content, encoding="utf-8")
        return read_table(tmp_path / "new.csv")

    return read


def measured(names: tuple[str, ...], fill: tuple[float, ...] = ()) -> Preparation:
    width = len(names)
    return Preparation(
        features=names,
        mean=(0.0,) * width,
        scale=(1.0,) * width,
        fill=fill,
        task="regression",
        targets=("y",),
        classes=(),
        target_mean=(0.0,),
        target_scale=(1.0,),
    )


def test_features_are_found_by_name_in_any_order(table: Callable[[str], Any]) -> None:
    new = table("y,b,extra,a\n0,2,x,1\n0,4,x,3\n")
    assert measured(("a", "b")).inputs_of(new).tolist() == [[1, 2], [3, 4]]


def test_features_without_names_are_found_by_order(table: Callable[[str], Any]) -> None:
    assert measured(("a", "b")).inputs_of(table("1,2\n3,4\n")).tolist() == [[1, 2], [3, 4]]
    assert measured(("2", "3")).inputs_of(table("1,2\n3,4\n")).tolist() == [[1, 2], [3, 4]]
    assert measured(("2", "3")).inputs_of(table("9,1,2\n9,3,4\n")).tolist() == [[1, 2], [3, 4]]
    with pytest.raises(DataError, match=r"3 columns without names, the model wants 2: a, b\."):
        measured(("a", "b")).inputs_of(table("1,2,3\n3,4,5\n"))


def test_new_rows_with_missing_values(table: Callable[[str], Any]) -> None:
    new = table("a,b\n1,2\n3,\n")
    assert measured(("a", "b"), fill=(7.0, 8.0)).inputs_of(new).tolist() == [[1, 2], [3, 8]]
    with pytest.raises(DataError, match='row 3, column "b": the value is missing'):
        measured(("a", "b")).inputs_of(new)


def test_a_feature_that_new_rows_lack(table: Callable[[str], Any]) -> None:
    with pytest.raises(
        DataError, match=r'no column "width": the columns are widht, b.* Did you mean "widht"'
    ):
        measured(("width",)).inputs_of(table("widht,b\n1,2\n"))


# -- the answers --------------------------------------------------------------------------------------------


def test_answers_of_many_classes() -> None:
    preparation = Preparation.measured(iris())
    logits = np.log(np.asarray([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]]))
    found = answers(preparation, logits)
    assert found.names == ("species", "p(setosa)", "p(versicolor)", "p(virginica)")
    assert found.columns[0] == ["setosa", "virginica"]
    np.testing.assert_allclose(found.columns[1:], [[0.7, 0.1], [0.2, 0.3], [0.1, 0.6]])


def test_answers_of_two_classes() -> None:
    data = made([[1.0], [2.0]], [[0.0], [1.0]], "binary", ("no", "yes"))
    preparation = Preparation.measured(data)
    found = answers(preparation, np.log(np.asarray([[1 / 3], [3.0]])))
    assert found.names == ("t", "p(yes)")
    assert found.columns[0] == ["no", "yes"]
    np.testing.assert_allclose(found.columns[1], [0.25, 0.75])


def test_answers_of_several_targets() -> None:
    found = answers(Preparation.measured(gates()), np.asarray([[-9.0, 9.0, -9.0, 9.0, 9.0]]))
    assert found.names[:4] == ("OR", "p(OR)", "AND", "p(AND)")
    assert [column[0] for column in found.columns[::2]] == ["0", "1", "0", "1", "1"]


def test_answers_are_compared_where_the_truth_is_there(table: Callable[[str], Any]) -> None:
    preparation = Preparation.measured(iris())
    found = answers(preparation, np.eye(3)[[0, 1, 2, 0]])
    new = table("a,species\n1,setosa\n1,versicolor\n1,setosa\n1,\n")
    assert compared(preparation, found, new) == "accuracy 0.6667 over 3 rows"
    assert compared(preparation, found, table("a,b\n1,1\n1,1\n1,1\n1,1\n")) == ""
    quantity = answers(measured(("a",)), np.asarray([[1.0], [2.0]]))
    new = table("a,y\n1,4\n1,6\n")
    assert compared(measured(("a",)), quantity, new) == "root mean square error 3.53553 over 2 rows"
