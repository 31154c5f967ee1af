"""cuBLASLt, opened on one device: products are prepared here, and their workspace lives here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack, suppress
from ctypes import byref, c_void_p
from typing import Any

from bpcore.words.errors import BackendUnusable
from bpcore_cupy.products.algorithm import Algorithm, checked
from bpcore_cupy.products.descriptors import Described
from bpcore_cupy.products.failures import ProductFailed, advice, status_name
from bpcore_cupy.products.library import library as load
from bpcore_cupy.products.library import version_text
from bpcore_cupy.products.limits import limit_of
from bpcore_cupy.products.offers import Asked, Offer, asked
from bpcore_cupy.products.plan import Plan
from bpcore_cupy.products.prepared import Prepared
from bpcore_cupy.products.workspaces import Workspaces

__all__ = ["WORKSPACE", "Handle"]

WORKSPACE = 32 << 20
"""Bytes of workspace that an algorithm may want: what NVIDIA advises for Hopper."""

ANSWERS = 8
"""How many algorithms the heuristic is asked for: the first may be one that is left out."""

TRIES = 2
"""How many of the answers that say they round float32 are run to see whether they do."""

Check = Callable[["Handle", Prepared], str]


class Handle(AbstractContextManager["Handle"]):
    """cuBLASLt on the device that is current when it is made; for one owner thread.

    Parameters
    ----------
    allocate : callable
        ``allocate(nbytes)`` returns memory of the device: an object whose ``ptr`` is the address, and which
        frees it when it is dropped. ``cupy.cuda.alloc``, or the ``malloc`` of a private pool.
    workspace_bytes : int
        What an algorithm may want at most. Each stream that products run on has as much as those want that
        were chosen.
    deterministic : bool
        Leave out algorithms that cut the sum over k and add up the parts in an order that is not known to be
        fixed.
    kept : mapping of str to str
        What `chosen` was in an earlier run: these algorithms are checked and taken again.
    check : callable or None
        ``check(handle, prepared)`` runs a product once, and returns what is wrong with its numbers, or
        nothing. It is asked where all that is offered for float32 says that it rounds its inputs.
    library : Library or None
        The library with its prototypes declared, for tests; found and loaded if left out.

    Attributes
    ----------
    refused : dict of Plan to str
        Plans that there is no algorithm for, with their epilogue, and why.
    proved : set of Plan
        Plans whose algorithm says that it rounds float32, and whose numbers were found right.

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
        check: Check | None = None,
        library: Any = None,
    ) -> None:
        self._library = load() if library is None else library
        self._workspace_bytes, self._check = workspace_bytes, check
        self._deterministic, self._kept = deterministic, dict(kept or {})
        self._prepared: dict[Plan, Prepared] = {}
        self._open = ExitStack()
        self._workspaces = Workspaces(allocate)
        self.refused: dict[Plan, str] = {}
        self.proved: set[Plan] = set()
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
        if algorithm is None and plan in self._prepared:
            return self._prepared[plan]
        self._look_open(plan)
        if algorithm is None and plan in self.refused:
            return self._none(plan)
        limit = limit_of(plan, int(self._library.cublasLtGetVersion()))
        if limit:
            self.refused[plan] = limit
            return None
        with ExitStack() as stack:
            made = self._made(plan, stack.enter_context(Described(self._library, plan)), algorithm)
            if made is None:
                return self._none(plan)
            self._open.push(stack.pop_all())
        return self._remembered(plan, made) if algorithm is None else made

    def take(self, plan: Plan, algorithm: Algorithm) -> Prepared | None:
        """Take an algorithm for a plan from now on; raises as `prepare`, and then nothing is changed."""
        made = self.prepare(plan, algorithm=algorithm)
        return self._remembered(plan, made) if made else None

    def _remembered(self, plan: Plan, made: Prepared) -> Prepared:
        self._prepared[plan] = made
        self._workspaces.least(made.algorithm.workspace_bytes)
        return made

    def _none(self, plan: Plan) -> Prepared | None:
        """Return None; of a product itself say why there is no algorithm."""
        if plan.epilogue is not None:
            return None
        raise ProductFailed(plan.text, self.refused[plan], "Use another precision, or deterministic=False.")

    def _made(self, plan: Plan, described: Described, algorithm: Algorithm | None) -> Prepared | None:
        """Return it with the algorithm that was given, or kept, or the first offered; None if none is."""
        text = self._kept.get(plan.key)
        known = Algorithm.of_text(text) if algorithm is None and text else algorithm
        if known is not None:
            return self._with(plan, described, checked(self._library, self._pointer, described, plan, known))
        answer = self._asked(plan, described, ANSWERS)
        if answer.algorithms:
            return self._with(plan, described, answer.algorithms[0])
        self.refused[plan] = answer.why
        return self._proved(plan, described, answer)

    def _with(self, plan: Plan, described: Described, algorithm: Algorithm) -> Prepared:
        return Prepared(self._library, self._pointer, described, plan, algorithm, self._workspaces)

    def _proved(self, plan: Plan, described: Described, answer: Asked) -> Prepared | None:
        """Return an algorithm that says it rounds float32, and does not: its numbers are looked at."""
        if self._check is None:
            return None
        for algorithm in answer.doubtful[:TRIES]:
            made = self._with(plan, described, algorithm)
            wrong = self._check(self, made)
            if not wrong:
                del self.refused[plan]
                self.proved.add(plan)
                return made
            self.refused[plan] += f"; one was run, and {wrong}"
        return None

    def _asked(self, plan: Plan, described: Described, limit: int) -> Asked:
        return asked(
            *(self._library, self._pointer, described, plan),
            workspace_bytes=self._workspace_bytes,
            deterministic=self._deterministic,
            limit=limit,
        )

    def offers(self, plan: Plan, *, limit: int = ANSWERS) -> tuple[Offer, ...]:
        """Return all that the heuristic answers for a plan, best guess first, and why some is left out."""
        self._look_open(plan)
        with Described(self._library, plan) as described:
            return self._asked(plan, described, limit).offers

    def algorithms(self, plan: Plan, *, limit: int = ANSWERS) -> tuple[Algorithm, ...]:
        """Return what of it may be taken: for timing them."""
        return tuple(offer.algorithm for offer in self.offers(plan, limit=limit) if not offer.why)

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
        times = []
        for number, prepared in enumerate(offered):
            with suppress(ProductFailed):  # it was offered, and yet is not to be had
                times += [(seconds(prepared), number)] if prepared else []
        fastest = offered[min(times)[1]] if times else None
        if fastest is not None:
            self._remembered(plan, fastest)

    def reserve(self, stream: int) -> None:
        """Allocate a stream's workspace now, so that a capture on it allocates nothing."""
        self._workspaces(stream, 0)

    def release(self, stream: int) -> None:
        """Drop a stream's workspace; no graph that was captured on the stream may be launched after it."""
        self._workspaces.drop(stream)

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
        self.proved.clear()
        self._workspaces.clear()
        pointer, self._pointer = self._pointer, 0
        if pointer:
            status = self._library.cublasLtDestroy(pointer)
            if status:
                raise ProductFailed.of_status("of any shape", "cublasLtDestroy", status)

    def __exit__(self, *exception: object) -> None:
        """Close."""
        self.close()
