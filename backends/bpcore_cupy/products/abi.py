"""cuBLASLt's interface in numbers: prototypes, attributes and enumerations, as ``cublasLt.h`` has them.

The numbers are part of the library's binary interface and the same in its versions 12 and 13; a test holds
them against the header that NVIDIA's wheel brings.
"""

from __future__ import annotations

import ctypes
from ctypes import POINTER, c_float, c_int, c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p
from typing import Any, Final, NamedTuple

__all__ = [
    "ALGORITHM_BYTES",
    "COMPUTE",
    "DATA",
    "EPILOGUE",
    "NARROW",
    "NUMERICS",
    "PROTOTYPES",
    "REDUCTION",
    "STATUS",
    "AlgorithmConfig",
    "Attribute",
    "Description",
    "HeuristicResult",
    "MatrixLayout",
    "Preference",
]

DATA: Final = {"float32": 0, "float64": 1, "float16": 2, "bfloat16": 14}
"""``cudaDataType``: what elements are, and what alpha and beta are."""

COMPUTE: Final = {"32F": 68, "64F": 70, "32F_FAST_16F": 74, "32F_FAST_16BF": 75, "32F_FAST_TF32": 77}
"""``cublasComputeType_t``: what is multiplied, and what sums are kept in."""

EPILOGUE: Final = {
    "DEFAULT": 1,
    "RELU": 2,
    "RELU_AUX": 2 | 128,
    "BIAS": 4,
    "RELU_BIAS": 2 | 4,
    "RELU_AUX_BIAS": 2 | 128 | 4,
    "DRELU": 8 | 128,
    "DRELU_BGRAD": 8 | 128 | 16,
    "GELU": 32,
    "GELU_AUX": 32 | 128,
    "GELU_BIAS": 32 | 4,
    "GELU_AUX_BIAS": 32 | 128 | 4,
    "DGELU": 64 | 128,
    "DGELU_BGRAD": 64 | 128 | 16,
    "BGRADA": 256,
    "BGRADB": 512,
}
"""``cublasLtEpilogue_t``: what is done with the sums before they are stored."""

STATUS: Final = {
    0: "SUCCESS",
    1: "NOT_INITIALIZED",
    3: "ALLOC_FAILED",
    7: "INVALID_VALUE",
    8: "ARCH_MISMATCH",
    11: "MAPPING_ERROR",
    13: "EXECUTION_FAILED",
    14: "INTERNAL_ERROR",
    15: "NOT_SUPPORTED",
    16: "LICENSE_ERROR",
}
"""``cublasStatus_t``."""

REDUCTION: Final = {"NONE": 0, "INPLACE": 1, "COMPUTE_TYPE": 2, "OUTPUT_TYPE": 4}
"""``cublasLtReductionScheme_t``: how the parts of a sum that was cut are added up, as bits of a mask."""

NUMERICS: Final = {
    "FMA": 0x01 << 0,
    "HMMA": 0x02 << 0,
    "IMMA": 0x04 << 0,
    "DMMA": 0x08 << 0,
    "ACCUMULATOR_16F": 0x01 << 8,
    "ACCUMULATOR_32F": 0x02 << 8,
    "ACCUMULATOR_64F": 0x04 << 8,
    "INPUT_16F": 0x01 << 16,
    "INPUT_16BF": 0x02 << 16,
    "INPUT_TF32": 0x04 << 16,
    "INPUT_32F": 0x08 << 16,
    "INPUT_64F": 0x10 << 16,
}
"""``CUBLASLT_NUMERICAL_IMPL_FLAGS``: what an algorithm multiplies with, and in what."""

NARROW: Final = NUMERICS["INPUT_16F"] | NUMERICS["INPUT_16BF"] | NUMERICS["INPUT_TF32"]
"""The bits of ``NUMERICAL_IMPL_FLAGS`` for inputs rounded to float16, to bfloat16, and to TF32."""

ALGORITHM_BYTES: Final = 64
"""The size of ``cublasLtMatmulAlgo_t``, which may be copied and kept."""


class Attribute(NamedTuple):
    """One attribute of a descriptor: its name in the header, its number, and the type of its value."""

    name: str
    number: int
    kind: Any


class Description:
    """``cublasLtMatmulDescAttributes_t``."""

    COMPUTE_TYPE = Attribute("CUBLASLT_MATMUL_DESC_COMPUTE_TYPE", 0, c_int32)
    SCALE_TYPE = Attribute("CUBLASLT_MATMUL_DESC_SCALE_TYPE", 1, c_int32)
    TRANSA = Attribute("CUBLASLT_MATMUL_DESC_TRANSA", 3, c_int32)
    TRANSB = Attribute("CUBLASLT_MATMUL_DESC_TRANSB", 4, c_int32)
    EPILOGUE = Attribute("CUBLASLT_MATMUL_DESC_EPILOGUE", 7, c_uint32)
    BIAS_POINTER = Attribute("CUBLASLT_MATMUL_DESC_BIAS_POINTER", 8, c_void_p)
    AUX_POINTER = Attribute("CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER", 11, c_void_p)
    AUX_LD = Attribute("CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD", 12, c_int64)
    AUX_BATCH_STRIDE = Attribute("CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_BATCH_STRIDE", 13, c_int64)


