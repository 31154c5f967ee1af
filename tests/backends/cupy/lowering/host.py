"""A machine that a lowered Program runs on without a GPU: NumPy's memory, a cuBLASLt made of NumPy.

Kernels are done by NumPy, equation by equation, or by their own text, compiled for this processor. Memory
that nobody wrote holds bytes that make a large number or none of each dtype. It is no GPU run.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from bpcore.derivatives.namespaces.namespace import space_on
from bpcore.derivatives.namespaces.plain import bound
from bpcore.program.program import Program
from bpcore_cupy.capture.device import Kind
from bpcore_cupy.capture.recipe import Buffers, Recipe
from bpcore_cupy.elements import SCRATCH
from bpcore_cupy.lowering.binding import after, carried_regions, leaves, recipe_of
from bpcore_cupy.lowering.lowered import Lowered
from bpcore_cupy.lowering.lowering import lowered
from bpcore_cupy.lowering.merging import Merged, with_merged
from bpcore_cupy.lowering.places import Role
from bpcore_cupy.lowering.steps import Launch, Multiply, Small
from bpcore_cupy.products import Handle, Plan
from tests.backends.cupy.elements.host import Host
from tests.backends.cupy.products.interpreter import Memory
from tests.backends.cupy.products.stand_in import StandIn

FUNCTIONS = space_on("numpy").functions
POISON = 0xFF


def aligned(size: int) -> np.ndarray:
    """Return bytes that begin at a multiple of 256, full of poison."""
    raw = np.full(size + 256, POISON, np.uint8)
    start = -raw.ctypes.data % 256
    return raw[start : start + size]


def empty(kind: Kind) -> np.ndarray:
    """Return an array of poison."""
    size = int(np.prod(kind.shape, dtype=int)) * np.dtype(kind.dtype).itemsize
    return aligned(max(size, 1))[:size].view(kind.dtype).reshape(kind.shape)


def at(address: int, dtype: str, shape: Sequence[int], strides: Sequence[int]) -> np.ndarray:
    """Return the array at an address; strides are in bytes."""
    if 0 in shape:
        return np.empty(shape, dtype)
    reach = [(n - 1) * s for n, s in zip(shape, strides, strict=True)]
    low, high = sum(x for x in reach if x < 0), sum(x for x in reach if x > 0)
    size = high - low + np.dtype(dtype).itemsize
    memory = (ctypes.c_char * size).from_address(address + low)
    return np.ndarray(tuple(shape), dtype, memory, -low, tuple(strides))


class Products:
    """cuBLASLt's stand-in with a handle on it; `refuses` are epilogues that it does not offer."""

    def __init__(self, refuses: frozenset[int] = frozenset()) -> None:
        self.memory = Memory()
        self.library = StandIn(self.memory)
        self.library.refuses |= refuses
        self.handle = Handle(self._allocate, workspace_bytes=1 << 12, library=self.library)

    def _allocate(self, size: int) -> Any:
        return SimpleNamespace(ptr=self.memory.add(aligned(size)))

    def offers(self, plan: Plan) -> bool:
        return self.handle.prepare(plan) is not None


class Machine:
    """A machine of NumPy; `text` runs kernels by their own text."""

    def __init__(self, products: Products, text: Host | None = None) -> None:
        self.products, self.text = products, text

    def address(self, array: np.ndarray, /) -> int:
        assert array.flags.c_contiguous
        return self.products.memory.add(array)

    def view(
        self, array: Any, dtype: str, shape: Sequence[int], strides: Sequence[int], start: int, /
    ) -> Any:
        assert array.flags.c_contiguous
        assert 0 <= start <= array.nbytes
        found = at(array.ctypes.data + start, dtype, shape, strides)
        found = found.view(_Held)
        found.of = array
        return found

    def ordered(self, array: Any, /) -> Any:
        found = empty(Kind(array.shape, str(array.dtype)))
        found[...] = array
        return found

    def ready(self, kernels: Any, /) -> None:
        self.kernels = list(kernels)

    def launch(self, step: Launch, addresses: Sequence[int], /) -> Callable[[int], object]:
        *pointers, scratch = addresses
        assert all(pointers)
        assert bool(scratch) == (step.scratch is not None)
        if self.text is not None:
            return self._as_text(step, pointers, scratch)
        known = dict(zip(map(id, step.pointers), pointers, strict=True))
        if isinstance(step, Merged):
            return self._one_by_one(step, known)
        if isinstance(step, Small):
            return small_product(step, known)

        def array(place: Any) -> Any:
            strides = [n * place.itemsize for n in place.strides]
            return at(known[id(place)], place.dtype, place.shape, strides)

        operands = [array(x) if id(x) in known else _like(x) for x in step.operands]
        outputs = [array(x) for x in step.outputs]
        function = bound(step.equation.function, FUNCTIONS)

        def run(stream: int) -> None:
            with np.errstate(all="ignore"):
                found = function(*(_of(step, operands)), **step.equation.static)
            parts = found if step.equation.function.several else (found,)
            for target, part in zip(outputs, parts, strict=True):
                assert np.shape(part) == target.shape
                target[...] = part

        return run

    def _one_by_one(self, step: Merged, known: dict[int, int]) -> Callable[[int], object]:
        calls = [
            self.launch(part, [*(known[id(x)] for x in part.pointers), known.get(id(part.scratch), 0)])
            for part in step.parts
        ]

        def run(stream: int) -> None:
            for call in calls:
                call(stream)

        return run

    def _as_text(self, step: Launch, pointers: Sequence[int], scratch: int) -> Callable[[int], object]:
        known = dict(zip(step.places, pointers, strict=True))
        assert self.text is not None
        library = self.text.library

        def run(stream: int) -> None:
            for stage in step.kernel.stages:
                given = [scratch if x is SCRATCH else known[x] for x in stage.arguments]
                memory = (ctypes.c_void_p * max(len(given), 1))(*given)
                launch = getattr(library, f"run_{stage.name}")
                assert launch(memory, stage.grid, stage.block) == 0

        return run

    def multiply(self, step: Multiply, addresses: Sequence[int], /) -> Callable[[int], object]:
        prepared = self.products.handle.prepare(step.plan)
        assert prepared is not None
        a, b, c, bias, aux = addresses
        return lambda stream: prepared(stream, a, b, c, bias=bias, aux=aux)

    def call(
        self, equation: Any, operands: Sequence[Any], outputs: Sequence[Any], /
    ) -> Callable[[int], object]:
        function = bound(equation.function, FUNCTIONS)
        given = [list(operands)] if equation.function.takes_list else list(operands)

        def run(stream: int) -> None:
            with np.errstate(all="ignore"):
                found = function(*given, **equation.static)
            parts = found if equation.function.several else (found,)
            for target, part in zip(outputs, parts, strict=True):
                target[...] = part

        return run


