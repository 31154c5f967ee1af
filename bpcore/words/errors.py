"""Every error of bpcore, with its sentence.

The facts are fields, the sentence is made here: what was given, what was wanted, where, what to do.

::

    BpcoreError
    |-- BackendError
    |   |-- BackendMissing      no backend of that name is installed     (also ImportError)
    |   |-- BackendUnusable     it is installed and cannot compute here  (also ImportError)
    |   |-- BackendConflict     two packages offer one name
    |   `-- MixedArrays         arrays of two libraries in one call      (also TypeError)
    |-- GradientError
    |   |-- NotDifferentiable   the function has no rule, or the input no gradient (also TypeError)
    |   |-- InPlace             an assignment that would not be right  (also RuntimeError)
    |   |-- GradientMismatch    analytic and numeric gradient differ     (also AssertionError)
    |   `-- EscapedTrace        a traced array was used after its trace ended  (also RuntimeError)
    |-- RecordError             a value was read while a Program was recorded  (also RuntimeError)
    |-- ShapeError              shapes that do not fit                   (also ValueError)
    |-- LibraryMissing          what is asked for needs an extra         (also ImportError)
    |-- LayerError              a layer that breaks a promise            (also AssertionError)
    |-- OptionError             an option outside its range              (also ValueError)
    |-- DataError               data that cannot be trained on           (also ValueError)
    |-- OutOfMemory             a step does not fit into memory          (also MemoryError)
    |-- MemoryExhausted         a device has not the bytes that a step wants (also MemoryError)
    |-- StepClosed              a step was called after its memory was freed (also RuntimeError)
    |-- OtherThread             a step was called from another thread    (also RuntimeError)
    |-- StreamCaptures          a step was called inside a capture       (also RuntimeError)
    |-- PaperError              what cannot be written on paper          (also ValueError)
    |-- ExportError             what another format cannot hold          (also ValueError)
    `-- FileError               a file that is not what it should be     (also ValueError)
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "BackendConflict",
    "BackendError",
    "BackendMissing",
    "BackendUnusable",
    "BpcoreError",
    "DataError",
    "Diverged",
    "EscapedTrace",
    "ExportError",
    "FileError",
    "GradientError",
    "GradientMismatch",
    "InPlace",
    "LayerError",
    "LibraryMissing",
    "MemoryExhausted",
    "MixedArrays",
    "NotDifferentiable",
    "OptionError",
    "OtherThread",
    "OutOfMemory",
    "PaperError",
    "RecordError",
    "ShapeError",
    "StepClosed",
    "StreamCaptures",
    "choose",
    "did_you_mean",
]


class BpcoreError(Exception):
    """What every error of bpcore is."""


class BackendError(BpcoreError):
    """Something about a backend."""


class BackendMissing(BackendError, ImportError):
    """No backend of that name is installed."""

    def __init__(self, given: str, installed: Iterable[str]) -> None:
        self.given = given
        self.installed = tuple(sorted(installed))
        super().__init__(
            f'no backend "{given}": installed are {", ".join(self.installed) or "none"}.'
            + did_you_mean(given, self.installed)
        )


class BackendUnusable(BackendError, ImportError):
    """The backend is installed and cannot compute here."""

    def __init__(self, given: str, why: str, do: str) -> None:
        self.given, self.why, self.do = given, why, do
        super().__init__(f'backend "{given}" cannot be used here: {why}. {do}')


class BackendConflict(BackendError):
    """Two installed packages offer a backend under one name."""

    def __init__(self, name: str, offers: Iterable[str]) -> None:
        self.name, self.offers = name, tuple(offers)
        super().__init__(
            f'backend "{name}" is offered twice, by {" and ".join(self.offers)}: uninstall one of them.'
        )


class MixedArrays(BackendError, TypeError):
    """Arrays of two libraries, or of two devices, in one call."""

    def __init__(self, where: str, kinds: Iterable[str]) -> None:
        self.where, self.kinds = where, tuple(kinds)
        super().__init__(
            f"{where} was given arrays of {' and '.join(self.kinds)}: bring them to one place first, "
            f'with bpcore.backend("{self.kinds[0]}").asarray(x).'
        )


class GradientError(BpcoreError):
    """Something about a derivative."""


class NotDifferentiable(GradientError, TypeError):
    """There is no derivative to give."""


class GradientMismatch(GradientError, AssertionError):
    """The analytic and the numeric gradient differ."""


class InPlace(GradientError, RuntimeError):
    """An assignment into an array whose gradient, or whose numbers, would not be right."""


class EscapedTrace(GradientError, RuntimeError):
    """A traced array was used after the function that traced it had returned."""

    def __init__(self) -> None:
        super().__init__(
            "a traced array was used after its trace had ended: return it from the function that is "
            "differentiated instead of storing it outside."
        )


class RecordError(BpcoreError, RuntimeError):
    """A value was read while a Program was being recorded.

    Attributes
    ----------
    reader, where : str
        What read it, and the file and line of the user's code that called it.
    text : str
        That line, or nothing where it cannot be had.
    do : str
        What to write instead, where that is more than ``where()`` for a branch.
    """

    def __init__(self, reader: str, where: str, text: str = "", do: str = "") -> None:
        self.reader, self.where, self.text, self.do = reader, where, text, do
        shown = f" ({text})" if text else ""
        super().__init__(
            f"{reader} reads the value of an array at {where}{shown}, while the function is recorded: a "
            f"Program holds for every value, so {do or 'use where() for the branch'}, or run the function "
            "uncompiled."
        )


class ShapeError(BpcoreError, ValueError):
    """Shapes that do not fit."""

    def __init__(self, where: str, wanted: str, given: object, do: str = "") -> None:
        self.where, self.wanted, self.given, self.do = where, wanted, given, do
        super().__init__(f"{where} wants {wanted}, was given {given}." + (f" {do}" if do else ""))


class LayerError(BpcoreError, AssertionError):
    """A layer that breaks a promise, as `bpcore.check_layer` found."""

    def __init__(self, layer: str, what: str) -> None:
        self.layer, self.what = layer, what
        super().__init__(f"{layer}: {what}.")


class LibraryMissing(BpcoreError, ImportError):
    """A library that comes with an extra of bpcore is not installed."""

    def __init__(self, what: str, library: str, extra: str) -> None:
        self.what, self.library, self.extra = what, library, extra
        super().__init__(
            f'{what} needs {library}, which is not installed: python -m pip install "bpcore[{extra}]".'
        )


class OptionError(BpcoreError, ValueError):
    """An option outside its range."""

    def __init__(self, option: str, given: object, wanted: str, do: str = "") -> None:
        self.option, self.given, self.wanted, self.do = option, given, wanted, do
        super().__init__(f"{option} must be {wanted}, was given {given!r}." + (f" {do}" if do else ""))


class DataError(BpcoreError, ValueError):
    """Data that cannot be trained on."""


class OutOfMemory(BpcoreError, MemoryError):
    """A training step does not fit into the memory of its device.

    Attributes
    ----------
    lack : str
        The bytes that were wanted and those that were free, as far as the library tells.
    whose : str
        Of which samples, where it is not those that are trained on.
    """

    def __init__(self, samples: int, batch_size: int | None, lack: str = "", whose: str = "") -> None:
        self.samples, self.batch_size, self.lack, self.whose = samples, batch_size, lack, whose
        some = f"batches of {samples} sample{'s' * (samples != 1)}"
        batch = f"all {samples} samples in one batch" if batch_size is None else some
        smaller = f"batch_size={samples // 2}, or " if samples > 1 else ""
        batch += f", of {whose}" if whose else ""
        told = f": {lack}" if lack else ""
        super().__init__(f"there is not enough memory for {batch}{told}. Try {smaller}a smaller network.")


class MemoryExhausted(BpcoreError, MemoryError):
    """A device has not the memory that a step wants.

    Attributes
    ----------
    wanted, free, total : int
        Bytes: those that were refused, 0 where the library does not tell; those that the device had free;
        and all that it has.
    """

    def __init__(self, name: str, device: str, wanted: int, free: int, total: int) -> None:
        self.wanted, self.free, self.total = wanted, free, total
        more = f"{wanted:,} bytes more were" if wanted else "more was"
        self.lack = f"{more} wanted on {device}, where {free:,} of {total:,} bytes are free"
        super().__init__(
            f"there is not enough memory for {name}: {self.lack}. "
            "Try smaller batches, or close() steps that are no longer used."
        )


class StepClosed(BpcoreError, RuntimeError):
    """A compiled step was called after its memory was freed."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the compiled {name} was closed, and its memory freed: compile it anew to call it.")


