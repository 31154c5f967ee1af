"""``bpcore bench``."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import Result

from bpcore.doors import bench
from bpcore.doors.measuring import NETS, Measured, measured
from bpcore.program.rates import Rates, rates


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure hardly at all."""

    def hardly(name: str, net: str) -> Measured:
        return measured(name, net, rounds=2, seconds=1e-4)

    def hardly_rates(backend: str, *, dtype: str) -> Rates:
        return rates(backend, dtype=dtype, seconds=1e-4)

    monkeypatch.setattr(bench, "measured", hardly)
    monkeypatch.setattr(bench, "rates", hardly_rates)


def test_a_step_is_measured(done: Callable[..., Result]) -> None:
    told = done("bench", "--backend", "numpy").stdout.splitlines()
    assert told[0].split() == [
        "network",
        "backend",
        "eager",
        "us",
        "+-",
        "compiled",
        "us",
        "+-",
        "faster",
        "first",
        "s",
    ]
    assert [line.partition("  ")[0] for line in told[1:]] == list(NETS)
    for line in told[1:]:
        words = line.split()
        eager, compiled, ratio = float(words[-7]), float(words[-5]), float(words[-3])
        assert eager / compiled == pytest.approx(ratio, rel=0.02)


def test_all_that_can_be_used_is_measured(
    done: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "_usable", lambda: ["numpy", "strict"])
    told = done("bench").stdout.splitlines()
    assert [line.split()[3] for line in told[1:3]] == ["numpy", "strict"]


def test_the_roofline_and_the_file(done: Callable[..., Result], folder: Path) -> None:
    told = done("bench", "--backend", "numpy", "--roofline", "--json", "out.json").stdout
    assert told.count("numpy, float32\n") == 1
    assert told.count(" x of the bound, ") == len(NETS)
    rows = json.loads((folder / "out.json").read_text("utf-8"))
    assert [row["network"] for row in rows] == list(NETS)
    for row in rows:
        assert row["compiled"]["median"] / row["bound"] == pytest.approx(row["of_bound"])
        assert row["bound_with_calls"] > row["bound"] > 0


def test_without_a_roofline_the_file_has_no_bound(done: Callable[..., Result], folder: Path) -> None:
    done("bench", "--backend", "numpy", "--json", "out.json")
    (first, *_) = json.loads((folder / "out.json").read_text("utf-8"))
    assert "bound" not in first


def test_what_is_refused(refused: Callable[..., str], folder: Path) -> None:
    assert 'Did you mean "numpy"?' in refused("bench", "--backend", "nunpy")
    assert "there is no folder none" in refused("bench", "--backend", "numpy", "--json", "none/out.json")
    assert "that is a folder" in refused("bench", "--backend", "numpy", "--json", str(folder))
    assert "--rofline" in refused("bench", "--rofline")


def test_where_the_cpu_is_faster_it_says_so_with_both_figures(
    done: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the times of another machine in place of an accelerator's: none is measured here."""
    real = bench.measured

    def as_if(name: str, net: str) -> Measured:
        found = real("strict" if name == "cupy:0" else name, net)
        slow = net.startswith("2-16")
        times = {"cupy:0": 60e-6, "numpy": 30e-6 if slow else 90e-6}
        compiled = replace(found.compiled, median=times[name])
        return replace(found, backend=name, compiled=compiled)

    monkeypatch.setattr(bench, "measured", as_if)
    monkeypatch.setattr(bench, "find_backend", lambda name: SimpleNamespace(name="cupy:0"))
    said = done("bench", "--backend", "cupy:0").stdout
    assert (
        "2-16-8-1, batch 400: the CPU is the better place for it: 30 us a step on numpy, 60 us on cupy:0."
        in said
    )
    assert said.count("better place") == 1
