"""Functions of whole arrays: sums of products, windows, and what moves values about."""

from __future__ import annotations

from bpcore.derivatives.rules.special.padding import Widths
from bpcore.derivatives.rules.special.ranking import TopK
from bpcore.derivatives.rules.special.windows import Each, Padding
from bpcore.derivatives.special.own import own
from bpcore.words.protocols import Array

__all__ = ["conv", "einsum", "index_add", "pad", "top_k"]


def einsum(subscripts: str, /, *operands: Array) -> Array:
    """Sum products of arrays, by Einstein's notation.

    Parameters
    ----------
    subscripts : str
        A letter for each axis of each operand, the operands parted by commas; after ``->`` the letters of
        the result. Letters that the result has not are summed over; a letter twice in one operand means
        its diagonal; ``...`` means the axes that have no letter, which are broadcast. Without ``->`` the
        result has the letters that come once, in the order of the alphabet.
    *operands : arrays, numeric

    Raises
    ------
    OptionError
        If the notation cannot be read.
    ShapeError
        If an operand has other axes than the notation, or a letter two lengths. A length of 1 goes with
        any other.

    Examples
    --------
    >>> import bpcore as bp, numpy as np
    >>> bp.special.einsum("ij,j->i", np.asarray([[1.0, 2.0], [3.0, 4.0]]), np.asarray([1.0, 10.0]))
    array([21., 43.])
    """
    return own(*operands).einsum(subscripts, *operands)


def pad(x: Array, widths: Widths, /, *, mode: str = "constant", constant_values: float = 0) -> Array:
    """Make an array longer at its ends.

    Parameters
    ----------
    x : array
    widths : int, pair of int, or a pair for each axis
        How many elements come before and after.
    mode : {"constant", "edge", "reflect", "symmetric", "wrap"}
        What they are: a number; the value at the end; the values mirrored at the last one, or behind it; the
        values from the other end. As in NumPy, also where more is asked for than there is to mirror.
    constant_values : number
        The number for ``"constant"``.
    """
    return own(x).pad(x, widths, mode=mode, constant_values=constant_values)


def index_add(x: Array, indices: Array, source: Array, /, *, axis: int) -> Array:
    """Return `x` with the slices of `source` added at `indices`.

    Parameters
    ----------
    x : array, numeric
    indices : array of int, one axis
        Places along `axis`; one may come twice, and -1 is the last. Beyond the axis they are not checked.
    source : array
        Of the shape of `x`, but along `axis` as long as `indices`.
    axis : int
    """
    return own(x, indices, source).index_add(x, indices, source, axis=axis)


def top_k(x: Array, k: int, /, *, axis: int = -1, largest: bool = True) -> TopK:
    """Return the `k` greatest along an axis, in order, and their places.

    Parameters
    ----------
    x : array, real
    k : int
        From 0 to the length of the axis.
    axis : int
    largest : bool
        False for the least, the least of all first.

    Returns
    -------
    values, indices : arrays
        A named tuple. The gradient of the values goes to where they were taken from.

    Notes
    -----
    Of equal values the one that stands first is taken first; PyTorch takes either.
    """
    found: TopK = own(x).top_k(x, k, axis=axis, largest=largest)
    return found


def conv(
    x: Array, w: Array, /, *, stride: Each = 1, padding: Padding = 0, dilation: Each = 1, groups: int = 1
) -> Array:
    """Multiply windows that slide over the spatial axes with weights.

    The cross-correlation that neural networks call convolution: the window is not turned round.

    Parameters
    ----------
    x : array ``(batch, channels, *spatial)``, floating
    w : array ``(out, channels / groups, *window)``, floating
    stride : int, or one for each spatial axis
        From one window to the next.
    padding : int, one or a pair for each spatial axis, "same" or "valid"
        Zeros before and after. ``"same"`` gives ``ceil(length / stride)`` windows, the odd zero at the end.
    dilation : int, or one for each spatial axis
        From one element of a window to the next.
    groups : int
        Into how many parts the channels are divided; each part of the outputs sees one.

    Returns
    -------
    array ``(batch, out, *windows)``

    Raises
    ------
    ShapeError
        If axes, channels or groups do not fit, or no window does.

    Examples
    --------
    >>> import bpcore as bp, numpy as np
    >>> x, w = np.asarray([[[1.0, 2.0, 4.0, 8.0]]]), np.asarray([[[-1.0, 1.0]]])
    >>> bp.special.conv(x, w, stride=2)
    array([[[1., 4.]]])
    """
    return own(x, w).conv(x, w, stride=stride, padding=padding, dilation=dilation, groups=groups)
