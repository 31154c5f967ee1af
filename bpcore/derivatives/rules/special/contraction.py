"""Einstein's sums: products of arrays of any number, summed over what the result does not name.

The way back of a product is a product, so the rule is written with `einsum` itself: the cotangent takes the
place of the operand, and the operand's letters are the result's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

from bpcore.derivatives.rules.broadcast import sum_to
from bpcore.derivatives.rules.function import EachInput, Forward, Function, Rule
from bpcore.derivatives.rules.special.subscripts import Subscripts, spare_letters, subscripts_of
from bpcore.words.protocols import Array, Namespace

__all__ = ["FUNCTIONS"]


class _Term(NamedTuple):
    """An operand, with one letter for each axis, none of them twice."""

    letters: str
    array: Array


def einsum(xp: Namespace, subscripts: str, /, *operands: Array) -> Array:
    """Sum products of the operands as the letters say: two at a time, the cheaper pair first."""
    read = subscripts_of(subscripts, [x.shape for x in operands])
    terms = [_plain(xp, read, letters, x) for letters, x in zip(read.inputs, operands, strict=True)]
    terms = [_summed(xp, term, _others(terms, i) | set(read.output)) for i, term in enumerate(terms)]
    while len(terms) > 1:
        i, j = _cheapest(terms, read)
        rest = [term for k, term in enumerate(terms) if k not in (i, j)]
        kept = set(read.output).union(*(term.letters for term in rest))
        terms = [*rest, _product(xp, terms[i], terms[j], kept)]
    y = _ordered(xp, terms[0], read.output)
    return y if len(operands) > 1 else xp.asarray(y, copy=True)  # of one operand it may be a view


def _plain(xp: Namespace, read: Subscripts, letters: str, x: Array) -> _Term:
    """Take the diagonal of axes of one letter, and drop axes of length 1 that are longer elsewhere."""
    for letter in set(letters):
        while letters.count(letter) > 1:
            first, second = [i for i, one in enumerate(letters) if one == letter][:2]
            x = _diagonal(xp, x, first, second)
            letters = letters[:first] + letters[first + 1 : second] + letters[second + 1 :] + letter
    kept = [i for i, letter in enumerate(letters) if x.shape[i] != 1 or read.sizes[letter] == 1]
    if len(kept) < len(letters):
        x = xp.reshape(x, tuple(x.shape[i] for i in kept))
    return _Term("".join(letters[i] for i in kept), x)


def _diagonal(xp: Namespace, x: Array, first: int, second: int) -> Array:
    """Return the diagonal of two axes as the last axis: of the two in one row, every ``n + 1``-th."""
    rest = [i for i in range(x.ndim) if i not in (first, second)]
    n = x.shape[first]
    row = xp.reshape(xp.permute_dims(x, (*rest, first, second)), (*(x.shape[i] for i in rest), n * n))
    return row[(..., slice(None, None, n + 1))]


def _others(terms: Sequence[_Term], mine: int) -> set[str]:
    return set().union(*(term.letters for i, term in enumerate(terms) if i != mine))


def _summed(xp: Namespace, term: _Term, kept: set[str]) -> _Term:
    """Sum over the axes that nothing else names."""
    gone = tuple(i for i, letter in enumerate(term.letters) if letter not in kept)
    if not gone:
        return term
    letters = "".join(letter for letter in term.letters if letter in kept)
    return _Term(letters, xp.sum(term.array, axis=gone, dtype=term.array.dtype))


def _cheapest(terms: Sequence[_Term], read: Subscripts) -> tuple[int, int]:
    """Return the pair after whose product the least is left to hold; of several, the one of least work."""

    def size(letters: set[str]) -> int:
        return math.prod(read.sizes[letter] for letter in letters)

    def growth(pair: tuple[int, int]) -> tuple[int, int]:
        a, b = (set(terms[i].letters) for i in pair)
        others = (term.letters for i, term in enumerate(terms) if i not in pair)
        left = size((a | b) & set(read.output).union(*others))
        return left - size(a) - size(b), size(a | b)

    return min(combinations(range(len(terms)), 2), key=growth)


def _product(xp: Namespace, a: _Term, b: _Term, kept: set[str]) -> _Term:
    """Multiply two terms: in both, batch letters stay and the others are summed over."""
    batch = "".join(letter for letter in a.letters if letter in b.letters and letter in kept)
    summed = "".join(letter for letter in a.letters if letter in b.letters and letter not in kept)
    left = "".join(letter for letter in a.letters if letter not in b.letters)
    right = "".join(letter for letter in b.letters if letter not in a.letters)
    letters = batch + left + right
    if not summed:
        return _Term(letters, _outer(xp, a, b, batch, left, right))
    if not batch:
        axes = tuple(tuple(term.letters.index(one) for one in summed) for term in (a, b))
        return _Term(letters, xp.tensordot(a.array, b.array, axes=axes))
    x, y = _ordered(xp, a, batch + left + summed), _ordered(xp, b, batch + summed + right)
    shapes = [tuple(x.shape[: len(batch)]), tuple(x.shape[len(batch) : len(batch + left)])]
    shapes.append(tuple(y.shape[len(batch + summed) :]))
    many = math.prod(x.shape[len(batch + left) :])
    x = xp.reshape(x, (*shapes[0], math.prod(shapes[1]), many))
    y = xp.reshape(y, (*shapes[0], many, math.prod(shapes[2])))
    return _Term(letters, xp.reshape(xp.matmul(x, y), (*shapes[0], *shapes[1], *shapes[2])))


def _outer(xp: Namespace, a: _Term, b: _Term, batch: str, left: str, right: str) -> Array:
    """Multiply element by element, each spread over the other's own axes."""
    x, y = _ordered(xp, a, batch + left), _ordered(xp, b, batch + right)
    x = xp.reshape(x, tuple(x.shape) + (1,) * len(right))
    y = xp.reshape(y, (*y.shape[: len(batch)], *(1,) * len(left), *y.shape[len(batch) :]))
    return xp.multiply(x, y)


