"""Many updates by a function of one's own, and the parameters at chosen counts of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from bpcore.words.errors import OptionError
from bpcore.words.protocols import Array, Tree

__all__ = ["states"]


def states(
    update: Callable[..., Tree], params: Tree, /, *data: Array, counts: Iterable[int]
) -> Iterator[tuple[int, Tree]]:
    """Update again and again, and yield the parameters at chosen counts of updates.

    Parameters
    ----------
    update : function
        ``update(params, *data)`` returns new parameters; as ``compile(update)`` many are quick.
    params : tree of arrays
        To start from: the state of count 0.
    *data : arrays
        What else `update` wants, the same each time: samples and targets, mostly.
    counts : iterable of int >= 0
        In any order.

    Yields
    ------
    pair (int, tree of arrays)
        A count, and the parameters after so many updates; the counts rise.

    Raises
    ------
    OptionError
        When a count is no whole number from 0 on.

    Examples
    --------
    Half of what is missing, again and again:

    >>> import bpcore as bp
    >>> for n, x in bp.states(lambda x, y: x + 0.5 * (y - x), 0.0, 8.0, counts=(1, 2, 10)):
    ...     print(n, x)
    1 4.0
    2 6.0
    10 7.9921875
    """
    wanted = list(counts)
    for count in wanted:
        if type(count) is not int or count < 0:
            raise OptionError("counts of states", count, "whole numbers from 0 on, as (0, 1, 1000)")
    return _walked(update, params, data, sorted(set(wanted)))


def _walked(
    update: Callable[..., Tree], params: Tree, data: tuple[Array, ...], counts: list[int]
) -> Iterator[tuple[int, Tree]]:
    done = 0
    for count in counts:
        for _ in range(count - done):
            params = update(params, *data)
        done = count
        yield count, params
