"""Templates into pages: Jinja, with everything escaped and nothing fetched from a network."""

from __future__ import annotations

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


@cache
def mathml(latex: str, *, block: bool = False) -> Markup:
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
    return trusted(convert(latex, display="block" if block else "inline"))
