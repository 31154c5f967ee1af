"""Einstein's notation, read: one letter for each axis of each operand, and those of the result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from string import ascii_letters
from typing import NamedTuple

from bpcore.words.errors import OptionError, ShapeError
from bpcore.words.protocols import Shape

__all__ = ["Subscripts", "spare_letters", "subscripts_of"]


class Subscripts(NamedTuple):
    """Letters for every axis; none is left out.

    Attributes
    ----------
    inputs : tuple of str
        For each operand, one letter for each axis.
    output : str
        The letters of the result's axes.
    sizes : mapping of str to int
        The length of the axes of each letter; an axis of length 1 goes with any other length.
    """

    inputs: tuple[str, ...]
    output: str
    sizes: Mapping[str, int]


def subscripts_of(text: str, shapes: Sequence[Shape]) -> Subscripts:
    """Read the notation: an ellipsis becomes letters, and an output that is left out is found.

    Parameters
    ----------
    text : str
        As in ``"ij,jk->ik"``; blanks do not matter.
    shapes : sequence of tuple of int
        Of the operands.
    """
    if not isinstance(text, str):
        raise OptionError("subscripts", text, 'a text such as "ij,jk->ik"')
    return _read(text, tuple(tuple(shape) for shape in shapes))


@lru_cache(maxsize=512)
def _read(text: str, shapes: tuple[Shape, ...]) -> Subscripts:
    left, arrow, right = text.replace(" ", "").partition("->")
    parts = left.split(",")
    if len(parts) != len(shapes):
        raise ShapeError(f'einsum "{text}"', f"{len(parts)} operands", len(shapes))
    wrong = set("".join([*parts, right]).replace("...", "")) - set(ascii_letters)
    if wrong:
        raise OptionError("subscripts", text, "of letters, commas, one -> and ellipses")
    if not arrow:
        right = _implied(parts)
    widths = [_width(text, part, shape) for part, shape in zip(parts, shapes, strict=True)]
    dots = "".join(letter for _, letter in zip(range(max(widths)), spare_letters(text), strict=False))
    inputs = tuple(
        part.replace("...", dots[len(dots) - width :]) for part, width in zip(parts, widths, strict=True)
    )
    output = right.replace("...", dots)
    if len(set(output)) < len(output) or not set(output) <= set("".join(inputs)):
        raise OptionError("subscripts", text, "such that the result's letters are the operands', each once")
    return Subscripts(inputs, output, _sizes(text, inputs, shapes))


def spare_letters(*texts: str) -> Iterator[str]:
    """Yield the letters that none of the texts has."""
    used = set("".join(texts))
    return (letter for letter in reversed(ascii_letters) if letter not in used)


def _implied(parts: Sequence[str]) -> str:
    """Return the output that is meant where none is given: the letters that come once, in order."""
    letters = "".join(parts).replace("...", "")
    once = "".join(sorted(letter for letter in set(letters) if letters.count(letter) == 1))
    return ("..." if any("..." in part for part in parts) else "") + once


def _width(text: str, part: str, shape: Shape) -> int:
    """Return how many axes the ellipsis of an operand stands for."""
    named = len(part.replace("...", ""))
    width = len(shape) - named
    if width < 0 or (width and "..." not in part):
        raise ShapeError(f'einsum "{text}"', f'{named} axes for "{part}"', f"shape {tuple(shape)}")
    return width


def _sizes(text: str, inputs: Sequence[str], shapes: Sequence[Shape]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for letters, shape in zip(inputs, shapes, strict=True):
        for letter, size in zip(letters, shape, strict=True):
            known = sizes.setdefault(letter, size)
            if 1 not in (known, size) and known != size:
                raise ShapeError(f'einsum "{text}"', f"one length for every {letter}", f"{known} and {size}")
            sizes[letter] = size if known == 1 else known
    return sizes
