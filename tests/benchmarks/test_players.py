"""Workers that end, or say nothing: a reason is given, and nobody waits for ever."""

from __future__ import annotations

import os
import sys

import pytest

from benchmarks.players import Absent, seated

BEGUN = "import sys; print('{}', flush=True); "


def test_who_ends_between_turns_is_absent_with_what_it_said_last() -> None:
    ends = "input(); print('1', flush=True); sys.exit('out of memory')"
    with seated([sys.executable, "-c", BEGUN + ends], os.environ) as player:
        assert player.turn(0.5) == 1
        with pytest.raises(Absent, match="out of memory"):
            player.turn(0.5)
        with pytest.raises(Absent, match="out of memory"):
            player.turn(0.5)


def test_who_says_nothing_is_ended() -> None:
    patience = iter([60.0, 0.3])
    silent = "import time; time.sleep(60)"
    with (
        seated([sys.executable, "-c", BEGUN + silent], os.environ, patience=lambda: next(patience)) as player,
        pytest.raises(Absent, match=r"it said nothing for 0\.3 s"),
    ):
        player.turn()
