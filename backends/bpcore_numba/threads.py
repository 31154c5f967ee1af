"""Threads that share large loops: who is free takes the next piece.

The threads are the operating system's, started and put to sleep by CPython's own portable functions, and
run nothing but machine code: no thread of Python's waits, and nobody asks for the interpreter's lock. A
thread that is not awake when the work is done is not waited for; it looks for more work for a tenth of a
millisecond before it sleeps, which is less than to be woken costs. Pieces are written where they belong,
whoever computes them, so the number of threads does not change a bit.
"""

from __future__ import annotations

import ctypes
import os
from functools import cache
from typing import Any

import numpy as np

from bpcore.ground.environment import whole_number_told

__all__ = ["RUNTIME", "THREADS", "count", "pool", "symbols"]

THREADS = "BPCORE_THREADS"
"""The environment variable that says how many threads share a loop: as many as it says, 512 at most.

Where it says nothing they are as many as there are processors, 8 at most.
"""
MOST = 8
"""Memory is shared by all of them: more help little. A loop has 16 pieces: more threads find none."""
LIMIT = 512

SYMBOLS = ("PyThread_acquire_lock", "PyThread_release_lock")

# pool: 0 busy, 1 helpers, 2 function, 3 its arguments, 4 next place, 6 length, 7 step, 8 helpers' states;
# a helper's state: 0 number (0 idle, 1 called, 2 at work), 1 lock to begin, 2 lock to end, 3 the pool
RUNTIME = """declare i32 @PyThread_acquire_lock(ptr, i32)
declare void @PyThread_release_lock(ptr)

define internal void @bp_pieces(ptr %pool) {
  %ff = getelementptr i64, ptr %pool, i64 2
  %f = load ptr, ptr %ff
  %aa = getelementptr i64, ptr %pool, i64 3
  %a = load ptr, ptr %aa
  %next = getelementptr i64, ptr %pool, i64 4
  %endp = getelementptr i64, ptr %pool, i64 6
  %end = load i64, ptr %endp
  %stepp = getelementptr i64, ptr %pool, i64 7
  %step = load i64, ptr %stepp
  br label %again
again:
  %lo = atomicrmw add ptr %next, i64 %step monotonic
  %some = icmp slt i64 %lo, %end
  br i1 %some, label %go, label %done
go:
  %to = add i64 %lo, %step
  %hi = call i64 @llvm.smin.i64(i64 %to, i64 %end)
  call void %f(ptr %a, i64 %lo, i64 %hi)
  br label %again
done:
  ret void
}

declare i64 @llvm.smin.i64(i64, i64)

define void @bp_helper(ptr %me) {
  %startp = getelementptr i64, ptr %me, i64 1
  %start = load ptr, ptr %startp
  %endp = getelementptr i64, ptr %me, i64 2
  %end = load ptr, ptr %endp
  %poolp = getelementptr i64, ptr %me, i64 3
  %pool = load ptr, ptr %poolp
  br label %wait
wait:
  br label %look
look:
  %turn = phi i64 [0, %wait], [%turn.next, %look]
  %state = load atomic i64, ptr %me monotonic, align 8
  %turn.next = add i64 %turn, 1
  %quiet = icmp ne i64 %state, 1
  %patient = icmp slt i64 %turn.next, 100000
  %stay = and i1 %quiet, %patient
  br i1 %stay, label %look, label %sleep
sleep:
  %got = call i32 @PyThread_acquire_lock(ptr %start, i32 1)
  %seen = cmpxchg ptr %me, i64 1, i64 2 acq_rel acquire
  %called = extractvalue { i64, i1 } %seen, 1
  br i1 %called, label %work, label %wait
work:
  call void @bp_pieces(ptr %pool)
  call void @PyThread_release_lock(ptr %end)
  br label %wait
}

define internal void @bp_share(ptr %pool, ptr %f, ptr %args, i64 %n, i64 %step) {
  %none = icmp eq ptr %pool, null
  br i1 %none, label %alone, label %ask
ask:
  %taken = cmpxchg ptr %pool, i64 0, i64 1 acq_rel acquire
  %mine = extractvalue { i64, i1 } %taken, 1
  br i1 %mine, label %together, label %alone
alone:
  call void %f(ptr %args, i64 0, i64 %n)
  ret void
together:
  %kp = getelementptr i64, ptr %pool, i64 1
  %k = load i64, ptr %kp
  %ff = getelementptr i64, ptr %pool, i64 2
  store ptr %f, ptr %ff
  %aa = getelementptr i64, ptr %pool, i64 3
  store ptr %args, ptr %aa
  %next = getelementptr i64, ptr %pool, i64 4
  store i64 0, ptr %next
  %end = getelementptr i64, ptr %pool, i64 6
  store i64 %n, ptr %end
  %stepp = getelementptr i64, ptr %pool, i64 7
  store i64 %step, ptr %stepp
  br label %call
call:
  %i = phi i64 [0, %together], [%i1, %call]
  %o = mul i64 %i, 4
  %o8 = add i64 %o, 8
  %h = getelementptr i64, ptr %pool, i64 %o8
  store atomic i64 1, ptr %h release, align 8
  %lp = getelementptr i64, ptr %h, i64 1
  %l = load ptr, ptr %lp
  call void @PyThread_release_lock(ptr %l)
  %i1 = add i64 %i, 1
  %more = icmp slt i64 %i1, %k
  br i1 %more, label %call, label %own
own:
  call void @bp_pieces(ptr %pool)
  br label %join
join:
  %j = phi i64 [0, %own], [%j1, %joined]
  %q = mul i64 %j, 4
  %q8 = add i64 %q, 8
  %g = getelementptr i64, ptr %pool, i64 %q8
  %back = cmpxchg ptr %g, i64 1, i64 0 acq_rel acquire
  %asleep = extractvalue { i64, i1 } %back, 1
  br i1 %asleep, label %joined, label %busy
busy:
  %ep = getelementptr i64, ptr %g, i64 2
  %e = load ptr, ptr %ep
  %ok = call i32 @PyThread_acquire_lock(ptr %e, i32 1)
  store atomic i64 0, ptr %g release, align 8
  br label %joined
joined:
  %j1 = add i64 %j, 1
  %left = icmp slt i64 %j1, %k
  br i1 %left, label %join, label %free
free:
  store atomic i64 0, ptr %pool release, align 8
  ret void
}
"""


