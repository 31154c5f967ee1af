"""From a table to samples: targets, tasks, missing values, and the split."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bpcore.parts import keys
from bpcore.run.datasets import Dataset, gates, iris
from bpcore.run.tables.preparation import Preparation
from bpcore.run.tables.reading import read_table, table_of
from bpcore.run.tables.samples import samples_of
from bpcore.run.tables.splitting import split_samples
from bpcore.words.errors import DataError, OptionError

Read = Callable[..., Dataset]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def samples(content: str, **options: Any) -> Dataset:
        path = tmp_path / "data.csv"
        path.write_text(content, encoding="utf-8")
        return samples_of(read_table(path), **options)

    return samples


@pytest.fixture
def refusal(read: Read) -> Callable[..., str]:
    def message(content: str, **options: Any) -> str:
        with pytest.raises(DataError) as caught:
            read(content, **options)
        assert "data.csv: " in str(caught.value)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    return message


# -- targets and tasks --------------------------------------------------------------------------------------


def test_the_target_is_the_last_column_or_the_one_named(read: Read) -> None:
    content = "a,b,c\n1,0.5,7.5\n2,0.25,8.5\n"
    assert read(content).targets == ("c",)
    data = read(content, target="a", task="regression")
    assert data.targets == ("a",)
    assert data.features == ("b", "c")
    assert data.x.tolist() == [[0.5, 7.5], [0.25, 8.5]]
    assert data.y.tolist() == [[1.0], [2.0]]


def test_without_names_the_target_is_a_number(read: Read) -> None:
    assert read("1,0.5\n2,1.5\n3,2.5\n", target="1", task="regression").features == ("2",)


@pytest.mark.parametrize(
    ("cells", "task", "classes"),
    [
        (["b", "a", "b", "a"], "binary", ("a", "b")),
        (["b", "a", "c", "a", "b", "c"], "multiclass", ("a", "b", "c")),
        (["1", "0", "1", "0"], "binary", ("0", "1")),
        (["10", "9", "10.0", "9", "2", "2"], "multiclass", ("2", "9", "10")),
        (["0.5", "1", "0.5", "1"], "regression", ()),
        (["1", "2", "3", "4", "4"], "regression", ()),
        ([str(i) for i in range(21)] * 2, "regression", ()),
        ([str(i) for i in range(20)] * 2, "multiclass", tuple(str(i) for i in range(20))),
    ],
)
def test_the_task_is_seen_from_the_target(
    read: Read, cells: list[str], task: str, classes: tuple[str]
) -> None:
    data = read("x,y\n" + "".join(f"{i},{cell}\n" for i, cell in enumerate(cells)))
    assert (data.task, data.classes) == (task, classes)
    if task == "multiclass":
        assert data.y.dtype == np.int64
        assert [data.classes[i] for i in data.y] == [cell.removesuffix(".0") for cell in cells]
    else:
        assert data.y.shape == (len(cells), 1)


def test_the_task_can_be_said(read: Read) -> None:
    assert read("x,y\n1,0\n2,1\n3,0\n4,1\n", task="regression").task == "regression"
    assert read("x,y\n1,0\n2,1\n3,0\n4,1\n", task="multiclass").y.tolist() == [0, 1, 0, 1]
    with pytest.raises(OptionError, match='Did you mean "binary"'):
        read("x,y\n1,0\n2,1\n", task="binery")


def test_a_target_that_is_not_there(refusal: Callable[..., str]) -> None:
    message = refusal("width,height,price\n1,2,3\n", target="prize")
    assert 'no column "prize"' in message
    assert "width, height, price" in message
    assert 'Did you mean "price"?' in message


def test_only_one_column(refusal: Callable[..., str]) -> None:
    assert "one column only" in refusal("price\n1\n2\n")


def test_text_where_a_number_belongs(refusal: Callable[..., str]) -> None:
    assert 'row 3, column "b": found "abc" where a number belongs' in refusal("a,b,y\n1,2,0\n1,abc,1\n")
    assert 'row 2, column "y": found "x"' in refusal("a,y\n1,x\n2,1\n3,2\n", task="regression")
    assert "decimals with a point" in refusal("a;y\n1,5;0\n2,5;1\n")
    numbers = "".join(f"{i},{i}.5\n" for i in range(40))
    assert 'row 42, column "y": found "4o.5"' in refusal("a,y\n" + numbers + "1,4o.5\n")


def test_an_infinite_number(refusal: Callable[..., str]) -> None:
    assert 'row 3, column "a": the number is infinite' in refusal("a,y\n1,0\ninf,1\n")
    assert 'column "y": the number is infinite' in refusal("a,y\n1,0\n2,-inf\n")
    assert 'column "a": the number is infinite' in refusal("a,y\n1,0\n1e999,1\n", fill="mean")


def test_a_constant_target(refusal: Callable[..., str]) -> None:
    assert 'the target "y" is 3 in every row' in refusal("a,y\n1,3\n2,3\n")
    assert 'the target "y" is no in every row' in refusal("a,y\n1,no\n2,no\n")


def test_a_class_with_one_sample(refusal: Callable[..., str]) -> None:
    assert 'row 4, column "y": the class "c" has one sample' in refusal("x,y\n1,a\n2,a\n3,c\n4,b\n5,b\n")


def test_a_binary_task_wants_two_classes(refusal: Callable[..., str]) -> None:
    assert "has 3: a, b, c" in refusal("x,y\n1,a\n2,a\n3,c\n3,c\n4,b\n5,b\n", task="binary")


# -- missing values -----------------------------------------------------------------------------------------

HOLES = "a,b,y\n1,10,0\n,20,1\n3,?,0\n8,60,1\n"


def test_missing_values_are_refused_with_row_and_column(refusal: Callable[..., str]) -> None:
    message = refusal(HOLES)
    assert 'row 3, column "a": the value is missing' in message
    assert "mean, median, zero or drop" in message
    assert "(2 in this column)" in refusal("a,y\n,0\n,1\n3,0\n")


@pytest.mark.parametrize(
    ("fill", "wanted"), [("mean", (4.0, 30.0)), ("median", (3.0, 20.0)), ("zero", (0.0, 0.0))]
)
def test_missing_values_are_filled(read: Read, fill: str, wanted: tuple[float, float]) -> None:
    data = read(HOLES, fill=fill)
    assert np.isnan(data.x).sum() == 2
    preparation = Preparation.measured(data, scaling="none", fill=fill)
    assert preparation.fill == wanted
    assert preparation.inputs(data.x).tolist() == [[1, 10], [wanted[0], 20], [3, wanted[1]], [8, 60]]


def test_rows_with_missing_values_are_dropped(read: Read, refusal: Callable[..., str]) -> None:
    data = read(HOLES, fill="drop", task="regression")
    assert data.x.tolist() == [[1, 10], [8, 60]]
    assert read("a,y\n1,u\n2,\n3,v\n4,u\n5,v\n", fill="drop").y.tolist() == [[0.0], [1.0], [0.0], [1.0]]
    assert "every row has a missing value" in refusal("a,b,y\n1,,0\n,2,1\n", fill="drop")


def test_rows_are_counted_in_the_file_after_some_were_dropped(refusal: Callable[..., str]) -> None:
    assert 'row 4, column "a": the number is infinite' in refusal("a,y\n1,0\n,0\ninf,1\n2,1\n", fill="drop")


def test_a_missing_target_is_never_filled(refusal: Callable[..., str]) -> None:
    assert 'row 3, column "y": the target is missing' in refusal("a,y\n1,0\n2,NA\n3,1\n", fill="mean")


def test_a_feature_without_any_value_cannot_be_filled(read: Read) -> None:
    data = read("a,b,y\n1,,0\n2,,1\n3,,0\n4,,1\n", fill="mean")
    with pytest.raises(DataError, match='column "b" has no value in the training part'):
        Preparation.measured(data, fill="mean")


def test_the_table_of_a_data_set_gives_back_its_samples() -> None:
    data = iris()
    again = samples_of(table_of(data))
    np.testing.assert_array_equal(again.x, data.x)
    np.testing.assert_array_equal(again.y, data.y)
    assert again.classes == data.classes


# -- the split ----------------------------------------------------------------------------------------------


def test_the_split_takes_the_same_share_of_each_class() -> None:
    train, held = split_samples(iris(), 0.2, keys.key(0))
    assert np.bincount(train.y).tolist() == [40, 40, 40]
    assert np.bincount(held.y).tolist() == [10, 10, 10]
    together = np.concatenate([train.x, held.x])
    assert sorted(together.tolist()) == sorted(iris().x.tolist())


def test_the_split_follows_the_key() -> None:
    first, again, other = (split_samples(iris(), 0.2, keys.key(seed))[1].x for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_every_class_keeps_a_sample_for_training(read: Read) -> None:
    data = read("x,y\n1,a\n2,a\n3,b\n4,b\n5,b\n")
    train, held = split_samples(data, 0.9, keys.key(0))
    assert set(train.y[:, 0].tolist()) == {0.0, 1.0}
    assert len(held.x) == 3


def test_a_quantity_is_split_as_one_group(read: Read) -> None:
    data = read("x,y\n" + "".join(f"{i},{i}.5\n" for i in range(10)))
    train, held = split_samples(data, 0.3, keys.key(0))
    assert (len(train.x), len(held.x)) == (7, 3)


@pytest.mark.parametrize("share", [0, 1, -0.1, float("nan")])
def test_a_share_out_of_range(share: float) -> None:
    with pytest.raises(OptionError, match="validation must be a share"):
        split_samples(iris(), share, keys.key(0))


def test_a_share_of_nobody() -> None:
    with pytest.raises(DataError, match=r"of 4 samples a share of 0\.1 cannot be held out"):
        split_samples(gates(), 0.1, keys.key(0))
