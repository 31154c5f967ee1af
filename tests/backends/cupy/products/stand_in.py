"""A cuBLASLt made of NumPy: its functions by its own prototypes, which look at every argument.

Products are done on this machine's memory by the interpreter. It is no evidence of what a GPU does.
Each function is a real C function pointer: what bpcore hands over goes through the machine's calling
convention, as it does with the library.
"""

from __future__ import annotations

import ctypes
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bpcore_cupy.products.abi import PROTOTYPES, HeuristicResult
from tests.backends.cupy.products.interpreter import BGRAD, BIAS, Matrix, Memory, Operation, compute

OK, INVALID, UNSUPPORTED = 0, 7, 15
MAGIC = 0xB9C0
AUX, VECTOR = 128, BIAS | BGRAD | 256 | 512
SIZES = {
    "MatmulDesc": dict.fromkeys((0, 1, 2, 3, 4, 5, 6, 7), 4) | dict.fromkeys((8, 10, 11, 12, 13), 8),
    "MatrixLayout": dict.fromkeys((0, 1, 5, 8), 4) | dict.fromkeys((2, 3, 4, 6, 7), 8),
    "MatmulPreference": dict.fromkeys((0, 3, 5, 6, 7, 8, 9), 4) | dict.fromkeys((1, 12), 8),
}
"""Bytes of each attribute, by its number, as the comments of the header give its type."""


class Answer(NamedTuple):
    """What the heuristic offers."""

    number: int = 1
    workspace_bytes: int = 0
    split: int = 1
    numerics: int = 0x08 << 16 | 0x02 << 8 | 0x01
    state: int = OK
    scheme: int = 0

    @property
    def data(self) -> bytes:
        return struct.pack("<QQQQ4Q", MAGIC, self.number, self.split, self.numerics, 0, 0, 0, 0)


@dataclass
class Object:
    """Something opaque: its family, and the bytes of its attributes."""

    family: str
    attributes: dict[int, bytes] = field(default_factory=dict)

    def read(self, number: int, kind: str) -> Any:
        default = {"i": -1 if number == 26 else 0, "q": 0, "Q": 0, "I": 0}[kind]
        data = self.attributes.get(number)
        return default if data is None else struct.unpack(f"<{kind}", data)[0]


class Call(NamedTuple):
    """One product that was enqueued."""

    addresses: tuple[int, int, int]
    workspace: int
    workspace_bytes: int
    stream: int
    algorithm: int


