"""`export_c` and `export_python`: a dense network as one file that needs nothing, and is tested first."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

from bpcore.doors.export.c_text import c_text
from bpcore.doors.export.dense import network_of
from bpcore.doors.export.python_text import python_text
from bpcore.run.files.whole_file import write_whole
from bpcore.run.result import Run
from bpcore.words.errors import ExportError

__all__ = ["export_c", "export_python"]

PATIENCE = 600
"""Seconds that a compiler, or a self-test, may take."""
TESTED = "The self-test was run when this was written."
UNTESTED = "The self-test was not run: there was no C compiler."
DO = "Nothing was written. Export it to ONNX, and tell the makers of bpcore."


def export_c(path: str | os.PathLike[str], run: Run, /, *, prepared: bool = True) -> Path:
    """Write a dense network as one C99 file with ``void predict(const double *x, double *y)``.

    It needs nothing but math.h. Weights are written so that they are read back to the same bits. It holds
    test vectors, and a `main` under ``#ifdef SELF_TEST`` that checks them; that is compiled and run here, and
    where it fails nothing is written. Where there is no C compiler (what the environment calls ``CC``, or
    ``cc``, ``gcc``, ``clang``), the file says so, and a warning does.

    Parameters
    ----------
    path : path
        A file of that name is replaced, once the new one is whole.
    run : Run
        Of linear layers, activations, batch and layer norm, dropout, flatten.
    prepared : bool
        Whether a run of `bpcore train` takes features as they stand in the table, and returns
        probabilities or quantities; if not, the file holds the network alone.

    Returns
    -------
    Path

    Raises
    ------
    ExportError
        When a layer is none of those; when the self-test fails.
    """
    from bpcore import __version__

    network = network_of(run, prepared=prepared)
    compiler = _compiler()
    text = c_text(network, __version__, TESTED if compiler else UNTESTED)
    if compiler:
        _test_c(compiler, text)
    else:
        warnings.warn(f"{UNTESTED} Run it where there is one, as the file says.", UserWarning, stacklevel=2)
    return write_whole(Path(path), text.encode("ascii"))


def export_python(path: str | os.PathLike[str], run: Run, /, *, prepared: bool = True) -> Path:
    """Write a dense network as one Python file with ``predict(x)``, of the standard library alone.

    It computes in 64-bit floats. It holds test vectors, and checks them when it is run as a program; that is
    done here, and where it fails nothing is written.

    Parameters
    ----------
    path : path
        A file of that name is replaced, once the new one is whole.
    run : Run
        Of linear layers, activations, batch and layer norm, dropout, flatten.
    prepared : bool
        As for `export_c`.

    Returns
    -------
    Path

    Raises
    ------
    ExportError
        When a layer is none of those; when the self-test fails.
    """
    from bpcore import __version__

    content = python_text(network_of(run, prepared=prepared), __version__).encode("utf-8")
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "model.py"
        script.write_bytes(content)
        _run([sys.executable, "-I", str(script)])
    return write_whole(Path(path), content)


def _compiler() -> str | None:
    named = os.environ.get("CC", "")
    return next(
        (found for name in (named, "cc", "gcc", "clang") if name and (found := shutil.which(name))), None
    )


def _test_c(compiler: str, text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source, program = Path(folder) / "model.c", Path(folder) / "test"
        source.write_text(text, encoding="ascii")
        _run([compiler, "-std=c99", "-O1", "-DSELF_TEST", str(source), "-o", str(program), "-lm"])
        _run([str(program)])


def _run(command: list[str]) -> None:
    """Run a program; its failing is an error of ours."""
    name = Path(command[0]).name
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)  # noqa: S603 -- what is run was written here
    except (OSError, subprocess.SubprocessError) as error:
        raise ExportError(f"the self-test could not be run ({name}: {error})", DO) from error
    if done.returncode:
        said = (done.stdout + done.stderr).strip().partition("\n")[0] or f"exit code {done.returncode}"
        raise ExportError(f"the self-test of the file failed ({name}: {said})", DO)
