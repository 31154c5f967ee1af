"""A backend's two namespaces, side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from bpcore.ground.backend import Backend
from bpcore.words.protocols import Array, Dtype, Namespace

__all__ = ["Space"]


@dataclass(frozen=True, eq=False, slots=True)
class Space:
    """A backend's two namespaces.

    Attributes
    ----------
    backend : Backend
    functions : module-like
        What rules compute in, on plain arrays.
    traced : module-like
        What users and foreign code call, on plain and on traced arrays.
    inside : module-like
        The same, as traced arrays answer with it: what it makes inside a trace is traced.
    read, write, become : functions ``(x, key)``, ``(x, key, value)``, ``(x, y)``
        ``x[key]``, ``x[key] = value``, and being `y` from here on, of a traced array.
    own_kinds : set of type
        The types of arguments that were found to be no arrays of another library.
    """

    backend: Backend
    functions: Namespace
    traced: Namespace
    inside: Namespace
    read: Callable[[Array, object], Array]
    write: Callable[[Array, object, Array], None]
    become: Callable[[Array, Array], Array]
    own_kinds: set[type] = field(default_factory=set)
    _real: dict[Dtype, bool] = field(default_factory=dict)
    _complex: dict[Dtype, bool] = field(default_factory=dict)

    def is_real(self, dtype: Dtype) -> bool:
        """Return whether the dtype is real floating."""
        if dtype not in self._real:
            self._real[dtype] = self.functions.isdtype(dtype, "real floating")
        return self._real[dtype]

    def is_complex(self, dtype: Dtype) -> bool:
        """Return whether the dtype is complex floating."""
        if dtype not in self._complex:
            self._complex[dtype] = self.functions.isdtype(dtype, "complex floating")
        return self._complex[dtype]

    def is_floating(self, dtype: Dtype) -> bool:
        """Return whether arrays of this dtype have derivatives."""
        return self.is_real(dtype) or self.is_complex(dtype)
