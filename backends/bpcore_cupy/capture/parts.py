"""The parts that a captured step is made of, and their end: buffers, bound calls, graphs."""

from __future__ import annotations

from collections.abc import Sequence

from bpcore.words.protocols import Array
from bpcore_cupy.capture.device import Graph, Kind
from bpcore_cupy.capture.homes import Homes
from bpcore_cupy.capture.recipe import Buffers, Call, Recipe
from bpcore_cupy.capture.rows import Rows

__all__ = ["Key", "Parts"]

Key = tuple[str, int]


class Parts:
    """A recipe that has been given memory.

    Attributes
    ----------
    homes : Homes
    temporary : Pool
        For what the calls allocate while they run. It is as old as the graphs and is used for nothing else.
    inputs, outputs : tuples of arrays
        Where what is not carried is read and written.
    calls : list of sequences of Call
        For each turn.
    graphs : dict
        By what they do and in which turn they begin.
    steps : list of Graph or None
        Those of one step, by turn.
    rows : Rows or None
        For loops.
    """

    def __init__(self, recipe: Recipe, homes: Homes) -> None:
        self.recipe, self.homes, self.generation = recipe, homes, homes.generation
        self.temporary = homes.device.pool()
        carried = {i for i, _ in recipe.carried}, {o for _, o in recipe.carried}
        kinds = recipe.inputs, recipe.outputs
        self.inputs, self.outputs = (
            tuple(homes.empty(kind) for number, kind in enumerate(side) if number not in known)
            for side, known in zip(kinds, carried, strict=True)
        )
        work = homes.empty(Kind((recipe.work_bytes,), "uint8"))
        self.calls: list[Sequence[Call]] = [self._bound(turn, work) for turn in range(homes.turns)]
        self.graphs: dict[Key, Graph] = {}
        self.steps: list[Graph | None] = [None] * homes.turns
        self.rows: Rows | None = None

    def _bound(self, turn: int, work: Array) -> Sequence[Call]:
        recipe, homes = self.recipe, self.homes
        read, written = homes.places[turn], homes.places[(turn + 1) % homes.turns]
        numbers = {i: number for number, (i, _) in enumerate(recipe.carried)}
        targets = {o: number for number, (_, o) in enumerate(recipe.carried)}
        others, results = iter(self.inputs), iter(self.outputs)
        buffers = Buffers(
            tuple(read[numbers[i]] if i in numbers else next(others) for i in range(len(recipe.inputs))),
            tuple(written[targets[o]] if o in targets else next(results) for o in range(len(recipe.outputs))),
            work,
        )
        with homes.pool.used(), homes.stream:
            return recipe.bind(buffers)

    def keep(self, key: Key, graph: Graph) -> None:
        """Take in a graph."""
        self.graphs[key] = graph
        if key[0] == "step":
            self.steps[key[1]] = graph

    def give_up(self) -> None:
        """Drop all, once the device has done what it was given."""
        self.rows, self.calls = None, []
        self.inputs = self.outputs = ()
        self._drop_graphs()
        self.temporary.free()

    def give_up_graphs(self) -> None:
        """Drop what was captured, and the memory that only it used."""
        self._drop_graphs()
        self.temporary.free()
        self.temporary = self.homes.device.pool()

    def give_up_rows(self) -> None:
        """Drop the stacks of loops, and the graphs that look at them."""
        self.graphs = {key: graph for key, graph in self.graphs.items() if key[0] == "step"}
        self.rows = None

    def _drop_graphs(self) -> None:
        self.graphs, self.steps = {}, [None] * len(self.steps)
