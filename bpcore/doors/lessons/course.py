"""The course "Mathematics behind backpropagation": two networks worked by hand, and its calculus.

Source: P. Szepesi, the course's handouts and notebooks (github.com/patrikszepesi/backpropagation-course).
Both networks are without biases, with half the squared error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from bpcore.doors.lessons import course_calculus, course_linear, course_sigmoid
from bpcore.doors.paper.explanation import Explanation
from bpcore.ground.backend import Backend
from bpcore.words.errors import choose
from bpcore.words.protocols import Static

__all__ = ["PARTS", "UPDATED", "course"]

PARTS: Mapping[str, Callable[..., Explanation]] = MappingProxyType(
    {
        "linear": course_linear.linear,
        "sigmoid": course_sigmoid.sigmoid,
        "cubic": course_calculus.cubic,
        "paraboloid": course_calculus.paraboloid,
        "chain": course_calculus.chain,
        "descent": course_calculus.descent,
    }
)

UPDATED = ("linear", "sigmoid", "descent")
"""The parts that take a step."""


def course(*, style: Mapping[str, Static], backend: Backend, part: str = "sigmoid") -> Explanation:
    """Return a part of the course.

    Parameters
    ----------
    style : mapping
        Of `Style`; rate and decimals are the part's own unless it says otherwise.
    backend : Backend
    part : str
        ``linear`` and ``sigmoid`` are its networks; ``cubic``, ``paraboloid``, ``chain`` and ``descent`` its
        calculus.
    """
    return PARTS[choose("part", part, PARTS)](style=style, backend=backend)
