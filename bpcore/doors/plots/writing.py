"""Pictures as bytes and as files: PNG, SVG, GIF; the same picture gives the same file."""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bpcore.doors.plots.canvas import owner, quietly, require
from bpcore.run.files.whole_file import write_whole
from bpcore.words.errors import FileError, OptionError, choose

if TYPE_CHECKING:
    from matplotlib.animation import FuncAnimation
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["FILMS", "STILLS", "rendered", "save"]

STILLS, FILMS = ("png", "svg", "pdf"), ("gif",)
"""What a picture, and what an animation, is written as."""

_SAME = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}
"""Left out of the file, so that it does not change with the day."""


_TEXT = {
    "svg.hashsalt": "bpcore",
    "svg.fonttype": "none",  # letters as letters: they can be searched, and read aloud
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"],
}


def save(
    path: str | os.PathLike[str], picture: Axes | Figure | FuncAnimation, /, *, dpi: float | None = None
) -> Path:
    """Write a picture to a file; a file of that name is whole at every moment, the old or the new one.

    Parameters
    ----------
    path : path
        Its suffix says the kind: .png, .svg or .pdf; .gif for an animation.
    picture : Axes, Figure or FuncAnimation
    dpi : float or None
        Dots an inch; None: the figure's own.

    Returns
    -------
    Path

    Raises
    ------
    FileError
        When a picture of that kind cannot be written as this, or not at this place.
    """
    path = Path(path)
    kinds = FILMS if hasattr(picture, "save") and hasattr(picture, "new_frame_seq") else STILLS
    check_suffix(path, kinds)
    return write_whole(path, rendered(picture, path.suffix.lower()[1:], dpi=dpi))


def check_suffix(path: Path, kinds: tuple[str, ...]) -> None:
    """Refuse a file name of another kind."""
    if path.suffix.lower()[1:] not in kinds:
        wanted = ", ".join(f".{kind}" for kind in kinds)
        what = (
            f"a picture of this kind is written as {wanted}, not as {path.suffix or 'a file without suffix'}"
        )
        raise FileError(path, what, f"Name it {path.stem}.{kinds[0]}.")


def rendered(
    picture: Axes | Figure | FuncAnimation,
    kind: str,
    /,
    *,
    dpi: float | None = None,
    transparent: bool = False,
) -> bytes:
    """Return a picture as the bytes of a file: "png", "svg" or "pdf"; "gif" for an animation.

    With ``transparent=True`` there is no paper behind a picture.

    Raises
    ------
    OptionError
        When the kind is another.
    """
    require()
    film = hasattr(picture, "new_frame_seq")
    choose("the kind of a picture", kind, FILMS if film else STILLS)
    if film:
        return _film(picture, dpi)
    import matplotlib as mpl

    content = io.BytesIO()
    whole: Any = picture if hasattr(picture, "savefig") else owner(picture)
    options = {"dpi": dpi or "figure", "metadata": _SAME[kind], "transparent": transparent}
    with mpl.rc_context(_TEXT), quietly():
        whole.savefig(content, format=kind, **options)
    return content.getvalue()


def _film(film: Any, dpi: float | None) -> bytes:
    from matplotlib.animation import PillowWriter

    if dpi is not None and dpi <= 0:
        raise OptionError("dpi", dpi, "a number above 0")
    rate = 1000 / film._interval  # noqa: SLF001 -- matplotlib tells it nowhere else
    with tempfile.TemporaryDirectory() as folder:  # Pillow takes the kind from the name
        path = Path(folder) / "film.gif"
        with quietly():
            film.save(path, writer=PillowWriter(fps=rate), dpi=dpi or "figure")
        return path.read_bytes()
