"""The stand-in device behind NumPy's arrays, as a backend that everything can be called with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import bpcore as bp
from bpcore.ground.backend import Backend
from bpcore_cupy.running import Runs
from tests.backends.cupy.capture.fake import FakeDevice
from tests.backends.cupy.capture.memory import FakeArray
from tests.backends.cupy.lowering.fake_machine import compiler_on

__all__ = ["OnStandIn"]


class OnStandIn:
    """NumPy's arrays outside, the stand-in's inside: an array that was handed out is the same one again."""

    def __init__(self) -> None:
        self.device = FakeDevice()
        self.compiler, self.products = compiler_on(self.device)
        self.known: dict[int, tuple[Any, FakeArray]] = {}

    def backend(self, *, gathers: bool) -> Backend:
        return replace(
            bp.backend("numpy"), compile=self.compile, loop=self.loop, gathers=lambda size: gathers
        )

    def taken(self, x: Any) -> Any:
        same, array = self.known.get(id(x), (None, None))
        return array if same is x else self.device.array(x, str(x.dtype))

    def given(self, x: Any) -> Any:
        if not isinstance(x, FakeArray):
            return x
        outside = x.value
        self.known[id(outside)] = (outside, x)
        return outside

    def wrapped(self, run: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *inputs: [self.given(y) for y in run(*map(self.taken, inputs))]

    def compile(self, program: Any, functions: Any, shared: Any, /) -> Any:
        run: Any = self.compiler.compile(program, functions, shared)
        if not isinstance(run, Runs):
            return run
        found: Any = self.wrapped(run)
        found.apart = True
        found.again = None if run.again is None else self.wrapped(run.again)
        return found

    def loop(self, program: Any, functions: Any, shared: Any, /) -> Any:
        run = self.compiler.loop(program, functions, shared)
        if not isinstance(getattr(run, "__self__", None), Runs):
            return run
        return lambda length, *inputs: self.wrapped(lambda *xs: run(length, *xs))(*inputs)