class OtherThread(BpcoreError, RuntimeError):
    """A compiled step was called from another thread than the one it belongs to."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the compiled {name} belongs to the thread of its first call, and was called from another: "
            "compile it once in each thread."
        )


class StreamCaptures(BpcoreError, RuntimeError):
    """A compiled step was called while the caller's own stream was capturing a graph."""

    def __init__(self, device: str) -> None:
        super().__init__(
            f"a compiled step was called while the current stream of {device} captures a graph, which cannot "
            "hold it: call it outside of the capture, it is a graph already."
        )


class PaperError(BpcoreError, ValueError):
    """A step that cannot be written on paper."""

    def __init__(self, what: str, do: str) -> None:
        self.what, self.do = what, do
        super().__init__(f"{what}. {do}")


class Diverged(BpcoreError, ArithmeticError):
    """Training ended in a loss, or in parameters, that are not finite.

    Attributes
    ----------
    rate : float or None
        The learning rate; None for a search, which has none.
    origin : Origin or None
        Where the first such number came from, where that was found.
    run : Run or None
        From `bpcore.fit`: the last parameters that are known to be finite, the best epoch's with
        `bpcore.EarlyStopping`, and the whole history.
    """

    def __init__(self, what: str, epoch: int, rate: float | None, origin: object = None) -> None:
        self.run: object = None
        self.what, self.epoch, self.rate, self.origin = what, epoch, rate, origin
        lower = "" if rate is None else f"lower the learning rate (it was {rate:g}), or "
        do = f": {lower}put the features on one scale."
        if getattr(origin, "before_any_update", False):
            do = ": look at what it began with."
        super().__init__(f"{what} in epoch {epoch}{do}" + (f" {origin}." if origin else ""))


class ExportError(BpcoreError, ValueError):
    """A network or a function that another format cannot hold."""

    def __init__(self, what: str, do: str) -> None:
        self.what, self.do = what, do
        super().__init__(f"{what}. {do}")


class FileError(BpcoreError, ValueError):
    """A file that is not what it should be."""

    def __init__(self, path: object, what: str, do: str = "") -> None:
        self.path, self.what, self.do = str(path), what, do
        super().__init__(f"{path}: {what}." + (f" {do}" if do else ""))


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """Return `` Did you mean "..."?`` for the nearest known name, or nothing."""
    near = difflib.get_close_matches(given, list(known), n=1, cutoff=0.6)
    return f' Did you mean "{near[0]}"?' if near else ""


def choose(option: str, given: str, known: Iterable[str]) -> str:
    """Return `given` if it is one of the `known` words, else raise `OptionError` with the near one."""
    names = sorted(known)
    if given in names:
        return given
    raise OptionError(option, given, f"one of {', '.join(names)}", did_you_mean(str(given), names).strip())
