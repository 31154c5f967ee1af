"""`explain`: one step on paper, of a lesson, a function or a network."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from bpcore.derivatives.namespaces.namespace import space_of
from bpcore.derivatives.transforms.tracing import name_of
from bpcore.doors.paper.explanation import Explanation
from bpcore.doors.paper.making import Style, Subject, made
from bpcore.doors.paper.naming import Names
from bpcore.doors.paper.network import NetNames, network_subject
from bpcore.ground.backend import Backend
from bpcore.ground.registry import backend as find_backend
from bpcore.parts.layers import Layer
from bpcore.parts.losses import Loss, SquaredError
from bpcore.parts.optimizers import SGD
from bpcore.run.checks import check_data, check_kinds, check_params
from bpcore.run.feeding.place import Place
from bpcore.words.errors import OptionError, choose
from bpcore.words.protocols import Array, Static, Tree
from bpcore.words.trees import leaves, named_leaves, tree_map

__all__ = ["explain"]


def explain(
    what: str | Layer | Callable[..., Array],
    /,
    *args: Tree,
    backend: str | Backend | None = None,
    form: str | None = None,
    order: str | None = None,
    rate: float | None = None,
    decimals: int | None = None,
    digits: int | None = None,
    by_hand: bool = False,
    **more: Static,
) -> Explanation:
    """Return one step on paper: every quantity with its formula, the numbers put in, and the result.

    Parameters
    ----------
    what : str, Layer or function
        ``"mazur"``, ``"svpino"``, ``"course"``, ``"spiral"``: a lesson. A network: then ``x`` (samples,
        features) and ``y`` follow. A function of numbers or arrays that returns one number: then its
        arguments follow; `named` gives names to what it computes on its way.
    *args : trees of numbers or arrays
    backend : str, Backend or None
        Where to compute; None means where the arrays are, or NumPy.
    form : "elements" or "matrices"
        Whether arrays are taken apart into their numbers; elements, unless the lesson is written in matrices.
    order : "simultaneous" or "sequential"
        Whether all gradients are formed with the old parameters, or a layer is updated before the layer below
        gets its gradient, through the new ones.
    rate : float or None
        The learning rate; None for no update, or the lesson's own.
    decimals : int or None
        How many are printed.
    digits : int or None
        Decimal arithmetic of so many digits in place of floats: every number exact to the last one printed.
    by_hand : bool
        Whether every line is rounded to `decimals` before the next one reads it.
    **more
        Of a network: ``loss`` (a half of the squared error unless given), ``params`` or ``seed``, ``names``
        (`NetNames`). Of a function: ``names``, one for each argument or leaf, ``learn``, the names that are
        updated, ``result``, the name of what is returned. Of a lesson: what it offers, as ``biases`` of
        Mazur's.

    Returns
    -------
    Explanation
        Printed it is text; ``explanation["dL/dw"]`` is a number.

    Raises
    ------
    OptionError, PaperError
        For a name that is not known, more numbers than anybody reads, or a function without a formula.

    Examples
    --------
    >>> import bpcore as bp
    >>> print(bp.explain(lambda x: x**3 - 3 * x**2 + 2 * x + 1, 2.0, decimals=1))
    f
    computed in float64 on numpy
    <BLANKLINE>
    Given
      x = 2
    <BLANKLINE>
    Forward
      f = x^3 - 3 * x^2 + 2 * x + 1 = 2^3 - 3 * 2^2 + 2 * 2 + 1 = 1.0
    <BLANKLINE>
    Backward
      df/dx = 2 - 6 * x + 3 * x^2 = 2 - 6 * 2 + 3 * 2^2 = 2.0
    """
    told = {"form": form, "order": order, "rate": rate, "decimals": decimals, "digits": digits}
    style = {name: value for name, value in told.items() if value is not None} | {"by_hand": by_hand}
    if isinstance(what, str):
        from bpcore.doors.lessons.catalog import explained

        if args:
            raise OptionError(
                "arguments", len(args), "none after the name of a lesson", "Its numbers are its own."
            )
        return explained(what, style=style, backend=find_backend(backend or "numpy"), **more)
    if isinstance(what, Layer):
        return _network(what, args, style, backend, **_known(_network, more))
    if not callable(what):
        raise OptionError("what", what, "the name of a lesson, a network or a function")
    return _function(what, args, style, backend, **_known(_function, more))


def _known(makes: Callable[..., Explanation], more: Mapping[str, Static]) -> Mapping[str, Static]:
    """Return the options, which must be some that `makes` has."""
    names = [one.name for one in inspect.signature(makes).parameters.values() if one.kind == one.KEYWORD_ONLY]
    for name in more:
        choose("option", name, names)
    return more


def _network(
    net: Layer,
    args: Sequence[Tree],
    style: Mapping[str, Static],
    backend: str | Backend | None,
    *,
    loss: Loss | None = None,
    params: Tree | None = None,
    seed: int = 0,
    names: NetNames | None = None,
    title: str | None = None,
) -> Explanation:
    if len(args) != 2:  # noqa: PLR2004
        raise OptionError("arguments", len(args), "two after a network: x (samples, features) and y")
    loss = (
        loss
        if loss is not None
        else SquaredError(half=True, reduction="sum" if _length(args[0]) == 1 else "mean")
    )
    check_kinds(net, loss, SGD(0.0))
    where = (
        Place.of(args[0], backend, None)
        if hasattr(args[0], "dtype")
        else Place.of([[0.0]], backend or "numpy", None)
    )
    if not hasattr(args[0], "dtype") and where.backend.float64:
        where = replace(where, dtype=where.backend.dtype("float64"))
    data = where.data((args[0], args[1]), loss)
    check_data(data, net, loss)
    x, y = data
    shape, its_key = tuple(x.shape[1:]), where.key(seed)
    if params is None:
        params = net.init(its_key, shape, dtype=where.dtype)
    else:
        check_params(net, params, shape, its_key)
        params = tree_map(lambda p: where.array(p, where.dtype), params)
    place = where.backend
    subject = network_subject(net, params, x, y, loss=loss, names=names, title=title)
    chosen = Style(**style)
    notes = _notes(loss, named=names is not None, matrices=chosen.form == "matrices")
    return made(subject, chosen, place, notes=notes)


def _length(x: Static) -> int:
    try:
        return len(x)
    except TypeError:
        return 0


def _notes(loss: Loss, *, named: bool, matrices: bool) -> Iterator[str]:
    """Yield what the names and targets mean."""
    if not named and not matrices:
        yield (
            "w1_12 is the weight of layer 1 from input 1 to unit 2, b1_2 the bias of its unit 2; z1_2 is "
            "that unit before its activation, a1_2 after it. With several samples the first number is the "
            "sample's."
        )
    if loss.labels:
        yield "Classes are counted from 0: y = 0 is the first output."


def _function(
    f: Callable[..., Array],
    args: Sequence[Tree],
    style: Mapping[str, Static],
    backend: str | Backend | None,
    *,
    names: Sequence[Names] | None = None,
    learn: Sequence[str] | None = None,
    result: str | None = None,
    title: str | None = None,
) -> Explanation:
    place, arrays = _arrays(args, backend)
    count = len(leaves(tuple(arrays)))
    found = tuple(names) if names is not None else _names_of(f, arrays)
    if len(found) != count:
        raise OptionError("names", list(found), f"{count} names, one for each array of the arguments")
    for name in learn or ():
        if not any(name == one.removesuffix("+") for one in found if isinstance(one, str)):
            raise OptionError(
                "learn", name, f"one of the names of the arguments, {', '.join(map(str, found))}"
            )
    called = name_of(f)
    subject = Subject(
        title=title or (called if called.isidentifier() else "f"),
        f=f,
        args=tuple(arrays),
        names=found,
        result=result or (called if called.isidentifier() else "f"),
        learned=(lambda symbol: True) if learn is None else (lambda symbol: symbol.name in learn),
    )
    return made(subject, Style(**style), place)


def _names_of(f: Callable[..., Array], args: Sequence[Tree]) -> tuple[str, ...]:
    """Return the names of the parameters of `f`; of a dict among them its keys, of a list the places."""
    try:
        parameters = [
            one.name for one in inspect.signature(f).parameters.values() if one.kind < one.VAR_POSITIONAL
        ]
    except (TypeError, ValueError):
        parameters = []
    found: list[str] = []
    for place, tree in enumerate(args):
        name = parameters[place] if place < len(parameters) else f"x{place + 1}"
        for path, _ in named_leaves(tree, ""):
            found.append(
                (path if type(tree) is dict else f"{name}{path}").replace(".", "_") if path else name
            )
    return tuple(found)


def _place(args: Sequence[Tree], backend: str | Backend | None) -> Backend:
    arrays = [x for x in leaves(tuple(args)) if hasattr(x, "dtype")]
    return space_of(*arrays).backend if backend is None and arrays else find_backend(backend or "numpy")


def _arrays(args: Sequence[Tree], backend: str | Backend | None) -> tuple[Backend, list[Tree]]:
    """Return the arguments as arrays of one backend, numbers in its own default float."""
    place = _place(args, backend)
    arrays: list[Tree] = tree_map(lambda x: _array(place, _floating(x)), list(args))
    return place, arrays


def _array(place: Backend, x: Static) -> Array:
    """Return an array as it is; a number in 64 bits, where the device has them; whole numbers as floats."""
    if hasattr(x, "dtype") and place.namespace.isdtype(place.asarray(x).dtype, "real floating"):
        return place.asarray(x)
    return place.asarray(x, dtype=place.dtype("float64") if place.float64 else place.dtype("float32"))


def _floating(data: Static) -> Static:
    """Return whole numbers of Python's own as floats: they are numbers to differentiate by."""
    if isinstance(data, list | tuple):
        return [_floating(one) for one in data]
    if not hasattr(data, "dtype") and not isinstance(data, int | float | complex):
        raise OptionError("argument", data, "a number or an array")
    return float(data) if type(data) is int else data
