"""Taking an array by DLPack: memory is shared where both libraries can; one line where a device cannot."""

from __future__ import annotations

from bpcore.ground.backend import Backend
from bpcore.ground.library import first_line
from bpcore.words.errors import BpcoreError, OptionError
from bpcore.words.protocols import Array

__all__ = ["device_told", "shared"]

DEVICES = {
    1: "cpu", 2: "cuda", 3: "cuda_host", 4: "opencl", 7: "vulkan", 8: "metal", 10: "rocm", 11: "rocm_host",
    13: "cuda_managed", 14: "oneapi",
}  # fmt: skip
"""DLPack's numbers of kinds of devices."""


def device_told(x: Array) -> str:
    """Return the device that an array says it is on, as ``cuda:0``."""
    kind, number = (int(part) for part in x.__dlpack_device__())
    return f"{DEVICES.get(kind, f'device {kind}')}:{number}"


def shared(x: Array, place: Backend, *, copy: bool | None = None) -> Array:
    """Return an array of the backend's library over the memory of `x`, an array of any library.

    With ``copy=False`` a library that would have to copy refuses.

    Raises
    ------
    OptionError
        When the library cannot read that memory: it is on another device, or holds numbers of another kind.
    """
    if _runs_backwards(x) and type(x).__module__.partition(".")[0] != place.library:
        do = "Let it be copied."  # PyTorch would end the interpreter
        raise OptionError("an array taken by DLPack", "one that runs backwards", "one of forward strides", do)
    try:
        return _read(x, place, copy=copy)
    except BpcoreError:  # a traced array's own
        raise
    except Exception as error:  # what libraries raise here has no common class
        do = "Name a backend of that device, or bring it to the host first."
        if device_told(x).startswith("cpu"):
            do = "Bring it to numbers that both have, or let it be copied."
        raise OptionError(
            "an array taken by DLPack", f"one on {device_told(x)} ({first_line(error)})",
            f"one whose memory {place.name} can read", do,
        ) from error  # fmt: skip


def _runs_backwards(x: Array) -> bool:
    strides = getattr(x, "strides", None)
    return isinstance(strides, tuple) and any(stride < 0 for stride in strides)


def _read(x: Array, place: Backend, *, copy: bool | None) -> Array:
    read = place.namespace.from_dlpack
    if copy is not False:
        return read(x)
    try:
        return read(x, copy=False)
    except TypeError:  # a library of before the option
        return read(x)
