"""Groups: which parameters learn otherwise than the others, or not at all, by the paths of their names."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from bpcore.words.errors import OptionError, did_you_mean
from bpcore.words.protocols import Tree
from bpcore.words.ranges import check_number
from bpcore.words.trees import named_leaves

__all__ = ["Group", "check_patterns", "group_pairs", "groups_of", "patterns"]


@dataclass(frozen=True, kw_only=True)
class Group:
    """What is other for some parameters.

    Parameters
    ----------
    factor : float >= 0
        The optimizer's rate, scheduled or not, is multiplied by it.
    decay : float >= 0, or None
        The weight decay, of optimizers that have one; None is the optimizer's.
    """

    factor: float = 1.0
    decay: float | None = None

    def __post_init__(self) -> None:
        wanted = "a number, 0 or more"
        check_number("factor of Group", self.factor, wanted, lambda factor: 0 <= factor < math.inf)
        if self.decay is not None:
            check_number("decay of Group", self.decay, wanted, lambda decay: 0 <= decay < math.inf)


Pairs = tuple[tuple[str, Group], ...]


def patterns(option: str, given: object) -> tuple[str, ...]:
    """Return patterns of paths, of which there may be one, as a tuple."""
    found = (given,) if isinstance(given, str) else given
    if not isinstance(found, list | tuple) or not all(isinstance(pattern, str) for pattern in found):
        raise OptionError(option, given, 'patterns of names of parameters, as ("0.*", "*.bias")')
    return tuple(found)


def group_pairs(option: str, given: object) -> Pairs:
    """Return groups, given as a mapping or as pairs, as pairs of pattern and group."""
    pairs = tuple(given.items()) if isinstance(given, Mapping) else given
    fits = isinstance(pairs, tuple) and all(
        isinstance(pair, tuple)
        and len(pair) == 2  # noqa: PLR2004
        and isinstance(pair[0], str)
        and isinstance(pair[1], Group)
        for pair in pairs
    )
    if not fits:
        raise OptionError(option, given, 'groups by pattern, as {"0.*": bpcore.Group(factor=0.1)}')
    return tuple(pairs)  # type: ignore[arg-type]  # looked at above


def check_patterns(option: str, wanted: Sequence[str], params: Tree) -> None:
    """Raise `OptionError` for a pattern that matches no parameter: it would do nothing, in silence."""
    names = [name for name, _ in named_leaves(params)]
    for pattern in wanted:
        if not any(fnmatchcase(name, pattern) for name in names):
            shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")  # noqa: PLR2004
            do = did_you_mean(pattern, names).strip()
            raise OptionError(option, pattern, f"a pattern that matches one of {shown}", do)


def groups_of(params: Tree, freeze: Sequence[str], groups: Pairs) -> list[Group | None]:
    """Return each leaf's group, in the order in which they are flattened; None for what is frozen.

    The first pattern that matches decides.
    """
    found: list[Group | None] = []
    for name, _ in named_leaves(params):
        if any(fnmatchcase(name, pattern) for pattern in freeze):
            found.append(None)
        else:
            found.append(next((group for pattern, group in groups if fnmatchcase(name, pattern)), Group()))
    return found
