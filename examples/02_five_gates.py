"""Five logic functions at once: one hidden layer learns OR, AND, XOR, NAND and NOR together."""

import bpcore as bp

gates = bp.datasets.gates()
net = bp.MLP([2, 8, 5], activation="sigmoid")
run = bp.fit(
    net,
    (gates.x, gates.y),
    loss=bp.BinaryCrossEntropy(),
    optimizer=bp.Adam(0.05),
    epochs=1000,
    seed=0,
    progress=None,
)
learnt = run.predict(gates.x) > 0  # a positive logit means 1
for name, column, right in zip(gates.targets, learnt.T, gates.y.T, strict=True):
    print(f"{name:>4}: {[int(bit) for bit in column]}")
    assert [bool(bit) for bit in column] == [bool(bit) for bit in right]
