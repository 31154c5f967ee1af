"""What a comparison of two backends found: a table to print, and the same as plain data."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace

from bpcore.program.cost import aligned

__all__ = ["Compared", "Drift", "Parity"]


@dataclass(frozen=True, kw_only=True)
class Compared:
    """The largest difference of one function.

    Attributes
    ----------
    function, dtype : str
    calls : int
        How many results were compared.
    ulp : float
        The largest difference, in units in the last place.
    budget : float
        How many are allowed there.
    unit : str
        Of which number the last place is meant.
    step, equation : int
        Where it is: the step from 1, and the number of the equation in the Program.
    element : tuple of int
    given, wanted : float or complex
        What the two have there.
    """

    function: str
    dtype: str
    calls: int
    ulp: float
    budget: float
    unit: str
    step: int
    equation: int
    element: tuple[int, ...]
    given: complex
    wanted: complex

    @property
    def over(self) -> bool:
        """Whether it is over its budget."""
        return not self.ulp <= self.budget

    def with_another(self, other: Compared) -> Compared:
        """Return the one of two of a function that uses more of its budget, with the calls of both."""
        calls = self.calls + other.calls
        return replace(other if _share(other) > _share(self) else self, calls=calls)

    def __str__(self) -> str:
        place = f"[{', '.join(map(str, self.element))}]" if self.element else ""
        return (
            f"{self.function} in {self.dtype}, step {self.step}, equation {self.equation}{place}: "
            f"{self.given!r} in place of {self.wanted!r}, {self.ulp:.4g} ulp of {self.unit}, "
            f"budget {self.budget:.4g}"
        )


def _share(row: Compared) -> float:
    """Return the part of the budget that is used; where there is none, any difference is infinite."""
    return row.ulp / row.budget if row.budget else (math.inf if row.ulp else 0.0)


@dataclass(frozen=True, kw_only=True)
class Drift:
    """How far the results of a step have come apart, each backend going on from its own numbers.

    Attributes
    ----------
    how : str
        ``eager`` or ``compiled``.
    step : int
        After how many steps.
    relative : float
        The largest difference of any element, over the largest in the same result.
    where : str
        In which result.
    budget : float
        How much is allowed there; infinite after steps in which it may have grown by itself.
    """

    how: str
    step: int
    relative: float
    where: str
    budget: float = math.inf

    @property
    def over(self) -> bool:
        """Whether it is over its budget."""
        return not self.relative <= self.budget

    def __str__(self) -> str:
        told = f"after {self.step} step{'s' * (self.step > 1)}, {self.how}: {self.relative:.2g} apart"
        place = f" ({self.where})" if self.where else ""
        return told + place + (f", budget {self.budget:.2g}" if self.over else "")


@dataclass(frozen=True, kw_only=True)
class Parity:
    """How far two backends differ.

    Attributes
    ----------
    backend, against : str
    functions : tuple of Compared
        One for each function and dtype, in the order in which they were first computed.
    first : Compared or None
        The first result that was over its budget.
    drifts : tuple of Drift
        After each step, eager and compiled, in which result most of its budget was used.
    """

    backend: str
    against: str
    functions: tuple[Compared, ...]
    first: Compared | None
    drifts: tuple[Drift, ...]

    @property
    def good(self) -> bool:
        """Whether every function kept to its budget, and the results of the whole to theirs."""
        return self.first is None and not any(drift.over for drift in self.drifts)

    def data(self) -> dict[str, object]:
        """Return it as plain data, infinities as strings: JSON has none."""
        return {
            "backend": self.backend,
            "against": self.against,
            "good": self.good,
            "first_over_budget": None if self.first is None else _plain(asdict(self.first)),
            "functions": [_plain(asdict(row)) for row in self.functions],
            "drifts": [_plain(asdict(drift)) for drift in self.drifts],
        }

    def __str__(self) -> str:
        cells: list[tuple[str, ...]] = [("function", "dtype", "calls", "ulp", "budget", "equation")]
        cells += [
            (
                row.function,
                row.dtype,
                f"{row.calls}",
                f"{row.ulp:.4g}",
                f"{row.budget:.4g}",
                f"{row.equation}",
            )
            for row in self.functions
        ]
        lines = [f"{self.backend} against {self.against}, from the same numbers, function by function:"]
        lines += [aligned(cells, left=2)]
        lines += map(str, [*(x for x in self.drifts[:-2] if x.over), *self.drifts[-2:]])
        over = self.first or next((drift for drift in self.drifts if drift.over), "none")
        return "\n".join([*lines, f"first over its budget: {over}"])


def _plain(row: dict[str, object]) -> dict[str, object]:
    return {name: _number(value) for name, value in row.items()}


def _number(value: object) -> object:
    if isinstance(value, complex):
        return str(value)
    return str(value) if type(value) is float and not math.isfinite(value) else value
