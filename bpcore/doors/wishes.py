"""What ``bpcore train`` was asked for: given by the user, settled with a recipe, kept with the network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bpcore.doors.recipes import OPTIMIZERS, Recipe
from bpcore.parts.optimizers import Optimizer
from bpcore.run.datasets import DATASETS
from bpcore.run.early_stopping import EarlyStopping
from bpcore.run.files.checkpoints import Checkpoint
from bpcore.words.errors import OptionError
from bpcore.words.finite import is_finite

__all__ = ["PATIENCE", "Wishes"]

PATIENCE = 10
"""Epochs without a better loss until early stopping ends a run."""

SHARE = 0.2
"""What early stopping holds out where the recipe holds out nothing."""


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """The options of ``bpcore train``; None is for the recipe to decide."""

    data: str
    target: str | None
    hidden: tuple[int, ...] | None
    activation: str | None
    backend: str
    optimizer: str | None
    rate: float | None
    epochs: int | None
    batch_size: int | None
    seed: int
    dtype: str
    precision: str
    validation: float | None
    early_stopping: bool
    patience: int | None
    min_delta: float | None
    drop: tuple[str, ...]
    fill: str | None
    task: str | None
    header: bool | None
    save: str | None
    checkpoint: str | None
    checkpoint_every: int | None
    checkpoint_steps: int | None
    checkpoint_seconds: float | None
    log: str | None
    progress: bool
    quiet: bool

    def settled(self, recipe: Recipe) -> Wishes:
        """Return the same with what a recipe decides; its rate is for its own optimizer only."""
        name = self.optimizer or recipe.optimizer
        rate = recipe.rate if name == recipe.optimizer else OPTIMIZERS[name]().highest_rate
        share = recipe.validation or (SHARE if self.early_stopping else 0.0)
        return replace(
            self,
            hidden=recipe.hidden if self.hidden is None else self.hidden,
            activation=self.activation or recipe.activation,
            optimizer=name,
            rate=rate if self.rate is None else self.rate,
            epochs=self.epochs or recipe.epochs,
            batch_size=(recipe.batch_size or 0) if self.batch_size is None else self.batch_size,
            validation=share if self.validation is None else self.validation,
        )

    def made_optimizer(self) -> Optimizer:
        """Return the optimizer of settled wishes."""
        return OPTIMIZERS[str(self.optimizer)](self.rate)

    def made_checkpoint(self) -> Checkpoint | None:
        """Return where the run is saved while it goes on, if it is.

        Raises
        ------
        OptionError
            It is said how often, and not where; or where the network goes to, or the data are.
        """
        often = (self.checkpoint_every, self.checkpoint_seconds, self.checkpoint_steps)
        for word, given in zip(("every", "seconds", "steps"), often, strict=True):
            if self.checkpoint is None and given is not None:
                raise OptionError(f"--checkpoint-{word}", given, "used with --checkpoint")
        if self.checkpoint and self.save and Path(self.checkpoint).resolve() == Path(self.save).resolve():
            raise OptionError("--checkpoint", self.checkpoint, "another file than that of --save")
        is_file = self.data not in DATASETS
        if self.checkpoint and is_file and Path(self.checkpoint).resolve() == Path(self.data).resolve():
            raise OptionError("--checkpoint", self.checkpoint, "another file than the data")
        if self.checkpoint_seconds is not None and not is_finite(self.checkpoint_seconds):
            raise OptionError("--checkpoint-seconds", self.checkpoint_seconds, "a finite number, 0 or more")
        return None if self.checkpoint is None else Checkpoint(self.checkpoint, *often)

    def made_stopping(self) -> EarlyStopping | None:
        """Return what ends the run early, if it is to be.

        Raises
        ------
        OptionError
            It is said how, and not that it is to be; or nothing is held out.
        """
        if not self.early_stopping:
            for option, given in (("--patience", self.patience), ("--min-delta", self.min_delta)):
                if given is not None:
                    raise OptionError(option, given, "used with --early-stopping")
            return None
        if self.validation == 0:
            raise OptionError("--validation", self.validation, "a share above 0 with --early-stopping")
        return EarlyStopping(patience=self.patience or PATIENCE, min_delta=self.min_delta or 0.0)

    def command(self) -> list[str]:
        """Return the words of the command line that trains the same network, of settled wishes."""
        words = ["bpcore", "train", self.data]
        for option, value in self._options():
            words += [option, value]
        for name in self.drop:
            words += ["--drop", name]
        if self.early_stopping:
            words.append("--early-stopping")
        if self.header is not None:
            words.append("--header" if self.header else "--no-header")
        return words

    def _options(self) -> Iterator[tuple[str, str]]:
        hidden = ",".join(map(str, self.hidden or ())) or "none"
        for option, value in (
            ("--target", self.target),
            ("--task", self.task),
            ("--fill", self.fill),
            ("--hidden", hidden),
            ("--activation", self.activation),
            ("--optimizer", self.optimizer),
            ("--rate", self.rate),
            ("--epochs", self.epochs),
            ("--batch-size", self.batch_size),
            ("--validation", self.validation),
            ("--patience", self.patience),
            ("--min-delta", self.min_delta),
            ("--seed", self.seed),
            ("--dtype", self.dtype),
            ("--precision", None if self.precision == "float32" else self.precision),
            ("--backend", self.backend),
        ):
            if value is not None:
                yield option, str(value)

    def kept(self) -> dict[str, object]:
        """Return what is kept with the network so that its training can be repeated, as JSON values."""
        names = ("data", "seed", "target", "task", "drop", "fill", "header", "optimizer", "rate", "epochs")
        more = ("batch_size", "validation", "dtype", "precision", "backend")
        return {"command": self.command(), **{name: getattr(self, name) for name in (*names, *more)}}
