"""The files that commands write: none of those they read, and a word where one is replaced."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import bpcore as bp
from bpcore.doors.cli import cli
from bpcore.doors.output import Output
from bpcore.words.errors import FileError

Call = Callable[..., Result]
Refused = Callable[..., str]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a table and a network trained on it."""
    folder = tmp_path_factory.mktemp("made")
    rows = [f"{i % 5},{i % 7},{'yes' if i % 5 > 2 else 'no'}" for i in range(40)]
    (folder / "t.csv").write_text("a,b,y\n" + "\n".join(rows), encoding="utf-8")
    words = ["train", str(folder / "t.csv"), "--epochs", "2", "--quiet", "--save"]
    assert CliRunner().invoke(cli, [*words, str(folder / "m.safetensors")]).exit_code == 0
    return folder


READS = (
    ("train {t} --save {t}", "t.csv"),
    ("predict {m} {t} --output {t}", "t.csv"),
    ("predict {m} {t} --output {m}", "m.safetensors"),
    ("report {m} --output {m}", "m.safetensors"),
    ("report {m} --data {t} --output {t}", "t.csv"),
)


@pytest.mark.parametrize(("line", "name"), READS)
def test_what_is_read_is_not_written_over(refused: Refused, made: Path, line: str, name: str) -> None:
    before = (made / name).read_bytes()
    words = [word.format(t=made / "t.csv", m=made / "m.safetensors") for word in line.split()]
    assert "is what this command reads. Name another file with --" in refused(*words)
    assert (made / name).read_bytes() == before


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_nor_by_another_name_of_it(refused: Refused, made: Path, folder: Path, link: Call) -> None:
    link(made / "t.csv", folder / "other.csv")
    message = refused("predict", made / "m.safetensors", made / "t.csv", "--output", "other.csv")
    assert message.startswith("other.csv: is what this command reads")


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("train {t} --save m.pt", "ends in .safetensors, and this one is .pt. Name it m.safetensors."),
        ("predict {m} {t} --output a.txt", "ends in .csv, and this one is .txt. Name it a.csv."),
        ("report {m} --output page", "ends in .html or .htm, and this one is without a suffix."),
        ("report {m} --output no/x.html", "no/x.html: there is no folder no. Make it, or name another."),
        ("predict {m} {t} --output no/x.csv", "no/x.csv: there is no folder no. Make it, or name another."),
        ("plot curves {m} --output no/x.png", "no/x.png: there is no folder no. Make it, or name another."),
        ("train {t} --save no/x.safetensors", "there is no folder no. Make it, or name another."),
        ("report nothing --output no/x.html", "no/x.html: there is no folder no. Make it, or name another."),
        ("predict nothing {t} --output no/x.csv", "no/x.csv: there is no folder no."),
    ],
)
def test_the_place_is_checked_first_and_in_one_sentence(
    refused: Refused, made: Path, line: str, wanted: str
) -> None:
    words = [word.format(t=made / "t.csv", m=made / "m.safetensors") for word in line.split()]
    assert wanted in refused(*words)


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("train {t} --epochs 1 --save x.safetensors", "x.safetensors"),
        ("predict {m} {t} --output x.csv", "x.csv"),
        ("report {m} --output x.html", "x.html"),
        ("plot curves {m} --output x.png", "x.png"),
    ],
)
def test_a_file_that_is_replaced_is_said_to_be(done: Call, made: Path, line: str, name: str) -> None:
    pytest.importorskip("matplotlib")
    words = [word.format(t=made / "t.csv", m=made / "m.safetensors") for word in line.split()]
    assert f"{name} (replaced)" not in done(*words).output
    assert f"{name} (replaced)\n" in done(*words).output


@pytest.mark.parametrize("command", ["train", "predict", "report", "plot curves", "bench"])
def test_the_help_says_so(done: Call, command: str) -> None:
    assert "replaced" in " ".join(done(*command.split(), "--help").stdout.split())


def test_a_name_that_was_not_given_is_a_free_one(folder: Path) -> None:
    for name in ("a.html", "a-2.html", "a-3.html"):
        assert Output.free(Path("a.html"), option="--output").write(b"") == name
    with pytest.raises(FileError, match="that is a folder"):
        Output.named(folder, option="--output")


def test_in_python_the_parameter_is_named(made: Path) -> None:
    """Somebody who writes Python has typed no option."""
    pytest.importorskip("matplotlib")
    with pytest.raises(FileError, match=r"path= writes a file that ends in \.html or \.htm"):
        bp.report(made / "m.safetensors", path=made / "page.txt")
    with pytest.raises(FileError, match="Name another file with path="):
        bp.report(made / "m.safetensors", path=made / "m.safetensors")
