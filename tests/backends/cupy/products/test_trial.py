"""Trials of products, tuning and the table, on a stand-in for CuPy and for the library. No CUDA runs here."""

from __future__ import annotations

import functools
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bpcore.words.errors import OptionError
from bpcore_cupy import offered
from bpcore_cupy.products import Handle, Plan, plan_of
from bpcore_cupy.trial import Trial, wrong
from bpcore_cupy.tuning import TUNE, Tuning, tuning
from tests.backends.cupy.products.arrays import operand
from tests.backends.cupy.products.conftest import allocate
from tests.backends.cupy.products.host_cupy import HostCupy
from tests.backends.cupy.products.interpreter import Memory
from tests.backends.cupy.products.stand_in import Answer, StandIn

TF32 = 0x04 << 16 | 0x02 << 8 | 0x02


class Rounding(StandIn):
    """A library some of whose algorithms give results with the bits of TF32."""

    rounds = frozenset((1,))

    def _matmul(self, *given: Any) -> int:
        found = super()._matmul(*given)
        address, layout, algorithm = given[10:13]
        if self._answer(algorithm).number in self.rounds:
            assert self.memory
            size = self.alive[layout].read(2, "Q") * self.alive[layout].read(3, "Q")
            words = self.memory.at(address, 4 * size).view("u4")
            words &= 0xFFFFE000
        return found


@pytest.fixture
def library() -> Any:
    library = Rounding(Memory())
    yield library
    assert not library.wrong
    assert not library.alive


@pytest.fixture
def cupy(library: StandIn) -> HostCupy:
    assert library.memory
    return HostCupy(library.memory)


PLANS = [
    plan_of(operand(16, 40), operand(40, 24), operand(16, 24)),
    plan_of(operand(3, 16, 40), operand(3, 40, 24), operand(3, 16, 24)),
    *offered.step_products("40-24-8-3@16:float32"),
]


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.text)
def test_right_numbers_are_right_and_rounded_ones_are_not(
    handle: Handle, library: StandIn, cupy: HostCupy, plan: Plan
) -> None:
    library.answers = [Answer(1), Answer(2)]
    one, other = (handle.prepare(plan, algorithm=x) for x in handle.algorithms(plan))
    assert one
    assert other
    assert wrong(cupy, handle, other) == ""
    assert "errs by" in wrong(cupy, handle, one)


def test_an_algorithm_is_taken_by_its_numbers(library: StandIn, cupy: HostCupy) -> None:
    library.answers = [Answer(1, numerics=TF32), Answer(2, numerics=TF32)]
    with Handle(allocate, check=functools.partial(wrong, cupy), library=library) as handle:
        prepared = handle.prepare(PLANS[0])
        assert prepared
        assert prepared.algorithm.data == Answer(2, numerics=TF32).data
        text = offered.table(handle, PLANS[:1])
    assert "2 offered (run once, and its numbers are right)" in text
    assert [line.split()[:2] for line in text.splitlines()[3:]] == [["1", "1"], ["2", "yes"]]


def test_no_memory_is_a_reason(handle: Handle, cupy: HostCupy, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: Any, **named: Any) -> None:
        raise MemoryError

    prepared = handle.prepare(PLANS[0])
    assert prepared
    monkeypatch.setattr(HostCupy, "arange", full)
    assert wrong(cupy, handle, prepared) == "there is no memory to look at its numbers"


