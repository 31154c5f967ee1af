"""array-api-strict on its make-believe devices: the referee, that allows the standard and no more."""

from bpcore_strict.plugin import strict

__all__ = ["strict"]
