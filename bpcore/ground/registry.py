"""Where backends are found: entry points, read when asked and loaded one at a time.

Two groups of entry points, both of them data that is read without importing anything:

- ``bpcore.backends``: the backend's name -> its `Plugin`;
- ``bpcore.arrays``: the top-level module that an array's type lives in -> the backend's name, as the
  attribute of the value (``jaxlib = "bpcore_jax:jax"`` says that jaxlib's arrays belong to "jax").

The caches here are the only state of the module. They are filled on demand and never decide anything:
there is no current backend.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from bpcore.ground.backend import Backend, Plugin
from bpcore.ground.dlpack import shared
from bpcore.ground.library import first_line
from bpcore.words.errors import (
    BackendConflict,
    BackendMissing,
    BackendUnusable,
    BpcoreError,
    MixedArrays,
    OptionError,
)
from bpcore.words.protocols import Array

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = ["Row", "backend", "backend_of", "backends", "installed", "known", "named", "on_host"]

DEFAULT = "numpy"
"""Where Python numbers go, and nothing else."""


def backend(name: str | Backend | None = None, /) -> Backend:
    """Return the backend of that name, opened on a device.

    Parameters
    ----------
    name : str, Backend or None
        ``"cupy"``, or with one of its devices ``"cupy:0"``. A backend is returned as it is; None
        means NumPy.

    Raises
    ------
    BackendMissing
        No package offers a backend of that name.
    BackendUnusable
        It is offered, and its library is not installed or cannot compute on that device. There is no
        silent fall-back.
    BackendConflict
        Two packages offer it.
    OptionError
        `name` is neither a name nor a backend.

    Examples
    --------
    >>> import bpcore as bp
    >>> bp.backend("numpy").name
    'numpy'
    """
    if isinstance(name, Backend):
        return name
    if name is not None and not isinstance(name, str):
        raise OptionError("backend", name, 'a name, such as "numpy" or "cupy:0", or a Backend')
    return _open(DEFAULT if name is None else name)


def named(given: str | Backend | None) -> None:
    """Say at once that no backend has that name, or that it is none; nothing is opened.

    Raises
    ------
    BackendMissing
        No package offers a backend of that name.
    OptionError
        `given` is neither a name, nor a backend, nor None.
    """
    if isinstance(given, str):
        if given.partition(":")[0] not in _offers():
            raise BackendMissing(given.partition(":")[0], _offers())
    elif given is not None:
        backend(given)


@cache
def _open(name: str) -> Backend:
    word, colon, device = name.partition(":")
    plugin = _plugin(word)
    if colon and not device:
        raise BackendUnusable(name, "no device stands after the colon", f'Write "{word}", or name a device.')
    try:
        found = plugin.open(device or None)
    except BpcoreError:
        raise
    except Exception as error:  # a stranger's plugin: its error is kept, and the sentence is ours
        why = f"opening it failed ({first_line(error)})"
        raise BackendUnusable(
            name, why, f"If its library is broken, install it again: {plugin.install}"
        ) from error
    if not isinstance(found, Backend):
        raise BackendUnusable(name, "its plugin opened no bpcore Backend", "Mend the package that offers it.")
    return found


@cache
def _plugin(name: str) -> Plugin:
    offers = _offers().get(name)
    if offers is None:
        raise BackendMissing(name, _offers())
    if len(offers) > 1:
        raise BackendConflict(name, [offer.value for offer in offers])
    value = offers[0].value
    try:
        plugin = offers[0].load()
    except Exception as error:  # whatever a stranger's package raises while it is imported
        why = f"{value} does not load ({first_line(error)})"
        raise BackendUnusable(name, why, "Install the package that offers it again.") from error
    if not isinstance(plugin, Plugin):
        raise BackendUnusable(name, f"{value} is not a bpcore Plugin", "Mend the package that offers it.")
    return plugin


def _entry_points(group: str) -> Iterable[EntryPoint]:
    from importlib.metadata import entry_points  # a third of the time of `import bpcore`, were it above

    return entry_points(group=group)


@cache
def _offers() -> Mapping[str, tuple[EntryPoint, ...]]:
    """Return what is offered under ``bpcore.backends``, by name; one offer found twice is one."""
    found: dict[str, dict[str, EntryPoint]] = {}
    for entry in _entry_points("bpcore.backends"):
        found.setdefault(entry.name, {})[entry.value] = entry
    return {name: tuple(offers[value] for value in sorted(offers)) for name, offers in sorted(found.items())}


def installed() -> tuple[str, ...]:
    """Return the names of the backends that are offered, in order. Nothing is imported."""
    return tuple(_offers())


_owners: dict[type, str | None] = {}


def _owner(kind: type) -> str | None:
    """Return the backend that arrays of this type belong to: that of the nearest known base class."""
    if kind not in _owners:
        known = {entry.name: entry.attr for entry in _entry_points("bpcore.arrays")}
        modules = (base.__module__.partition(".")[0] for base in kind.__mro__)
        _owners[kind] = next((known[module] for module in modules if module in known), None)
    return _owners[kind]


def backend_of(*arrays: Array) -> Backend:
    """Return the backend that the arrays belong to, by their types. Python numbers belong to any.

    Raises
    ------
    MixedArrays
        The arrays belong to two libraries.
    BackendMissing
        No installed backend knows the type.
    OptionError
        There is a list, a dict or a text in place of an array.
    """
    names: dict[str, None] = {}
    for array in arrays:
        if type(array) not in (int, float, bool, complex):
            names[_named_owner(array)] = None
    if len(names) > 1:
        raise MixedArrays("One call", names)
    return backend(next(iter(names), None))


def _named_owner(array: Array) -> str:
    kind = type(array)
    owner = _owner(kind)
    if owner is None and kind in (list, tuple, dict, str, type(None)):
        raise OptionError("an argument", array, "an array", "Make one of it first, with asarray.")
    if owner is None:
        raise BackendMissing(f"{kind.__module__}.{kind.__qualname__}", installed())
    return owner


def known(array: Array) -> bool:
    """Return whether an installed backend knows arrays of this type."""
    return _owner(type(array)) is not None


def on_host(data: Array) -> Array:
    """Return an array of any installed backend as a host array, and other data as it is.

    It is what a backend's ``asarray`` does first with data that is not its own. An array of a library that
    nobody knows is taken by DLPack, where it speaks that.

    Raises
    ------
    OptionError
        When such an array is on a device that the host cannot read.
    """
    owner = _owner(type(data))
    if owner is None and hasattr(data, "__dlpack__") and hasattr(data, "__dlpack_device__"):
        return shared(data, backend(DEFAULT))
    return data if owner in (None, DEFAULT) else backend(owner).to_host(data)


class Row(NamedTuple):
    """One line of `backends`."""

    name: str
    version: str
    devices: tuple[str, ...]
    usable: bool
    why_not: str


def backends() -> list[Row]:
    """Return what is there: each installed backend, its devices, and if it is not usable, why.

    Every backend's library is imported, and on a GPU a kernel compiled and a product done.
    """
    return list(_survey())


def _survey() -> Iterator[Row]:
    for name in installed():
        try:
            found = backend(name)
        except BackendUnusable as error:
            yield Row(name, "", (), False, f"{error.why}. {error.do}")
        except BpcoreError as error:
            yield Row(name, "", (), False, str(error))
        else:
            yield Row(name, found.version, found.devices, True, "")
