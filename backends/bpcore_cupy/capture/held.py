"""What a captured step holds, apart from the step itself, so that it can be freed when that is gone."""

from __future__ import annotations

from contextlib import suppress

from bpcore_cupy.capture.homes import Homes
from bpcore_cupy.capture.parts import Parts

__all__ = ["Held"]


class Held:
    """The parts of one step, and its share in the homes."""

    def __init__(self, homes: Homes) -> None:
        self.homes = homes
        self.parts: Parts | None = None
        self.closed = False
        homes.users.add(self)

    def drop(self) -> None:
        """Free the parts, when the device has done what it was given."""
        parts, self.parts = self.parts, None
        if parts is None:
            return
        try:
            self.homes.wait()
        finally:
            parts.give_up()

    def close(self) -> None:
        """Free all that nobody else uses."""
        if self.closed:
            return
        self.closed = True
        with self.homes.device.entered():
            self.homes.users.discard(self)
            with suppress(RuntimeError):  # a device that has failed is not waited for, and said so before
                self.drop()
            if not self.homes.users:
                with suppress(RuntimeError):
                    self.homes.release()
