"""cuBLASLt, opened on one device: products are prepared here, and their workspace lives here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from ctypes import byref, c_void_p
from typing import Any

from bpcore.words.errors import BackendUnusable
from bpcore_cupy.products.algorithm import Algorithm, Asked, asked, checked
from bpcore_cupy.products.descriptors import Described
from bpcore_cupy.products.failures import ProductFailed, advice, status_name
from bpcore_cupy.products.library import library as load
from bpcore_cupy.products.library import version_text
from bpcore_cupy.products.limits import limit_of
from bpcore_cupy.products.plan import Plan
from bpcore_cupy.products.prepared import Prepared

__all__ = ["WORKSPACE", "Handle"]

WORKSPACE = 32 << 20
"""Bytes of workspace for each stream: what NVIDIA advises for Hopper."""

ALIGNMENT = 256
ANSWERS = 8
"""How many algorithms the heuristic is asked for: the first may be one that determinism leaves out."""


class Handle(AbstractContextManager["Handle"]):
    """cuBLASLt on the device that is current when it is made; for one owner thread.

    Parameters
    ----------
    allocate : callable
        ``allocate(nbytes)`` returns memory of the device: an object whose ``ptr`` is the address, and which
        frees it when it is dropped. ``cupy.cuda.alloc``, or the ``malloc`` of a private pool.
    workspace_bytes : int
        For each stream that products run on.
    deterministic : bool
        Leave out algorithms that split the sum over k and join the parts.
    kept : mapping of str to str
        What `chosen` was in an earlier run: these algorithms are checked and taken again.
    library : Library or None
        The library with its prototypes declared, for tests; found and loaded if left out.

    Attributes
    ----------
    refused : dict of Plan to str
        Plans whose epilogue the library has no algorithm for, and what it answered.

    Raises
    ------
    BackendUnusable
        The library is not found, or cannot be opened on this device.
    """

    def __init__(
        self,
        allocate: Callable[[int], Any],
        *,
        workspace_bytes: int = WORKSPACE,
        deterministic: bool = True,
        kept: Mapping[str, str] | None = None,
        library: Any = None,
    ) -> None:
        self._library = load() if library is None else library
        self._allocate, self._workspace_bytes = allocate, workspace_bytes
        self._deterministic, self._kept = deterministic, dict(kept or {})
        self._prepared: dict[Plan, Prepared] = {}
        self._open = ExitStack()
        self._workspaces: dict[int, Any] = {}
        self.refused: dict[Plan, str] = {}
        pointer = c_void_p()
        status = self._library.cublasLtCreate(byref(pointer))
        if status:
            why = f"cuBLASLt {self.version} cannot be opened ({status_name(status)})"
            raise BackendUnusable("cupy", why, advice(status))
        self._pointer = pointer.value or 0

    @property
    def version(self) -> str:
        """The library's version."""
        return version_text(int(self._library.cublasLtGetVersion()))

    @property
    def chosen(self) -> dict[str, str]:
        """The algorithms that were chosen, by their plans' keys: words that can be kept in a file."""
        return {plan.key: prepared.algorithm.text() for plan, prepared in self._prepared.items()}

    def prepare(self, plan: Plan, *, algorithm: Algorithm | None = None) -> Prepared | None:
        """Choose an algorithm for a plan, before any capture; equal plans get the same `Prepared`.

        Parameters
        ----------
        plan : Plan
        algorithm : Algorithm or None
            One of `algorithms`, to be taken in place of the heuristic's first; it is not remembered.

        Returns
        -------
        Prepared or None
            None if the library has no algorithm for the plan's epilogue: make the product without it, and
            what follows in a kernel. `refused` says why.

        Raises
        ------
        ProductFailed
            The library has no algorithm for the product itself, or does not take the one that was kept.
        """
        if algorithm is None and (plan in self._prepared or plan in self.refused):
            return self._prepared.get(plan)
        self._look_open(plan)
        limit = limit_of(plan, int(self._library.cublasLtGetVersion()))
        if limit:
            self.refused[plan] = limit
            return None
        with ExitStack() as stack:
            described = stack.enter_context(Described(self._library, plan))
            found = self._found(plan, described, algorithm)
            if found is None:
                return None
            self._open.push(stack.pop_all())
        made = Prepared(self._library, self._pointer, described, plan, found, self._workspace)
        if algorithm is None:
            self._prepared[plan] = made
        return made

    def _found(self, plan: Plan, described: Described, algorithm: Algorithm | None) -> Algorithm | None:
        """Return the algorithm that was given, or kept, or the first that is offered; None if none is."""
        text = self._kept.get(plan.key)
        known = Algorithm.of_text(text) if algorithm is None and text else algorithm
        if known is not None:
            return checked(self._library, self._pointer, described, plan, known)
        answer = self._asked(plan, described, ANSWERS)
        if answer.algorithms:
            return answer.algorithms[0]
        if plan.epilogue is None:
            raise ProductFailed(plan.text, answer.why, "Use another precision, or deterministic=False.")
        self.refused[plan] = answer.why
        return None

    def _asked(self, plan: Plan, described: Described, limit: int) -> Asked:
        return asked(
            *(self._library, self._pointer, described, plan),
            workspace_bytes=self._workspace_bytes,
            deterministic=self._deterministic,
            limit=limit,
        )

    def algorithms(self, plan: Plan, *, limit: int = ANSWERS) -> tuple[Algorithm, ...]:
        """Return what the heuristic offers for a plan, best guess first: for timing them."""
        self._look_open(plan)
        with Described(self._library, plan) as described:
            return self._asked(plan, described, limit).algorithms

    def tune(self, plan: Plan, seconds: Callable[[Prepared], float], *, limit: int = ANSWERS) -> None:
        """Time what the heuristic offers, and take the fastest from now on; before any capture.

        What was prepared for the plan before keeps its algorithm. Another run may find another one fastest,
        and other bits: keep `chosen` where runs must agree.

        Parameters
        ----------
        plan : Plan
        seconds : callable
            How long a product takes.
        limit : int
            How many algorithms are asked for.
        """
        offered = [
            self.prepare(plan, algorithm=algorithm) for algorithm in self.algorithms(plan, limit=limit)
        ]
        times = [(seconds(prepared), i) for i, prepared in enumerate(offered) if prepared]
        fastest = offered[min(times)[1]] if times else None
        if fastest is not None:
            self._prepared[plan] = fastest

    def reserve(self, stream: int) -> None:
        """Allocate a stream's workspace now, so that a capture on it allocates nothing."""
        self._workspace(stream)

    def release(self, stream: int) -> None:
        """Drop a stream's workspace; no graph that was captured on the stream may be launched after it."""
        self._workspaces.pop(stream, None)

    def _workspace(self, stream: int) -> int:
        """Return the address of a stream's workspace; streams never share one."""
        memory = self._workspaces.get(stream)
        if memory is None:
            memory = self._workspaces[stream] = self._allocate(self._workspace_bytes)
        address = int(memory.ptr)
        if address % ALIGNMENT:
            why = f"allocate= gave a workspace at {address:#x}, which is not a multiple of {ALIGNMENT}"
            raise ProductFailed("of any shape", why)
        return address

    def _look_open(self, plan: Plan) -> None:
        if not self._pointer:
            raise ProductFailed(plan.text, "the handle is closed", "Make a new one.")

    def close(self) -> None:
        """Free everything, once; what was prepared refuses from then on.

        Graphs with such products hold the workspace's address: close them before.
        """
        self._open.close()
        self._prepared.clear()
        self.refused.clear()
        self._workspaces.clear()
        pointer, self._pointer = self._pointer, 0
        if pointer:
            status = self._library.cublasLtDestroy(pointer)
            if status:
                raise ProductFailed.of_status("of any shape", "cublasLtDestroy", status)

    def __exit__(self, *exception: object) -> None:
        """Close."""
        self.close()