def test_what_is_offered_and_then_refused_is_passed_over(
    handle: Handle, library: StandIn, cupy: HostCupy
) -> None:
    library.answers = [Answer(2), Answer(3)]
    real, refuses = library.cublasLtMatmul, {2}  # type: ignore[attr-defined]

    def refusing(*given: Any) -> int:
        return 15 if library._answer(given[12]).number in refuses else int(real(*given))

    library.cublasLtMatmul = refusing  # type: ignore[attr-defined]
    first = handle.prepare(PLANS[0])
    assert first
    assert wrong(cupy, handle, first) == "cublasLtMatmul answered CUBLAS_STATUS_NOT_SUPPORTED"
    with Trial(cupy, handle, PLANS[0]) as trial:
        handle.tune(PLANS[0], trial.seconds)
    taken = handle.prepare(PLANS[0])
    assert taken
    assert taken.algorithm.data == Answer(3).data
    refuses.add(3)
    with Trial(cupy, handle, PLANS[0]) as trial:
        handle.tune(PLANS[0], trial.seconds)
    assert handle.prepare(PLANS[0]) is taken


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_numbers_are_of_size_one_and_not_ordered(handle: Handle, cupy: HostCupy, dtype: str) -> None:
    kinds = [operand(*shape, dtype=dtype) for shape in ((64, 64), (64, 64), (64, 64))]
    with Trial(cupy, handle, plan_of(*kinds)) as trial:
        a, b = (np.asarray(x) for x in (trial.a, trial.b))
    if dtype == "bfloat16":
        a, b = ((x.astype("u4") << 16).view("f4") for x in (a, b))
    a, b = a.astype("f8"), b.astype("f8")
    for x in (a, b):
        assert abs(x.mean()) < 0.05
        assert abs(x.std() - 1) < 0.05
        assert abs(np.corrcoef(x[:-1], x[1:])[0, 1]) < 0.05
    assert abs(np.corrcoef(a, b)[0, 1]) < 0.05


def test_a_time_is_of_many_in_one_graph(handle: Handle, library: StandIn, cupy: HostCupy) -> None:
    library.answers = [Answer(2, workspace_bytes=512)]
    cupy.times = [4.0, 2.0, 3.0]
    prepared = handle.prepare(PLANS[0])
    assert prepared
    with Trial(cupy, handle, PLANS[0]) as trial:
        assert trial.seconds(prepared) == pytest.approx(2e-3 / 20)
    assert len(library.calls) == 1 + 20
    assert cupy.graphs[0].launches == 4
    assert cupy.events == ["wait", "capture", "captured", "wait", "freed"]


@pytest.fixture
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BPCORE_CACHE", str(tmp_path))


