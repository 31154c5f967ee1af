"""The network behind an explanation: units, and the weights between them, read off the lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from bpcore.doors.paper.line import FORWARD
from bpcore.doors.paper.terms import Call, Symbol, Term
from bpcore.doors.plots.quantities import Quantities
from bpcore.words.errors import PaperError

__all__ = ["Unit", "Wire", "Wiring"]

PAIR = 2


@dataclass(frozen=True)
class Wire:
    """A weight: from the quantity that it multiplies, to the unit that sums."""

    weight: str
    source: str
    unit: str


@dataclass
class Unit:
    """A sum, and what follows from it alone.

    Attributes
    ----------
    name : str
        Of the sum, as "net_h1".
    bias : str
        What is added to it, or nothing.
    stages : list of str
        The names of the sum and of what an activation makes of it.
    depth : int
        Its column; inputs are in column 0.
    """

    name: str
    bias: str
    stages: list[str] = field(default_factory=list)
    depth: int = 1


@dataclass
class Wiring:
    """Units and wires of the first sample.

    Attributes
    ----------
    inputs : list of str
    units : dict of str to Unit
    wires : list of Wire
    rest : list of str
        What is computed from the units' outputs of this sample alone: the loss and its parts.
    owner : dict of str to str
        For each stage of a unit, and each input, the name of its circle.
    others : bool
        Whether there are more samples.
    """

    inputs: list[str] = field(default_factory=list)
    units: dict[str, Unit] = field(default_factory=dict)
    wires: list[Wire] = field(default_factory=list)
    rest: list[str] = field(default_factory=list)
    owner: dict[str, str] = field(default_factory=dict)
    others: bool = False

    @classmethod
    def of(cls, found: Quantities) -> Wiring:
        """Return the network that some quantities are.

        Raises
        ------
        PaperError
            When no quantity is a sum of weights times what comes in.
        """
        wiring = cls()
        seen: set[str] = set()
        for name, line in found.lines.items():
            if line.kind != FORWARD or line.term is None:
                continue
            pairs, bias = _weighted(line.term, found)
            if pairs and all(weight not in seen for weight, _ in pairs):
                seen |= {weight for weight, _ in pairs}
                wiring._sum(name, pairs, bias)
            elif pairs:
                wiring.others = True
            else:
                wiring._follow(name, found)
        if wiring.others:
            wiring._without_others(found)
        wiring.inputs.sort(key=list(found.lines).index)
        if not wiring.units:
            raise PaperError(
                "the explanation has no weight that multiplies one number",
                "Explain a network with form='elements', or draw its graph.",
            )
        return wiring

    def _sum(self, name: str, pairs: list[tuple[str, str]], bias: str) -> None:
        for weight, source in pairs:
            if source not in self.owner:
                self.inputs.append(source)
                self.owner[source] = source
            self.wires.append(Wire(weight, self.owner[source], name))
        depth = 1 + max(self.depth(self.owner[source]) for _, source in pairs)
        self.units[name] = Unit(name, bias, [name], depth)
        self.owner[name] = name

    def _follow(self, name: str, found: Quantities) -> None:
        """Add a quantity to the unit that alone leads to it, else to the rest."""
        owners = {self.owner[parent] for parent in found.parents[name] if parent in self.owner}
        later = [parent for parent in found.parents[name] if parent in self.rest]
        if not owners and not later:
            return  # of another sample
        alone = len(found.parents[name]) == 1 and not later
        if alone and (owner := next(iter(owners))) in self.units and name != found.result:
            self.units[owner].stages.append(name)
            self.owner[name] = owner
        else:
            self.rest.append(name)

    def _without_others(self, found: Quantities) -> None:
        """Leave out what is computed from other samples too, as the loss over all of them."""
        for name in tuple(self.rest):
            made_of = (one for one in found.parents[name] if found.lines[one].kind == FORWARD)
            if any(one not in self.owner and one not in self.rest for one in made_of):
                self.rest.remove(name)

    def depth(self, name: str) -> int:
        """Return the column of a circle."""
        return self.units[name].depth if name in self.units else 0


def _weighted(term: Term, found: Quantities) -> tuple[list[tuple[str, str]], str]:
    """Return the pairs (weight, source) that a term is the sum of, and its bias; else no pairs."""
    pairs, biases = [], []
    for part in _terms(term):
        if isinstance(part, Symbol) and found.is_parameter(part.name):
            biases.append(part.name)
            continue
        pair = _pair(part, found)
        if pair is None:
            return [], ""
        pairs.append(pair)
    return pairs, "".join(biases[:1])


def _terms(term: Term) -> Iterator[Term]:
    if isinstance(term, Call) and term.function == "add":
        for one in term.inputs:
            yield from _terms(one)
    else:
        yield term


def _pair(term: Term, found: Quantities) -> tuple[str, str] | None:
    if not isinstance(term, Call) or term.function != "multiply" or len(term.inputs) != PAIR:
        return None
    names = [one.name for one in term.inputs if isinstance(one, Symbol)]
    learned = [name for name in names if found.is_parameter(name)]
    if len(names) != PAIR or not learned:
        return None
    weight = next((name for name in learned if name.startswith("w")), learned[-1])
    source = names[1 - names.index(weight)]
    return weight, source
