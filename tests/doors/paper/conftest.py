"""Numbers of the worked examples."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture
def numbers() -> Callable[[str], Any]:
    """Return the function that reads the numbers of one example."""
    return lambda name: json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
