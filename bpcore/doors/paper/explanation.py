"""`Explanation`: one step on paper, to be read, asked, printed and checked against."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING

from bpcore.doors.paper.line import AFTER, FORWARD, GIVEN, GRADIENT, SLOPE, UPDATE, Line
from bpcore.doors.paper.published import Published
from bpcore.doors.paper.sheet import element_names
from bpcore.doors.paper.terms import Symbol
from bpcore.words.errors import OptionError, did_you_mean
from bpcore.words.protocols import Static

if TYPE_CHECKING:
    from bpcore.doors.paper.by_hand import Checked

__all__ = ["SECTIONS", "Explanation"]

SECTIONS: Mapping[str, str] = {
    GIVEN: "Given",
    FORWARD: "Forward",
    SLOPE: "Backward",
    GRADIENT: "Backward",
    UPDATE: "Update",
    AFTER: "After the update",
}
"""The heading that each kind of line stands under."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Explanation:
    """One step on paper.

    Its text is ``str(explanation)``; ``explanation[name]`` is the number of that name.

    Attributes
    ----------
    title : str
    lines : tuple of Line
        In the order in which they are computed.
    result : Symbol
        What was differentiated: the loss.
    decimals : int
        How many are printed.
    arithmetic : str
        What the numbers were computed in, in words.
    notes : tuple of str
        What is to be known beside the numbers.
    transposed : mapping of Symbol to Symbol
        For the elements of a weight, the one that stands there when the matrix is turned.
    publish : function
        That returns what was published of this example, each beside the number that is right.
    """

    title: str
    lines: tuple[Line, ...]
    result: Symbol
    decimals: int = 6
    arithmetic: str = ""
    notes: tuple[str, ...] = ()
    transposed: Mapping[Symbol, Symbol] = field(default_factory=dict)
    publish: Callable[[], tuple[Published, ...]] = tuple

    @cached_property
    def published(self) -> tuple[Published, ...]:
        """What was published of this example; it is computed when it is asked for."""
        return self.publish()

    @cached_property
    def by_name(self) -> Mapping[str, Line]:
        """The lines by their names, the reader's and the systematic ones."""
        found = {line.means: line for line in self.lines if line.means}
        return found | {line.symbol.name: line for line in self.lines}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all lines, in order."""
        return tuple(line.symbol.name for line in self.lines)

    def line(self, name: str, /) -> Line:
        """Return the line of that name, or of the array that it is an element of: ``layer_12`` of ``layer``.

        Raises
        ------
        OptionError
            When there is none; with the near one.
        """
        if name in self.by_name:
            return self.by_name[name]
        array = next((line for line in self.lines if self._place(line, name) is not None), None)
        if array is None:
            alike = [one for one in self.by_name if one.lower() == name.lower()]
            near = f' Did you mean "{alike[0]}"?' if alike else did_you_mean(name, self.by_name)
            do = f"{near} Printed, the explanation shows all names.".strip()
            raise OptionError("name", name, f"a quantity of {self.title!r}", do)
        return array

    def place(self, name: str, /) -> tuple[int, ...]:
        """Return the index of an element in the array of its line; nothing for a line by itself."""
        line = self.line(name)
        return () if name in (line.symbol.name, line.means) else self._place(line, name) or ()

    @staticmethod
    def _place(line: Line, name: str) -> tuple[int, ...] | None:
        shape = getattr(line.value, "shape", ())
        whole = line.symbol.name
        if not shape or not name.startswith(whole.removesuffix("+")):
            return None
        after = "+" if whole.endswith("+") else ""
        elements = element_names(whole.removesuffix("+"), shape)
        return next((index for index, symbol in elements.items() if symbol.name + after == name), None)

    def __getitem__(self, name: str, /) -> Static:
        place = self.place(name)
        value = self.line(name).value
        return value[place].item() if place else value

    def sections(self) -> Iterator[tuple[str, tuple[Line, ...]]]:
        """Yield heading and lines, in order; in the sequential order a heading comes more than once."""
        for heading, lines in groupby(self.lines, key=lambda line: SECTIONS[line.kind]):
            yield heading, tuple(lines)

    def __str__(self) -> str:
        from bpcore.doors.paper.text import text

        return text(self)

    def __repr__(self) -> str:
        return f"<Explanation of {self.title}: {len(self.lines)} lines>"

    def markdown(self) -> str:
        """Return Markdown with the formulas as LaTeX."""
        from bpcore.doors.paper.markdown import markdown

        return markdown(self)

    def html(self) -> str:
        """Return a page of HTML that needs nothing else; wants the extra ``pages``."""
        from bpcore.doors.pages.explanation import explanation_page

        return explanation_page(self)

    def check(self, answers: Mapping[str, Static], /) -> Checked:
        """Return what is to be said of somebody's own numbers, by name; see `bpcore.check_by_hand`."""
        from bpcore.doors.paper.by_hand import checked

        return checked(answers, self)

    def _repr_markdown_(self) -> str:
        """Return what a notebook shows."""
        return self.markdown()