def count() -> int:
    """Return how many threads share a loop."""
    given = whole_number_told(THREADS)
    if given is not None:
        return min(given, LIMIT)
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(there, MOST)


def symbols() -> dict[str, int]:
    """Return the addresses of CPython's functions."""
    return {name: _address(name) for name in SYMBOLS}


def _address(name: str) -> int:
    return int(ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value or 0)


def pool() -> int:
    """Return the address of the pool, 0 where one thread is all there is. A forked process makes its own."""
    return _pool(os.getpid(), count())


_held: list[Any] = []


@cache
def _pool(process: int, threads: int) -> int:
    from bpcore_numba.machine import function

    if threads < 2:  # noqa: PLR2004
        return 0
    memory = np.zeros(8 + 4 * threads, np.uint64)
    helper = function(RUNTIME, "bp_helper", symbols())
    _held.extend((memory, helper))
    begin = int(memory.ctypes.data)
    memory[1] = threads - 1
    for i in range(threads - 1):
        me = 8 + 4 * i
        memory[me + 1], memory[me + 2], memory[me + 3] = _shut(), _shut(), begin
        _start(helper.address, begin + 8 * me)
    return begin


def _shut() -> int:
    """Return a new lock that is held."""
    api = ctypes.pythonapi
    api.PyThread_allocate_lock.restype = ctypes.c_void_p
    api.PyThread_acquire_lock.argtypes = (ctypes.c_void_p, ctypes.c_int)
    lock = int(api.PyThread_allocate_lock())
    api.PyThread_acquire_lock(lock, 1)
    return lock


def _start(function: int, argument: int) -> None:
    start = ctypes.pythonapi.PyThread_start_new_thread
    start.argtypes, start.restype = (ctypes.c_void_p, ctypes.c_void_p), ctypes.c_ulong
    start(function, argument)
