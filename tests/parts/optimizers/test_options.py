"""Clipping, groups, freezing, averages and accumulation, beside what PyTorch does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.words.errors import OptionError
from bpcore.words.trees import leaves

RNG = np.random.default_rng(11)
START = [
    {"weight": RNG.normal(size=(3, 4)), "bias": RNG.normal(size=4)},
    {},
    {"weight": RNG.normal(size=(4, 2)), "bias": RNG.normal(size=2)},
]
NAMES = ("0.bias", "0.weight", "2.bias", "2.weight")
STEPS = [
    [RNG.normal(size=leaf.shape) * 10.0 ** (step % 3 - 1) for leaf in leaves(START)] for step in range(8)
]
KINDS = [bp.SGD, bp.Momentum, bp.Nesterov, bp.Adagrad, bp.RMSprop, bp.Adam, bp.AdamW, bp.RAdam, bp.Lion]


def tree_of(flat: list[Any]) -> Any:
    (b0, w0, b2, w2) = flat
    return [{"weight": w0, "bias": b0}, {}, {"weight": w2, "bias": b2}]


def trained(optimizer: Any, backend: Any = None, steps: Any = STEPS) -> tuple[list[Any], Any]:
    """Return the leaves after some steps, and the state."""
    make = np.asarray if backend is None else backend.array
    params = tree_of([make(leaf) for leaf in leaves(START)])
    state = optimizer.init(params)
    update = optimizer.update if backend is None else bp.compile(optimizer.update)
    for grads in steps:
        params, state = update(params, tree_of([make(g) for g in grads]), state)
    host = np.asarray if backend is None else backend.host
    assert backend is None or update.compilations == 1
    return [host(leaf) for leaf in leaves(params)], state


def by_torch(make: Any, before: Any = lambda torch, tensors: None, steps: Any = STEPS) -> list[Any]:
    torch = pytest.importorskip("torch", reason="the oracle is PyTorch")
    tensors = [torch.tensor(leaf, requires_grad=True) for leaf in leaves(START)]
    oracle = make(torch.optim, dict(zip(NAMES, tensors, strict=True)))
    for grads in steps:
        for tensor, g in zip(tensors, grads, strict=True):
            tensor.grad = torch.as_tensor(g).clone()
        before(torch, tensors)
        oracle.step()
    return [tensor.detach().numpy() for tensor in tensors]


def close(found: list[Any], wanted: list[Any], eps: float = 2.0**-52) -> None:
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=4000 * eps, atol=400 * eps)


def test_clipping_by_the_global_norm(backend: Any) -> None:
    wanted = by_torch(
        lambda optim, tensors: optim.SGD(tensors.values(), lr=0.1, momentum=0.9),
        lambda torch, tensors: clipped_exactly(torch, tensors, 2.0),
    )
    optimizer = bp.Momentum(0.1, clip=bp.clip_by_global_norm(2.0))
    close(trained(optimizer)[0], wanted)
    close(trained(optimizer, backend)[0], wanted, backend.eps)
    norms = [np.sqrt(sum((g**2).sum() for g in grads)) for grads in STEPS]
    assert min(norms) < 2.0 < max(norms)


def clipped_exactly(torch: Any, tensors: Any, limit: float) -> None:
    """Scale as clip_grad_norm_ does, without the 1e-6 that it adds to the norm."""
    norm = torch.nn.utils.get_total_norm([tensor.grad for tensor in tensors])
    for tensor in tensors:
        tensor.grad *= min(1.0, limit / norm.item())


def test_clipping_by_value(backend: Any) -> None:
    wanted = by_torch(
        lambda optim, tensors: optim.Adam(tensors.values(), lr=0.1),
        lambda torch, tensors: torch.nn.utils.clip_grad_value_(tensors, 0.5),
    )
    optimizer = bp.Adam(0.1, clip=bp.clip_by_value(0.5))
    close(trained(optimizer)[0], wanted)
    close(trained(optimizer, backend)[0], wanted, backend.eps)


def test_gradients_of_0_are_clipped_to_0(backend: Any) -> None:
    p = backend.array([1.0, 2.0])
    optimizer = bp.SGD(0.1, clip=bp.clip_by_global_norm(1.0))
    moved, _ = optimizer.update(p, backend.array([0.0, 0.0]), optimizer.init(p))
    assert backend.host(moved).tolist() == [1.0, 2.0]


def test_groups_have_a_rate_and_a_decay_of_their_own(backend: Any) -> None:
    wanted = by_torch(
        lambda optim, tensors: optim.AdamW(
            [
                {"params": [tensors["0.weight"]], "lr": 0.01, "weight_decay": 0.1},
                {"params": [tensors["0.bias"], tensors["2.bias"]], "weight_decay": 0.0},
                {"params": [tensors["2.weight"]]},
            ],
            lr=0.1,
            weight_decay=0.3,
        )
    )
    groups = {"0.weight": bp.Group(factor=0.1, decay=0.1), "*.bias": bp.Group(decay=0.0)}
    optimizer = bp.AdamW(0.1, decay=0.3, groups=groups)
    close(trained(optimizer)[0], wanted)
    close(trained(optimizer, backend)[0], wanted, backend.eps)


def test_the_first_group_that_matches_decides() -> None:
    groups = {"0.bias": bp.Group(factor=0.0), "*.bias": bp.Group(factor=2.0)}
    (b0, _, b2, w2), _ = trained(bp.SGD(0.1, groups=groups), steps=STEPS[:1])
    np.testing.assert_array_equal(b0, START[0]["bias"])
    np.testing.assert_allclose(b2, START[2]["bias"] - 0.2 * STEPS[0][2])
    np.testing.assert_allclose(w2, START[2]["weight"] - 0.1 * STEPS[0][3])


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_frozen_keeps_its_bits(backend: Any, kind: Any) -> None:
    options: dict[str, Any] = {"clip": bp.clip_by_global_norm(1.0), "averaging": 0.9}
    frozen, state = trained(kind(0.1, freeze=("0.*", "2.bias"), **options), backend)
    start = [backend.host(backend.array(leaf)) for leaf in leaves(START)]
    for found, wanted in zip(frozen[:3], start[:3], strict=True):
        assert found.tobytes() == wanted.tobytes()
    assert (frozen[3] != start[3]).any()  # not all: Lion may step up as often as down
    for name in kind.memories:
        assert not any(backend.host(memory).any() for memory in leaves(state[name])[:3])
    kept = [backend.host(average) for average in leaves(state["average"])]
    assert all(one.tobytes() == other.tobytes() for one, other in zip(kept[:3], start[:3], strict=True))


def test_what_is_frozen_takes_no_part_in_the_norm() -> None:
    clip = bp.clip_by_global_norm(0.5)
    frozen, _ = trained(bp.SGD(0.1, clip=clip, freeze="0.*"), steps=STEPS[1:2])
    g = STEPS[1][2:]
    norm = np.sqrt(sum((one**2).sum() for one in g))
    np.testing.assert_allclose(frozen[3], START[2]["weight"] - 0.1 * g[1] * min(1.0, 0.5 / norm))


def test_the_moving_average_is_pytorchs(backend: Any) -> None:
    torch = pytest.importorskip("torch", reason="the oracle is PyTorch")
    tensors = [torch.nn.Parameter(torch.tensor(leaf)) for leaf in leaves(START)]
    oracle = torch.optim.SGD(tensors, lr=0.1)
    model = torch.nn.ParameterList(tensors)
    swa = torch.optim.swa_utils
    averaged = swa.AveragedModel(model, multi_avg_fn=swa.get_ema_multi_avg_fn(0.8))
    averaged.update_parameters(model)  # its first call copies
    for grads in STEPS:
        for tensor, g in zip(tensors, grads, strict=True):
            tensor.grad = torch.as_tensor(g)
        oracle.step()
        averaged.update_parameters(model)
    wanted = [tensor.detach().numpy() for tensor in averaged.module]
    for place in (None, backend):
        _, state = trained(bp.SGD(0.1, averaging=0.8), place)
        host = np.asarray if place is None else place.host
        close(
            [host(leaf) for leaf in leaves(state["average"])],
            wanted,
            2.0**-52 if place is None else place.eps,
        )


@pytest.mark.parametrize("kind", KINDS)
def test_small_batches_are_one_large_one(backend: Any, kind: Any) -> None:
    """Three batches make one step; the average and the schedule count steps and not batches."""
    options: dict[str, Any] = {"clip": bp.clip_by_value(2.0), "averaging": 0.9}
    many, state = trained(kind(bp.Cosine(0.1, steps=4), accumulate=3, **options), backend, STEPS[:7])
    joined = [[np.mean(parts, axis=0) for parts in zip(*STEPS[i : i + 3], strict=True)] for i in (0, 3)]
    one, wanted = trained(kind(bp.Cosine(0.1, steps=4), **options), backend, joined)
    close(many, one, 10 * backend.eps)
    assert float(backend.host(state["count"])) == 2.0
    assert float(backend.host(state["seen"])) == 1.0
    for name in ("average", *kind.memories):
        found, expected = ([backend.host(leaf) for leaf in leaves(s[name])] for s in (state, wanted))
        close(found, expected, 10 * backend.eps)


def test_parameters_keep_their_bits_until_a_step_is_due(backend: Any) -> None:
    optimizer = bp.Adam(0.1, accumulate=3)
    waiting, _ = trained(optimizer, backend, STEPS[:2])
    start = [backend.host(backend.array(leaf)) for leaf in leaves(START)]
    assert all(one.tobytes() == other.tobytes() for one, other in zip(waiting, start, strict=True))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (
            lambda: bp.SGD(clip=1.0),
            "clip of SGD must be None, or as bpcore.clip_by_global_norm(1.0), was given 1.0.",
        ),
        (
            lambda: bp.clip_by_value(0.0),
            "the limit of clip_by_value must be a number above 0, was given 0.0.",
        ),
        (
            lambda: bp.SGD(groups={"0.*": 0.1}),
            (
                'groups of SGD must be groups by pattern, as {"0.*": bpcore.Group(factor=0.1)}, was given '
                "{'0.*': 0.1}."
            ),
        ),
        (
            lambda: bp.SGD(groups={"0.*": bp.Group(decay=0.1)}),
            (
                "decay of a group of SGD must be None, for it has no weight decay, was given 'one'. Take "
                "bpcore.AdamW or bpcore.Lion, or bpcore.fit(penalty=)."
            ),
        ),
        (lambda: bp.Group(factor=-1.0), "factor of Group must be a number, 0 or more, was given -1.0."),
        (
            lambda: bp.SGD(freeze=(0,)),
            'freeze of SGD must be patterns of names of parameters, as ("0.*", "*.bias"), was given (0,).',
        ),
        (
            lambda: bp.Adam(averaging=1.0),
            "averaging of Adam must be a number from 0 to below 1, or None, was given 1.0.",
        ),
        (lambda: bp.Adam(accumulate=0), "accumulate of Adam must be a whole number, 1 or more, was given 0."),
        (
            lambda: bp.Adam(freeze="3.*").init(START),
            (
                "freeze of Adam must be a pattern that matches one of 0.bias, 0.weight, 2.bias, 2.weight, "
                "was given '3.*'."
            ),
        ),
        (
            lambda: bp.Adam(groups={"0.wieght": bp.Group()}).init(START),
            (
                "groups of Adam must be a pattern that matches one of 0.bias, 0.weight, 2.bias, 2.weight, "
                "was given '0.wieght'. Did you mean \"0.weight\"?"
            ),
        ),
    ],
)
def test_options_that_do_not_fit(make: Any, sentence: str) -> None:
    with pytest.raises(OptionError) as caught:
        make()
    assert str(caught.value) == sentence


def test_everything_frozen_changes_nothing() -> None:
    frozen, _ = trained(bp.Adam(0.1, freeze="*", clip=bp.clip_by_global_norm(1.0)))
    assert all((one == other).all() for one, other in zip(frozen, leaves(START), strict=True))
