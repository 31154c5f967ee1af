"""``python -m bpcore`` does what the command ``bpcore`` does."""

from __future__ import annotations

from bpcore.doors.start import main

if __name__ == "__main__":
    main()
