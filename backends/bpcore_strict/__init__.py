"""array-api-strict, on any of its make-believe devices: the referee that allows the standard and nothing else."""

from bpcore_strict.plugin import strict

__all__ = ["strict"]
