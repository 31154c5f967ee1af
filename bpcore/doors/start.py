"""Where the command ``bpcore`` begins: from here on Ctrl-C ends it in one line, modules half read or not."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

__all__ = ["main"]

INTERRUPTED = 130


def main() -> None:
    """Run the command line."""
    listening = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # else somebody else's affair
    if listening:
        signal.signal(signal.SIGINT, _stopped)
    from bpcore.doors.cli import main as run  # all of the commands, which takes the tenth of a second

    if listening:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    run()


def _stopped(number: int, frame: FrameType | None) -> None:
    """Leave at once: nothing is open yet, and a module that is half read cannot go on."""
    sys.stderr.write("bpcore: stopped by the user\n")
    sys.stderr.flush()
    os._exit(INTERRUPTED)
