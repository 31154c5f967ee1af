"""The reader's answers: from a mapping or a CSV file, against the lesson that has their names."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from bpcore.doors.paper.by_hand import Checked, checked
from bpcore.doors.paper.explanation import Explanation
from bpcore.words.errors import BpcoreError, FileError, OptionError
from bpcore.words.protocols import Static

__all__ = ["check_by_hand", "read_answers"]

Answers = Mapping[str, Static] | str | os.PathLike[str]


def check_by_hand(answers: Answers, explanation: Explanation | str | None = None, /) -> Checked:
    """Compare numbers that were computed by hand with the lines of a step.

    The first wrong one is named, and what was likely done: the usual mistakes are tried, in its line and in
    those that it is made of, and those are told that give the very digits. An answer is right when it is the
    number rounded or cut to the digits given, or what follows from earlier answers that were rounded so.

    Parameters
    ----------
    answers : mapping of str to number or text, or path of a CSV file of names and numbers
        Text keeps the digits: ``"0.2350"`` is a number of four decimals.
    explanation : Explanation, str or None
        What is compared with: a step, or the name of a lesson; None for the lesson that knows all the names.

    Returns
    -------
    Checked
        True where all are right; ``checked.first`` is the first wrong answer, with its kind and reason.

    Raises
    ------
    OptionError
        For a name that is not known, with the near one; an answer that is no number; or names that several
        lessons know.
    FileError
        When the file cannot be read.

    Examples
    --------
    >>> import bpcore as bp
    >>> print(bp.check_by_hand({"net_h1": "0.3775", "out_h1": "0.593", "E_o1": "0.5496"}))
    first wrong line: E_o1 = 0.5496, should be 0.274811083
      missing half: the half of the squared error is left out
      the same number comes of: missing factor
    """
    told = answers if isinstance(answers, Mapping) else read_answers(answers)
    if explanation is not None and not isinstance(explanation, Explanation | str):
        raise OptionError("explanation", explanation, "what explain returned, or the name of a lesson")
    return checked(
        told, explanation if isinstance(explanation, Explanation) else _lesson_of(told, explanation)
    )


def read_answers(path: str | os.PathLike[str]) -> dict[str, str]:
    """Return names and numbers of a CSV file, one pair in each row; a row of headings may come first.

    Raises
    ------
    FileError
        When there is no such file, or a row that is no name and number.
    """
    if not isinstance(path, str | os.PathLike):
        raise OptionError("answers", path, "names and numbers, or the path of a CSV file of them")
    path = Path(path)
    if path.exists() and not path.is_file():
        raise FileError(path, "it is no ordinary file", FORM)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise FileError(path, "there is no such file", FORM) from None
    except UnicodeDecodeError:
        raise FileError(path, "it is no text in UTF-8", FORM) from None
    except OSError as error:
        raise FileError(path, f"it cannot be read ({error.strerror})", FORM) from None
    found: dict[str, str] = {}
    for number, row in _rows(path, text):
        name, value = row
        if not _is_number(value):
            if number == 1:  # headings
                continue
            raise FileError(path, f"row {number}: {value!r} is no number", "Write it as 0.3775.")
        if name in found:
            raise FileError(path, f"row {number}: {name} is there twice", "Leave one of them out.")
        found[name] = value
    if not found:
        raise FileError(path, "there are no answers in it", FORM)
    return found


FORM = "Write a name and a number in each row, as net_h1,0.3775."


def _rows(path: Path, text: str) -> Iterator[tuple[int, tuple[str, str]]]:
    """Yield the number and the two cells of each row; a semicolon between them allows a decimal comma."""
    for number, row in enumerate(text.splitlines(), start=1):
        if not row.strip():
            continue
        comma = ";" not in row
        cells = [cell.strip() for cell in (next(csv.reader([row])) if comma else row.split(";"))]
        if len(cells) != 2 or not cells[0]:  # noqa: PLR2004
            raise FileError(path, f"row {number} has {len(cells)} cells", FORM)
        yield number, (cells[0], cells[1] if comma else cells[1].replace(",", "."))


def _is_number(text: str) -> bool:
    try:
        float(text.replace("\N{MINUS SIGN}", "-"))
    except ValueError:
        return False
    return True


def _lesson_of(answers: Mapping[str, Static], name: str | None) -> Explanation:
    """Return the lesson, of those of that name, that knows all names; of several, the one that they fit."""
    from bpcore.doors.lessons.catalog import every

    steps = list(every(name))
    missing = {id(step): [one for one in answers if not _knows(step, one)] for step in steps}
    knowing = [step for step in steps if not missing[id(step)]]
    if len(knowing) > 1:
        fitting = [step for step in knowing if checked(answers, step)]
        if len(fitting) != 1:
            titles = "; ".join(step.title for step in knowing)
            do = f"These are names of: {titles}. Say which, as bp.explain(..., part=...)."
            raise OptionError("answers", list(answers), "names of one lesson", do)
        return fitting[0]
    if knowing:
        return knowing[0]
    nearest = min(steps, key=lambda step: len(missing[id(step)]))
    unknown = missing[id(nearest)][0]
    if len(steps) == 1:
        nearest.line(unknown)  # which raises
    try:
        nearest.line(unknown)
    except OptionError as error:
        do = f"Nearest is {nearest.title!r}. {error.do}"
        raise OptionError("answers", unknown, "a quantity of a lesson", do) from None
    raise AssertionError


def _knows(explanation: Explanation, name: str) -> bool:
    try:
        explanation.line(name)
    except BpcoreError:
        return False
    return True
