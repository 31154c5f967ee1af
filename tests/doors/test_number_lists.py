"""Lists of numbers as they are typed: what they are read as, and what is refused."""

from __future__ import annotations

from typing import Any

import click
import pytest

from bpcore.doors.number_lists import numbers, pair, rows, sizes
from bpcore.words.errors import OptionError

CONTEXT, OPTION = click.Context(click.Command("test")), click.Option(["--x"])


@pytest.mark.parametrize(
    ("reader", "given", "found"),
    [
        (numbers, "0.1, 1e3,-2", (0.1, 1000.0, -2.0)),
        (pair, "1,4", (1.0, 4.0)),
        (rows, "1,2", [[1.0, 2.0]]),
        (rows, "1,2;3,4", [[1.0, 2.0], [3.0, 4.0]]),
        (sizes, "2, 3,1", [2, 3, 1]),
    ],
)
def test_what_is_read(reader: Any, given: str, found: Any) -> None:
    assert reader(CONTEXT, OPTION, given) == found
    assert reader(CONTEXT, OPTION, None) is None


@pytest.mark.parametrize(
    ("reader", "given"),
    [
        *(
            (reader, word)
            for reader in (numbers, pair, rows, sizes)
            for word in ("", "a", "1,", "1,inf", "nan,1")
        ),
        (numbers, "1,1e71"),
        (pair, "1"),
        (pair, "1,2,3"),
        (rows, "1,2;3"),
        (rows, "1;"),
        (sizes, "3"),
        (sizes, "2,0"),
        (sizes, "2,-1"),
        (sizes, "2,1.5"),
        (sizes, "2,\u00b2"),
    ],
)
def test_what_is_refused(reader: Any, given: str) -> None:
    with pytest.raises(OptionError, match=r"^--x must be .*numbers.* was given"):
        reader(CONTEXT, OPTION, given)
