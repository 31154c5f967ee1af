"""The standard, function by function: traced arrays give what plain ones give, value, dtype, shape and error.

The referee is the library: NumPy, with what it lacks of the standard laid over it, and array-api-strict, that
knows every signature, every dtype and every error.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from itertools import count
from operator import attrgetter
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bpcore.derivatives.arrays.tape import Tape
from bpcore.derivatives.arrays.traced import Traced
from bpcore.derivatives.namespaces.namespace import space_of
from bpcore.words.trees import leaves
from tests.derivatives.standard_calls import CALLS

strict = pytest.importorskip("array_api_strict", reason="it is the referee: its names and its signatures")
pytestmark = pytest.mark.filterwarnings("ignore")  # of overflow and the like: values are compared, not judged

GIVEN_NO_ARRAY = {
    *(
        "arange",
        "empty",
        "eye",
        "from_dlpack",
        "full",
        "linspace",
        "ones",
        "zeros",
        "fft.fftfreq",
        "fft.rfftfreq",
    ),
    *("broadcast_shapes", "can_cast", "finfo", "iinfo", "isdtype"),
    "empty_like",  # any values will do
    "astype",  # its dtype is the library's own: tested below
}


FLAGS = {f"{verb}_array_api_strict_flags" for verb in ("set", "get", "reset")}


def _functions(xp: Any, prefix: str = "") -> Iterator[str]:
    """Yield the names of the functions that a namespace of array-api-strict has."""
    for name in xp.__all__:
        found = getattr(xp, name)
        if callable(found) and not isinstance(found, type) and name[0] != "_":
            yield prefix + name


NAMES = (
    set(_functions(strict)).union(*(_functions(getattr(strict, x), f"{x}.") for x in ("linalg", "fft")))
    - FLAGS
)


def test_every_function_of_the_standard_is_called() -> None:
    assert set(CALLS) | GIVEN_NO_ARRAY == NAMES


def _outcome(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except Exception as error:  # noqa: BLE001 - whatever it is, the traced call must raise it too
        return error


def _taken_in(backend: Any, tree: Any, wrap: Callable[[Any], Any]) -> Any:
    if isinstance(tree, list):
        return [_taken_in(backend, part, wrap) for part in tree]
    if isinstance(tree, np.ndarray | np.generic):
        return wrap(backend.array(tree, tree.dtype.name))
    return tree


def _plain(y: Any) -> Any:
    return y.value if type(y) is Traced else y


def check_same(name: str, backend: Any, wanted: Any, found: Any) -> None:
    if isinstance(wanted, Exception):
        assert isinstance(found, type(wanted)), f"{found!r} instead of {wanted!r}"
        return
    if isinstance(found, Exception):
        raise found
    assert getattr(found, "_fields", None) == getattr(wanted, "_fields", None)
    for x, y in zip(leaves(wanted), leaves(found), strict=True):
        y = _plain(y)  # noqa: PLW2901
        if not hasattr(x, "dtype"):
            assert x == y
            continue
        assert (x.dtype, tuple(x.shape)) == (y.dtype, tuple(y.shape))
        x, y = backend.host(x), backend.host(y)  # noqa: PLW2901
        if name == "unique_values":  # in whatever order
            x, y = np.sort(x), np.sort(y)  # noqa: PLW2901
        rounding = 16 * np.finfo(x.dtype).eps if x.dtype.kind in "fc" else 0
        scale = np.max(np.abs(x), initial=1.0, where=np.isfinite(x)) if rounding else 0
        np.testing.assert_allclose(y, x, rtol=rounding, atol=rounding * scale)


@pytest.mark.axes("numpy", "strict")
@pytest.mark.parametrize("name", sorted(CALLS))
@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_traced_call_is_the_plain_call(backend: Any, name: str, data: Any) -> None:
    arguments, options = CALLS[name](data.draw)
    plain = [_taken_in(backend, x, lambda x: x) for x in arguments]
    arrays = [x for x in leaves(plain) if hasattr(x, "dtype")]
    tape, slots = Tape(space_of(*arrays), len(arrays)), count()
    traced = [_taken_in(backend, x, lambda x: Traced(tape, next(slots), x)) for x in arguments]
    function = attrgetter(name)(backend.xp)
    wanted = _outcome(lambda: function(*plain, **options))
    check_same(name, backend, wanted, _outcome(lambda: function(*traced, **options)))


@pytest.mark.axes("numpy", "strict")
@pytest.mark.parametrize("name", sorted(NAMES))
def test_signature_takes_what_the_standard_takes(backend: Any, name: str) -> None:
    wanted = inspect.signature(attrgetter(name)(strict))
    try:
        given = inspect.signature(attrgetter(name)(backend.xp))
    except ValueError:
        pytest.skip("a function without a signature to look at")  # NumPy's own, in C
    kinds = {
        kind: [p for p in wanted.parameters.values() if p.kind is kind] for kind in inspect._ParameterKind
    }
    first = [None] * len(kinds[inspect.Parameter.POSITIONAL_ONLY])
    either = [p.name for p in kinds[inspect.Parameter.POSITIONAL_OR_KEYWORD]]
    options = dict.fromkeys(p.name for p in kinds[inspect.Parameter.KEYWORD_ONLY])
    given.bind(*first, *either, **options)
    given.bind(*first, **dict.fromkeys(either), **options)
