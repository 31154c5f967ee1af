"""Where a run computes: the backend, the device, and the dtype of its numbers."""

from __future__ import annotations

from dataclasses import dataclass

from bpcore.derivatives.namespaces.namespace import space_of
from bpcore.ground.backend import Backend
from bpcore.ground.registry import backend as find_backend
from bpcore.ground.registry import backend_of, known, on_host
from bpcore.machine.step import Batch
from bpcore.parts.keys import key
from bpcore.parts.losses import Loss
from bpcore.words.errors import DataError, OptionError, choose
from bpcore.words.protocols import Array, Dtype

__all__ = ["Place"]

DTYPES, HALVES = ("float32", "float64"), ("bfloat16", "float16")


@dataclass(frozen=True)
class Place:
    """A backend, one of its devices, and a real floating dtype.

    Attributes
    ----------
    backend : Backend
    device : object or None
        The library's own; None is the library's default.
    dtype : dtype object of the library
    """

    backend: Backend
    device: object
    dtype: Dtype

    @classmethod
    def of(cls, x: Array, backend: str | Backend | None, dtype: str | None) -> Place:
        """Return the place that was asked for; for what was not, that of `x`.

        Parameters
        ----------
        x : array of any library, or nested lists
        backend : str, Backend or None
            None means where `x` is. A backend with no device in its name leaves its own arrays on the
            device that they are on.
        dtype : "float32", "float64" or None
            None means that of `x` where it is one of these and the device has it, else float32.
        """
        place = backend_of(x) if backend is None and _is_array(x) else find_backend(backend)
        device = place.device
        if _is_array(x) and (backend is None or (device is None and backend_of(x).library == place.library)):
            device = x.device
        if dtype is None:
            seen = x if _is_array(x) else on_host(x)  # by DLPack, where it is of a library nobody knows
            given = str(getattr(seen, "dtype", "")).rpartition(".")[2]
            dtype = given if given == "float64" and place.float64 else "float32"
        if dtype in HALVES:
            do = f'For layers in 16 bits give precision="{dtype}".'
            raise OptionError("dtype", dtype, f"one of {', '.join(DTYPES)}", do)
        return cls(place, device, place.dtype(choose("dtype", dtype, DTYPES)))

    def array(self, x: Array, dtype: Dtype) -> Array:
        """Bring an array here."""
        return self.backend.asarray(x, dtype=dtype, device=self.device)

    def data(self, data: Batch, loss: Loss, name: str = "data", *, integers: bool = False) -> Batch:
        """Bring samples and targets here: labels as int32, numbers in the place's dtype.

        Parameters
        ----------
        data : pair of arrays, or of nested lists
        loss : Loss
        name : str
            What they are called in the errors.
        integers : bool
            Whether samples are whole numbers, as for `Embedding`; they stay such, as int32.

        Raises
        ------
        DataError
            When they are not real numbers, or rows of unequal lengths.
        """
        x, y = (_numbers(part, f"{letter} of the {name}") for letter, part in zip("xy", data, strict=True))
        self.array([0.0], self.dtype)  # refused where the device does not have the dtype
        x = self.whole(x, f"x of the {name}") if integers else self.array(x, self.dtype)
        if loss.labels and space_of(y).functions.isdtype(y.dtype, ("bool", "integral")):
            labels = _labels(y, f"y of the {name}", "number the classes from 0")
            return x, self.array(labels, self.backend.dtype("int32"))
        return x, self.array(y, self.dtype)

    def number(self, x: Array) -> float:
        """Read one number."""
        return float(self.backend.to_host(x))

    def numbers(self, x: Array, name: str) -> Array:
        """Bring real numbers here, in the place's dtype."""
        return self.array(_numbers(x, name), self.dtype)

    def whole(self, x: Array, name: str) -> Array:
        """Bring whole numbers here, as int32."""
        x = _numbers(x, name)
        if not space_of(x).functions.isdtype(x.dtype, "integral"):
            kind = str(x.dtype).rpartition(".")[2]
            raise DataError(f"{name} must be whole numbers, was given {kind}: cast them, as x.astype(int).")
        return self.array(_labels(x, name, "number the tokens from 0"), self.backend.dtype("int32"))

    def key(self, seed: int) -> Array:
        """Return the key of a seed, here."""
        return key(seed, backend=self.backend, device=self.device)


def _is_array(x: object) -> bool:
    """Whether it is an array as it stands; one of a library that nobody knows is taken by DLPack first."""
    return hasattr(x, "dtype") and hasattr(x, "device") and (known(x) or not hasattr(x, "__dlpack__"))


def _numbers(part: Array, name: str) -> Array:
    """Return an array of any library; lists as NumPy's, which loses no digit and no number."""
    try:
        x = part if _is_array(part) else find_backend("numpy").asarray(part)
    except (TypeError, ValueError) as error:
        said = str(error).partition("\n")[0].rstrip(".")
        raise DataError(f"{name} cannot be made an array of numbers: {said}.") from error
    if not space_of(x).functions.isdtype(x.dtype, ("bool", "integral", "real floating")):
        raise DataError(f"{name} must be real numbers, was given an array of dtype {x.dtype}.")
    return x


def _labels(y: Array, name: str, do: str) -> Array:
    xp = space_of(y).functions
    labels = xp.astype(y, xp.int32)
    wide = xp.isdtype(y.dtype, "integral") and xp.iinfo(y.dtype).max > xp.iinfo(xp.int32).max
    if wide and not bool(xp.all(xp.equal(xp.astype(labels, y.dtype), y))):
        raise DataError(f"{name} holds labels of more than 32 bits: {do}.")
    return labels
