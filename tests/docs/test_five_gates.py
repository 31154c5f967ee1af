"""The script of the five gates: how long it is, and its other form."""

from __future__ import annotations

import subprocess
import sys
import tokenize
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "examples" / "02_five_gates.py"
NO_CODE = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
NO_CODE |= {tokenize.ENCODING, tokenize.ENDMARKER}


def lines_of_code(script: Path) -> int:
    with script.open("rb") as file:
        tokens = [token for token in tokenize.tokenize(file.readline) if token.type not in NO_CODE]
    return len({token.start[0] for token in tokens if not token.string.startswith('"""')})


def test_it_is_under_20_lines_of_code() -> None:
    assert 10 < lines_of_code(SCRIPT) < 20


def test_the_form_of_2022() -> None:
    command = [sys.executable, "-W", "error::RuntimeWarning", str(SCRIPT), "2022"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "  OR: [0 1 1 1]",
        " AND: [0 0 0 1]",
        " XOR: [0 1 1 0]",
        "NAND: [1 1 1 0]",
        " NOR: [1 0 0 0]",
    ]
