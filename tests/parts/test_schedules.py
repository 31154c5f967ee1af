"""Schedules beside PyTorch's, inside a compiled step, and outside of their ranges."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.words.errors import OptionError

CASES: dict[str, tuple[Any, Any]] = {
    "Constant": (bp.Constant(0.1), lambda s, o: s.ConstantLR(o, factor=1.0)),
    "Cosine": (bp.Cosine(0.1, steps=20), lambda s, o: s.CosineAnnealingLR(o, 20)),
    "Cosine to 0.01": (
        bp.Cosine(0.1, steps=25, end=0.01),
        lambda s, o: s.CosineAnnealingLR(o, 25, eta_min=0.01),
    ),
    "StepDecay": (bp.StepDecay(0.1, every=7), lambda s, o: s.StepLR(o, 7)),
    "StepDecay 0.5": (bp.StepDecay(0.1, every=3, factor=0.5), lambda s, o: s.StepLR(o, 3, gamma=0.5)),
    "Exponential": (bp.Exponential(0.1, factor=0.9), lambda s, o: s.ExponentialLR(o, 0.9)),
    "OneCycle": (bp.OneCycle(0.1, steps=40), lambda s, o: s.OneCycleLR(o, 0.1, total_steps=40)),
    "OneCycle of one's own": (
        bp.OneCycle(0.1, steps=30, warm=0.4, start=0.1, end=0.01),
        lambda s, o: s.OneCycleLR(o, 0.1, total_steps=30, pct_start=0.4, div_factor=10, final_div_factor=100),
    ),
    "Warmup": (
        bp.Warmup(bp.Cosine(0.1, steps=15), steps=5, start=0.2),
        lambda s, o: s.SequentialLR(
            o, [s.LinearLR(o, start_factor=0.2, total_iters=5), s.CosineAnnealingLR(o, 15)], milestones=[5]
        ),
    ),
    "Warmup to a rate": (
        bp.Warmup(0.1, steps=4, start=0.5),
        lambda s, o: s.LinearLR(o, start_factor=0.5, total_iters=4),
    ),
}
LENGTHS = {"Cosine": 20, "OneCycle of one's own": 29, "Warmup": 20}
"""How many steps PyTorch's can be asked for, where that is less than 25: then it turns up, or fails."""


@pytest.mark.filterwarnings("ignore:.*epoch parameter in `scheduler.step.*:UserWarning")
@pytest.mark.parametrize("name", CASES)
def test_by_pytorch(backend: Any, name: str) -> None:
    torch = pytest.importorskip("torch", reason="the oracle is PyTorch")
    schedule, make = CASES[name]
    tensor = torch.zeros(1, requires_grad=True)
    oracle = torch.optim.SGD([tensor], lr=0.1)
    follower = make(torch.optim.lr_scheduler, oracle)
    wanted = []
    for _ in range(LENGTHS.get(name, 25)):
        wanted.append(oracle.param_groups[0]["lr"])
        oracle.step()
        follower.step()
    counts = backend.array([float(count) for count in range(len(wanted))])
    found = backend.run(schedule, counts)
    assert found.dtype == counts.dtype
    np.testing.assert_allclose(backend.host(found), wanted, rtol=100 * backend.eps, atol=4 * backend.eps)
    assert schedule.highest == pytest.approx(0.1)


@pytest.mark.parametrize("name", CASES)
def test_a_schedule_ends_where_it_ends(name: str) -> None:
    schedule, _ = CASES[name]
    late, later = schedule(np.asarray([1e4, 1e6]))
    assert late == pytest.approx(later, abs=1e-300)
    assert 0 <= late <= 0.1


