"""What a compiled function is compiled for: a tree of shapes, dtypes and devices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from bpcore.derivatives.namespaces.namespace import device_of
from bpcore.words.protocols import Array, Dtype, Shape, Tree
from bpcore.words.tree_code import reader
from bpcore.words.trees import Structure

Fits = Callable[[Tree, Sequence[Array]], tuple[Array, ...] | None]

__all__ = ["Fits", "Signature", "fitting", "signature_of"]


class Signature(NamedTuple):
    """The structure of the arguments, and of each leaf type, shape, dtype and device.

    Attributes
    ----------
    structure : Structure
    leaves : tuple of (shape, dtype, device)
    """

    structure: Structure
    leaves: tuple[tuple[Shape, Dtype, object], ...]


def signature_of(structure: Structure, leaves: Sequence[Array]) -> Signature:
    """Return the signature of arguments that were taken apart."""
    return Signature(structure, tuple([(tuple(x.shape), x.dtype, device_of(x)) for x in leaves]))


def fitting(signature: Signature, kinds: Sequence[type], known: int) -> Fits:
    """Return a quick test whether arguments have this signature, and leaves of these types.

    It is called with the arguments and with the arrays that were returned for the first `known` leaves. It
    returns the other leaves; or None, where they do not fit or where it takes a longer look to tell.
    """
    wanted = [(kind, *leaf) for kind, leaf in zip(kinds, signature.leaves, strict=True)]
    return reader(signature.structure, known, wanted[known:])
