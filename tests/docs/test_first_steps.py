"""What a newcomer has to know before the first block: where to begin, and what to install."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "guide"


def test_the_readme_says_where_a_learner_begins() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    first = text[: text.index("## Gradients of your own functions")]
    for words in ("docs/guide/01-one-weight.md", "bpcore explain mazur", "bpcore plot", '".[pages]"'):
        assert words in first
    assert "stands for a table of your own" in text[: text.index("bpcore train flowers.csv")]


@pytest.mark.parametrize("extra", ["plot", "pages"])
def test_the_readme_lists_the_extras_of_pictures_and_pages(extra: str) -> None:
    assert f"| `{extra}` |" in (ROOT / "README.md").read_text("utf-8")


@pytest.mark.parametrize("page", sorted(GUIDE.glob("*.md")), ids=lambda page: page.stem)
def test_who_draws_says_first_what_to_install(page: Path) -> None:
    text = page.read_text("utf-8")
    for sign, extras in (
        ("bp.plots.", ('".[plot]"', '".[pages]"')),
        ("bp.report(", ('".[pages]"',)),
        ("--html", ('".[pages]"',)),
    ):
        used = text.find(sign)
        if used >= 0:
            line_end = text.find("\n\n", used)
            assert any(extra in text[:line_end] for extra in extras), sign


def test_the_guide_says_once_what_an_extra_is_called_where() -> None:
    text = (GUIDE / "README.md").read_text("utf-8")
    before = text[: text.index("1. [One weight]")]
    for words in ('".[pages]"', '"bpcore[pages]"', '".[plot]"', '"bpcore[plot]"'):
        assert words in before
