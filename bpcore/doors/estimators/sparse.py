"""Sparse samples: rows that are made dense a batch at a time, never all at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.ground.registry import backend
from bpcore.run.feeding.place import Place
from bpcore.words.protocols import Array, Dtype

__all__ = ["ROOM", "SparseRows", "is_sparse", "numbers_of", "outputs_in_parts", "rows_at"]

ROOM = 2**26
"""Bytes of samples that are dense at a time."""


def is_sparse(x: object) -> bool:
    """Return whether these are samples of scipy.sparse."""
    return hasattr(x, "tocsr") and hasattr(x, "toarray")


def numbers_of(x: Any) -> Array:
    """Return an array of the dtype and the library of some samples: they themselves, or what is not zero."""
    return x.data if is_sparse(x) else x


@dataclass(frozen=True, eq=False)
class SparseRows:
    """Samples on the host, in compressed rows; those that are taken come to a place as an array.

    Parameters
    ----------
    rows : scipy.sparse, in CSR
    place : Place
    dtype : dtype of the place
    lacking : int
        Samples of zeros that stand after them.
    """

    rows: Any
    place: Place
    dtype: Dtype
    lacking: int = 0

    @property
    def shape(self) -> tuple[int, int]:
        """How many samples there are, and features."""
        samples, features = self.rows.shape
        return samples + self.lacking, features

    def take(self, places: Array) -> Array:
        """Return samples by their places, whole numbers on the host, as an array (places, features)."""
        host, samples = backend("numpy").namespace, self.rows.shape[0]
        there = host.minimum(places, samples - 1)
        dense = self.rows[there].toarray()
        if self.lacking:
            dense = host.where((places < samples)[:, None], dense, host.zeros_like(dense))
        return self.place.array(dense, self.dtype)

    def chosen(self, places: Array) -> SparseRows:
        """Return some of them, still sparse."""
        return SparseRows(self.rows[places], self.place, self.dtype)


def outputs_in_parts(f: Callable[[Array], Array], x: SparseRows) -> Array:
    """Return what a function makes of samples, whose rows it looks at one by one."""
    samples, features = x.shape
    host, size = backend("numpy").namespace, max(1, ROOM // (8 * max(1, features)))
    parts = [f(x.take(host.arange(start, min(start + size, samples)))) for start in range(0, samples, size)]
    return parts[0] if len(parts) == 1 else array_namespace(parts[0]).concat(parts, axis=0)


def rows_at(x: Any, place: Place, dtype: Dtype) -> Any:
    """Return samples where they are computed with: an array, or sparse ones on the host."""
    if not is_sparse(x):
        return place.array(x, dtype)
    name = str(dtype).rpartition(".")[2].strip("'>")
    return SparseRows(x.tocsr().astype(name), place, dtype)
