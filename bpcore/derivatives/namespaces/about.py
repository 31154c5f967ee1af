"""What a namespace says about itself: the standard's revision, and what the library can do where."""

from __future__ import annotations

from bpcore.ground.backend import Backend
from bpcore.words.protocols import Array, Dtype, Namespace

__all__ = ["REVISION", "About"]

REVISION = "2025.12"
"""The revision of the standard that the functions are those of, whatever the library itself has by now."""


class About:
    """The library's own answers, for the device that the backend was opened on.

    Parameters
    ----------
    own : object
        What the library's ``__array_namespace_info__()`` returns.
    backend : Backend
    """

    def __init__(self, own: Namespace, backend: Backend) -> None:
        self._own = own
        self._backend = backend

    def capabilities(self) -> dict[str, bool | int | None]:
        """Return which optional behaviours there are, by the standard's names."""
        found: dict[str, bool | int | None] = self._own.capabilities()
        return found

    def default_device(self) -> object:
        """Return the device that arrays are made on unless another is given."""
        return self._own.default_device() if self._backend.device is None else self._backend.device

    def default_dtypes(self, *, device: object = None) -> dict[str, Dtype]:
        """Return the dtypes that arrays are made of unless another is given, by kind."""
        found: dict[str, Dtype] = self._own.default_dtypes(device=self._place(device))
        return found

    def dtypes(self, *, device: object = None, kind: str | tuple[str, ...] | None = None) -> dict[str, Dtype]:
        """Return the dtypes that there are, by name; of one kind only, if told."""
        found: dict[str, Dtype] = self._own.dtypes(device=self._place(device), kind=kind)
        return found

    def devices(self) -> tuple[Array, ...]:
        """Return the library's devices."""
        return tuple(self._own.devices())

    def _place(self, device: object) -> object:
        return self._backend.device if device is None else device