@pytest.mark.usefixtures("_folder")
def test_the_fastest_is_kept_for_the_next_process(
    library: StandIn, cupy: HostCupy, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.answers = [Answer(2), Answer(3), Answer(4)]
    cupy.times = [3.0, 3.0, 3.0, 1.0, 1.0, 1.0, 2.0]

    def chosen(*, deterministic: bool = True) -> int:
        with Handle(allocate, deterministic=deterministic, library=library) as handle:
            Tuning(cupy, handle, deterministic=deterministic).choose(PLANS[0])
            prepared = handle.prepare(PLANS[0])
            assert prepared
            return [x.data for x in library.answers].index(prepared.algorithm.data) + 2

    assert chosen() == 3
    calls = len(library.calls)
    assert chosen() == 3
    assert len(library.calls) == calls  # nothing was timed
    assert chosen(deterministic=False) == 2  # all take as long now
    assert len(library.calls) > calls
    library.version = 130200
    assert chosen() == 2


@pytest.mark.usefixtures("_folder")
def test_what_was_kept_and_is_not_taken_any_more_is_timed_anew(library: StandIn, cupy: HostCupy) -> None:
    library.answers = [Answer(2), Answer(3)]
    with Handle(allocate, library=library) as handle:
        Tuning(cupy, handle, deterministic=True).choose(PLANS[0])
    calls, refused = len(library.calls), library.cublasLtMatmulAlgoCheck  # type: ignore[attr-defined]
    answers = [15]  # at first it refuses what was kept
    library.cublasLtMatmulAlgoCheck = lambda *given: answers.pop() if answers else refused(*given)
    with Handle(allocate, library=library) as handle:
        Tuning(cupy, handle, deterministic=True).choose(PLANS[0])
        prepared = handle.prepare(PLANS[0])
    assert prepared
    assert len(library.calls) == 2 * calls


def test_nothing_is_timed_unasked(handle: Handle, cupy: HostCupy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TUNE, raising=False)
    assert tuning(cupy, handle, deterministic=True) is None
    monkeypatch.setenv(TUNE, "1")
    assert tuning(cupy, handle, deterministic=True)


def test_a_table_says_what_is_offered_and_why_it_is_not_taken(handle: Handle, library: StandIn) -> None:
    library.answers = [Answer(1, numerics=TF32), Answer(2, split=4, scheme=2, workspace_bytes=512)]
    text = offered.table(handle, PLANS[:1], lambda handle, plan, offer: 3e-6)
    what, said, head, first, second = text.splitlines()
    assert what == PLANS[0].text
    assert said == "  2 offered"
    assert head.split()[:4] == ["offer", "taken", "split", "scheme"]
    assert first.split()[:6] == ["1", "1", "NONE", "HMMA", "32F", "TF32"]
    assert first.endswith("rounds the float32 numbers that it multiplies, by its own account")
    assert second.split() == [*("2", "yes", "4", "COMPUTE_TYPE", "FMA", "32F", "32F"), "512", "0.50", "3.0"]
    library.answers = []
    assert "nothing: none of the heuristic's 0 algorithms" in offered.table(handle, PLANS[1:2])


def test_the_products_of_a_step() -> None:
    plans = offered.step_products("784-512-10@128:tf32")
    ends = [plan.epilogue for plan in plans]
    assert ends == [
        *(None, "relu_aux_bias", None, "bgrad_b"),
        *(None, "bias", None, "bgrad_b", None, "drelu_bgrad"),
    ]
    assert {plan.compute for plan in plans} == {"32F_FAST_TF32"}
    assert sum(plan.flops for plan in plans) == 2 * 2 * 128 * (784 * 512 * 2 + 512 * 10 * 3)
    assert all(offered.step_products(network) for network in offered.NETWORKS)


def test_a_table_that_cannot_be_printed_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "cupy", None)
    assert offered._main([]) == 2
    assert 'pip install "bpcore[cuda1' in capsys.readouterr().err
    with pytest.raises(OptionError, match="a network must be widths, batch and precision as in"):
        offered.step_products("784-512-10:tf32")


def test_the_table_is_printed_for_networks(
    library: StandIn, cupy: HostCupy, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    library.answers = [Answer(2), Answer(3)]
    monkeypatch.setattr("bpcore_cupy.products.handle.load", lambda: library)
    monkeypatch.setattr(offered, "import_library", lambda *given, **named: cupy)
    monkeypatch.setattr(offered, "count", lambda *given: 1)
    assert offered._main(["--tune", "40-24-3@16:float32", "40-3@16:bfloat16"]) == 0
    told = capsys.readouterr().out
    assert told.count("2 offered") == 10 + 4
    assert told.splitlines()[0] == "40-24-3@16:float32, cuBLASLt 13.1.0"
    assert " 50.0" in told


def test_the_names_that_are_used_are_cupys() -> None:
    cp = pytest.importorskip("cupy")
    for name in ("abs", "arange", "asarray", "full", "max", "maximum", "sum", "zeros"):
        assert callable(getattr(cp, name))
    for name in ("Device", "Event", "MemoryPool", "Stream", "get_elapsed_time", "using_allocator"):
        assert callable(getattr(cp.cuda, name))
    for name in ("begin_capture", "end_capture", "synchronize"):
        assert callable(getattr(cp.cuda.Stream, name))
    assert callable(cp.cuda.MemoryPool.free_all_blocks)
    assert callable(cp.cuda.runtime.getDeviceProperties)
    assert issubclass(cp.cuda.memory.OutOfMemoryError, MemoryError)
    assert isinstance(cp.cuda.Device.compute_capability, property) or hasattr(
        cp.cuda.Device.compute_capability, "__get__"
    )
