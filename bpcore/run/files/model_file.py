"""The file of a trained network: safetensors, its words in one entry, and a checksum over every byte.

The checksum stands first in the words. It is the SHA-256 of the file with 64 zeros in its place. Files that
were written before there was one are read too. What the header says of sizes is compared with the file's
length before anything is read.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from bpcore.ground.registry import backend as find_backend
from bpcore.run.files.missing import unreadable
from bpcore.words.errors import FileError, OptionError
from bpcore.words.protocols import Array, Static

__all__ = ["FORMAT", "content_of", "parsed", "plain_content", "read_model", "read_tensors"]

FORMAT = "1"
"""Of the words and of what they mean. A reader refuses every other."""

WORDS = frozenset({"bpcore", "net", "loss", "features", "history", "seconds", "extra"})
MORE_WORDS = frozenset({"precision"})
"""What is said where it is not the usual."""
SEAL = b'\\"checksum\\": \\"'
"""What stands in the file before the checksum, inside a JSON text that is text in JSON."""
ZEROS = b"0" * 64
TRAIN = "Write one with bpcore train, or look at the spelling and the folder."
LARGEST_HEADER = 100_000_000
"""Bytes; what the format allows."""

Tensors = dict[str, Array]


def content_of(tensors: Mapping[str, Array], about: Mapping[str, object]) -> bytes:
    """Return the bytes of the file.

    Parameters
    ----------
    tensors : mapping of str to host array
    about : mapping
        The words; JSON values.

    Raises
    ------
    OptionError
        When what was given as extra is no JSON value.
    """
    try:
        words = json.dumps({"checksum": ZEROS.decode("ascii"), **about})
    except (TypeError, ValueError, RecursionError) as error:
        raise OptionError("extra", str(error), "JSON values: numbers, text, lists, dicts") from error
    # one entry: several would be written in no fixed order
    content = plain_content(tensors, {"run": words})
    return content.replace(SEAL + ZEROS, SEAL + _checksum(content, content.index(SEAL) + len(SEAL)), 1)


def plain_content(tensors: Mapping[str, Array], words: Mapping[str, str]) -> bytes:
    """Return the bytes of a safetensors file of host arrays, with what is said beside them."""
    from safetensors import numpy as format  # loaded when a file is written, not before

    host = find_backend("numpy").namespace
    # row by row in memory: the format has no other order, and would take a transposed array's as it lies
    rows = {name: host.asarray(array, order="C") for name, array in tensors.items()}
    content: bytes = format.save(rows, metadata=dict(words))
    return content


def _checksum(content: bytes, start: int) -> bytes:
    """Return the checksum of a file, whatever stands in the checksum's own place."""
    digest = sha256(content[:start])
    digest.update(ZEROS)
    digest.update(memoryview(content)[start + len(ZEROS) :])
    return digest.hexdigest().encode("ascii")


def read_model(path: Path) -> tuple[Tensors, dict[str, Static]]:
    """Return a file's tensors by name, on the host, and its words.

    Raises
    ------
    FileError
        When it cannot be read; when it is cut, damaged, or not bpcore's; when it is of a format to come.
    """
    return parsed(path, _content(path))


def read_tensors(path: Path) -> Tensors:
    """Return the tensors by name, on the host, of a safetensors file that any program wrote.

    Raises
    ------
    FileError
        When it cannot be read, or is no whole safetensors file; when NumPy has not its kind of numbers.
    """
    from safetensors import SafetensorError
    from safetensors import numpy as format

    content = _content(path)
    try:
        return format.load(content)
    except SafetensorError as error:
        raise _broken(path, str(error)) from error
    except (KeyError, TypeError, ValueError) as error:
        what = "holds numbers of a kind that NumPy has not, as bfloat16"
        raise FileError(path, what, "Save it in float32, in PyTorch with model.float().") from error


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return _read(path, file)
    except OSError as error:
        wanted, ending = "a model of bpcore (.safetensors)", (".safetensors",)
        raise unreadable(path, error, wanted=wanted, endings=ending, do=TRAIN) from error


