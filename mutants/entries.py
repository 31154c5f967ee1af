"""Mutations of an entry of the table: a whole rule, the way forward, the sum over broadcast axes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from bpcore.derivatives.rules import TABLE
from bpcore.derivatives.rules.function import EachInput, Forward, Function

__all__ = ["WHOLE", "EntryChange", "entry_changes"]

Rule = Callable[..., Any]
EntryChange = tuple[str, str, str, dict[str, Any]]
"""Kind, what was, what is instead, and the fields of the entry."""


class Broken(Sequence[Any]):
    """The rules of a function, one of them broken."""

    def __init__(self, rules: Sequence[Any], index: int, how: Callable[[Rule], Rule | None]) -> None:
        self.rules, self.which, self.how = rules, index, how

    def __getitem__(self, index: Any) -> Any:
        return self.how(self.rules[index]) if index == self.which else self.rules[index]

    def __len__(self) -> int:
        return len(self.rules)


def _then(change: Callable[[Any, Any], Any]) -> Callable[[Rule], Rule]:
    """Return what puts a change after a rule; where the rule has no cotangent to give, there is none."""

    def how(rule: Rule) -> Rule:
        def broken(xp: Any, *args: Any, **static: Any) -> Any:
            dx = rule(xp, *args, **static)
            return None if dx is None else change(xp, dx)

        return broken

    return how


WHOLE: dict[str, Callable[[Rule], Rule | None]] = {
    "sign": _then(lambda xp, dx: xp.negative(dx)),
    "factor": _then(lambda xp, dx: xp.multiply(2.0, dx)),
    "transpose": _then(lambda xp, dx: xp.permute_dims(dx, tuple(reversed(range(dx.ndim))))),
    "dropped rule": lambda rule: None,
    "cut from higher orders": _then(lambda xp, dx: xp.stop_gradient(dx)),
}
"""What can be wrong with a rule as a whole, whatever it is."""

BOTH = frozenset({"multiply"})
"""Element by element and a product: two ways forward that are both right."""
LINEAR_TOO = frozenset(
    {"negative", "positive", "conj", "real", "imag", "add", "subtract", "where", "nextafter"}
)
"""Element by element and linear: likewise."""
OWN_TRANSPOSE = frozenset(
    {
        "copy",
        "flip",
        "linalg.cofactors",
        "tril",
        "triu",
        "to_device",
        "fft.fft",
        "fft.ifft",
        "fft.fftn",
        "fft.ifftn",
        "astype",
        "pad",
    }
)
"""Right with the rule in place of the function too: the rule is the function, or its matrix is symmetric; or
`pad`, which is linear and declared as nothing."""


def entry_changes(entry: Function) -> Iterator[EntryChange]:
    """Yield every mutation of an entry that has rules."""
    rules = entry.backward
    if rules is None:
        return
    count = 2 if isinstance(rules, EachInput) else len(rules)
    there = [i for i in range(count) if rules[i] is not None]
    for i in there:
        for kind, how in WHOLE.items():
            yield kind, f"rule {i}", f"rule {i}, {kind}", {"backward": Broken(rules, i, how)}
    if len(there) > 1 and not isinstance(rules, EachInput):
        turned = list(rules)
        turned[there[0]], turned[there[1]] = turned[there[1]], turned[there[0]]
        if entry.name != "add":  # both rules are the same there
            yield "swapped functions", "rules", "rules in another order", {"backward": tuple(turned)}
    if entry.broadcasts and count > 1:
        yield "wrong axis", "broadcasts", "axes that were broadcast are not summed", {"broadcasts": False}
    for wrong in _wrong_forward(entry):
        yield "wrong forward mode", entry.forward.name, wrong.name, {"forward": wrong}


def _wrong_forward(entry: Function) -> Iterator[Forward]:
    """Yield ways forward that are wrong for this function; transposing the rule is right for all."""
    match entry.forward:
        case Forward.DIAGONAL if entry.name not in LINEAR_TOO:
            yield Forward.LINEAR
            if entry.name not in BOTH:
                yield Forward.MULTILINEAR
        case Forward.LINEAR if entry.name not in OWN_TRANSPOSE:
            yield Forward.DIAGONAL
        case Forward.MULTILINEAR:
            yield from (Forward.DIAGONAL, Forward.LINEAR)
        case Forward.TRANSPOSED if entry.name not in OWN_TRANSPOSE:
            yield from (Forward.DIAGONAL, Forward.LINEAR)


def names_with_rules() -> list[str]:
    """Return the functions of the table that have rules, in its order."""
    return [name for name, entry in TABLE.items() if entry.backward is not None]
