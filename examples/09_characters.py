"""Attention that learns the text of Python's `this`, letter by letter, beside the same model in PyTorch.

Both start from the same weights and see the same batches. Without PyTorch its column stays empty.
"""

import codecs
import contextlib
import io
import time
from importlib.util import find_spec

import numpy as np

import bpcore as bp

WIDTH, HEADS, LENGTH, BATCH, STEPS, RATE = 32, 4, 32, 16, 600, 3e-3

with contextlib.redirect_stdout(io.StringIO()):  # it prints itself when it is imported
    import this

text = codecs.decode(this.s, "rot13")
letters = sorted(set(text))
tokens = np.asarray([letters.index(letter) for letter in text], np.int32)

block = (
    bp.Residual(bp.LayerNorm(), bp.MultiHeadAttention(HEADS, causal=True)),
    bp.Residual(bp.LayerNorm(), bp.Linear(2 * WIDTH), bp.Gelu(), bp.Linear(WIDTH)),
)
net = bp.Chain(
    bp.Embedding(len(letters), WIDTH),
    bp.PositionalEncoding(),
    *block,
    *block,
    bp.LayerNorm(),
    bp.Linear(len(letters)),
)


def batches():
    """Yield places of the text, and the letters that come next at each of them."""
    rng = np.random.default_rng(0)
    for _ in range(STEPS):
        places = rng.integers(0, len(tokens) - LENGTH, (BATCH, 1)) + np.arange(LENGTH)
        yield tokens[places], tokens[places + 1]


def with_bpcore(params):
    """Return the trained parameters, and the loss of every step."""
    optimizer = bp.Adam(RATE)
    step = bp.compile(bp.make_step(net, bp.CrossEntropy(), optimizer), carry=2)
    state, losses = optimizer.init(params), []
    for batch in batches():
        params, state, report = step(params, state, batch)
        losses.append(float(report["loss"]))
    return params, losses


def with_torch(params):
    """Return the loss of every step of the same model, written in PyTorch."""
    import torch
    from torch.nn.functional import cross_entropy, gelu

    torch.set_num_threads(1)  # the arrays are small

    def module(kind, params, *sizes, **options):
        made = kind(*sizes, dtype=torch.float64, **options)
        with torch.no_grad():
            for name, values in params.items():
                p = torch.tensor(np.asarray(values))
                getattr(made, name).copy_(p.T if kind is torch.nn.Linear and p.ndim > 1 else p)
        return made

    def linear(params):
        return module(torch.nn.Linear, params, *np.shape(params["weight"]))

    def norm(params):
        return module(torch.nn.LayerNorm, params, WIDTH)

    def attention(params):
        three = [params[part] for part in ("query", "key", "value")]
        made = {
            "in_proj_weight": np.concatenate([np.transpose(part["weight"]) for part in three]),
            "in_proj_bias": np.concatenate([part["bias"] for part in three]),
        }
        layer = module(torch.nn.MultiheadAttention, made, WIDTH, HEADS, batch_first=True)
        layer.out_proj = linear(params["output"])
        return layer

    table = torch.nn.Parameter(torch.tensor(params[0]["weight"]))
    places = torch.tensor(np.asarray(bp.PositionalEncoding()({}, np.zeros((1, LENGTH, WIDTH)))))
    later = torch.triu(torch.ones(LENGTH, LENGTH, dtype=torch.bool), 1)
    blocks = [
        (norm(first[0]), attention(first[1]), norm(second[0]), linear(second[1]), linear(second[3]))
        for first, second in (params[2:4], params[4:6])
    ]
    last, out = norm(params[6]), linear(params[7])
    modules = torch.nn.ModuleList([*(part for parts in blocks for part in parts), last, out])
    optimizer = torch.optim.Adam([table, *modules.parameters()], RATE)
    losses = []
    for x, y in batches():
        h = table[torch.from_numpy(x).long()] + places
        for first, attend, second, up, down in blocks:
            h1 = first(h)
            h = h + attend(h1, h1, h1, attn_mask=later, need_weights=False)[0]
            h = h + down(gelu(up(second(h))))
        loss = cross_entropy(out(last(h)).flatten(0, 1), torch.from_numpy(y).long().flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def written(params, start, count):
    """Return the text that the network writes, the most likely letter each time."""
    found = [letters.index(letter) for letter in start]
    for _ in range(count):
        y = net(params, np.asarray([found[-LENGTH:]], np.int32))
        found.append(int(np.argmax(y[0, -1])))
    return "".join(letters[i] for i in found)


start = net.init(bp.key(0), (LENGTH,), dtype=np.float64)
began = time.perf_counter()
params, losses = with_bpcore(start)
print(f"bpcore: {time.perf_counter() - began:.1f} s")
began = time.perf_counter()
torchs = with_torch(start) if find_spec("torch") else None
if torchs:
    print(f"torch: {time.perf_counter() - began:.1f} s")
print("step     bpcore      torch")
for step in (0, 1, 10, 100, 300, STEPS - 1):
    print(f"{step:4}  {losses[step]:9.6f}", f"  {torchs[step]:9.6f}" if torchs else "")
print(written(params, "Beautiful is ", 120))
assert losses[-1] < 0.5
if torchs:
    assert abs(losses[100] - torchs[100]) < 1e-6