def _ordered(xp: Namespace, term: _Term, letters: str) -> Array:
    if term.letters == letters:
        return term.array
    return xp.permute_dims(term.array, tuple(term.letters.index(letter) for letter in letters))


def _back(index: int, xp: Namespace, g: Array, y: Array, subscripts: str, *operands: Array) -> Array:
    """Put the cotangent in the operand's place; letters that only the operand has are spread again."""
    mine, x = index - 1, operands[index - 1]
    read = subscripts_of(subscripts, [operand.shape for operand in operands])
    letters = read.inputs[mine]
    others = [i for i in range(len(operands)) if i != mine]
    known = set(read.output).union(*(read.inputs[i] for i in others))
    spare = spare_letters(read.output, *read.inputs)
    terms, arrays = [read.output], [g]
    for i in others:
        terms.append(read.inputs[i])
        arrays.append(operands[i])
    found, shape = "", []
    for axis, letter in enumerate(letters):
        name = letter
        if letter in letters[:axis]:  # again: nothing off the diagonal was read
            name = next(spare)
            terms.append(letter + name)
            arrays.append(xp.eye(x.shape[axis], dtype=g.dtype, device=getattr(x, "device", None)))
        alone = letter not in known and letters.count(letter) == 1
        found += "" if alone else name
        shape.append(1 if alone else 0)
    dx = xp.einsum(f"{','.join(terms)}->{found}", *arrays)
    lengths = iter(dx.shape)
    dx = xp.reshape(dx, tuple(n or next(lengths) for n in shape))
    return _like(xp, dx, tuple(x.shape))


def _like(xp: Namespace, dx: Array, shape: tuple[int, ...]) -> Array:
    """Sum where the operand had length 1, and spread where the cotangent has."""
    dx = sum_to(xp, dx, tuple(1 if n == 1 else m for n, m in zip(shape, dx.shape, strict=True)))
    return dx if tuple(dx.shape) == shape else xp.broadcast_to(dx, shape)


class _EachOperand(EachInput):
    """One rule for the operands; the notation, which comes first, has none."""

    def __getitem__(self, index: int | slice, /) -> Rule | Sequence[Rule | None] | None:  # type: ignore[override]
        return None if index == 0 else super().__getitem__(index)

    def __len__(self) -> int:
        return 2


FUNCTIONS = (Function("einsum", _EachOperand(_back), compute=einsum, forward=Forward.MULTILINEAR),)
