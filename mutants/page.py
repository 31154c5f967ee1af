"""What is written down: docs/mutants.md to be read, docs/mutants.json to be compared."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bpcore.derivatives.rules import CHAPTERS
from mutants.catalogue import Mutant
from mutants.judging import MODES, OTHER_BACKEND, SURVIVED
from mutants.reasons import reasons

__all__ = ["functions_in_table", "functions_on_page", "record", "rewrite", "write"]

DOCS = Path(__file__).parents[1] / "docs"
BY = (*MODES, OTHER_BACKEND, "tests")
"""What can catch a mutant, in the order in which it is asked; what takes too long counts as the first."""

KINDS = {
    "sign": "a minus dropped, or one put before the whole rule",
    "factor": "the whole rule twice",
    "transpose": "a transpose dropped, or the whole rule transposed",
    "dropped rule": "no rule for an input",
    "dropped term": "one operand of a sum, product or quotient left out",
    "dropped step": "a call, an index or an assignment left out",
    "dropped conjugate": "a complex conjugate left out",
    "removed mask": "one branch of `where` for all",
    "wrong axis": "another axis, or axes of broadcasting not summed",
    "wrong input": "another array in an array's place",
    "swapped functions": "a function taken for a similar one, a rule for that of the other input",
    "swapped operands": "two operands that may not change places",
    "changed constant": "a number or a truth value changed",
    "turned condition": "a condition into its opposite",
    "wrong forward mode": "an entry declared diagonal, linear or multilinear that is not",
    "cut from higher orders": "a rule that cannot be differentiated again",
}

Judged = list[tuple[Mutant, str]]


def record(judged: Judged) -> dict[str, Any]:
    """Return what is to be compared: numbers by file and by kind, functions, survivors."""
    survivors = [(str(one), reasons().get(str(one), "")) for one, how in judged if how == SURVIVED]
    return {
        "mutants": len(judged),
        "survived": len(survivors),
        "score": round(1 - len(survivors) / len(judged), 4),
        "files": _counts((one.chapter, how) for one, how in judged),
        "kinds": _counts((one.kind, how) for one, how in judged),
        "functions": functions_in_table(),
        "survivors": [{"mutant": mutant, "why": why} for mutant, why in survivors],
    }


def functions_in_table() -> dict[str, list[str]]:
    """Return the functions of the table that have rules, by chapter."""
    found = {
        chapter: [entry.name for entry in entries if entry.backward is not None]
        for chapter, entries in CHAPTERS.items()
    }
    return {chapter: names for chapter, names in found.items() if names}


def functions_on_page() -> dict[str, list[str]]:
    """Return the functions whose mutants the record in docs/ is about, by chapter."""
    found: dict[str, list[str]] = json.loads((DOCS / "mutants.json").read_text(encoding="utf-8"))["functions"]
    return found


def write(judged: Judged) -> None:
    """Write the page and the record."""
    _write(record(judged))


def rewrite() -> None:
    """Write them again, with the reasons that there are by now."""
    found = json.loads((DOCS / "mutants.json").read_text(encoding="utf-8"))
    for survivor in found["survivors"]:
        survivor["why"] = reasons().get(survivor["mutant"], "")
    _write(found)


def _write(found: dict[str, Any]) -> None:
    (DOCS / "mutants.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (DOCS / "mutants.md").write_text("\n".join(_lines(found)) + "\n", encoding="utf-8")


def _counts(judged: Iterator[tuple[str, str]]) -> dict[str, dict[str, int]]:
    found: dict[str, Counter[str]] = {}
    for place, how in judged:
        found.setdefault(place, Counter())[_column(how)] += 1
    return {place: dict(counts) for place, counts in sorted(found.items())}


def _column(how: str) -> str:
    if how == SURVIVED:
        return "survived"
    if how == "time":
        return MODES[0]
    return how if how in BY else "tests"


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    yield "# Mutants"
    yield ""
    yield "Every rule of the table is broken in every way, one at a time: does the suite see it?"
    yield "Written by `python -m mutants` (`nox -s mutants`), which fails if one survives without a reason."
    yield ""
    yield f"{found['mutants']} mutants, {found['survived']} survived: score {found['score']:.4f}."
    yield "The survivors count against the score, those too that change nothing that anybody can see."
    yield ""
    yield "What is asked, in this order: `check_rules` on NumPy in reverse mode, forward mode and to second"
    yield f"order, on `{OTHER_BACKEND}`, where no kernel hides a body, and the tests in `tests/derivatives`."
    yield ""
    yield "## By file"
    yield ""
    yield from _table("file", found["files"])
    yield ""
    yield "## By kind"
    yield ""
    yield from _table("kind", found["kinds"], KINDS)
    yield ""
    yield "## Survivors"
    yield ""
    yield from _survivors(found["survivors"])
    yield "## Functions"
    yield ""
    for chapter, names in found["functions"].items():
        yield f"- {chapter}: {', '.join(f'`{name}`' for name in names)}"


def _table(
    title: str, counts: Mapping[str, Mapping[str, int]], told: Mapping[str, str] | None = None
) -> Iterator[str]:
    columns = [title, *(["what it is"] if told else []), "mutants", *BY, "survived", "score"]
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    for place, by in counts.items():
        total, alive = sum(by.values()), by.get("survived", 0)
        cells = [
            place,
            *([told.get(place, "")] if told else []),
            total,
            *(by.get(how, 0) for how in BY),
            alive,
        ]
        yield f"| {' | '.join(map(str, cells))} | {1 - alive / total:.3f} |"


def _survivors(survivors: list[dict[str, str]]) -> Iterator[str]:
    for why in dict.fromkeys(one["why"] for one in survivors):
        yield f"**{why or 'No reason is known.'}**"
        yield ""
        yield "| where | kind | was | is |"
        yield "|---|---|---|---|"
        for one in survivors:
            if one["why"] == why:
                chapter, place, kind, change = one["mutant"].split(": ", 3)
                was, _, now = change.partition(" -> ")
                cells = (f"{chapter}: {place}", kind, f"`{was}`", f"`{now}`")
                yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
        yield ""
