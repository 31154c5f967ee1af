"""What was measured on the training part and is applied to every sample, then and later."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from bpcore.ground.registry import backend as find_backend
from bpcore.ground.registry import on_host
from bpcore.run.feeding.dataset import Dataset
from bpcore.run.tables.columns import Table, listed
from bpcore.run.tables.samples import TASKS, feature_matrix
from bpcore.words.errors import DataError, ShapeError, choose, did_you_mean
from bpcore.words.protocols import Array, Namespace

__all__ = ["Preparation"]

Numbers = tuple[float, ...]

SCALINGS = ("each", "all", "none")

LARGEST = 1e150
"""The square of a number up to this is finite."""


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """How samples become the inputs of a network, and its outputs answers.

    Attributes
    ----------
    features : tuple of str
    mean, scale : tuple of float
        For each feature: inputs are ``(x - mean) / scale``. The scale of a constant feature is 1.
    fill : tuple of float
        For each feature, what stands in for a missing value; empty: missing values are refused.
    task : "binary", "multiclass" or "regression"
    targets : tuple of str
    classes : tuple of str
        Empty for a regression.
    target_mean, target_scale : tuple of float
        For a regression, of each target: the network learns ``(y - mean) / scale``.
    """

    features: tuple[str, ...]
    mean: Numbers
    scale: Numbers
    fill: Numbers
    task: str
    targets: tuple[str, ...]
    classes: tuple[str, ...]
    target_mean: Numbers
    target_scale: Numbers

    @classmethod
    def measured(cls, data: Dataset, *, scaling: str = "each", fill: str | None = None) -> Preparation:
        """Return what the training part `data` says.

        Parameters
        ----------
        data : Dataset of host arrays
        scaling : "each", "all" or "none"
            Bring each feature to mean 0 and standard deviation 1; or all of them together, where they
            share one unit, as pixels do; or leave them. A regression's targets are scaled in any case.
        fill : "mean", "median", "zero", "drop" or None
            What stands in for a missing value; with drop or None nothing does.

        Raises
        ------
        DataError
            A feature has no value at all to fill from, or numbers too large to square.
        """
        choose("scaling", scaling, SCALINGS)
        filled = () if fill in (None, "drop") else _fills(data, str(fill))
        mean, scale = _scales(data, _filled(data.x, filled), scaling)
        regression = data.task == "regression"
        y_mean, y_scale = _moments(data, data.y, data.targets) if regression else ((), ())
        return cls(
            features=data.features,
            mean=mean,
            scale=scale,
            fill=filled,
            task=data.task,
            targets=data.targets,
            classes=data.classes,
            target_mean=y_mean,
            target_scale=y_scale,
        )

    @property
    def outputs(self) -> int:
        """How many outputs the network has."""
        return len(self.classes) if self.task == "multiclass" else len(self.targets)

    def inputs(self, x: Array) -> Array:
        """Return features as the network's inputs, a host array of float64.

        Parameters
        ----------
        x : array (samples, features), or data frame
            Of an array the columns are in the order of `features`; of a frame, as of pandas or polars, they
            are found by their names, and others left alone.

        Raises
        ------
        DataError
            A feature is not there, is no number, or is missing where nothing was said to stand in.
        """
        x = self._numbers(x)
        missing = _xp().isnan(x)
        if not self.fill and bool(_xp().any(missing)):
            row, column = divmod(int(_xp().argmax(_xp().reshape(missing, (-1,)))), len(self.features))
            raise DataError(
                f'sample {row}: the feature "{self.features[column]}" is missing, and nothing was said to '
                "stand in for it: give it, or prepare with fill=."
            )
        return (_filled(x, self.fill) - _row(self.mean)) / _row(self.scale)

    def _numbers(self, x: Any) -> Array:
        """Return features as a host array of float64, one column for each."""
        names = None if not hasattr(x, "columns") else [str(name) for name in x.columns]
        if names is not None:
            for name in self.features:
                if name not in names:
                    near = did_you_mean(name, names)
                    raise DataError(f'no column "{name}": the columns are {listed(names)}.{near}')
            x = x[[x.columns[names.index(name)] for name in self.features]].to_numpy()
        try:
            found = find_backend("numpy").asarray(on_host(x), dtype=_xp().float64)
        except (TypeError, ValueError) as error:
            said = str(error).partition("\n")[0].rstrip(".")
            raise DataError(f"the features cannot be made an array of numbers: {said}.") from error
        if found.ndim != 2 or found.shape[1] != len(self.features):  # noqa: PLR2004
            wanted = f"samples of {len(self.features)} features ({listed(self.features, 6)})"
            raise ShapeError("the preparation", wanted, f"an array of shape {tuple(found.shape)}")
        return found

    def goals(self, y: Array) -> Array:
        """Return targets as the network learns them."""
        return (y - _row(self.target_mean)) / _row(self.target_scale) if self.target_mean else y

    def quantities(self, output: Array) -> Array:
        """Return a regression's outputs (samples, targets) in the unit of the targets, on the host."""
        return on_host(output) * _row(self.target_scale) + _row(self.target_mean)

    def apply(self, data: Dataset) -> Dataset:
        """Return the samples prepared."""
        return replace(data, x=self.inputs(data.x), y=self.goals(data.y))

    def inputs_of(self, table: Table) -> Array:
        """Return the rows of a table as the network's inputs.

        Features are found by their names; in a file without a header that has as many columns as there
        are features, by their order.

        Raises
        ------
        DataError
            A feature is not there, is text, infinite, or missing where nothing was said to stand in.
        """
        names: tuple[str, ...] = self.features
        if not table.header and not set(names) <= set(table.names):
            if len(table.columns) != len(names):
                raise DataError(
                    f"{table.source}: {len(table.columns)} columns without names, the model wants "
                    f"{len(names)}: {listed(names, 6)}. Give the file a header."
                )
            names = table.names
        do = "Give it; or train again with a way to fill such values, as bpcore train --fill mean."
        return self.inputs(feature_matrix(table, names, filled=bool(self.fill), do=do))

    def to_dict(self) -> dict[str, Any]:
        """Return plain lists, numbers and words, for JSON."""
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()
        }

    @classmethod
    def from_dict(cls, given: object) -> Preparation:
        """Return what `to_dict` gave.

        Raises
        ------
        DataError
            It is not of that form.
        """
        wanted = {field.name for field in fields(cls)}
        if not isinstance(given, Mapping) or set(given) != wanted or given["task"] not in TASKS:
            raise DataError("the preparation that is stored with the model is not of bpcore's form.")
        values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in given.items()}
        read = cls(**values)
        if not read._consistent():
            raise DataError("the preparation that is stored with the model contradicts itself.")
        return read

    def _consistent(self) -> bool:
        lists = [value for name, value in vars(self).items() if name != "task"]
        if not all(isinstance(value, tuple) for value in lists):
            return False
        numbers = self.mean + self.scale + self.fill + self.target_mean + self.target_scale
        return (
            all(type(number) in (int, float) and math.isfinite(number) for number in numbers)
            and all(isinstance(word, str) for word in self.features + self.targets + self.classes)
            and len(self.mean) == len(self.scale) == len(self.features)
            and len(self.fill) in (0, len(self.features))
            and all(self.scale + self.target_scale)
            and len(self.target_mean) == len(self.target_scale)
            and len(self.target_mean) == (len(self.targets) if self.task == "regression" else 0)
            and bool(self.targets)
            and (self.task != "binary" or len(self.classes) == 2)  # noqa: PLR2004
        )


