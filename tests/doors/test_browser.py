"""Pages in a browser: nothing on its console, the words are there, formulas and pictures have a size.

Debian's chromium is used where it is installed; the reason of a skip says that it is not.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import bpcore as bp
from tests.run.notebook_spiral import DATA, LOSS, NET, start

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here to open pages with")

QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--enable-logging=stderr", "--v=0", "--virtual-time-budget=3000", "--window-size=420,900"),
)

MEASURE = """
const sizes = {};
for (const kind of ["math", "svg"])
  sizes[kind] = [...document.getElementsByTagName(kind)].map(e => {
    const box = e.getBoundingClientRect(); return [box.width, box.height]; });
sizes.page = [document.documentElement.scrollWidth, document.documentElement.clientWidth];
document.body.dataset.sizes = JSON.stringify(sizes);
"""
"""What each formula and picture is as large as; and whether the page is wider than a phone's window."""


class Opened:
    """What a browser made of a page: its text, the sizes of elements, and the lines of its console."""

    def __init__(self, dom: str, log: str) -> None:
        self.console = [line for line in log.splitlines() if ":CONSOLE" in line]
        sizes = re.search(r'data-sizes="([^"]*)"', dom)
        assert sizes, log
        self.sizes: dict[str, Any] = json.loads(sizes[1].replace("&quot;", '"'))
        self.text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", re.sub(r"(?s)<style>.*?</style>", "", dom)))

    def is_fine(self, *words: str, pictures: int) -> None:
        """Want a quiet console, these words, so many pictures, and a size for all there is to see."""
        assert self.console == []
        for word in words:
            assert word in self.text, word
        assert len(self.sizes["svg"]) == pictures
        assert all(min(size) > 0 for kind in ("math", "svg") for size in self.sizes[kind])
        wide, window = self.sizes["page"]
        assert wide <= window  # what is too wide for a phone scrolls inside the page


@pytest.fixture
def opened(tmp_path: Path) -> Callable[[Path], Opened]:
    """Open a page from the disk, in a browser that has never run before.

    A script that measures is let in by its hash; for all else the page's own policy holds.
    """

    def browse(path: Path) -> Opened:
        html = path.read_text(encoding="utf-8")
        digest = base64.b64encode(hashlib.sha256(MEASURE.encode()).digest()).decode()
        measured = html.replace("default-src 'none'", f"default-src 'none'; script-src 'sha256-{digest}'", 1)
        assert measured != html
        copy = path.with_name(f"measured-{path.name}")
        copy.write_text(measured.replace("</body>", f"<script>{MEASURE}</script></body>"), encoding="utf-8")
        found = subprocess.run(
            [str(CHROMIUM), *QUIET, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", copy.as_uri()],
            env=os.environ | {"HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Opened(found.stdout, found.stderr)

    return browse


def test_the_page_of_the_notebooks_run(opened: Callable[[Path], Opened], tmp_path: Path) -> None:
    optimizer = bp.SGD(0.5)
    run = bp.fit(NET, DATA, loss=LOSS, optimizer=optimizer, epochs=1000, params=start(), progress=None)
    path = bp.report(run, DATA, path=tmp_path / "run.html", optimizer=optimizer, start=start())
    opened(path).is_fine(
        "The loss rose from", "the step was too long", "SGD, rate 0.5", "400 of 400 right", pictures=4
    )


def test_the_page_of_an_explanation(opened: Callable[[Path], Opened], tmp_path: Path) -> None:
    path = tmp_path / "mazur.html"
    path.write_text(bp.explain("mazur").html(), encoding="utf-8")
    page = opened(path)
    page.is_fine("Forward", "0.298371109", "After the update", "Published digits", "rounded", pictures=1)
    assert len(page.sizes["math"]) > 200


def test_what_a_page_would_fetch_is_on_the_console(opened: Callable[[Path], Opened], tmp_path: Path) -> None:
    """So a quiet console means that nothing was fetched, and no script ran."""
    from bpcore.doors.pages.rendering import page

    path = tmp_path / "bad.html"
    bad = "<img src='http://127.0.0.1:9/x.png'><script>document.title = 'x'</script>"
    html = page("base.html", title="<b>Not bold</b>")
    path.write_text(html.replace("</body>", f"{bad}</body>"), encoding="utf-8")
    found = opened(path)
    assert len(found.console) == 2
    assert all("Content Security Policy" in line for line in found.console)
    assert "&lt;b&gt;Not bold&lt;/b&gt;" in found.text
