"""How a compiled function of ours runs: captured or not, in how many launches, by which algorithms."""

from __future__ import annotations

from typing import Any

__all__ = ["how_of"]

CAPTURED = "captured"


def how_of(compiled: Any) -> dict[str, Any]:
    """Return it for the signatures that a `bpcore.Compiled` was called with.

    Returns
    -------
    dict
        ``how``: ``captured``, ``eager`` (lowered, but call by call), ``function by function``, or
        ``compiled`` where the backend is not CuPy. Of a captured or eager one also ``launches`` of a step,
        ``graphs`` that were captured, steps ``at_once`` in a loop, ``algorithms`` of its products by plan,
        those that were ``refused``, and ``steps``, a line each.
    """
    entries = [entry for entry in compiled._entries.values() if entry is not None]  # noqa: SLF001
    told = [_told(_inside(entry.run), entry.space.backend.library) for entry in entries]
    if not told:
        return {"how": "function by function"}
    worst = [one for one in told if one["how"] != CAPTURED]
    return (worst or told)[0]


def _inside(run: Any) -> Any:
    """Return what a backend made, out of scopes and of what chooses among devices."""
    while hasattr(run, "run"):
        run = run.run
    return getattr(run, "last", run)


def _told(run: Any, library: str) -> dict[str, Any]:
    captured, lowered = getattr(run, "captured", None), getattr(run, "steps", None)
    if captured is None or lowered is None:
        return {"how": "function by function" if library == "cupy" else "compiled"}
    parts = getattr(getattr(captured, "_held", None), "parts", None)
    handle = getattr(run.machine, "_handle", None)
    return {
        "how": "eager" if captured.eager else CAPTURED,
        "launches": lowered.launches,
        "graphs": [" ".join(map(str, key)) for key in getattr(parts, "graphs", ())],
        "at_once": captured.at_once,
        "algorithms": {} if handle is None else handle.chosen,
        "refused": {} if handle is None else {plan.text: why for plan, why in handle.refused.items()},
        "steps": _lines(run.source),
    }


def _lines(source: str) -> list[str]:
    """Return the listing above the kernels' texts."""
    return source.partition("\n\n")[0].splitlines()
