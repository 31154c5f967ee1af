"""Every error that a user may catch has a public name."""

from __future__ import annotations

import pytest

import bpcore as bp
from bpcore.words import errors

CLASSES = [name for name in errors.__all__ if isinstance(getattr(errors, name), type)]


@pytest.mark.parametrize("name", CLASSES)
def test_it_is_public(name: str) -> None:
    assert getattr(bp, name) is getattr(errors, name)
    assert issubclass(getattr(bp, name), bp.BpcoreError)
