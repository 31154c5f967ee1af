"""The command line, called inside the test's process and in a folder of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bpcore.doors.cli import cli

LISTENING = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
"""What a program begins with that is sent Ctrl-C: a shell that starts the tests in the background tells its
children not to hear it."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a fresh folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def call(folder: Path) -> Callable[..., Result]:
    """Call ``bpcore`` with these words; anything but an exit code is raised."""

    def bpcore(*words: object) -> Result:
        return CliRunner().invoke(cli, [str(word) for word in words], prog_name="bpcore")

    return bpcore


@pytest.fixture
def done(call: Callable[..., Result]) -> Callable[..., Result]:
    """Call ``bpcore``, which ends well."""

    def bpcore(*words: object) -> Result:
        result = call(*words)
        assert result.exit_code == 0, result.output
        return result

    return bpcore


@pytest.fixture
def refused(call: Callable[..., Result], folder: Path) -> Callable[..., str]:
    """Call ``bpcore``, which refuses in one line with exit code 2 and leaves no file behind."""

    def bpcore(*words: object) -> str:
        before = sorted(folder.rglob("*"))
        result = call(*words)
        assert result.exit_code == 2, result.output
        assert result.stderr.startswith("bpcore: error: ")
        assert result.stderr.endswith("\n")
        assert result.stderr.count("\n") == 1
        assert result.stdout == ""
        assert sorted(folder.rglob("*")) == before
        return result.stderr.removeprefix("bpcore: error: ").strip()

    return bpcore
