"""The small product as host code: it computes what the library is told to. No GPU has a part in it."""

from __future__ import annotations

import ctypes
import ctypes.util
import re
import sys
from typing import NamedTuple

import numpy as np
import pytest

from bpcore.program.equation import ArrayType, Slot
from bpcore_cupy.elements import Kernel, Refused
from bpcore_cupy.products import Handle, Operand, Plan, plan_of, row_major
from bpcore_cupy.products.small import is_small, small_kernel
from tests.backends.cupy.elements.host import COMPILER, Host
from tests.backends.cupy.elements.nvrtc import compile_to_cubin
from tests.backends.cupy.elements.nvrtc import library as nvrtc
from tests.backends.cupy.products.arrays import Lay, Placed, place, untouched
from tests.backends.cupy.products.interpreter import Memory
from tests.backends.cupy.products.stand_in import StandIn

pytestmark = pytest.mark.usefixtures("unlimited")
A, B, C, VECTOR, AUX = (Slot(i) for i in range(5))
ROWS, COLUMNS, GAPS = Lay(), Lay(by_rows=False), Lay(by_rows=False, gap=3)
EPILOGUES = (
    "bias",
    "relu",
    "relu_bias",
    "relu_aux",
    "relu_aux_bias",
    "drelu",
    "drelu_bgrad",
    "bgrad_a",
    "bgrad_b",
)


class Case(NamedTuple):
    """One product: lengths (of a stack too), how its arrays lie, and what follows."""

    lengths: tuple[int, ...]
    lays: tuple[Lay, Lay, Lay] = (ROWS, ROWS, ROWS)
    dtype: str = "float32"
    epilogue: str | None = None
    accumulate: bool = False


CASES = [
    *(
        Case(lengths)
        for lengths in ((200, 2, 16), (16, 200, 8), (1, 1, 1), (7, 1024, 3), (200, 16, 8), (3, 33, 5))
    ),
    *(
        Case((5, 20, 6), lays)
        for lays in ((COLUMNS, GAPS, ROWS), (GAPS, ROWS, COLUMNS), (ROWS, COLUMNS, GAPS))
    ),
    Case((5, 20, 6), (GAPS, GAPS, ROWS), "float64", accumulate=True),
    *(Case((3, 7, 40, 6), (lay, ROWS, ROWS), "float64") for lay in (ROWS, COLUMNS)),
    *(Case((40, 17, 13), (ROWS, COLUMNS, ROWS), "float64", epilogue) for epilogue in EPILOGUES),
    *(Case((200, 16, 8), (ROWS, ROWS, ROWS), "float32", epilogue) for epilogue in EPILOGUES),
    *(Case((9, 70, 11), (GAPS, GAPS, GAPS), "float32", epilogue) for epilogue in EPILOGUES[-2:]),
    *(
        Case((9, 70, 11), (ROWS, GAPS, ROWS), "float32", epilogue, accumulate=True)
        for epilogue in EPILOGUES[:2]
    ),
    Case((9, 130, 21), epilogue="relu_aux"),
    *(
        Case((4, 5, 40, 19), (ROWS, ROWS, ROWS), "float32", epilogue)
        for epilogue in ("relu_aux", "drelu", "bias")
    ),
]


class Made(NamedTuple):
    """A case in memory."""

    case: Case
    plan: Plan
    arrays: dict[Slot, Placed]

    def kernel(self) -> Kernel:
        has = {
            "vector": VECTOR if VECTOR in self.arrays else None,
            "aux": AUX if AUX in self.arrays else None,
        }
        return small_kernel(self.plan, A, B, C, **has)


