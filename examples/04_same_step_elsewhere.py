"""The same training on every backend that is there: same seed, same start, same first loss."""

import bpcore as bp

points = bp.datasets.spiral()
losses = {}
for row in bp.backends():
    if not row.usable:
        print(f"{row.name:>6}: not usable here: {row.why_not}")
        continue
    net = bp.MLP([2, 16, 8, 1], activation="tanh")
    run = bp.fit(
        net,
        (points.x, points.y),
        loss=bp.BinaryCrossEntropy(),
        optimizer=bp.Adam(0.02),
        epochs=20,
        seed=0,
        backend=row.name,
        dtype="float32",
        progress=None,
    )
    losses[row.name] = run.history["loss"]
    print(f"{row.name:>6}: first loss {losses[row.name][0]:.6f}, after 20 epochs {losses[row.name][-1]:.6f}")
assert all(abs(loss[0] - losses["numpy"][0]) < 1e-5 for loss in losses.values())
