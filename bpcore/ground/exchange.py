"""`from_dlpack`: an array of any library as an array of another."""

from __future__ import annotations

from bpcore.ground.backend import Backend
from bpcore.ground.dlpack import device_told, shared
from bpcore.ground.registry import backend as find_backend
from bpcore.ground.registry import known
from bpcore.words.errors import OptionError
from bpcore.words.protocols import Array

__all__ = ["from_dlpack"]


def from_dlpack(x: Array, /, *, backend: str | Backend | None = None, copy: bool | None = None) -> Array:
    """Return an array of one library as an array of another, by DLPack.

    Its memory is shared where both libraries can read it: what is written into one is then seen in the other.

    Parameters
    ----------
    x : array
        Of any library that gives its arrays by DLPack, an installed backend's or another.
    backend : str, Backend or None
        Whose array is wanted; None means NumPy.
    copy : bool or None
        True copies in any case, False refuses where memory cannot be shared; None copies where it must.

    Raises
    ------
    OptionError
        When `x` does not speak DLPack; when it is on a device that the library cannot read, and with
        ``copy=False`` when it cannot be shared.

    Examples
    --------
    >>> import bpcore as bp, numpy as np
    >>> x = np.asarray([1.0, 2.0])
    >>> y = bp.from_dlpack(x)
    >>> y[0] = 5.0
    >>> float(x[0])
    5.0
    """
    if not hasattr(x, "__dlpack__") or not hasattr(x, "__dlpack_device__"):
        do = "Lists and numbers go through bpcore.backend(name).asarray."
        raise OptionError("x of from_dlpack", x, "an array that speaks DLPack", do)
    place = find_backend(backend)
    try:
        y = shared(x, place, copy=copy)
    except OptionError:
        if copy is False or not known(x) or not device_told(x).startswith("cpu"):
            raise
        y = place.asarray(x)  # of a library that is installed, and on the host: the long way is open
    if place.device is not None:
        y = _on_its_device(x, y, place, copy=copy)
    return place.namespace.asarray(y, copy=True) if copy else y


def _on_its_device(x: Array, y: Array, place: Backend, *, copy: bool | None) -> Array:
    """Bring an array to the device that the backend was opened on."""
    if getattr(y, "device", place.device) == place.device:
        return y
    if copy is False:
        told = f"one on {device_told(x)}"
        raise OptionError("x of from_dlpack with copy=False", told, f"an array on {place.name}")
    return place.asarray(y)
