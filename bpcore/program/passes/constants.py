"""The constants of a Program that a pass adds to."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from bpcore.program.equation import Constant
from bpcore.program.passes.rewriting import static_key
from bpcore.words.protocols import Array, Dtype, Namespace, Static

__all__ = ["Constants"]


class Constants(dict[str, Array]):
    """Arrays by name, with new ones under names that are free.

    Parameters
    ----------
    arrays : mapping of str to array
        A Program's: names may have gaps, where one was left out.
    xp : module-like
        Plain functions, which make new arrays.
    """

    def __init__(self, arrays: Mapping[str, Array], xp: Namespace) -> None:
        super().__init__(arrays)
        self.xp = xp
        self._free = len(self)
        self._values: dict[str, Static] = {}
        self._known: dict[Hashable, Constant] = {}

    def add(self, array: Array) -> Constant:
        """Hold an array, and return its name; a number that was added before has a name already."""
        key = None
        if not array.shape:
            value = self._python(array)
            key = (array.dtype, static_key(value))
            if value is not None and key in self._known:
                return self._known[key]
        while f"c{self._free}" in self:
            self._free += 1
        name = Constant(f"c{self._free}")
        self[name] = array
        if key is not None:
            self._known[key] = name
        return name

    def made(self, value: Static, dtype: Dtype) -> Constant:
        """Hold an array made of a number, or of what is an array of the library already."""
        return self.add(self.xp.asarray(value, dtype=dtype))

    def number(self, operand: Static) -> float | None:
        """Return the value of a Python number, or of a constant of no axes; None if it is not a real one."""
        if type(operand) in (int, float):
            return float(operand)
        if not isinstance(operand, Constant) or self[operand].shape:
            return None
        if operand not in self._values:
            self._values[operand] = self._python(self[operand])
        value = self._values[operand]
        return value if type(value) is float else None

    def _python(self, array: Array) -> Static:
        kinds = {"real floating": float, "bool": bool, "integral": int, "complex floating": complex}
        for kind, python in kinds.items():
            if self.xp.isdtype(array.dtype, kind):
                return python(array)
        return None
