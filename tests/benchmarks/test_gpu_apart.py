"""Parts in processes of their own: what they found comes back, and what ended them is told."""

from __future__ import annotations

import pytest

from benchmarks.gpu import __main__ as script
from benchmarks.gpu import testing
from benchmarks.gpu.apart import apart
from benchmarks.gpu.clock import Clock
from benchmarks.gpu.options import APART


def test_what_a_part_found_comes_back() -> None:
    found = apart("floors", ["--backend", "numpy", "--small"], 60.0)
    assert found["functions"]["add, 16 elements"]["host"] > 0


def test_a_part_that_ends_early_says_why() -> None:
    with pytest.raises(RuntimeError, match="floors ended with 2: no backend"):
        apart("floors", ["--backend", "cuppy"], 60.0)


def test_a_part_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that does not hear Ctrl-C, as what a shell started in the background does not."""
    monkeypatch.setattr(testing, "GRACE", 0.0)
    with pytest.raises(RuntimeError, match="floors was stopped after 0 s"):
        apart("floors", ["--backend", "numpy"], 0.05)


def test_each_has_its_time_and_no_more_than_is_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = {}

    def seen(name: str, words: list[str], seconds: float) -> dict[str, str]:
        asked[name] = seconds
        return {}

    monkeypatch.setattr(script, "apart", seen)
    assert script.main(["--backend", "numpy", "--apart", "--small", "--only", *APART]) == 0
    assert asked == APART
    assert script._apart("floors", [], Clock(-5.0)) == {}
    assert asked["floors"] == 1.0