class MatrixLayout:
    """``cublasLtMatrixLayoutAttribute_t``."""

    TYPE = Attribute("CUBLASLT_MATRIX_LAYOUT_TYPE", 0, c_uint32)
    ORDER = Attribute("CUBLASLT_MATRIX_LAYOUT_ORDER", 1, c_int32)
    ROWS = Attribute("CUBLASLT_MATRIX_LAYOUT_ROWS", 2, c_uint64)
    COLS = Attribute("CUBLASLT_MATRIX_LAYOUT_COLS", 3, c_uint64)
    LD = Attribute("CUBLASLT_MATRIX_LAYOUT_LD", 4, c_int64)
    BATCH_COUNT = Attribute("CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT", 5, c_int32)
    BATCH_STRIDE = Attribute("CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET", 6, c_int64)


class Preference:
    """``cublasLtMatmulPreferenceAttributes_t``."""

    WORKSPACE_BYTES = Attribute("CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES", 1, c_uint64)
    REDUCTION_SCHEMES = Attribute("CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK", 3, c_uint32)
    ALIGNMENT_A = Attribute("CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES", 5, c_uint32)
    ALIGNMENT_B = Attribute("CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES", 6, c_uint32)
    ALIGNMENT_C = Attribute("CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES", 7, c_uint32)
    ALIGNMENT_D = Attribute("CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES", 8, c_uint32)


class AlgorithmConfig:
    """What is read of an algorithm: how it is configured, and (the last) what it is able to."""

    SPLIT = Attribute("CUBLASLT_ALGO_CONFIG_SPLITK_NUM", 2, c_int32)
    REDUCTION_SCHEME = Attribute("CUBLASLT_ALGO_CONFIG_REDUCTION_SCHEME", 3, c_uint32)
    NUMERICS = Attribute("CUBLASLT_ALGO_CAP_NUMERICAL_IMPL_FLAGS", 15, c_uint64)


class HeuristicResult(ctypes.Structure):
    """``cublasLtMatmulHeuristicResult_t``."""

    _fields_ = (
        ("algorithm", c_uint64 * 8),
        ("workspace_bytes", c_size_t),
        ("state", c_int),
        ("waves", c_float),
        ("reserved", c_int * 4),
    )


_OUT = POINTER(c_void_p)
_SET = (c_void_p, c_int, c_void_p, c_size_t)
_GET = (c_void_p, c_int, c_void_p, c_size_t, POINTER(c_size_t))
_LAYOUTS = (c_void_p, c_void_p, c_void_p, c_void_p)

PROTOTYPES: Final[dict[str, tuple[Any, ...]]] = {
    "cublasLtGetVersion": (),
    "cublasLtCreate": (_OUT,),
    "cublasLtDestroy": (c_void_p,),
    "cublasLtMatmulDescCreate": (_OUT, c_int, c_int),
    "cublasLtMatmulDescDestroy": (c_void_p,),
    "cublasLtMatmulDescSetAttribute": _SET,
    "cublasLtMatmulDescGetAttribute": _GET,
    "cublasLtMatrixLayoutCreate": (_OUT, c_int, c_uint64, c_uint64, c_int64),
    "cublasLtMatrixLayoutDestroy": (c_void_p,),
    "cublasLtMatrixLayoutSetAttribute": _SET,
    "cublasLtMatrixLayoutGetAttribute": _GET,
    "cublasLtMatmulPreferenceCreate": (_OUT,),
    "cublasLtMatmulPreferenceDestroy": (c_void_p,),
    "cublasLtMatmulPreferenceSetAttribute": _SET,
    "cublasLtMatmulPreferenceGetAttribute": _GET,
    "cublasLtMatmulAlgoGetHeuristic": (
        *(c_void_p, c_void_p, *_LAYOUTS, c_void_p, c_int),
        *(POINTER(HeuristicResult), POINTER(c_int)),
    ),
    "cublasLtMatmulAlgoCheck": (c_void_p, c_void_p, *_LAYOUTS, c_void_p, POINTER(HeuristicResult)),
    "cublasLtMatmulAlgoConfigGetAttribute": _GET,
    "cublasLtMatmulAlgoCapGetAttribute": _GET,
    "cublasLtMatmul": (
        *(c_void_p, c_void_p, c_void_p, c_void_p, c_void_p, c_void_p, c_void_p, c_void_p),
        *(c_void_p, c_void_p, c_void_p, c_void_p, c_void_p, c_void_p, c_size_t, c_void_p),
    ),
}
"""The arguments of each function; all return a status, except ``cublasLtGetVersion``, a ``size_t``."""
