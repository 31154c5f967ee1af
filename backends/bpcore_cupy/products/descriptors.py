"""The library's opaque objects: made, set, read, destroyed."""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack
from ctypes import byref, c_size_t, c_void_p, sizeof
from typing import Any

from bpcore_cupy.products.abi import (
    COMPUTE,
    DATA,
    EPILOGUE,
    Attribute,
    Description,
    MatrixLayout,
    Preference,
)
from bpcore_cupy.products.failures import ProductFailed
from bpcore_cupy.products.layout import Layout
from bpcore_cupy.products.plan import Plan

__all__ = ["Described", "Descriptor", "preference"]


class Descriptor(AbstractContextManager["Descriptor"]):
    """One object of the library.

    Parameters
    ----------
    library : Library
        With its prototypes declared.
    family : {"MatmulDesc", "MatrixLayout", "MatmulPreference"}
    arguments : int
        What its ``Create`` takes after the place for the pointer.
    what : str
        The product it is for, for errors.
    """

    def __init__(self, library: Any, family: str, *arguments: int, what: str) -> None:
        self._library, self._family, self._what = library, family, what
        pointer = c_void_p()
        self._call("Create", byref(pointer), *arguments)
        self.pointer = pointer.value or 0

    def _call(self, verb: str, *arguments: Any) -> None:
        name = f"cublasLt{self._family}{verb}"
        status = getattr(self._library, name)(*arguments)
        if status:
            raise ProductFailed.of_status(self._what, name, status)

    def setting(self, *values: tuple[Attribute, int]) -> Descriptor:
        """Set attributes, and return it; if one cannot be set, it is destroyed."""
        try:
            for attribute, value in values:
                self.set(attribute, value)
        except ProductFailed:
            self.close()
            raise
        return self

    def set(self, attribute: Attribute, value: int) -> None:
        """Set an attribute; the library copies the value."""
        held = attribute.kind(value)
        self._call("SetAttribute", self.pointer, attribute.number, byref(held), sizeof(held))

    def get(self, attribute: Attribute) -> int:
        """Return what an attribute is set to."""
        held, written = attribute.kind(), c_size_t()
        arguments = (self.pointer, attribute.number, byref(held), sizeof(held), byref(written))
        self._call("GetAttribute", *arguments)
        return int(held.value or 0)

    def close(self) -> None:
        """Destroy it, once."""
        pointer, self.pointer = self.pointer, 0
        if pointer:
            self._call("Destroy", pointer)

    def __exit__(self, *exception: object) -> None:
        """Destroy it."""
        self.close()


class Described(ExitStack):
    """A plan as the library's objects: the operation, and the three matrices."""

    def __init__(self, library: Any, plan: Plan) -> None:
        super().__init__()
        self._library, self._plan = library, plan
        with ExitStack() as made:  # what was made is destroyed if what comes next fails
            self.operation = made.enter_context(_operation(library, plan))
            self.first = made.enter_context(_matrix(library, plan.first, plan.text))
            self.second = made.enter_context(_matrix(library, plan.second, plan.text))
            self.result = made.enter_context(_matrix(library, plan.result, plan.text))
            self.push(made.pop_all())

    @property
    def matrices(self) -> tuple[int, int, int, int]:
        """The library's A, B, C and D; C, which is added where something is, lies as D does."""
        result = self.result.pointer
        return (self.first.pointer, self.second.pointer, result, result)


def _matrix(library: Any, layout: Layout, what: str) -> Descriptor:
    lengths = (layout.rows, layout.columns, layout.ld)
    made = Descriptor(library, "MatrixLayout", DATA[layout.dtype], *lengths, what=what)
    if layout.batch == 1:
        return made
    return made.setting(
        (MatrixLayout.BATCH_COUNT, layout.batch), (MatrixLayout.BATCH_STRIDE, layout.batch_stride)
    )


def _operation(library: Any, plan: Plan) -> Descriptor:
    values = [
        (Description.TRANSA, int(plan.transposed[0])),
        (Description.TRANSB, int(plan.transposed[1])),
        (Description.EPILOGUE, EPILOGUE[plan.follows]),
    ]
    # the heuristic looks only what these addresses are multiples of; the real ones come with the call
    if plan.vector:
        values.append((Description.BIAS_POINTER, plan.vector.alignment))
    if plan.aux:
        values.append((Description.AUX_POINTER, plan.aux.alignment))
        values.append((Description.AUX_LD, plan.aux.ld))
        values.append((Description.AUX_BATCH_STRIDE, plan.aux.batch_stride))
    made = Descriptor(library, "MatmulDesc", COMPUTE[plan.compute], DATA[plan.scale], what=plan.text)
    return made.setting(*values)


def preference(library: Any, plan: Plan, workspace_bytes: int, schemes: int | None) -> Descriptor:
    """Return what the heuristic is told: how much workspace there is, alignments, and how parts may join.

    `schemes` is a mask of `abi.REDUCTION`; None allows all.
    """
    values = [
        (Preference.WORKSPACE_BYTES, workspace_bytes),
        (Preference.ALIGNMENT_A, plan.first.alignment),
        (Preference.ALIGNMENT_B, plan.second.alignment),
        (Preference.ALIGNMENT_C, plan.result.alignment),
        (Preference.ALIGNMENT_D, plan.result.alignment),
    ]
    if schemes is not None:
        values.append((Preference.REDUCTION_SCHEMES, schemes))
    return Descriptor(library, "MatmulPreference", what=plan.text).setting(*values)
