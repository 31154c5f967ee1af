"""Recording: what stands in a Program, what it is printed as, and what cannot be recorded."""

from __future__ import annotations

import inspect
from typing import Any, NamedTuple

import numpy as np
import pytest

import bpcore as bp
from bpcore.derivatives.transforms.gradients import grad
from bpcore.program.compiled import compile as compile_
from bpcore.program.equation import Constant, Slot
from bpcore.program.passes.prune import prune
from bpcore.program.record import record
from bpcore.program.source import source
from bpcore.words.errors import NotDifferentiable, OptionError, RecordError

XP = bp.namespace("numpy")


def _here() -> str:
    """Return file and line of the caller's next line."""
    frame = inspect.currentframe()
    assert frame is not None
    assert frame.f_back is not None
    return f"{__file__}:{frame.f_back.f_lineno + 1}"


READERS: dict[str, Any] = {
    "bool()": lambda x: x if x[0] > 0 else -x,
    "float()": lambda x: x * float(x[0]),
    "int()": lambda x: x * int(x[0]),
    "index()": lambda x: x[: x[0]],
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("inside", ["plain", "in a gradient"])
def test_a_value_that_is_read_is_named_with_its_line(backend: Any, reader: str, inside: str) -> None:
    f = READERS[reader]
    x = backend.array([2, 1], "int32") if reader == "index()" else backend.array([2.0, 1.0])
    line = f"{__file__}:{f.__code__.co_firstlineno}"

    def through(x: Any) -> Any:
        if inside == "plain":
            return f(x)
        if reader == "index()":
            return grad(lambda z: backend.xp.sum(z[: x[0]]))(backend.array([1.0, 2.0]))
        return grad(lambda z: backend.xp.sum(f(z)))(x)

    with pytest.raises(RecordError) as caught:
        record(through, x)
    assert str(caught.value).startswith(f"{reader} reads the value of an array at {__file__}:")
    assert "use where()" in str(caught.value)
    if (inside, reader) != ("in a gradient", "index()"):
        assert caught.value.where == line


def test_the_line_is_that_of_the_reader(backend: Any) -> None:
    where = ""

    def f(x: Any) -> Any:
        nonlocal where
        where = _here()
        if backend.xp.sum(x) > 0:
            return x
        return -x

    with pytest.raises(RecordError) as caught:
        compile_(f)(backend.array([1.0]))
    assert caught.value.where == where


@pytest.mark.parametrize("inside", ["plain", "in a gradient"])
def test_a_mask_makes_a_shape_depend_on_values(inside: str) -> None:
    def f(x: Any) -> Any:
        return XP.sum(x[x > 0.0])

    with pytest.raises(RecordError) as caught:
        record(f if inside == "plain" else grad(f), np.asarray([1.0, -1.0]))
    assert caught.value.where == f"{__file__}:{f.__code__.co_firstlineno + 1}"


def test_a_constant_mask_can_be_recorded() -> None:
    x, mask = np.asarray([1.0, 2.0, 3.0]), np.asarray([True, False, True])
    assert compile_(grad(lambda x: XP.sum(XP.square(x[mask]))))(x).tolist() == [2.0, 0.0, 6.0]


def test_an_index_that_is_an_array_of_no_axes_is_not_read(backend: Any) -> None:
    picked = compile_(lambda x, i: x[i])
    x = backend.array([[1.0, 2.0], [3.0, 4.0]])
    for i in (0, 1):
        assert backend.host(picked(x, backend.array(i, "int32"))).tolist() == backend.host(x)[i].tolist()
    assert picked.compilations == 1
    slope = compile_(grad(lambda x, i: backend.xp.sum(backend.xp.square(x[i]))))
    assert backend.host(slope(x, backend.array(1, "int32"))).tolist() == [[0.0, 0.0], [6.0, 8.0]]


def test_what_is_not_an_array_is_named() -> None:
    x = np.asarray([1.0])

    def f(x: Any, options: Any) -> Any:
        return x * options["times"]

    with pytest.raises(
        OptionError, match=r"argument 1\.times of f must be an array, was given 3\. .*partial"
    ):
        record(f, x, {"times": 3})
    with pytest.raises(
        OptionError, match=r"argument 1\.times of f must be an array, was given 3\. .*partial"
    ):
        compile_(f)(x, {"times": 3})
    with pytest.raises(OptionError, match=r"argument 0 of .* must be an array, was given 'x'"):
        compile_(lambda x: x)("x")
    with pytest.raises(OptionError, match="must be an array, was given True"):
        compile_(lambda x: x)(True)


def test_an_array_from_outside_that_is_differentiated_is_refused() -> None:
    x = np.asarray([1.0, 2.0])
    with pytest.raises(NotDifferentiable, match="pass that array as an argument"):
        grad(lambda w: XP.sum(compile_(lambda x: x * w)(x)))(x)
    by_argument = grad(lambda w: XP.sum(compile_(lambda x, w: x * w)(x, w)))
    assert by_argument(x).tolist() == [1.0, 2.0]


def test_the_listing() -> None:
    constant = np.asarray([1.0, 2.0], dtype=np.float32)

    def f(x: Any, y: Any) -> Any:
        return XP.sum(XP.concat([x * constant, y], axis=0), keepdims=True) ** 2, 4, x

    text = str(record(f, np.ones(2, dtype=np.float32), np.ones(1)))
    assert [" ".join(line.split()) for line in text.splitlines()] == [
        "v0 float32[2] input",
        "v1 float64[1] input",
        "c0 float32[2] constant",
        "v2 float32[2] multiply(v0, c0)",
        "v3 float64[3] concat(v2, v1, axis=0)",
        "v4 float64[1] sum(v3, keepdims=True)",
        "v5 float64[1] pow(v4, 2)",
        "return v5, 4, v0",
    ]
    assert repr(record(f, np.ones(2), np.ones(1))) == "<Program of 4 equations>"


def test_the_source() -> None:
    constant = np.asarray([1.0, 2.0])

    def f(x: Any) -> Any:
        y = XP.stack([x * constant, x], axis=-1)
        return XP.where(y > 0.0, y, float("nan")), x

    text, literals = source(record(f, np.ones(2)))
    assert text.splitlines() == [
        "def program(v0):",
        "    v1 = multiply(v0, c0)",
        "    v2 = stack([v1, v0], axis=-1)",
        "    del v1",
        "    v3 = greater(v2, 0.0)",
        "    v4 = where(v3, v2, a0)",
        "    del v2, v3",
        "    return (v4, v0, )",
    ]
    assert np.isnan(literals["a0"])
    run = record(f, np.ones(2)).function(XP)
    assert run.source == text  # type: ignore[attr-defined]


class Size(NamedTuple):
    rows: int
    columns: int


def test_options_that_are_words_dtypes_or_named_tuples() -> None:
    """They are values, and no names of constants."""

    def f(x: Any) -> Any:
        cast = XP.astype(x, np.float32, copy=True)
        return cast, XP.searchsorted(x, x, side="right"), XP.reshape(x, Size(2, 1))

    cast, places, column = compile_(f)(np.asarray([1.0, 2.0]))
    assert cast.dtype == np.float32
    assert places.tolist() == [1, 2]
    assert column.tolist() == [[1.0], [2.0]]


def test_prune_leaves_out_what_nobody_reads() -> None:
    unused, used = np.asarray([9.0]), np.asarray([5.0])

    def f(x: Any) -> Any:
        XP.exp(x * unused)
        y = XP.sin(x)
        XP.cos(y)
        return y * used

    program = record(f, np.ones(1))
    assert [equation.function.name for equation in program.equations] == ["sin", "multiply"]
    assert list(program.constants.values()) == [used]
    assert prune(program).equations == program.equations


def test_numbers_do_not_pass_for_places() -> None:
    """The exponent 2 is not slot 2, and neither is an output that is a number."""

    def f(x: Any) -> Any:
        XP.exp(x)  # slot 1
        XP.cos(x)  # slot 2
        XP.sin(x)  # slot 3
        return x**2, x**1, 3, True

    program = record(f, np.ones(1))
    assert [equation.function.name for equation in program.equations] == ["pow", "pow"]
    assert compile_(f)(np.asarray([3.0]))[2:] == (3, True)


def test_what_places_and_constants_are() -> None:
    constant = np.asarray([2.0])
    program = record(lambda x: (x * constant, constant, 0), np.ones(1))
    assert [type(operand) for operand in program.equations[0].inputs] == [Slot, Constant]
    assert [type(output) for output in program.outputs] == [Slot, Constant, int]
    with pytest.raises(TypeError):
        program.constants["c1"] = constant  # type: ignore[index]
    with pytest.raises(TypeError):
        program.types[Slot(9)] = program.types[Slot(0)]  # type: ignore[index]