def made(memory: Memory, case: Case, *, whole: bool = True) -> Made:
    """Put a case into memory: whole numbers, whose sums are exact, or any."""
    *stack, m, k, n = case.lengths
    random = np.random.default_rng(sum(case.lengths))

    def numbers(*shape: int) -> np.ndarray:
        return random.integers(-2, 3, shape).astype("f8") if whole else random.standard_normal(shape)

    shapes = ((*stack, m, k), (*stack, k, n), (*stack, m, n))
    arrays = {
        slot: place(memory, numbers(*shape), case.dtype, lay)
        for slot, shape, lay in zip((A, B, C), shapes, case.lays, strict=True)
    }
    operands = [arrays[slot].operand for slot in (A, B, C)]
    plan = plan_of(*operands, epilogue=case.epilogue, accumulate=case.accumulate)
    if plan.vector:
        arrays[VECTOR] = place(memory, numbers(plan.vector.length), case.dtype)
    if plan.aux:
        bits = random.integers(0, 256, plan.aux.nbytes)
        arrays[AUX] = place(memory, bits, "uint8")
    return Made(case, plan, arrays)


def planned(*lengths: int, epilogue: str | None = None, dtype: str = "float32") -> Plan:
    """Return a plan of arrays that nobody made."""
    m, k, n = lengths
    a, b, c = (Operand(shape, row_major(shape), dtype) for shape in ((m, k), (k, n), (m, n)))
    return plan_of(a, b, c, epilogue=epilogue)


def run(host: Host, one: Made) -> None:
    types = {slot: ArrayType(x.words.shape, x.words.dtype) for slot, x in one.arrays.items()}
    host.run(one.kernel(), {slot: x.words for slot, x in one.arrays.items()}, types)


@pytest.mark.skipif(COMPILER is None, reason="no C++ compiler: texts are not run as host code")
def test_it_computes_what_the_library_is_told(library: StandIn, handle: Handle) -> None:
    assert library.memory is not None
    by_library = [made(library.memory, case) for case in CASES]
    by_kernel = [made(Memory(), case) for case in CASES]
    host = Host(one.kernel() for one in by_kernel)
    for one, other in zip(by_kernel, by_library, strict=True):
        run(host, one)
        prepared = handle.prepare(other.plan)
        assert prepared
        address = {slot: placed.address for slot, placed in other.arrays.items()}
        prepared(7, address[A], address[B], address[C], bias=address.get(VECTOR, 0), aux=address.get(AUX, 0))
        for slot in (C, VECTOR):
            if slot in one.arrays:
                found, wanted = one.arrays[slot], other.arrays[slot]
                np.testing.assert_array_equal(found.words, wanted.words, err_msg=str(one.case))
                assert untouched(found)
        _same_masks(one, other)


def _same_masks(one: Made, other: Made) -> None:
    """Compare the bits of elements; those between the columns nobody reads."""
    plan = one.plan
    if plan.aux is None:
        return
    shown = [np.unpackbits(x.arrays[AUX].words, bitorder="little") for x in (one, other)]
    masks = [x.reshape(-1, plan.aux.ld)[:, : plan.m] for x in shown]
    np.testing.assert_array_equal(masks[0], masks[1], err_msg=str(one.case))


@pytest.mark.skipif(
    COMPILER is None or sys.platform == "win32", reason="no C++ compiler, or no C library by name"
)
@pytest.mark.parametrize("k", [1, 8, 16, 200, 784])
def test_sums_are_made_in_the_order_that_is_told(k: int) -> None:
    """Bit for bit: each thread one chain of fused operations, then pairs."""
    one = made(Memory(), Case((2, k, 3)), whole=False)
    run(Host([one.kernel()]), one)
    library = ctypes.CDLL(ctypes.util.find_library("m"))
    library.fmaf.restype = ctypes.c_float
    lanes = {1: 1, 8: 1, 16: 2, 200: 16, 784: 32}[k]
    for i, j in np.ndindex(2, 3):
        sums = []
        for lane in range(lanes):
            total = 0.0
            for at in range(lane, k, lanes):
                pair = (float(one.arrays[A].words[i, at]), float(one.arrays[B].words[at, j]))
                total = library.fmaf(*(ctypes.c_float(x) for x in (*pair, total)))
            sums.append(np.float32(total))
        while len(sums) > 1:
            half = len(sums) // 2
            sums = [sums[x] + sums[x + half] for x in range(half)]
        assert one.arrays[C].words[i, j] == sums[0]


