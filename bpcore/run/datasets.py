"""The data sets that come along: two spirals, five logic gates, irises and handwritten digits.

`from_npy`, `from_csv` and `from_parquet` make streams of files that are larger than memory.

The spirals and the gates are made; the irises and the digits are read from files of the package, whose
origin and licence (UCI, CC BY 4.0) stand in ``bpcore/run/data/ATTRIBUTION.md``. Samples are rows.
"""

from __future__ import annotations

import csv
import gzip
import io
import math
from collections.abc import Sequence
from importlib.resources import files

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.ground.backend import Backend
from bpcore.ground.registry import backend as find_backend
from bpcore.parts import keys
from bpcore.run.feeding.dataset import Dataset
from bpcore.run.feeding.npy_stream import from_npy
from bpcore.run.tables.streaming import from_csv, from_parquet
from bpcore.words.errors import OptionError
from bpcore.words.protocols import Array, Dtype

__all__ = [
    "DATASETS",
    "Dataset",
    "digits",
    "from_csv",
    "from_npy",
    "from_parquet",
    "gates",
    "iris",
    "spiral",
]

DATASETS = ("digits", "gates", "iris", "spiral")
"""The names under which the command line knows them."""

_LEVELS = "0123456789abcdefg"
"""How a grey level is written in digits.txt.gz."""


def spiral(
    n: int = 200, *, noise: float = 0.3, key: Array | None = None, dtype: Dtype | None = None
) -> Dataset:
    """Return two spirals wound into each other, the points of one the negatives of the other's.

    With u uniform in [0, 1): the angle is 2 pi sqrt(u), the radius twice the angle plus pi. Independent
    normal noise is added to every coordinate, then each coordinate is brought to mean 0 and standard
    deviation 1.

    Parameters
    ----------
    n : int >= 1
        Points in each class.
    noise : float >= 0
        Standard deviation of the noise, before the scaling (the outer radius is 5 pi).
    key : key, optional
        Where the randomness comes from, and on which backend the points are; left out, key(0) on NumPy.
        One key gives the same points everywhere, up to the libraries' rounding of sines.
    dtype : floating dtype of the key's library, optional

    Raises
    ------
    OptionError
        When `n` or `noise` is out of range.
    """
    _check_spiral(n, noise)
    for_angle, for_noise = keys.split(keys.key(0) if key is None else key, 2)
    u = keys.uniform(for_angle, (n,), dtype=dtype)
    xp = array_namespace(u)
    angle = 2 * math.pi * xp.sqrt(u)
    radius = 2 * angle + math.pi
    arm = xp.stack([radius * xp.cos(angle), radius * xp.sin(angle)], axis=1)
    x = xp.concat([arm, -arm], axis=0)
    if noise > 0:
        x = x + noise * keys.normal(for_noise, (2 * n, 2), dtype=dtype)
    x = x - xp.mean(x, axis=0)
    x = x / xp.sqrt(xp.mean(xp.square(x), axis=0))
    first = xp.zeros_like(u)
    y = xp.reshape(xp.concat([first, first + 1], axis=0), (2 * n, 1))
    return Dataset(
        name="spiral", x=x, y=y, features=("x1", "x2"), targets=("arm",), classes=("0", "1"), task="binary"
    )


def _check_spiral(n: int, noise: float) -> None:
    if type(n) is not int or n < 1:
        raise OptionError("n", n, "a whole number of points, 1 or more")
    if not 0 <= noise < math.inf:
        raise OptionError("noise", noise, "a finite number, 0 or more")


def gates(*, backend: str | Backend | None = None, dtype: Dtype | None = None) -> Dataset:
    """Return the truth tables of OR, AND, XOR, NAND and NOR: four samples, five targets.

    Parameters
    ----------
    backend : str, Backend or None
        Where the arrays are made; left out, NumPy.
    dtype : floating dtype of the library, optional
    """
    where = find_backend(backend)
    kind = where.dtype("float32") if dtype is None else dtype
    rows = [(a, b) for a in (0, 1) for b in (0, 1)]
    truth = [[a | b, a & b, a ^ b, 1 - (a & b), 1 - (a | b)] for a, b in rows]
    return Dataset(
        name="gates",
        x=where.asarray(_floats(rows), dtype=kind, device=where.device),
        y=where.asarray(_floats(truth), dtype=kind, device=where.device),
        features=("a", "b"),
        targets=("OR", "AND", "XOR", "NAND", "NOR"),
        classes=("0", "1"),
        task="binary",
    )


def _floats(rows: Sequence[Sequence[int]]) -> list[list[float]]:
    return [[float(number) for number in row] for row in rows]


def iris() -> Dataset:
    """Return Fisher's irises: 150 flowers of three species, four lengths in centimetres.

    The numbers are those of Fisher's paper of 1936; the file of the UCI repository differs from it in two
    rows. R. Fisher, "Iris", UCI Machine Learning Repository, doi 10.24432/C56C76, CC BY 4.0. Host arrays;
    `x` is float64.
    """
    rows = list(csv.reader(io.StringIO(_packaged("iris.csv").decode("utf-8"))))
    classes = tuple(sorted({row[-1] for row in rows[1:]}))
    return Dataset(
        name="iris",
        x=_host([[float(cell) for cell in row[:-1]] for row in rows[1:]], "float64"),
        y=_host([classes.index(row[-1]) for row in rows[1:]], "int64"),
        features=tuple(rows[0][:-1]),
        targets=(rows[0][-1],),
        classes=classes,
        task="multiclass",
    )


def digits() -> Dataset:
    """Return handwritten digits: 1797 images of 8 x 8 pixels with grey levels from 0 to 16.

    The test part of E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine
    Learning Repository, doi 10.24432/C50P49, CC BY 4.0. Host arrays; `x` is float64, (1797, 64), row by row.
    """
    lines = gzip.decompress(_packaged("digits.txt.gz")).decode("ascii").split()
    level = {letter: float(i) for i, letter in enumerate(_LEVELS)}
    return Dataset(
        name="digits",
        x=_host([[level[letter] for letter in line[:-1]] for line in lines], "float64"),
        y=_host([int(line[-1]) for line in lines], "int64"),
        features=tuple(f"pixel {row},{column}" for row in range(8) for column in range(8)),
        targets=("digit",),
        classes=tuple("0123456789"),
        task="multiclass",
    )


def _packaged(name: str) -> bytes:
    return (files("bpcore.run") / "data" / name).read_bytes()


def _host(numbers: list[list[float]] | list[int], dtype: str) -> Array:
    host = find_backend("numpy")
    return host.asarray(numbers, dtype=host.dtype(dtype))
