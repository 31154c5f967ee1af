"""Templates into pages: Jinja, with everything escaped and nothing fetched from a network."""

from __future__ import annotations

import re
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

from bpcore.words.errors import LibraryMissing
from bpcore.words.protocols import Static

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

__all__ = ["mathml", "page", "ready", "trusted"]

EXTRA = "pages"


def ready() -> None:
    """Raise `LibraryMissing` unless all that pages need is installed."""
    _templates()
    for library in ("latex2mathml", "matplotlib"):
        if find_spec(library) is None:
            raise LibraryMissing("a page", library, EXTRA)


def page(template: str, **values: Static) -> str:
    """Return a template of this package with values put in; what is no `trusted` text is escaped."""
    text: str = _templates().get_template(template).render(**values)
    return text


@cache
def _templates() -> Environment:
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ImportError as error:
        raise LibraryMissing("a page", "jinja2", EXTRA) from error
    return Environment(
        loader=PackageLoader("bpcore.doors.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def trusted(text: str) -> Markup:
    """Return markup that bpcore or a library made itself, which is not escaped."""
    from markupsafe import Markup

    return Markup(text)  # noqa: S704 -- see above


_LESS, _MORE = "\ue000", "\ue001"
"""Stand in for < and > while a formula is converted: inside a text they would come out as markup."""

_MINUS = re.compile(r"(<mo[^>]*>&#x000(?:28|3D);</mo>)<mo>&#x02212;</mo>")
"""A minus after a bracket or a sign of equality: it is a sign, not an operator between two operands."""


@cache
def mathml(latex: str) -> Markup:
    """Return a formula in LaTeX as MathML, which browsers draw without a script.

    Raises
    ------
    LibraryMissing
        When latex2mathml is not installed.
    """
    try:
        from latex2mathml.converter import convert
    except ImportError as error:
        raise LibraryMissing("a page", "latex2mathml", EXTRA) from error
    made = convert(latex.replace("<", _LESS).replace(">", _MORE), display="inline")
    made = made.replace(_LESS, "&lt;").replace(_MORE, "&gt;")
    made = made.replace("<math ", '<math displaystyle="true" ', 1)
    return trusted(_MINUS.sub(r'\1<mo form="prefix">&#x02212;</mo>', made))
