"""The library itself, where it is installed, without a GPU: every attribute is set and read back.

``nox -s cublas`` installs NVIDIA's package of it and makes a skip a failure. Nothing is computed here.
"""

from __future__ import annotations

import ctypes
import importlib.metadata
import os
import re
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from bpcore.words.errors import BackendUnusable
from bpcore_cupy.products import Operand, Plan, abi, plan_of, row_major
from bpcore_cupy.products.descriptors import Described, preference
from bpcore_cupy.products.epilogues import EPILOGUES
from bpcore_cupy.products.library import library as load
from bpcore_cupy.products.library import version_text
from tests.backends.cupy.products.stand_in import SIZES, StandIn

REQUIRED = os.environ.get("BPCORE_CUBLAS") == "required"


@pytest.fixture(scope="module")
def library() -> Any:
    try:
        return load()
    except BackendUnusable as error:
        if REQUIRED:
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def header(library: Any) -> str:
    """Return the header of the installed library, without its comments."""
    for wheel in ("nvidia-cublas", "nvidia-cublas-cu12"):
        try:
            files = importlib.metadata.files(wheel) or []
        except importlib.metadata.PackageNotFoundError:
            continue
        texts = [
            Path(str(file.locate())).read_text(encoding="utf-8")
            for file in files
            if file.name in ("cublasLt.h", "cublas_api.h")
        ]
        return re.sub(r"/\*.*?\*/|//[^\n]*", " ", "\n".join(texts), flags=re.DOTALL)
    pytest.skip("the library comes without its header")


def plans() -> list[Plan]:
    """Return every epilogue in every dtype, by rows and by columns; and stacks."""

    def operand(*shape: int, dtype: str, turned: bool = False) -> Operand:
        strides = (1, shape[0] + 3) if turned else row_major(shape)
        return Operand(shape, strides, dtype, 16)

    found = []
    for dtype, epilogue, turned in product(abi.DATA, (None, *EPILOGUES), (False, True)):
        c = operand(30, 50, dtype=dtype, turned=turned)
        a, b = operand(30, 40, dtype=dtype), operand(40, 50, dtype=dtype, turned=True)
        found.append(plan_of(a, b, c, epilogue=epilogue, bias_axis=-2 if turned else -1))
    for precision in ("float32", "tf32", "bfloat16", "float16"):
        a, b = operand(7, 3, 4, dtype="float32"), operand(7, 4, 5, dtype="float32")
        found.append(plan_of(a, b, operand(7, 3, 5, dtype="float32"), precision=precision))
    return found


ATTRIBUTES = {
    kind: [x for x in vars(kind).values() if isinstance(x, abi.Attribute)]
    for kind in (abi.Description, abi.MatrixLayout, abi.Preference)
}


def everything(library: Any, plan: Plan) -> dict[str, dict[str, int]]:
    """Return what is read back of all objects of a plan."""
    with (
        Described(library, plan) as made,
        preference(library, plan, 1 << 25, 2 | 4) as wishes,
    ):
        objects = {
            "operation": (made.operation, abi.Description),
            "first": (made.first, abi.MatrixLayout),
            "second": (made.second, abi.MatrixLayout),
            "result": (made.result, abi.MatrixLayout),
            "preference": (wishes, abi.Preference),
        }
        return {
            name: {attribute.name: made.get(attribute) for attribute in ATTRIBUTES[kind]}
            for name, (made, kind) in objects.items()
        }


def expected(plan: Plan) -> dict[str, Any]:
    """Return what a plan says, by the header's names of attributes."""
    layouts = {"first": plan.first, "second": plan.second, "result": plan.result}
    known: dict[str, Any] = {
        name: {
            "CUBLASLT_MATRIX_LAYOUT_TYPE": abi.DATA[layout.dtype],
            "CUBLASLT_MATRIX_LAYOUT_ORDER": 0,
            "CUBLASLT_MATRIX_LAYOUT_ROWS": layout.rows,
            "CUBLASLT_MATRIX_LAYOUT_COLS": layout.columns,
            "CUBLASLT_MATRIX_LAYOUT_LD": layout.ld,
            "CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT": layout.batch,
            "CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET": layout.batch_stride,
        }
        for name, layout in layouts.items()
    }
    known["operation"] = {
        "CUBLASLT_MATMUL_DESC_COMPUTE_TYPE": abi.COMPUTE[plan.compute],
        "CUBLASLT_MATMUL_DESC_SCALE_TYPE": abi.DATA[plan.scale],
        "CUBLASLT_MATMUL_DESC_TRANSA": int(plan.transposed[0]),
        "CUBLASLT_MATMUL_DESC_TRANSB": int(plan.transposed[1]),
        "CUBLASLT_MATMUL_DESC_EPILOGUE": abi.EPILOGUE[plan.follows],
        "CUBLASLT_MATMUL_DESC_BIAS_POINTER": plan.vector.alignment if plan.vector else 0,
        "CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER": plan.aux.alignment if plan.aux else 0,
        "CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD": plan.aux.ld if plan.aux else 0,
        "CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_BATCH_STRIDE": plan.aux.batch_stride if plan.aux else 0,
    }
    known["preference"] = {
        "CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES": 1 << 25,
        "CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK": 2 | 4,
        "CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES": plan.first.alignment,
        "CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES": plan.second.alignment,
        "CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES": plan.result.alignment,
        "CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES": plan.result.alignment,
    }
    return known


