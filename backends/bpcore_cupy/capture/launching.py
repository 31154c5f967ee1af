"""A sequence of calls, and how it runs: one after the other, or captured and launched as one graph."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from bpcore_cupy.capture.device import Graph, Pool, Stream
from bpcore_cupy.capture.recipe import Call

__all__ = ["Uncapturable", "capture", "perform"]


class Uncapturable(Exception):
    """A call that runs, and cannot be captured.

    Attributes
    ----------
    name, why : str
    """

    def __init__(self, name: str, why: str) -> None:
        self.name, self.why = name, why
        super().__init__(f"{name} cannot be captured ({why})")


def perform(calls: Sequence[Call], stream: Stream, pool: Pool) -> None:
    """Run calls one after the other; what they allocate is the pool's."""
    pointer = stream.ptr
    with pool.used(), stream:
        for call in calls:
            call.enqueue(pointer)


def capture(calls: Sequence[Call], stream: Stream, pool: Pool) -> Graph:
    """Return the graph of calls that have run in this pool before, so that nothing is new to them.

    Raises
    ------
    Uncapturable
        A call, or the end of the capture, was refused; or the calls wanted more memory than before. When a
        pool grows it may give back blocks that no array lies in, and a graph may still use them.
    MemoryError
        As the library raises it.
    """
    before = pool.taken
    with _uncollected(), pool.used(), stream:
        stream.begin_capture()
        try:
            _write_down(calls, stream.ptr)
        except BaseException:
            with suppress(Exception):  # the first error is the one that tells
                stream.end_capture()
            raise
        graph = _ended(stream)
    if pool.taken != before:  # bytes would not tell: a pool at its limit gives back as much as it takes
        raise Uncapturable(
            "a function that takes new memory in each run", f"{pool.taken - before} times more"
        )
    graph.upload(stream)
    return graph


def _ended(stream: Stream) -> Graph:
    try:
        return stream.end_capture()
    except MemoryError:
        raise
    except Exception as error:  # a call that queried the stream has spoilt the capture without an error
        raise Uncapturable("one of its functions", _said(error)) from error


def _write_down(calls: Sequence[Call], pointer: int) -> None:
    for call in calls:
        try:
            call.enqueue(pointer)
        except MemoryError:
            raise
        except Exception as error:  # CuPy raises RuntimeError, NotImplementedError and CUDA's own
            raise Uncapturable(call.name, _said(error)) from error


@contextmanager
def _uncollected() -> Iterator[None]:
    """Let no array or graph that is garbage be freed meanwhile: CUDA may refuse that in a capture."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
