"""Kills ``bpcore train`` at random moments, starts it again until it ends, and compares the files.

    python -m tests.run.kills 100 --json kills.json

It prints a line for each run that ended; the exit code is 1 if a byte differed, or a line of the log is
missing or there twice. ``nox -s kills`` makes a hundred.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

START = "from bpcore.doors.cli import main; main()"
COMMAND = ["train", "gates", "--batch-size", "2", "--checkpoint-every", "10", "--quiet"]
EPOCHS = 1500
"""They take twice as long as Python's start."""

OFTEN = 5
"""How often one run is killed at most, before it is let end and the next one begins."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A run that was killed and came to its end.

    Attributes
    ----------
    met : list of int
        For each kill the epoch of the checkpoint that it left; 0 where there was none yet.
    same : bool
        Whether the model's file is that of a run left alone, byte for byte.
    logged : bool
        Whether its log has every epoch once, in order.
    """

    met: list[int]
    same: bool
    logged: bool


def started(folder: Path, name: str, epochs: int) -> subprocess.Popen[bytes]:
    """Start the command with a checkpoint and a model of that name."""
    words = [sys.executable, "-c", START, *COMMAND, "--epochs", str(epochs)]
    words += ["--checkpoint", f"{name}.ckpt", "--save", f"{name}.safetensors", "--log", f"{name}.jsonl"]
    return subprocess.Popen(words, cwd=folder)


def reached(path: Path) -> int:
    """Return the epoch of a checkpoint, which must be whole."""
    from bpcore.run.files.checkpoint_file import read_checkpoint

    return int(read_checkpoint(path)["epoch"]) if path.exists() else 0


def killed(folder: Path, *, kills: int, seed: int, epochs: int = EPOCHS) -> Iterator[Ended]:
    """Yield runs that were killed, `kills` times in all.

    Every other kill is at any moment from Python's start on, the others are while it trains.
    """
    whole = ended(folder, "alone", epochs, None)
    assert whole is not None
    alone = (folder / "alone.safetensors").read_bytes()
    draw = random.Random(seed)  # noqa: S311
    left = kills
    while left:
        met: list[int] = []
        for file in folder.glob("killed.*"):
            file.unlink()
        while True:
            moment = draw.uniform(0, whole) if len(met) < min(OFTEN, left) else None
            took = ended(folder, "killed", epochs, moment, training=len(met) % 2 == 0)
            if took is not None:
                break
            met.append(reached(folder / "killed.ckpt"))
        left -= len(met)
        whole = whole if met else min(whole, took)  # the machine may have been busy before
        lines = (folder / "killed.jsonl").read_text("utf-8").splitlines()
        yield Ended(
            met=met,
            same=(folder / "killed.safetensors").read_bytes() == alone,
            logged=[json.loads(line)["epoch"] for line in lines] == list(range(1, epochs + 1)),
        )


def ended(
    folder: Path, name: str, epochs: int, seconds: float | None, *, training: bool = False
) -> float | None:
    """Run it, and kill it after so many seconds; return what it took, None where it was killed.

    With `training`, it is killed after a tenth of that time from its first checkpoint on.
    """
    began = time.monotonic()
    checkpoint = folder / f"{name}.ckpt"
    before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
    with started(folder, name, epochs) as run:
        if seconds is not None and training:
            while run.poll() is None and (not checkpoint.exists() or checkpoint.stat().st_mtime_ns == before):
                time.sleep(0.001)
            seconds /= 10
        try:
            assert run.wait(seconds) == 0
        except subprocess.TimeoutExpired:
            run.kill()
            return None
    return time.monotonic() - began


def main() -> None:
    """Kill as often as is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kills", type=int, nargs="?", default=100)
    parser.add_argument("--json", metavar="FILE", help="write a record of it")
    asked, runs = parser.parse_args(), list[Ended]()
    with tempfile.TemporaryDirectory() as folder:
        for run in killed(Path(folder), kills=asked.kills, seed=0):
            same = "the same bytes" if run.same else "OTHER BYTES"
            told = same if run.logged else f"{same}, ANOTHER LOG"
            print(f"run {len(runs) + 1}: {len(run.met)} kills, at {run.met}: {told}", flush=True)  # noqa: T201
            runs.append(run)
    found = {
        "kills": sum(len(run.met) for run in runs),
        "runs": len(runs),
        "runs with other bytes": sum(not run.same for run in runs),
        "runs with another log": sum(not run.logged for run in runs),
        "kills inside the training": sum(epoch > 0 for run in runs for epoch in run.met),
    }
    print(", ".join(f"{name}: {number}" for name, number in found.items()))  # noqa: T201
    if asked.json:
        from benchmarks.environment import circumstances, write_record

        command = " ".join(["bpcore", *COMMAND, "--epochs", str(EPOCHS)])
        each = [run.met for run in runs]
        write_record(
            asked.json, circumstances(["bpcore", "numpy"]) | found | {"command": command, "met": each}
        )
    sys.exit(bool(found["runs with other bytes"] or found["runs with another log"]))


if __name__ == "__main__":
    main()
