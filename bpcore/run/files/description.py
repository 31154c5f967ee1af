"""A network as words: what is needed to build it again, as JSON values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import MappingProxyType
from typing import Any, cast

from bpcore.parts import (
    activations,
    attention,
    convolution,
    dropout,
    embedding,
    initializers,
    layers,
    losses,
    normalization,
    pooling,
    recurrent,
    wiring,
)
from bpcore.words.errors import DataError, did_you_mean
from bpcore.words.protocols import Static

__all__ = ["build", "describe"]

_KINDS: Mapping[str, type] = MappingProxyType(
    {
        name: kind
        for module in (
            *(activations, initializers, layers, losses),
            *(attention, convolution, dropout, embedding, normalization, pooling, recurrent, wiring),
        )
        for name in module.__all__
        if is_dataclass(kind := getattr(module, name)) and isinstance(kind, type)
    }
)


def describe(part: object) -> Static:
    """Return a layer, a loss or an initializer as JSON values.

    A kind that bpcore does not know, a layer of the user's own, is described by its name and what it was
    given; it cannot be built again from that. Given values are left out: the trained ones are saved anyway.
    """
    if isinstance(part, initializers.Given):
        return {"kind": "Zeros"}
    if is_dataclass(part) and not isinstance(part, type):
        named = {field.name: describe(getattr(part, field.name)) for field in fields(part)}
        return {"kind": type(part).__name__, **named}
    if isinstance(part, list | tuple):
        return [describe(item) for item in part]
    if isinstance(part, dict):
        return {str(name): describe(value) for name, value in part.items()}
    if part is None or isinstance(part, bool | int | float | str):
        return part
    own = vars(part) if isinstance(part, layers.Layer) else {}
    return {"kind": type(part).__name__, **{name: describe(value) for name, value in own.items()}}


def build(description: Static, *, starts: initializers.Initializer | None = None) -> Static:
    """Return what was described.

    Parameters
    ----------
    description : JSON values
    starts : Initializer or None
        What stands for every initializer, described or left out; None builds them.

    Raises
    ------
    DataError
        When the description names a kind that is not bpcore's.
    """
    if isinstance(description, list):
        return tuple(build(item, starts=starts) for item in description)
    if not isinstance(description, dict):
        return description
    named = {name: build(value, starts=starts) for name, value in description.items() if name != "kind"}
    kind = _KINDS.get(str(description.get("kind")))
    if kind is None:
        word = str(description.get("kind"))
        raise DataError(
            f'"{word}" is no kind of layer, loss or initializer of bpcore.{did_you_mean(word, _KINDS)}'
        )
    if starts is not None:
        if issubclass(kind, initializers.Initializer):
            return starts
        defaults = (
            field.name
            for field in fields(cast("Any", kind))
            if isinstance(field.default, initializers.Initializer)
        )
        named |= dict.fromkeys(defaults, starts)
    if kind in {layers.Chain, wiring.Residual}:
        return kind(*named["layers"])
    try:
        return kind(**named)
    except TypeError as error:
        raise DataError(f"{kind.__name__} cannot be built from {named}: {error}.") from error
