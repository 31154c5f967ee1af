"""Why the mutants that survive do: the reasons that are written down in survivors.toml."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

__all__ = ["FILE", "reasons"]

FILE = Path(__file__).with_name("survivors.toml")


@cache
def reasons() -> dict[str, str]:
    """Return, by mutant, the reason why nothing can see it, or nothing does."""
    groups = tomllib.loads(FILE.read_text(encoding="utf-8")).get("reason", [])
    return {mutant: str(group["why"]) for group in groups for mutant in group["mutants"]}
