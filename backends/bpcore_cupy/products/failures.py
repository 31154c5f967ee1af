"""What cuBLASLt answered, in a line."""

from __future__ import annotations

from bpcore.words.errors import BackendError
from bpcore_cupy.products.abi import STATUS

__all__ = ["ProductFailed", "advice", "status_name"]

ADVICE = {
    "NOT_INITIALIZED": "There is no CUDA device that it can use, or the driver is older than the library.",
    "ALLOC_FAILED": "Its memory is used up: make batches smaller, or close what is not needed.",
    "INVALID_VALUE": "The product is described wrongly: that is a mistake of bpcore's, please report it.",
    "ARCH_MISMATCH": "The algorithm is one for other devices: prepare the product on this one.",
    "EXECUTION_FAILED": "It, or a kernel before it, failed: run with CUDA_LAUNCH_BLOCKING=1 to see which.",
    "NOT_SUPPORTED": "Use another precision, or mode='eager', where CuPy makes the product.",
}


class ProductFailed(BackendError, RuntimeError):
    """A product cannot be prepared, or cannot be enqueued."""

    def __init__(self, what: str, why: str, do: str = "") -> None:
        self.what, self.why, self.do = what, why, do
        super().__init__(f"the product {what} failed: {why}." + (f" {do}" if do else ""))

    @classmethod
    def of_status(cls, what: str, function: str, status: int) -> ProductFailed:
        """Return the error for what a function of the library answered."""
        return cls(what, f"{function} answered {status_name(status)}", advice(status))


def advice(status: int) -> str:
    """Return what to do about a status; nothing where nothing can be said."""
    return ADVICE.get(STATUS.get(status, ""), "")


def status_name(status: int) -> str:
    """Return the name of a status in the header, or its number."""
    return f"CUBLAS_STATUS_{STATUS[status]}" if status in STATUS else f"status {status}"
