"""An explanation on the terminal: the same text, with headings, names and verdicts to be seen at a glance."""

from __future__ import annotations

import re

from rich.console import Console
from rich.highlighter import RegexHighlighter
from rich.theme import Theme

from bpcore.doors.paper.explanation import SECTIONS, Explanation
from bpcore.doors.paper.published import RIGHT, ROUNDED, TRUNCATED, WRONG
from bpcore.doors.paper.text import PUBLISHED

__all__ = ["show"]

HEADINGS = "|".join(re.escape(heading) for heading in (*dict.fromkeys(SECTIONS.values()), PUBLISHED))


class _Paper(RegexHighlighter):
    """Headings, the name that a line begins with, its result, and what published digits are."""

    base_style = "paper."
    highlights = [  # noqa: RUF012 -- rich's own attribute
        rf"(?m)^(?P<heading>{HEADINGS})$",
        r"(?m)^  (?P<name>\S+(?: through \S+)?) = ",
        r"(?m) = (?P<result>-?[\d.e+-]+)$",
        rf"  (?P<right>{RIGHT}|{ROUNDED})(?=\s|$)",
        rf"  (?P<cut>{TRUNCATED})(?=\s|$)",
        rf"  (?P<wrong>{WRONG})(?=\s|$)",
    ]


THEME = Theme(
    {
        "paper.heading": "bold",
        "paper.name": "cyan",
        "paper.result": "bold",
        "paper.right": "green",
        "paper.cut": "yellow",
        "paper.wrong": "red",
    }
)


def show(explanation: Explanation) -> None:
    """Print to standard output; in colours where that is a terminal."""
    console = Console(theme=THEME, highlighter=_Paper(), soft_wrap=True, markup=False, emoji=False)
    console.print(str(explanation))
