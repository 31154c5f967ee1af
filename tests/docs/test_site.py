"""The documents as a whole: where links lead, which pages are in the contents, which names are listed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import bpcore
import bpcore.estimators

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
DOCUMENTS = [*ROOT.glob("*.md"), *sorted(DOCS.rglob("*.md"))]
FENCED = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
LISTED = re.compile(r"^\.\. auto(?:class|function|module):: (\S+)$", re.MULTILINE)
MODULES = {
    "bpcore.derivatives.special": "special",
    "bpcore.run.datasets": "datasets",
    "bpcore.run.metrics": "metrics",
    "bpcore.doors.plots": "plots",
}


def prose(text: str) -> str:
    """Return a document without its blocks."""
    return FENCED.sub("", text)


def anchors(text: str) -> set[str]:
    """Return what can follow ``#`` in a link to a document, as GitHub and MyST make it."""
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
        for heading in HEADING.findall(prose(text))
    }


def broken_links(document: Path, text: str) -> list[str]:
    """Return the links that lead to no file, or to no heading of it."""
    broken = []
    for link in LINK.findall(prose(text)):
        path, _, anchor = link.partition("#")
        target = (document.parent / path) if path else document
        if "://" in link or link.startswith("mailto:"):
            continue
        if not target.exists() or (anchor and anchor not in anchors(target.read_text("utf-8"))):
            broken.append(link)
    return broken


def contents(index: str) -> set[str]:
    """Return the pages that the tables of contents list."""
    tables = re.findall(r"^```\{toctree\}\n(.*?)^```", index, re.DOTALL | re.MULTILINE)
    return {line for table in tables for line in table.splitlines() if line and not line.startswith(":")}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    assert not broken_links(document, document.read_text("utf-8"))


def test_every_page_is_in_the_contents() -> None:
    pages = {str(page.relative_to(DOCS).with_suffix("")) for page in DOCS.rglob("*.md")}
    decisions = {page for page in pages if re.match(r"decisions/\d", page)}  # below their table: docs/conf.py
    assert contents((DOCS / "index.md").read_text("utf-8")) == pages - decisions - {"index"}


def test_every_public_name_is_listed() -> None:
    found = LISTED.findall((DOCS / "api.md").read_text("utf-8"))
    assert len(set(found)) == len(found)
    names = [MODULES.get(name) or name.removeprefix("bpcore.") for name in found]
    estimators = [f"estimators.{name}" for name in bpcore.estimators.__all__]
    assert sorted(names) == sorted([*bpcore.__all__, *estimators])


@pytest.mark.parametrize("link", ["nothing.md", "README.md#no-such-heading", "#no-such-heading"])
def test_a_link_to_nowhere_is_seen(link: str) -> None:
    document = ROOT / "README.md"
    assert broken_links(document, f"[x]({link}) [y](README.md#read-on) [z](https://example.org)") == [link]
    assert not broken_links(document, f"```text\n[x]({link})\n```\n")
