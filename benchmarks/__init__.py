"""Benchmarks: an asv suite, and scripts that print tables.

- ``suite``: what ``asv run`` measures;
- ``python -m benchmarks.peers``: six networks trained by each library from the same weights;
- ``python -m benchmarks.eager``: eager gradients beside hand-written NumPy, MyGrad, autograd and advect;
- ``python -m benchmarks.imports``: the time of ``import bpcore`` over a bare Python;
- ``python -m benchmarks.gpu``: the checks and timings of a rented hour on a GPU.
"""
