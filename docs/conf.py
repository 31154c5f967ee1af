"""How a site is made of these documents: ``nox -s docs``."""

from __future__ import annotations

import re
from typing import Any

from bpcore import __version__

project = "bpcore"
release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
default_role = "code"
myst_heading_anchors = 3

autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "special-members": "__call__", "show-inheritance": True}
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False

html_theme = "furo"
CODE = {"code-font-size": "var(--font-size--small--3)"}  # 98 characters fit into a line
html_theme_options = {"light_css_variables": CODE, "dark_css_variables": CODE}
html_title = f"bpcore {release}"
html_copy_source = False
html_show_copyright = False

DECISIONS = "\n```{toctree}\n:hidden:\n:glob:\n\n0*\n```\n"


STARRED = re.compile(r"(?<![`\w])\([\w., ]*\*\w+[\w., ]*\)(?!`)")
"""A shape as docstrings write it, (batch, *shape), whose star would begin an emphasis."""


def setup(app: Any) -> None:
    """Connect what the documents do not say themselves."""
    app.connect("source-read", list_decisions)
    app.connect("autodoc-process-docstring", quote_shapes, priority=400)  # before napoleon, at 500
    app.connect("autodoc-process-docstring", keep_underscores, priority=600)  # after it


def quote_shapes(app: Any, what: str, name: str, it: Any, options: Any, lines: list[str]) -> None:
    """Set shapes in code."""
    lines[:] = [
        line if line.lstrip().startswith((">>>", "...")) else STARRED.sub(r"``\g<0>``", line)
        for line in lines
    ]


def keep_underscores(app: Any, what: str, name: str, it: Any, options: Any, lines: list[str]) -> None:
    """Leave attributes their last underscore, as in ``coef_``, which else would make a link of them."""
    lines[:] = [re.sub(r"^(:(?:ivar|vartype) \w+)_:", r"\1\_:", line) for line in lines]


def list_decisions(app: Any, name: str, source: list[str]) -> None:
    """Hang the decisions below their table: a directive in the document would show elsewhere."""
    if name == "decisions/README":
        source[0] += DECISIONS