def _xp() -> Namespace:
    return find_backend("numpy").namespace


def _row(numbers: Numbers) -> Array:
    return _xp().asarray(numbers, dtype=_xp().float64)


def _filled(x: Array, fill: Numbers) -> Array:
    return _xp().where(_xp().isnan(x), _row(fill), x) if fill else x


def _fills(data: Dataset, how: str) -> Numbers:
    if how == "zero":
        return (0.0,) * len(data.features)
    average = statistics.fmean if how == "mean" else statistics.median
    found = []
    for name, column in zip(data.features, data.x.T.tolist(), strict=True):
        there = [number for number in column if not math.isnan(number)]
        if not there:
            raise DataError(
                f'{data.name}: column "{name}" has no value in the training part: its {how} cannot be filled '
                "in. Leave the column out, or fill with zero."
            )
        found.append(float(average(there)))
    return tuple(found)


def _scales(data: Dataset, x: Array, scaling: str) -> tuple[Numbers, Numbers]:
    width = len(data.features)
    if scaling == "each":
        return _moments(data, x, data.features)
    if scaling == "none":
        return (0.0,) * width, (1.0,) * width
    mean, scale = _moments(data, _xp().reshape(x, (-1, 1)), ("all features",))
    return mean * width, scale * width


def _moments(data: Dataset, x: Array, names: tuple[str, ...]) -> tuple[Numbers, Numbers]:
    """Return mean and population standard deviation of each column; 1 where a column is constant."""
    xp = _xp()
    low, high = xp.min(x, axis=0), xp.max(x, axis=0)
    for name, most in zip(names, xp.maximum(-low, high).tolist(), strict=True):
        if most > LARGEST:
            raise DataError(f'{data.name}: column "{name}" holds numbers too large to square, as {most:g}.')
    mean = xp.where(low == high, low, xp.mean(x, axis=0))
    scale = xp.sqrt(xp.mean(xp.square(x - mean), axis=0))
    return tuple(mean.tolist()), tuple(xp.where(scale == 0, 1.0, scale).tolist())