def small_product(step: Small, known: dict[int, int]) -> Callable[[int], object]:
    """Return what a small product's kernel does, in NumPy; its mask lies as the library's does."""

    def array(place: Any) -> Any:
        return at(known[id(place)], place.dtype, place.shape, [n * place.itemsize for n in place.strides])

    a, b, c = (array(x) for x in (step.a, step.b, step.c))
    bias, aux = (None if x is None else array(x) for x in (step.bias, step.aux))
    end, plan = step.plan.epilogue or "", step.plan

    def run(stream: int) -> None:
        with np.errstate(all="ignore"):
            y = np.matmul(a, b)
            y = y + bias if "bias" in end else y
            if plan.aux is not None:
                rows, columns = np.ogrid[: y.shape[0], : y.shape[1]]
                number = columns + rows * plan.aux.ld
                bits = np.unpackbits(aux, bitorder="little")
                if plan.aux.written:
                    bits[number] = y > 0
                    aux[...] = np.packbits(bits, bitorder="little")
                else:
                    y = y * bits[number]
            c[...] = np.maximum(y, 0) if end.startswith("relu") else y
            if "bgrad" in end:
                bias[...] = {"drelu_bgrad": c, "bgrad_a": a.T, "bgrad_b": b}[end].sum(axis=0)

    return run


class _Held(np.ndarray):
    """A view that keeps the memory alive that it is of."""

    of: Any = None


def _like(operand: Any) -> Any:
    """Return an array of a place's type, for functions that look at no more; others as they are."""
    return np.empty(operand.shape, operand.dtype) if hasattr(operand, "memory") else operand


def _of(step: Launch, operands: list[Any]) -> list[Any]:
    return [operands] if step.equation.function.takes_list else operands


class HostRun:
    """A Program, lowered and run on memory of this machine, as a captured step would be.

    Attributes
    ----------
    lowered : Lowered
    """

    def __init__(
        self,
        program: Program,
        *,
        text: bool = False,
        refuses: frozenset[int] = frozenset(),
        small: bool = True,
        merge: bool = False,
    ) -> None:
        self.products = Products(refuses)
        self.program = program
        self.lowered: Lowered = lowered(program, FUNCTIONS, offers=self.products.offers, small=small)
        self.lowered = with_merged(self.lowered) if merge else self.lowered
        kernels = [step.kernel for step in self.lowered.steps if isinstance(step, Launch)]
        self.machine = Machine(self.products, Host(kernels) if text and kernels else None)
        self.recipe: Recipe = recipe_of(self.lowered, self.machine, "step")
        recipe = self.recipe
        first = [empty(kind) for kind in recipe.inputs]
        second = list(first)
        for i, o in recipe.carried:
            second[i] = first[i] if o in recipe.in_place else empty(recipe.inputs[i])
        self.homes = (first, second)
        results = [empty(kind) for kind in recipe.outputs[len(recipe.carried) :]]
        work = aligned(recipe.work_bytes)
        self.results, self.work = results, work
        count = len(recipe.carried)
        self.calls = []
        for here, there in ((first, second), (second, first)):
            buffers = Buffers(tuple(here), (*there[:count], *results), work)
            self.calls.append(recipe.bind(buffers))
        self.turn = 0

    def __call__(self, *inputs: Any) -> list[Any]:
        """Make a step; return its outputs in the Program's order."""
        carried = [i for i, _ in self.program.carried]
        roles = carried_regions(self.lowered)
        here = dict(zip(roles, self.homes[self.turn], strict=False))
        for target, i in zip(leaves(self.lowered.before, here, self.machine), carried, strict=True):
            target[...] = inputs[i]
        others = [x for i, x in enumerate(inputs) if i not in carried]
        for target, x in zip(self.homes[0][len(roles) :], others, strict=True):
            target[...] = x
        self.work[...] = POISON
        for call in self.calls[self.turn]:
            call.enqueue(0)
        assert not self.products.library.wrong
        there = {after(x): y for x, y in zip(roles, self.homes[1 - self.turn], strict=False)}
        ends = leaves(self.lowered.after, here | there, self.machine)
        known = {(Role.RESULT, ""): self.results[0]} if self.results else {}
        results = leaves(self.lowered.results, known, self.machine)
        self.turn = 1 - self.turn
        outputs: dict[int, Any] = dict(zip([j for _, j in self.program.carried], ends, strict=True))
        rest = iter(results)
        return [
            np.array(outputs[j] if j in outputs else next(rest)) for j in range(len(self.program.outputs))
        ]
