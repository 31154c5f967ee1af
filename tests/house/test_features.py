"""README's table of features is the one that the tests wrote."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.house.features import BEGIN, END, FEATURES, LIBRARIES, Features

ROOT = Path(__file__).parents[2]


def rows(text: str) -> dict[str, list[str]]:
    table = text.partition(BEGIN)[2].partition(END)[0].strip().splitlines()[2:]
    return {
        cells[1].strip(): [cell.strip() for cell in cells[2:-1]]
        for cells in (row.split("|") for row in table)
    }


def test_the_table_has_every_feature_and_no_other() -> None:
    found = rows((ROOT / "README.md").read_text("utf-8"))
    assert list(found) == list(FEATURES)
    for feature, cells in found.items():
        assert len(cells) == len(LIBRARIES)
        assert all(re.fullmatch(r"\d*", cell) for cell in cells), f"{feature}: {cells}"
        assert int(cells[0]) > 0


@pytest.mark.parametrize("place", sorted({place for places in FEATURES.values() for place in places}))
def test_its_tests_are_there(place: str) -> None:
    assert (ROOT / place).exists()


def test_what_is_counted(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", "utf-8")
    features = Features(readme)
    for nodeid, outcome in (
        ("tests/worked/test_mazur.py::test_a", "passed"),
        ("tests/worked/test_mazur.py::test_b[strict:device1-x]", "passed"),
        ("tests/worked/test_mazur.py::test_b[torch]", "failed"),
        ("tests/worked/test_mazur.py::test_b[jax:jit]", "skipped"),
        ("tests/elsewhere/test_mazur.py::test_b", "passed"),
    ):
        report = SimpleNamespace(
            when="call", nodeid=nodeid, skipped=outcome == "skipped", passed=outcome == "passed"
        )
        features.pytest_runtest_logreport(report)  # type: ignore[arg-type]
    features.pytest_sessionfinish()
    text = readme.read_text("utf-8")
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert rows(text)["the lessons, digit by digit"] == ["1", "1", "1 failed", ""]
