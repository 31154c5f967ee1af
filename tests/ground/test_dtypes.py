"""Dtypes by name: the library's own object, or one sentence."""

from __future__ import annotations

import numpy as np
import pytest

import bpcore as bp
from bpcore.words.errors import OptionError


def test_one_that_the_library_has() -> None:
    assert bp.backend("numpy").dtype("float16") == np.float16


def test_one_that_it_has_not() -> None:
    pytest.importorskip("array_api_strict")
    with pytest.raises(OptionError) as told:
        bp.backend("strict").dtype("float16")
    assert str(told.value) == (
        "dtype with strict must be one that strict has, was given 'float16'. "
        "Cast to float32, or compute with another backend."
    )


def test_two_backends_of_which_one_has_it_not() -> None:
    pytest.importorskip("array_api_strict")
    with pytest.raises(OptionError, match="was given 'float16'"):
        bp.parity(lambda x: bp.array_namespace(x).exp(x), np.zeros(3, np.float16), backend="strict")