@pytest.mark.skipif(nvrtc() is None, reason="NVRTC is not installed")
@pytest.mark.parametrize("architecture", ["sm_80", "sm_90"])
def test_it_compiles_for_a_gpu(architecture: str) -> None:
    kernels = {kernel.name: kernel.source for kernel in (made(Memory(), case).kernel() for case in CASES)}
    cubin = compile_to_cubin("\n".join(kernels.values()), architecture)
    assert all(name.encode() in cubin for name in kernels)


def test_threads_ask_only_those_of_their_warp() -> None:
    """A device would hand back what a thread has itself: the host's shuffles know no warps."""
    for case in CASES:
        source = made(Memory(), case).kernel().source
        assert all(int(far) < 32 for far in re.findall(r"__shfl_xor_sync\(0xffffffffu, \w+, (\d+)\)", source))
        assert source.count("__shfl_xor_sync") == len(
            re.findall(r"__shfl_xor_sync\(0xf{8}u, \w+, \d+\)", source)
        )


def test_equal_products_share_a_kernel() -> None:
    first, second, other = (
        made(Memory(), Case(lengths)).kernel() for lengths in ((3, 4, 5), (3, 4, 5), (3, 4, 6))
    )
    assert first.name == second.name != other.name
    assert first.name in first.source
    assert first.arguments == (A, B, C)


def test_arguments_are_inputs_and_then_outputs() -> None:
    expected = {
        "relu_aux_bias": (A, B, VECTOR, C, AUX),
        "drelu_bgrad": (A, B, AUX, C, VECTOR),
        "bgrad_b": (A, B, C, VECTOR),
        "bias": (A, B, VECTOR, C),
    }
    for epilogue, arguments in expected.items():
        assert made(Memory(), Case((3, 4, 5), epilogue=epilogue)).kernel().arguments == arguments
    plan = planned(3, 4, 5, epilogue="bias")
    with pytest.raises(Refused, match="without its vector"):
        small_kernel(plan, A, B, C)


def test_which_products_are_small() -> None:
    assert is_small(planned(200, 2, 16, epilogue="relu_aux_bias"))
    assert is_small(planned(200, 8, 16, epilogue="drelu_bgrad"))
    assert is_small(planned(16, 200, 8, epilogue="bgrad_b"))
    assert not is_small(planned(128, 784, 512))
    assert not is_small(planned(3, 2000, 4))
    assert not is_small(planned(4, 5, 6, epilogue="gelu_bias"))
    assert not is_small(planned(4, 5, 6, dtype="float16"))


def test_a_mask_is_written_and_read_by_the_same_side() -> None:
    """What writes a mask and what reads it have the mask's lengths in common, and no other."""
    for m, n in ((1, 1), (64, 64), (200, 16), (200, 65), (4097, 1), (32, 128)):
        sides = {
            is_small(planned(m, k, n, epilogue=epilogue))
            for k in (1, 784, 5000)
            for epilogue in ("relu_aux", "relu_aux_bias", "drelu", "drelu_bgrad")
        }
        assert len(sides) == 1, (m, n)


def test_what_has_no_kernel() -> None:
    for case in (Case((3, 4, 5), dtype="float16"), Case((3, 4, 5), epilogue="gelu_bias")):
        with pytest.raises(Refused, match="a small product"):
            made(Memory(), case).kernel()


@pytest.mark.skipif(COMPILER is None, reason="no C++ compiler: texts are not run as host code")
def test_relu_hands_on_what_is_not_a_number() -> None:
    one = made(Memory(), Case((3, 4, 5), epilogue="relu"))
    one.arrays[A].words[1, 2] = np.nan
    run(Host([one.kernel()]), one)
    assert np.isnan(one.arrays[C].words).all(axis=1).tolist() == [False, True, False]