def test_what_is_set_is_read_back(library: Any) -> None:
    for plan in plans():
        assert everything(library, plan) == expected(plan), plan.text


def test_the_stand_in_answers_as_the_library_should() -> None:
    stand_in = StandIn()
    for plan in plans():
        read = everything(stand_in, plan)
        for layout in ("first", "second", "result"):
            read[layout]["CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT"] |= 1  # not set, it is 0 in the stand-in
        wanted = expected(plan)
        for layout in ("first", "second", "result"):
            wanted[layout]["CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT"] |= 1
        assert read == wanted, plan.text
    assert not stand_in.wrong
    assert not stand_in.alive


def test_sizes_are_those_of_the_library(library: Any) -> None:
    """Asked for no bytes, it says how many an attribute has."""
    plan = plans()[0]
    with Described(library, plan) as made, preference(library, plan, 0, 0) as wishes:
        families = {"MatmulDesc": made.operation, "MatrixLayout": made.first, "MatmulPreference": wishes}
        for family, kind in zip(families, ATTRIBUTES, strict=True):
            for attribute in ATTRIBUTES[kind]:
                size = ctypes.c_size_t()
                ask = getattr(library, f"cublasLt{family}GetAttribute")
                pointer = families[family].pointer
                assert ask(pointer, attribute.number, None, 0, ctypes.byref(size)) == 0, attribute.name
                assert size.value == ctypes.sizeof(attribute.kind), attribute.name
                assert size.value == SIZES[family][attribute.number], attribute.name


def test_its_version_is_read(library: Any) -> None:
    assert re.fullmatch(r"1[2-9]\.\d+\.\d+", version_text(library.cublasLtGetVersion()))


def test_numbers_are_the_header_s(header: str) -> None:
    numbers = enumerators(header)
    for kind, attributes in ATTRIBUTES.items():
        assert attributes
        for attribute in attributes:
            assert numbers[attribute.name] == attribute.number, (kind, attribute.name)
    for attribute in vars(abi.AlgorithmConfig).values():
        if isinstance(attribute, abi.Attribute):
            assert numbers[attribute.name] == attribute.number, attribute.name
    tables = {"CUBLASLT_EPILOGUE_": abi.EPILOGUE, "CUBLAS_COMPUTE_": abi.COMPUTE}
    tables["CUBLASLT_REDUCTION_SCHEME_"] = abi.REDUCTION
    tables["CUBLAS_STATUS_"] = {name: number for number, name in abi.STATUS.items()}
    for prefix, table in tables.items():
        for name, number in table.items():
            assert numbers[prefix + name] == number, name
    flags = dict(re.findall(r"#define CUBLASLT_NUMERICAL_IMPL_FLAGS_(\w+) \((0x\w+?)ull << ", header))
    shifts = dict(re.findall(r"#define CUBLASLT_NUMERICAL_IMPL_FLAGS_(\w+) \(0x\w+?ull << (\d+)\)", header))
    assert {name: int(flags[name], 16) << int(shifts[name]) for name in abi.NUMERICS} == abi.NUMERICS


def enumerators(header: str) -> dict[str, int]:
    """Return the numbers of all enumerations: plain, or other names joined by ``|``."""
    numbers: dict[str, int] = {}
    for body in re.findall(r"typedef enum \{(.*?)\}", header, flags=re.DOTALL):
        for name, value in re.findall(r"(\w+)\s*=\s*([^,]+)", body):
            words = value.strip().strip("()").split("|")
            try:
                total = 0
                for word in map(str.strip, words):
                    total |= numbers[word] if word in numbers else int(word, 0)
            except ValueError:
                continue
            numbers[name] = total
    return numbers


KINDS = {
    "int": ctypes.c_int,
    "size_t": ctypes.c_size_t,
    "uint64_t": ctypes.c_uint64,
    "int64_t": ctypes.c_int64,
    "cudaDataType": ctypes.c_int,
    "cudaDataType_t": ctypes.c_int,
    "cublasComputeType_t": ctypes.c_int,
    "cublasLtMatmulDescAttributes_t": ctypes.c_int,
    "cublasLtMatrixLayoutAttribute_t": ctypes.c_int,
    "cublasLtMatmulPreferenceAttributes_t": ctypes.c_int,
    "cublasLtMatmulAlgoConfigAttributes_t": ctypes.c_int,
    "cublasLtMatmulAlgoCapAttributes_t": ctypes.c_int,
}


def test_prototypes_are_the_header_s(header: str) -> None:
    for name, arguments in abi.PROTOTYPES.items():
        found = re.search(rf"(cublasStatus_t|size_t) CUBLASWINAPI {name}\((.*?)\);", header, flags=re.DOTALL)
        assert found, name
        assert (found[1] == "size_t") == (name == "cublasLtGetVersion")
        text = " ".join(found[2].split())
        declared = [] if text == "void" else [word.strip() for word in text.split(",")]
        assert len(declared) == len(arguments), name
        for word, argument in zip(declared, arguments, strict=True):
            kind = word.removeprefix("const ").split()[0].strip("*")
            is_pointer = "*" in word or "[]" in word or kind not in KINDS
            if is_pointer:
                assert issubclass(argument, ctypes.c_void_p | ctypes._Pointer), (name, word)
            else:
                assert argument is KINDS[kind], (name, word)


def test_structures_have_the_header_s_size() -> None:
    assert ctypes.sizeof(abi.HeuristicResult) == 64 + 8 + 4 + 4 + 16
    assert abi.HeuristicResult.state.offset == 72
