"""The lessons by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from bpcore.doors.lessons.course import PARTS, course
from bpcore.doors.lessons.mazur import mazur
from bpcore.doors.lessons.spiral import spiral
from bpcore.doors.lessons.svpino import svpino
from bpcore.doors.paper.explanation import Explanation
from bpcore.ground.registry import backend as find_backend
from bpcore.words.errors import OptionError, choose
from bpcore.words.protocols import Static

__all__ = ["LESSONS", "every", "explained", "options_of"]

LESSONS: Mapping[str, Callable[..., Explanation]] = MappingProxyType(
    {"course": course, "mazur": mazur, "spiral": spiral, "svpino": svpino}
)


def options_of(name: str) -> tuple[str, ...]:
    """Return the options that a lesson has beside those of all."""
    from inspect import signature

    return tuple(
        option for option in signature(LESSONS[name]).parameters if option not in ("style", "backend")
    )


def explained(name: str, /, **options: Static) -> Explanation:
    """Return a lesson's step.

    Raises
    ------
    OptionError
        For a name or an option that is not known, with the near one.
    """
    lesson = LESSONS[choose("lesson", name, LESSONS)]
    known = options_of(name)
    for option in options:
        if option not in (*known, "style", "backend"):
            raise OptionError(f"option of {name}", option, f"one of {', '.join(known) or 'none'}")
    return lesson(**options)


def every(name: str | None = None) -> Iterator[Explanation]:
    """Yield every lesson's step, or those of one name, each part of the course by itself, on NumPy."""
    place = find_backend("numpy")
    for one in LESSONS if name is None else (choose("lesson", name, LESSONS),):
        if one == "course":
            for part in PARTS:
                yield course(style={}, backend=place, part=part)
        else:
            yield LESSONS[one](style={"form": "elements"} if one == "svpino" else {}, backend=place)
