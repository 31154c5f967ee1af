"""Passes: plain functions from Program to Program, with the same inputs and the same outputs."""

from bpcore.program.passes.flattening import flatten_carry
from bpcore.program.passes.folding import fold
from bpcore.program.passes.fused import Fused
from bpcore.program.passes.grouping import group
from bpcore.program.passes.inlining import inline
from bpcore.program.passes.pipeline import optimized
from bpcore.program.passes.prune import prune
from bpcore.program.passes.strength import simplify
from bpcore.program.passes.subexpressions import share

__all__ = ["Fused", "flatten_carry", "fold", "group", "inline", "optimized", "prune", "share", "simplify"]
