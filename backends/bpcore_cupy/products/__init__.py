"""Matrix products by cuBLASLt, which may be captured; no import of CuPy."""

from bpcore_cupy.products.algorithm import Algorithm
from bpcore_cupy.products.handle import Handle
from bpcore_cupy.products.operand import Operand, row_major
from bpcore_cupy.products.plan import Plan, plan_of, refusal_of
from bpcore_cupy.products.prepared import Prepared

__all__ = ["Algorithm", "Handle", "Operand", "Plan", "Prepared", "plan_of", "refusal_of", "row_major"]