class StandIn:
    """The library.

    Attributes
    ----------
    answers : list of Answer
    refuses : set of int
        Epilogues that the heuristic answers NOT_SUPPORTED for.
    wrong : list of str
        What no user of the library may do, and was done.
    capturing : bool
        While it is set only what a capture allows is right: enqueuing, and telling addresses.
    """

    def __init__(self, memory: Memory | None = None, version: int = 130100) -> None:
        self.memory, self.version = memory, version
        self.answers, self.refuses = [Answer()], set[int]()
        self.wrong: list[str] = []
        self.calls: list[Call] = []
        self.asked: list[Object] = []
        self.alive: dict[int, Object] = {}
        self.fails: dict[str, int] = {}
        self.capturing = False
        self._next = 0x1000
        for name, arguments in PROTOTYPES.items():
            returns = ctypes.c_size_t if name == "cublasLtGetVersion" else ctypes.c_int
            setattr(self, name, ctypes.CFUNCTYPE(returns, *arguments)(self._body(name)))

    def _body(self, name: str) -> Callable[..., int]:
        short = name.removeprefix("cublasLt")
        family = next((family for family in SIZES if short.startswith(family)), None)
        verb = short.removeprefix(family or "")
        method = getattr(self, "_" + re.sub(r"(?<!^)(?=[A-Z])", "_", verb).lower())
        quiet = ("Matmul", "GetVersion", "MatmulDescSetAttribute")

        def call(*arguments: Any) -> int:
            if self.capturing and short not in quiet:
                self.wrong.append(f"{name} in a capture")
            if name in self.fails:
                return self.fails[name]
            try:
                return int(method(*((family,) if family else ()), *arguments))
            except Exception as error:  # noqa: BLE001 - an exception does not pass through C
                self.wrong.append(f"{name}: {error}")
                return INVALID

        return call

    # objects

    def _new(self, out: Any, made: Object) -> int:
        self._next += 0x40
        self.alive[self._next] = made
        out[0] = self._next
        return OK

    def _one(self, address: int | None, family: str) -> Object:
        found = self.alive.get(address or 0)
        assert found is not None, f"{family} at {address} is not alive"
        assert found.family == family, f"{found.family} given for {family}"
        return found

    def _get_version(self) -> int:
        return self.version

    def _create(self, family: Any, *arguments: Any) -> int:
        if not isinstance(family, str):  # cublasLtCreate itself
            return self._new(family, Object("Handle"))
        made, out = Object(family), arguments[0]
        if family == "MatmulDesc":
            made.attributes |= {0: struct.pack("<i", arguments[1]), 1: struct.pack("<i", arguments[2])}
        if family == "MatrixLayout":
            kind, rows, columns, ld = arguments[1:]
            made.attributes |= {0: struct.pack("<I", kind), 2: struct.pack("<Q", rows)}
            made.attributes |= {3: struct.pack("<Q", columns), 4: struct.pack("<q", ld)}
        return self._new(out, made)

    def _destroy(self, *arguments: Any) -> int:
        family, address = arguments if len(arguments) == 2 else ("Handle", arguments[0])
        self._one(address, family)
        del self.alive[address]
        return OK

    def _set_attribute(self, family: str, address: int, number: int, buffer: int, size: int) -> int:
        made = self._one(address, family)
        assert number in SIZES[family], f"{family} has no attribute {number}"
        assert size == SIZES[family][number], (
            f"{family} {number} has {SIZES[family][number]} bytes, not {size}"
        )
        made.attributes[number] = ctypes.string_at(buffer, size)
        return OK

    def _get_attribute(
        self, family: str, address: int, number: int, buffer: int, size: int, written: Any
    ) -> int:
        made = self._one(address, family)
        assert size == SIZES[family][number]
        ctypes.memmove(buffer, made.attributes.get(number, bytes(size)), size)
        written[0] = size
        return OK

    # algorithms

    def _matmul_algo_get_heuristic(
        self,
        handle: int,
        op: int,
        a: int,
        b: int,
        c: int,
        d: int,
        wishes: int,
        limit: int,
        out: Any,
        count: Any,
    ) -> int:
        self._one(handle, "Handle")
        self.asked.append(self._one(wishes, "MatmulPreference"))
        operation, _ = self._described(op, (a, b, c, d))
        if operation.epilogue in self.refuses:
            return UNSUPPORTED
        count[0] = min(limit, len(self.answers))
        for i, answer in enumerate(self.answers[:limit]):
            out[i].algorithm[:] = struct.unpack("<8Q", answer.data)
            out[i].workspace_bytes, out[i].state, out[i].waves = answer.workspace_bytes, answer.state, 0.5
        return OK

    def _matmul_algo_check(
        self, handle: int, op: int, a: int, b: int, c: int, d: int, algorithm: int, out: Any
    ) -> int:
        self._one(handle, "Handle")
        self._described(op, (a, b, c, d))
        answer = self._answer(algorithm)
        out[0] = HeuristicResult(workspace_bytes=answer.workspace_bytes, waves=0.5)
        return OK

    def _answer(self, algorithm: int) -> Answer:
        magic, number, *_ = struct.unpack("<8Q", ctypes.string_at(algorithm, 64))
        assert magic == MAGIC, "these are not an algorithm's bytes"
        return next(answer for answer in self.answers if answer.number == number)

    def _matmul_algo_config_get_attribute(
        self, algorithm: int, number: int, buffer: int, size: int, written: Any
    ) -> int:
        assert (number, size) in ((2, 4), (3, 4))
        answer = self._answer(algorithm)
        ctypes.memmove(buffer, struct.pack("<i", answer.split if number == 2 else answer.scheme), size)
        return OK

    def _matmul_algo_cap_get_attribute(
        self, algorithm: int, number: int, buffer: int, size: int, written: Any
    ) -> int:
        assert (number, size) == (15, 8)
        ctypes.memmove(buffer, struct.pack("<Q", self._answer(algorithm).numerics), size)
        return OK

    # products

    def _described(self, op: int, layouts: tuple[int, ...]) -> tuple[Operation, list[Matrix]]:
        made = self._one(op, "MatmulDesc")
        operation = Operation(
            transposed=(bool(made.read(3, "i")), bool(made.read(4, "i"))),
            epilogue=made.read(7, "I"),
            bias=made.read(8, "Q"),
            aux=made.read(11, "Q"),
            aux_ld=made.read(12, "q"),
            aux_stride=made.read(13, "q"),
        )
        assert not operation.epilogue & AUX or (operation.aux and operation.aux_ld), "there is no aux"
        assert not operation.epilogue & VECTOR or operation.bias, "there is no bias"
        found = [self._one(layout, "MatrixLayout") for layout in layouts]
        matrices = [
            Matrix(
                *(x.read(i, k) for i, k in ((0, "I"), (2, "Q"), (3, "Q"), (4, "q"))),
                x.read(5, "i") or 1,
                x.read(6, "q"),
            )
            for x in found
        ]
        assert matrices[2] == matrices[3], "C lies as D does"
        assert len({m.batch for m in matrices}) == 1, "one batch for all"
        return operation, [matrices[0], matrices[1], matrices[3]]

    def _matmul(self, handle: int, op: int, alpha: int, *rest: Any) -> int:
        a, a_layout, b, b_layout, beta, c, c_layout, d, d_layout, algorithm, workspace, size, stream = rest
        self._one(handle, "Handle")
        operation, matrices = self._described(op, (a_layout, b_layout, c_layout, d_layout))
        answer = self._answer(algorithm)
        assert c == d, "what is added is what is written"
        assert size >= answer.workspace_bytes, "the workspace is too small"
        assert not size or workspace, "there is no workspace"
        kind = ctypes.c_double if self.alive[op].read(1, "i") == 1 else ctypes.c_float
        assert kind.from_address(alpha).value == 1
        call = Call((a, b, d), workspace or 0, size, stream or 0, answer.number)
        self.calls.append(call)
        if self.memory is not None:
            compute(self.memory, operation, tuple(matrices), call.addresses, kind.from_address(beta).value)  # type: ignore[arg-type]
        return OK