@pytest.mark.parametrize("name", CASES)
def test_no_other_rate_is_another_compilation(backend: Any, name: str) -> None:
    schedule, _ = CASES[name]
    optimizer = bp.SGD(schedule)
    p, g = backend.array([0.0]), backend.array([1.0])
    state = optimizer.init(p)
    assert state["rate"].dtype == p.dtype
    assert float(backend.host(state["rate"])) == float(backend.host(schedule(backend.array(0.0))))
    update = bp.compile(optimizer.update, carry=0)
    total = 0.0
    for step in range(6):
        p, state = update(p, g, state)
        rate = float(backend.host(schedule(backend.array(float(step)))))
        total -= rate
        assert float(backend.host(state["rate"])) == pytest.approx(rate, rel=8 * backend.eps)
        assert float(backend.host(p)[0]) == pytest.approx(total, rel=100 * backend.eps)
    assert update.compilations == 1


def test_fit_compiles_its_step_once(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib

    module = importlib.import_module("bpcore.run.fit")
    made: list[Any] = []

    def counted(*args: Any, **options: Any) -> Any:
        made.append(bp.compile(*args, **options))
        return made[-1]

    monkeypatch.setattr(module, "compile", counted)
    x, y = np.ones((8, 2)), np.ones((8, 1))
    for optimizer in (bp.Adam(bp.Cosine(0.1, steps=20)), bp.Adam(bp.ReduceOnPlateau(0.1, patience=0))):
        bp.fit(
            bp.Linear(1),
            (x, y),
            loss=bp.SquaredError(),
            optimizer=optimizer,
            batch_size=2,
            epochs=9,
            progress=None,
        )
    assert [one.compilations for one in made if one.carry] == [1, 1]


@pytest.mark.parametrize(
    "options", [{}, {"cooldown": 2}, {"least": 0.02}, {"threshold": 0.1}, {"mode": "max"}]
)
def test_a_plateau_by_pytorch(options: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch", reason="the oracle is PyTorch")
    schedule = bp.ReduceOnPlateau(0.1, factor=0.5, patience=2, **options)
    oracle = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    renamed = {{"least": "min_lr"}.get(name, name): value for name, value in options.items()}
    follower = torch.optim.lr_scheduler.ReduceLROnPlateau(oracle, factor=0.5, patience=2, **renamed)
    values = [abs(math.sin(0.9 * epoch)) + 1 / (1 + epoch) for epoch in range(40)]
    for epoch, value in enumerate(values, start=1):
        follower.step(value)
        assert schedule.after(values[:epoch]) == pytest.approx(oracle.param_groups[0]["lr"], rel=1e-12)
    assert schedule.after(values) < 0.1
    assert schedule.after([]) == 0.1


def test_a_plateau_in_fit() -> None:
    """Targets that no parameter reaches: the loss stands still, and the rate falls by the history."""
    x, y = np.zeros((8, 2)), np.asarray([[0.0], [1.0]] * 4)
    rates: list[float] = []
    net, loss = bp.Linear(1, bias=False), bp.SquaredError()
    optimizer = bp.SGD(bp.ReduceOnPlateau(1.0, factor=0.5, patience=1))
    from bpcore.run import rates as module

    after = module.rescheduled(optimizer.init(np.zeros(1)), optimizer.rate, {"loss": [0.5] * 5})  # type: ignore[arg-type]
    assert float(after["rate"]) == 0.25
    run = bp.fit(
        net, (x, y), loss=loss, optimizer=optimizer, epochs=5, progress=lambda *row: rates.append(row[0])
    )
    assert run.history["loss"] == [0.5] * 5
    assert rates == [1, 2, 3, 4, 5]
    with pytest.raises(OptionError, match=r"monitor of ReduceOnPlateau must be one of loss, was given 'los'"):
        module.rescheduled({"rate": np.ones(())}, bp.ReduceOnPlateau(1.0, monitor="los"), {"loss": [1.0]})


def test_a_plateau_slows_the_next_epochs() -> None:
    """The loss falls by the rate in each epoch; the third makes the rate fall, for the fourth."""
    x, y = np.ones((4, 1)), np.zeros((4, 1))

    class Falling(bp.SquaredError):
        def each(self, xp: Any, output: Any, target: Any) -> Any:
            return xp.negative(output)

    net = bp.Linear(1, bias=False, weight_init=bp.Zeros())
    optimizer = bp.SGD(bp.ReduceOnPlateau(1.0, factor=0.25, patience=1, mode="max"))
    run = bp.fit(net, (x, y), loss=Falling(), optimizer=optimizer, epochs=5, progress=None)
    assert run.history["loss"] == pytest.approx([0.0, -1.0, -2.0, -3.0, -3.25])


def test_a_plateau_is_asked_after_every_epoch() -> None:
    """Where other rates let many epochs be made in one call, this one does not."""
    x, y = np.ones((4, 1)), np.asarray([[0.0], [1.0], [2.0], [3.0]])
    optimizer = bp.SGD(bp.ReduceOnPlateau(0.9, factor=0.5, patience=2))
    options: dict[str, Any] = {
        "loss": bp.SquaredError(),
        "optimizer": optimizer,
        "epochs": 140,
        "progress": None,
    }
    one, other = (bp.fit(bp.Linear(1), (x, y), compiled=compiled, **options) for compiled in (True, False))
    assert one.history["loss"] == pytest.approx(other.history["loss"], rel=1e-9)
    assert one.history["loss"][-1] < 1.3


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: bp.Cosine(-0.1, steps=2), "rate of Cosine must be a number, 0 or more, was given -0.1."),
        (lambda: bp.Cosine(0.1, steps=0), "steps of Cosine must be a whole number, 1 or more, was given 0."),
        (lambda: bp.Warmup("x", steps=3), "rate of Constant must be a number, 0 or more, was given 'x'."),
        (
            lambda: bp.Warmup(1, steps=3, start=2),
            "start of Warmup must be a number from 0 to 1, was given 2.",
        ),
        (
            lambda: bp.StepDecay(0.1, every=1.5),
            "every of StepDecay must be a whole number, 1 or more, was given 1.5.",
        ),
        (
            lambda: bp.Exponential(0.1, factor=1.1),
            "factor of Exponential must be a number above 0, at most 1, was given 1.1.",
        ),
        (
            lambda: bp.OneCycle(0.1, steps=3),
            "warm of OneCycle must be more than one of its 3 steps, was given 0.3.",
        ),
        (
            lambda: bp.ReduceOnPlateau(0.1, factor=1.0),
            "factor of ReduceOnPlateau must be a number between 0 and 1, was given 1.0.",
        ),
        (
            lambda: bp.ReduceOnPlateau(0.1, mode="mn"),
            "mode of ReduceOnPlateau must be one of max, min, was given 'mn'. Did you mean \"min\"?",
        ),
    ],
)
def test_out_of_range(make: Any, sentence: str) -> None:
    with pytest.raises(OptionError) as caught:
        make()
    assert str(caught.value) == sentence


def test_a_rate_that_follows_sees_each_epoch_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the whole history in every epoch, a long run would take the square of its time."""
    seen, onward = [], bp.ReduceOnPlateau.onward
    monkeypatch.setattr(
        bp.ReduceOnPlateau,
        "onward",
        lambda self, fall, value: seen.append(value) or onward(self, fall, value),
    )
    x = np.linspace(-1.0, 1.0, 8)[:, None]
    run = bp.fit(
        bp.Linear(1), (x, x), loss=bp.SquaredError(), optimizer=bp.SGD(bp.ReduceOnPlateau(0.1)), epochs=12
    )
    assert seen == run.history["loss"]


def test_the_least_rate_is_no_more_than_the_rate() -> None:
    with pytest.raises(OptionError, match=r"least of ReduceOnPlateau must be at most its rate, 0\.0001"):
        bp.ReduceOnPlateau(1e-4, least=1e-2)
