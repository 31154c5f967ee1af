"""Matrix products by cuBLASLt, which may be captured; imports no CuPy."""

from bpcore_cupy.products.algorithm import Algorithm
from bpcore_cupy.products.failures import ProductFailed
from bpcore_cupy.products.handle import WORKSPACE, Handle
from bpcore_cupy.products.offers import Offer
from bpcore_cupy.products.operand import Operand, row_major
from bpcore_cupy.products.plan import Plan, plan_of, refusal_of
from bpcore_cupy.products.prepared import Prepared

__all__ = [
    "WORKSPACE",
    "Algorithm",
    "Handle",
    "Offer",
    "Operand",
    "Plan",
    "Prepared",
    "ProductFailed",
    "plan_of",
    "refusal_of",
    "row_major",
]
