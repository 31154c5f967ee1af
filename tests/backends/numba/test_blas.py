"""OpenBLAS is told to use one thread while native code calls it, and used as before afterwards."""

from __future__ import annotations

import importlib
import threading
from typing import Any

import numpy as np

import bpcore as bp
from bpcore_numba.blas import Blas, Manners

XP = bp.namespace("numpy")


class Library:
    """What is like OpenBLAS: a number of threads for the whole process."""

    def __init__(self) -> None:
        self.used, self.told = 6, []  # type: int, list[int]

    def ask(self) -> int:
        return self.used

    def tell(self, count: int) -> None:
        self.told.append(count)
        self.used = count

    def blas(self) -> Blas:
        return Blas("like it", "i64", {}, Manners(self.ask, self.tell))


def test_the_first_in_tells_it_and_the_last_out_puts_it_back() -> None:
    library = Library()
    blas = library.blas()
    with blas.alone():
        assert library.used == 1
        with blas.alone():
            assert library.used == 1
        assert library.used == 1
    assert (library.used, library.told) == (6, [1, 6])
    with blas.alone():
        assert library.used == 1
    assert library.used == 6


def test_two_threads_that_overlap_put_it_back() -> None:
    library, first, second = Library(), threading.Event(), threading.Event()
    blas = library.blas()

    def other() -> None:
        first.wait(10)
        with blas.alone():
            second.set()
            gone.wait(10)

    gone = threading.Event()
    thread = threading.Thread(target=other)
    thread.start()
    with blas.alone():
        first.set()
        assert second.wait(10)
    assert library.used == 1
    gone.set()
    thread.join(10)
    assert library.used == 6


def test_a_library_that_is_left_to_itself() -> None:
    with Blas("another", "i32", {}).alone():
        pass


def test_compiled_functions_in_threads_of_their_own_put_it_back() -> None:
    native = importlib.import_module("bpcore_numba.native")
    library, rng = Library(), np.random.default_rng(0)
    blas, made = library.blas(), []
    for n in (40, 50, 60):
        a = rng.normal(size=(n, n))
        made.append((native.Native(bp.record(lambda a: (XP.matmul(a, a),), a), {}, None), a))
    for one, _ in made:
        one._blas = blas  # the products are written out, the manners are those of a library

    def go(one: Any, a: Any) -> None:
        for _ in range(300):
            one.run(a)

    threads = [threading.Thread(target=go, args=pair) for pair in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (library.used, library.told[0]) == (6, 1)
