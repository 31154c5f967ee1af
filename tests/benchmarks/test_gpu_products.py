"""Products timed alone: by each algorithm, on random numbers, and what none takes less than."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks.gpu import products
from benchmarks.gpu.products import BYTES, floor_of
from benchmarks.gpu.timing import NODES, alone
from benchmarks.gpu.workloads import RUNS, SIZES, products_of
from bpcore_cupy.products import ProductFailed


class _Stream:
    """Counts what is enqueued; a graph of it is launched at once."""

    ptr = 1

    def __init__(self) -> None:
        self.captured = self.launched = 0
        self.capturing = False

    def synchronize(self) -> None:
        assert not self.capturing

    def begin_capture(self) -> None:
        self.capturing = True

    def end_capture(self) -> _Stream:
        self.capturing = False
        return self

    def upload(self, stream: Any) -> None:
        pass

    def launch(self, stream: Any) -> None:
        self.launched += 1

    def call(self, *addresses: int) -> None:
        self.captured += self.capturing


def test_a_short_call_is_timed_in_a_graph_too() -> None:
    stream = _Stream()
    found = alone(stream.call, stream, rounds=2, seconds=0.001)
    assert stream.captured == NODES
    assert stream.launched > 0
    assert found["device"] == min(found["in_a_row"], found["in_a_graph"])


class _Handle:
    """Offers two algorithms for every product, or none."""

    def __init__(self, stream: _Stream, *, offers: bool = True) -> None:
        self.stream, self.offers = stream, offers

    def algorithms(self, plan: Any) -> list[Any]:
        return [SimpleNamespace(split=split, workspace_bytes=0, waves=0.5) for split in (1, 4)]

    def prepare(self, plan: Any, *, algorithm: Any = None) -> Any:
        if not self.offers:
            raise ProductFailed(plan.text, "nothing is offered")
        return self.stream.call


def _cupy() -> Any:
    def standard_normal(shape: tuple[int, ...], dtype: str) -> Any:
        drawn = np.random.default_rng(0).standard_normal(shape, dtype=dtype)  # type: ignore[arg-type]
        return _Array(drawn)

    return SimpleNamespace(
        random=SimpleNamespace(standard_normal=standard_normal), matmul=lambda a, b, out: out
    )


class _Array(SimpleNamespace):
    """An array with an address."""

    def __init__(self, array: Any) -> None:
        super().__init__(array=array, data=SimpleNamespace(ptr=256))

    def view(self, dtype: str) -> Any:
        return self.array.view(dtype)


def test_a_product_is_timed_by_each_algorithm_and_without_fixed_order_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stream = _Stream()
    monkeypatch.setattr(products, "alone", partial(_few, alone))
    handles = (_Handle(stream), _Handle(stream))
    row = products._row(_cupy(), handles, stream, RUNS[0], (8, 16, 4))
    assert [told["split"] for told in row["in any order"]["algorithms"]] == [1, 4]
    times = [told["microseconds"] for told in row["ours"]["algorithms"]]
    assert row["ours"]["best"] == min(row["ours"]["device"], *times)
    assert row["cupy"]["in_a_row"] > 0
    refused = products._row(_cupy(), (_Handle(stream, offers=False), handles[1]), stream, RUNS[1], (8, 16, 4))
    assert "nothing is offered" in refused["ours"]["refused"]
    assert refused["in any order"]["best"] > 0


def _few(measure: Any, call: Any, stream: Any, *, rounds: int, seconds: float) -> Any:
    return measure(call, stream, rounds=1, seconds=0.0001)


def test_the_products_with_their_ends_are_those_that_are_offered() -> None:
    from bpcore_cupy.offered import step_products

    assert products.network_of(RUNS[1]) == "1024-2048-2048-2048-10@4096:tf32"
    for run in RUNS:
        plain = [plan for plan in step_products(products.network_of(run)) if plan.epilogue is None]
        assert sum(plan.flops for plan in plain) == sum(
            2 * m * k * n for _, m, k, n in products_of(run.workload)
        )


def test_random_numbers_of_bfloat16_are_its_bits() -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    cupy = SimpleNamespace(random=np.random.default_rng(0))
    found = products._random(cupy, (64,), "bfloat16").view(ml_dtypes.bfloat16).astype("float32")
    wanted = np.random.default_rng(0).standard_normal((64,), dtype="float32")
    np.testing.assert_allclose(found, wanted, rtol=2**-7)


def test_the_floor_is_the_products_at_their_fastest_and_the_optimizers_bytes() -> None:
    run = RUNS[0]
    shapes = products_of(SIZES["a"])
    assert len(shapes) == 8
    assert sum(2 * m * k * n for _, m, k, n in shapes) == 2 * 128 * (3 * 669706 - 3 * 1034 - 784 * 512)
    rows: dict[str, Any] = {
        name: {"ours": {"best": 3.0}, "in any order": {"best": 2.0}, "cupy": {"in_a_row": 4.0}}
        for name, *_ in shapes
    }
    assert floor_of(run, rows, 1e12) == pytest.approx(16 + BYTES * SIZES["a"].parameters / 1e6)
    assert floor_of(run, rows, None) is None
    assert floor_of(run, {}, 1e12) is None
    rows["forward 0"] = {"ours": {"refused": "no algorithm"}}
    assert floor_of(run, rows, 1e12) is None