def _read(path: Path, file: BinaryIO) -> bytes:
    """Read a file whose header's sizes are those of the file."""
    size = os.fstat(file.fileno()).st_size
    start = file.read(8)
    length = int.from_bytes(start, "little")
    if len(start) < 8 or length > min(size - 8, LARGEST_HEADER):  # noqa: PLR2004 -- the length is 8 bytes long
        raise _broken(path, "its header is longer than the file")
    words = file.read(length)
    declared = 8 + length + _declared(path, words)
    if declared != size:
        raise _broken(path, f"it declares {declared} bytes and has {size}")
    file.seek(0)
    content = file.read(size)  # once, as it is: parts that are joined would be twice as much
    if len(content) != size or content[8 : 8 + length] != words:
        raise _broken(path, "it changes while it is read")
    return content


def _declared(path: Path, words: bytes) -> int:
    """Return how many bytes of numbers a header declares."""
    header = _json(path, words)
    try:
        ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
        return int(max(ends, default=0))
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise _broken(path, "its header is none") from error


def _json(path: Path, words: bytes) -> dict[str, Static]:
    try:
        header = json.loads(words)
    except (ValueError, RecursionError) as error:
        raise _broken(path, "its header is none") from error
    if not isinstance(header, dict):
        raise _broken(path, "its header is none")
    return header


def parsed(path: Path, content: bytes) -> tuple[Tensors, dict[str, Static]]:
    """Return the tensors and the words of a file's bytes; they are believed when the checksum is right."""
    from safetensors import SafetensorError  # loaded when a file is read
    from safetensors import numpy as format

    length = int.from_bytes(content[:8], "little")
    header = _json(path, content[8 : 8 + length])
    try:
        about = _about(path, header.get("__metadata__", {}))
    except FileError as error:
        raise _foreign_or_broken(path, content, error) from error
    sealed = "checksum" in about
    if sealed:
        _check_seal(path, content, length, about.pop("checksum"))
    _check_words(path, about)
    if not sealed:
        told = "was written before files had a checksum: what is changed in its numbers is not seen."
        warnings.warn(f"{path}: {told} Save it again, with bpcore.save.", UserWarning, stacklevel=4)
    try:
        return format.load(content), about
    except SafetensorError as error:
        raise _broken(path, str(error)) from error
    except (KeyError, TypeError, ValueError) as error:  # numbers of a kind that NumPy has not, as BF16
        raise _foreign(path) from error


def _foreign_or_broken(path: Path, content: bytes, found: FileError) -> FileError:
    """Return the error of a file without bpcore's words: broken, where it is no safetensors file either."""
    from safetensors import SafetensorError
    from safetensors import numpy as format

    try:
        format.load(content)
    except SafetensorError as error:
        return _broken(path, str(error))
    except (KeyError, TypeError, ValueError):  # numbers of a kind that NumPy has not
        pass
    return found


def _check_seal(path: Path, content: bytes, length: int, told: Static) -> None:
    place = content.find(SEAL, 8, 8 + length)
    start = place + len(SEAL)
    found = _checksum(content, start)
    if place < 0 or content[start : start + len(ZEROS)] != found or told != found.decode("ascii"):
        do = "Copy it again, or train again."
        raise FileError(path, "is damaged: its checksum is that of another content", do)


def _about(path: Path, metadata: Mapping[str, str]) -> dict[str, Static]:
    """Return the words, of this format."""
    try:
        about = json.loads(metadata["run"])
        written = about["bpcore"]
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise _foreign(path) from error
    if written != FORMAT:
        what = f"is of format {written}, and this version of bpcore reads format {FORMAT}"
        raise FileError(path, what, "Load it with the version that wrote it.")
    return dict(about)


def _check_words(path: Path, about: Mapping[str, Static]) -> None:
    missing, more = WORDS - set(about), set(about) - WORDS - MORE_WORDS
    if missing:
        raise FileError(path, f"does not say its {', '.join(sorted(missing))}", "Train again.")
    if more:
        what = f"says a {', '.join(sorted(more))}, which this version of bpcore does not know"
        raise FileError(path, what, "Load it with the version that wrote it.")


def _broken(path: Path, why: str) -> FileError:
    do = "It may be cut, or no weight file: copy it again, or train again."
    return FileError(path, f"is not a whole safetensors file ({why})", do)


def _foreign(path: Path) -> FileError:
    return FileError(path, "holds weights that were not written by bpcore", "Load a file of bpcore train.")
