"""A training step as a Program: what is computed, as text, and as the Python that runs."""

import numpy as np

import bpcore as bp

net = bp.Chain(bp.Linear(3), bp.Tanh(), bp.Linear(1))
optimizer = bp.SGD(0.1)
params = net.init(bp.key(0), (2,))
state = optimizer.init(params)
batch = (np.ones((4, 2), dtype=np.float32), np.zeros((4, 1), dtype=np.float32))

step = bp.make_step(net, bp.SquaredError(), optimizer)
program = bp.record(step, params, state, batch)
print(program)

compiled = bp.compile(step)
for _ in range(100):
    params, state, report = compiled(params, state, batch)
print("loss after 100 steps:", float(report["loss"]), "- compiled", compiled.compilations, "time")
assert compiled.compilations == 1
assert float(report["loss"]) < 1e-3
