"""Run a step on two backends, equation by equation, each time on the same numbers."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bpcore.derivatives.namespaces.namespace import space_of
from bpcore.derivatives.rules import TABLE
from bpcore.ground.backend import Backend
from bpcore.ground.registry import backend as find_backend
from bpcore.program.counts import Applied
from bpcore.program.equation import ArrayType, Constant, Equation, Slot
from bpcore.program.parity.budgets import TRANSCENDENTAL, Budget, Unit, budget_of
from bpcore.program.parity.distances import distance
from bpcore.program.parity.drifting import drift_of
from bpcore.program.parity.report import Compared, Drift, Parity
from bpcore.program.parity.sides import Side, applied, check_alike
from bpcore.words.errors import OptionError, did_you_mean
from bpcore.words.protocols import Array, Static, Tree
from bpcore.words.trees import leaves

__all__ = ["check_names", "parity"]


def parity(
    f: Callable[..., Tree],
    /,
    *args: Tree,
    backend: str,
    against: str = "numpy",
    carry: int = 0,
    steps: int = 1,
    budgets: Mapping[str, float] | None = None,
) -> Parity:
    """Run a function on two backends in lockstep, and compare them function by function.

    Both record the function. Each equation is then computed twice from the same numbers, those of `against`,
    so that a difference is that function's own. What comes of the other backend's own numbers, run for
    run, eager and compiled, is compared at the end of every step.

    Parameters
    ----------
    f : function
        Of trees of arrays to a tree of arrays, pure, as for `record`.
    *args : trees of arrays
        Where it begins: arrays of any backend, which are brought to both.
    backend, against : str
        The backend that is looked at, and the one that is taken to be right.
    carry : int
        As for `compile`: so many of the results are the first arguments of the next step.
    steps : int
        How many.
    budgets : mapping of str to float or None
        By function, how many units in the last place are allowed in place of those of `budget_of`.

    Returns
    -------
    Parity
        Printed, a table.

    Raises
    ------
    OptionError
        When the two record different equations; when `steps` is no number from 1 on, `budgets` holds
        something else than numbers from 0 on, or names what is no function; when there is no array among the
        arguments, or what is carried does not come back as it was taken.

    Examples
    --------
    >>> import bpcore as bp, numpy as np
    >>> xp = bp.namespace("numpy")
    >>> found = bp.parity(lambda x: bp.array_namespace(x).exp(x), np.ones(3), backend="strict")
    >>> found.first is None
    True
    """
    _check(backend, against, args, steps, budgets or {})
    sides = [Side(find_backend(name), f, args, carry) for name in (against, backend)]
    check_alike(f, sides)
    walk = _Walk(sides[0], sides[1], budgets or {})
    drifts: list[Drift] = []
    for step in range(1, steps + 1):
        walk.step()
        for how, wanted, given in (
            ("eager", sides[0].eager, sides[1].eager),
            ("compiled", sides[0].compiled, sides[1].compiled),
        ):
            drifts.append(drift_of(how, step, sides, wanted(), given(), carry))
    return Parity(
        backend=sides[1].home.name,
        against=sides[0].home.name,
        functions=tuple(walk.rows),
        first=walk.first,
        drifts=tuple(drifts),
    )


def _check(
    backend: object, against: object, args: tuple[Tree, ...], steps: int, budgets: Mapping[str, float]
) -> None:
    for what, name in (("backend", backend), ("against", against)):
        if not isinstance(name, str):
            raise OptionError(what, name, 'the name of a backend, as "torch"')
    if not any(hasattr(x, "shape") for x in leaves(args)):
        raise OptionError("the arguments", args, "at least one array", "Of a number make one of no axes.")
    if not isinstance(budgets, Mapping):
        raise OptionError("budgets", budgets, 'numbers by function, as {"exp": 4}')
    check_names(budgets)
    if type(steps) is not int or steps < 1:
        raise OptionError("steps", steps, "at least 1")
    for name, ulp in budgets.items():
        if type(ulp) not in (int, float) or not ulp >= 0:
            raise OptionError(f"the budget of {name}", ulp, "a number of units from 0 on")


def check_names(names: Iterable[str], option: str = "budgets") -> None:
    """Refuse a budget for what is no function."""
    for name in names:
        if name != "constant" and name not in TABLE:
            raise OptionError(
                option, name, "a function of the standard or of bp.special", did_you_mean(name, TABLE).strip()
            )


@dataclass
class _Walk:
    """The walk through both Programs, step by step, on the numbers of the first."""

    right: Side
    looked_at: Side
    budgets: Mapping[str, float]

    def __post_init__(self) -> None:
        self.rows: list[Compared] = []
        self.first: Compared | None = None
        self._inputs: list[Array] = list(self.right.inputs)
        self._step = 0

    def step(self) -> None:
        """Compute every equation on both; begin the next step where this one ended."""
        right, other = self.right.program, self.looked_at.program
        self._step += 1
        values: dict[Static, Static] = dict(zip(right.inputs, self._inputs, strict=True))
        values |= self.right.constants()
        for row in self._constants() if self._step == 1 else ():
            self._note(row)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            for number, (equation, its) in enumerate(zip(right.equations, other.equations, strict=True)):
                values[equation.output] = applied(self.right, equation, values.__getitem__)
                for row in self._compared(number, equation, its, values):
                    self._note(row)
        outputs = [values[y] if isinstance(y, Slot | Constant) else y for y in right.outputs]
        count = len(leaves(self.right.args[: self.right.carry]))
        self._inputs[:count] = outputs[:count]

    def _compared(
        self, number: int, equation: Equation, its: Equation, values: Mapping[Static, Static]
    ) -> Iterator[Compared]:
        """Yield a row for each array that an equation returns."""
        home, there = self.right.home, self.looked_at.home
        pairs = zip(equation.inputs, its.inputs, strict=True)
        operands = {b: values[a] for a, b in pairs if isinstance(b, Slot | Constant)}
        kinds = self.looked_at.types
        own = {b: _sent(home, there, x, kinds[b]) for b, x in operands.items()}
        found = applied(self.looked_at, its, own.__getitem__)
        wanted = values[equation.output]
        call = self._call(equation)
        budget = budget_of(call)
        budget = budget._replace(ulp=self.budgets.get(call.name, budget.ulp))
        for given, right in zip(_parts(found), _parts(wanted), strict=True):
            host = home.to_host(right)
            sizes = self._sizes(equation, call, budget, values, host)
            apart = distance(there.to_host(given), host, sizes)
            if apart is not None:
                yield Compared(
                    function=call.name, dtype=str(host.dtype), calls=1, budget=budget.ulp,
                    unit=budget.unit.value, step=self._step, equation=number, **apart._asdict(),
                )  # fmt: skip

    def _constants(self) -> Iterator[Compared]:
        """Yield a row for each array that was computed while the function was recorded."""
        right, other = self.right.program.constants, self.looked_at.program.constants
        for number, (one, two) in enumerate(zip(right.values(), other.values(), strict=True)):
            host = self.right.home.to_host(one)
            apart = distance(self.looked_at.home.to_host(two), host)
            if apart is not None:
                yield Compared(
                    function="constant", dtype=str(host.dtype), calls=1,
                    budget=self.budgets.get("constant", TRANSCENDENTAL), unit=Unit.VALUE.value, step=0,
                    equation=number, **apart._asdict(),
                )  # fmt: skip

    def _call(self, equation: Equation) -> Applied:
        types, constants = self.right.program.types, self.right.program.constants
        kinds = [
            types[x] if isinstance(x, Slot)
            else ArrayType(tuple(constants[x].shape), constants[x].dtype) if isinstance(x, Constant)
            else x
            for x in equation.inputs
        ]  # fmt: skip
        kind = types[equation.output]
        outputs = (kind,) if isinstance(kind, ArrayType) else tuple(kind)
        return Applied(equation.function.name, tuple(kinds), equation.static, outputs)

    def _sizes(
        self, equation: Equation, call: Applied, budget: Budget, values: Mapping[Static, Static], host: Array
    ) -> Array | None:
        """Return the numbers in whose last places a result is compared; None for its own."""
        if budget.unit is Unit.VALUE:
            return None
        if budget.unit is Unit.SIZES:
            sized = applied(self.right, equation, lambda x: _size(self.right, values[x]))
            return self.right.home.to_host(sized)
        xp = space_of(host).functions
        taken = values[equation.inputs[0]] if budget.unit is Unit.TAKEN else None
        largest = xp.max(xp.abs(host if taken is None else self.right.home.to_host(taken)))
        return xp.broadcast_to(largest, host.shape)

    def _note(self, row: Compared) -> None:
        """Put a row to those of its function, and remember the first that is over its budget."""
        if row.over and self.first is None:
            self.first = row
        same = [i for i, x in enumerate(self.rows) if (x.function, x.dtype) == (row.function, row.dtype)]
        if same:
            self.rows[same[0]] = self.rows[same[0]].with_another(row)
        else:
            self.rows.append(row)


def _size(side: Side, x: Static) -> Static:
    """Return the sizes of what is in an array of floats; of other arrays, which say where, themselves."""
    floating = side.functions.isdtype(x.dtype, ("real floating", "complex floating"))
    return side.functions.abs(x) if floating else x


def _sent(home: Backend, there: Backend, x: Static, kind: Static) -> Static:
    """Return what lies on one backend on the other, in the dtype that it has there."""
    if isinstance(x, tuple | list):
        return tuple(_sent(home, there, part, own) for part, own in zip(x, kind, strict=True))
    return there.asarray(home.to_host(x), dtype=kind.dtype)


def _parts(x: Static) -> Sequence[Array]:
    return x if isinstance(x, tuple | list) else (x,)
