"""A backend: what bpcore knows about an array library, as a frozen record of a few functions.

Everything that is not in the record is the standard. A plugin is the door to it: an object that an
installed package offers under the entry point ``bpcore.backends``, and that opens a backend on one of
its devices. The first-party plugins use the same door as a stranger's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from bpcore.ground.precision import Precision, find_precision
from bpcore.words.errors import OptionError
from bpcore.words.protocols import Array, Dtype, Namespace, Recorded, Static

__all__ = ["Abstract", "Backend", "Compile", "Plugin", "as_plain_function", "on_the_arrays"]

R = TypeVar("R", bound=Recorded)


class AsArray(Protocol):
    """How a backend takes in data."""

    def __call__(self, data: Array, /, *, dtype: Dtype = None, device: object = None) -> Array:
        """Return `data` as an array of the library.

        Parameters
        ----------
        data : numbers in lists, a NumPy array, or an array of any library that bpcore knows
            Memory is shared where the library can, as with the standard's ``asarray``.
        dtype : dtype object of the library or None
            A dtype that the device has not is refused with an `OptionError`, never narrowed. None
            keeps the data's own, or takes the device's widest float where it has not that one.
        device : device object of the library or None
            None means the device that the backend was opened on; where it was opened on none in
            particular, an array of the library stays where it is.
        """


class Compile(Protocol):
    """How a backend compiles a Program, or a loop over it."""

    def __call__(
        self, program: Recorded, functions: Namespace, shared: dict[str, Static], /
    ) -> Callable[..., Sequence[Array]]:
        """Return a function of arrays that returns arrays.

        Parameters
        ----------
        program : Program
        functions : module-like
            The library's functions, with the backend's kernels and bpcore's fall-backs laid over it.
        shared : dict
            The same for all Programs of one compiled function: what they have in common, such as work
            memory and the place where carried arrays lie, is kept there. Empty at first, but for
            ``precision``, the word, where that is not float32, and ``deterministic``, where it was asked
            for or left out by name.

        Returns
        -------
        function
            Of a Program: of its inputs, to its outputs. Those that are carried may lie where the input lay
            that was given up, and may be overwritten by the next call; the others are fresh.
            Of a loop: ``(length, *inputs)``. Inputs that are not carried have a leading axis of `length`,
            and outputs that are not carried are given one.
        """


def as_plain_function(
    program: Recorded, functions: Namespace, shared: dict[str, Static], /
) -> Callable[..., Sequence[Array]]:
    """Compile by writing the Program out as a plain function, and no more."""
    return program.function(functions)


class Abstract(Protocol):
    """How a backend lets a function be recorded."""

    def __call__(
        self, trace: Callable[[Sequence[Array]], tuple[list[Array], R]], arrays: Sequence[Array], /
    ) -> tuple[list[Array], R]:
        """Return what ``trace(arrays)`` returns: the constants that were met, and the Program."""


def on_the_arrays(
    trace: Callable[[Sequence[Array]], tuple[list[Array], R]], arrays: Sequence[Array], /
) -> tuple[list[Array], R]:
    """Record on the arrays themselves, which computes every value."""
    return trace(arrays)


@dataclass(frozen=True, eq=False, kw_only=True)
class Backend:
    """One array library on one of its devices.

    Attributes
    ----------
    name : str
        ``"numpy"``, or with a device ``"strict:device1"``.
    version : str
        The library's version.
    namespace : module-like
        The standard's functions. Bound once; not a wrapper where the library itself will do.
    devices : tuple of str
        The devices that can be named after the colon.
    device : object or None
        The library's own device object that new arrays are made on; None is the library's default.
    asarray : function ``(data, /, *, dtype=None, device=None)``
        Take data in. Numbers in lists, a host array, or an array of the library.
    to_host : function ``(x)``
        Give data out: `x` as a NumPy array.
    synchronize : function ``()``
        Wait until the device has done all it was given.
    compile : function ``(program, functions, shared)``
        A function of the Program's inputs that returns its outputs, as fast as the library can.
    loop : function ``(program, functions, shared)``, or None
        Many runs of the Program in one call; None where it is no faster than as many calls.
    gathers : function ``(size)``
        Whether a step had better take its batch out of the data itself, where these are that many bytes and
        lie on the device: one call makes many steps, of which it is given the rows alone.
    stage : function ``(batches)``, or None
        Yield batches of host arrays as arrays of the device, each while the one after it is on its way. One
        is overwritten when the next is asked for. None where nothing is won.
    abstract : function ``(trace, arrays)``
        Calls ``trace(stand_ins) -> (constants, program)`` with arrays of which only shapes and dtypes are
        known, where that is cheaper than to compute, and returns what it returned, the constants computed.
    wide : function ``()``
        Whether the device has 64-bit floats; a function, because JAX can be switched at any time.
    kernels : mapping of str to function
        Functions that replace those of the standard, or bpcore's fall-backs for what it lacks.
    precisions : mapping of str to Precision
        How steps are computed by `bpcore.ground.precision.PRECISIONS`; what is not in it the backend has not,
        but for float32, of which it says something only if that needs a scope. Without tensor cores "tf32" is
        plain float32, and there.
    """

    name: str
    version: str
    namespace: Namespace
    devices: tuple[str, ...]
    asarray: AsArray
    to_host: Callable[[Array], Array]
    synchronize: Callable[[], None] = lambda: None
    compile: Compile = as_plain_function
    loop: Compile | None = None
    gathers: Callable[[int], bool] = lambda size: False
    stage: Callable[[Iterable[tuple[Array, ...]]], Iterator[tuple[Array, ...]]] | None = None
    abstract: Abstract = on_the_arrays
    device: object = None
    wide: Callable[[], bool] = lambda: True
    kernels: Mapping[str, Callable[..., Array]] = field(default_factory=dict)
    precisions: Mapping[str, Precision] = field(
        default_factory=lambda: {"tf32": Precision(plain=lambda device: True)}
    )

    @property
    def library(self) -> str:
        """The backend's name without the device."""
        return self.name.partition(":")[0]

    @property
    def float64(self) -> bool:
        """Whether the device has 64-bit floats."""
        return self.wide()

    def dtype(self, name: str) -> Dtype:
        """Return the library's dtype object of that name; `OptionError` where it has none."""
        try:
            return getattr(self.namespace, name)
        except AttributeError:
            do = "Cast to float32, or compute with another backend."
            raise OptionError(f"dtype with {self.name}", name, f"one that {self.library} has", do) from None

    def precision(self, word: str) -> Precision:
        """Return how it computes with a precision; `OptionError` where it does not."""
        return find_precision(self.precisions, self.name, word)

    def __repr__(self) -> str:
        return f"<backend {self.name}, version {self.version}>"


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """What a package offers under the entry point ``bpcore.backends``.

    Attributes
    ----------
    name : str
        The word that users write.
    install : str
        The command that installs the library.
    open : function ``(device)``
        Return the `Backend` on the device of that name, None for the default one. Raises
        ``BackendUnusable`` when it cannot compute there. Imports the library only now.
    """

    name: str
    install: str
    open: Callable[[str | None], Backend]
