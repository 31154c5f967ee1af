"""The page docs/interop.md, made of the entries: ``python -m tests.interop.gallery`` writes it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from tests.interop.entries import ENTRIES
from tests.interop.entry import AXES, Entry

__all__ = ["PAGE", "page"]

PAGE = Path(__file__).parents[2] / "docs" / "interop.md"
TITLES = {"scipy": "SciPy", "sklearn": "scikit-learn", "array_api_extra": "array-api-extra"}

HEAD = """\
# Foreign code that differentiates

<!-- Written by `python -m tests.interop.gallery` from tests/interop; a test compares them. -->

Functions of SciPy, scikit-learn and array-api-extra, called unmodified on traced arrays. Each was called on
NumPy and on array-api-strict's `device1`, and its gradient by every argument compared with fourth-order
central differences of the same function on NumPy's arrays. The calls are in `tests/interop`, and run with the
tests, with {versions}.

SciPy speaks the array API only if it was told so before it is imported, and scikit-learn while its
configuration says so:

```python
import os

os.environ["SCIPY_ARRAY_API"] = "1"
import numpy as np
import sklearn
from scipy import special
from sklearn.metrics.pairwise import rbf_kernel

import bpcore as bp

x = np.asarray([[0.3, -1.2], [0.9, 2.1], [-0.7, 0.6]])
bp.check_grad(lambda x: bp.array_namespace(x).sum(special.logsumexp(x, axis=1)), x)
with sklearn.config_context(array_api_dispatch=True):
    gradient = bp.grad(lambda x: bp.array_namespace(x).sum(rbf_kernel(x)))(x)
assert gradient.shape == x.shape
```

What to know:
- Give such a function traced arrays alone, or traced arrays and numbers. Where an array of the library stands
  beside a traced one, the function sees two namespaces and refuses; bring it in with
  `x.__array_namespace__().asarray(...)`.
- `x.__array_namespace__()` is `bp.namespace(...)` in all but this: what it makes inside a trace is a constant
  of the trace, on the device of the arguments. It also has those of SciPy's `special` functions that bpcore
  has a rule for.
- A function that has no gradient raises. There is no way out of a trace that drops a gradient without a word:
  a traced array is no NumPy array, and `float(x)` is an error.

| library | functions | right on both | right on NumPy alone | NaN | raise |
|---|---|---|---|---|---|
"""


def page(entries: Iterable[Entry], versions: str) -> str:
    """Return the page."""
    entries = tuple(entries)
    parts = [HEAD.format(versions=versions), *_counts(entries)]
    for library, group in groupby(entries, key=lambda entry: entry.library):
        parts += [f"## {TITLES[library]}\n\n", "| function | gradient |\n|---|---|\n"]
        parts += [f"| {_name(entry)} | {_verdict(entry)} |\n" for entry in group]
        parts.append("\n")
    return "".join(parts).rstrip() + "\n"


def _counts(entries: tuple[Entry, ...]) -> list[str]:
    """Count functions, not calls: one that is called in two ways is right if one of them is."""
    lines = []
    for library, title in TITLES.items():
        best: dict[str, int] = {}
        for entry in entries:
            if entry.library == library:
                name = entry.name.partition(" ")[0]
                best[name] = min(best.get(name, 3), _rank(entry))
        ranks = [sum(rank == wanted for rank in best.values()) for wanted in (0, 1, 2, 3)]
        lines.append(f"| {title} | {len(best)} | {' | '.join(map(str, ranks))} |\n")
    return [*lines, "\n"]


def _rank(entry: Entry) -> int:
    if entry.masked:
        return 2
    return (0, 1, 3)[sum(entry.refused(axis) for axis in AXES)]


def _name(entry: Entry) -> str:
    name, _, how = entry.name.partition(" ")
    return f"`{name}`" + (f", {how}" if how else "")


def _verdict(entry: Entry) -> str:
    if entry.masked:
        return f"NaN: {entry.masked}"
    if entry.refusal is None:
        return "right"
    if set(entry.refusal.axes) == set(AXES):
        return f"raises: {entry.refusal.reason}"
    return f"right on NumPy; raises on `{entry.refusal.axes[0]}`: {entry.refusal.reason}"


def versions() -> str:
    """Return what was run, by its minor versions."""
    from importlib.metadata import version

    named = zip(TITLES.values(), ("scipy", "scikit-learn", "array-api-extra"), strict=True)
    told = [f"{title} {'.'.join(version(name).split('.')[:2])}" for title, name in named]
    return f"{', '.join(told[:-1])} and {told[-1]}"


if __name__ == "__main__":
    PAGE.write_text(page(ENTRIES, versions()), "utf-8")
