"""Pictures as files: whole, the same each time, of kinds that are known; nothing global is touched."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import bpcore as bp
from bpcore.words.errors import DataError, FileError, LibraryMissing, OptionError

HISTORY = {"loss": [3.0, 2.0, 1.0]}


@pytest.mark.parametrize(("suffix", "head"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_each_kind_is_written_the_same_each_time(tmp_path: Path, suffix: str, head: bytes) -> None:
    first = bp.plots.save(tmp_path / f"a.{suffix}", bp.plots.loss(HISTORY)).read_bytes()
    second = bp.plots.rendered(bp.plots.loss(HISTORY), suffix)
    assert first == second
    assert first.startswith(head)
    assert [path.name for path in tmp_path.iterdir()] == [f"a.{suffix}"]


def test_figures_are_taken_too_and_dots_are_chosen(tmp_path: Path) -> None:
    ax = bp.plots.loss(HISTORY)
    small, large = (bp.plots.rendered(ax.figure, "png", dpi=dpi) for dpi in (50, 200))
    assert int.from_bytes(large[16:20]) == 4 * int.from_bytes(small[16:20])


def test_a_file_stays_whole_when_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    ax = bp.plots.loss(HISTORY)

    def broken(*args: Any, **options: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(type(ax.figure), "savefig", broken)
    with pytest.raises(RuntimeError):
        bp.plots.save(path, ax)
    assert path.read_bytes() == b"old"


def test_kinds_that_are_not_known(tmp_path: Path) -> None:
    ax = bp.plots.loss(HISTORY)
    with pytest.raises(FileError, match=r"is written as \.png, \.svg, \.pdf, not as \.gif\. Name it a\.png"):
        bp.plots.save(tmp_path / "a.gif", ax)
    with pytest.raises(FileError, match="not as a file without suffix"):
        bp.plots.save(tmp_path / "a", ax)
    with pytest.raises(OptionError, match="the kind of a picture must be one of pdf, png, svg"):
        bp.plots.rendered(ax, "bmp")
    ax.remove()
    with pytest.raises(DataError, match="in no figure any more"):
        bp.plots.rendered(ax, "png")


def test_without_matplotlib_the_install_line_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(LibraryMissing, match=r'a picture needs matplotlib.*pip install "bpcore\[plot\]"'):
        bp.plots.loss(HISTORY)
    with pytest.raises(ImportError):
        bp.plots.vanishing_chain()


def test_pyplot_is_not_brought_along() -> None:
    code = (
        "import sys, bpcore as bp\n"
        "assert 'matplotlib' not in sys.modules\n"
        "bp.plots\n"
        "assert 'matplotlib' not in sys.modules\n"
        "bp.plots.rendered(bp.plots.loss({'loss': [2.0, 1.0]}), 'png')\n"
        "sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
