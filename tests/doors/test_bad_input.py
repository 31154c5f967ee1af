"""Everything that can be given wrong to ``bpcore``: one line, exit code 2, no file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

import bpcore as bp
from tests.doors.conftest import LISTENING

Refused = Callable[..., str]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "t.csv: the file is empty"),
        ("a,y\n", "t.csv: there is a header and no row under it"),
        ("a,y\n1,0\nabc,1\n2,1\n", 't.csv: row 3, column "a": found "abc" where a number belongs'),
        ("a,y\n1,0\nNaN,1\n2,1\n", 't.csv: row 3, column "a": the value is missing'),
        ("a,y\n1,0\n,1\n2,1\n", 't.csv: row 3, column "a": the value is missing'),
        ("a,y\n1,0\ninf,1\n2,1\n", 't.csv: row 3, column "a": the number is infinite'),
        ("a,y\n1,0\n1\n2,1\n", "t.csv: row 3 has 1 cell, most rows have 2"),
        ("a,y\n1,0\n2,0\n", 't.csv: the target "y" is 0 in every row'),
        ("a,y\n1,u\n2,u\n3,v\n", 't.csv: row 4, column "y": the class "v" has one sample'),
        ("y\n1\n2\n", "t.csv: one column only"),
        ("a,a,y\n1,2,3\n", 't.csv: 2 columns are called "a"'),
    ],
)
def test_files_that_cannot_be_trained_on(refused: Refused, folder: Path, content: str, words: str) -> None:
    (folder / "t.csv").write_text(content, encoding="utf-8")
    assert refused("train", "t.csv").startswith(words)


def test_a_target_column_that_is_not_there(refused: Refused, folder: Path) -> None:
    (folder / "t.csv").write_text("width,price\n1,2\n", encoding="utf-8")
    message = refused("train", "t.csv", "--target", "prize")
    assert message == 't.csv: no column "prize": the columns are width, price. Did you mean "price"?'


def test_a_name_of_two_lines_makes_a_message_of_one(refused: Refused, folder: Path) -> None:
    (folder / "t.csv").write_text('"a\nb",y\n1,0\n,1\n', encoding="utf-8")
    assert 'column "a b": the value is missing' in refused("train", "t.csv")


def test_npz_files_that_cannot_be_trained_on(refused: Refused, folder: Path) -> None:
    np.savez(folder / "t.npz", x=np.asarray([[1.0], [np.nan], [3.0]]), y=np.asarray([0, 1, 0]))
    assert 'row 2, column "x1": the value is missing' in refused("train", "t.npz")
    whole = (folder / "t.npz").read_bytes()
    (folder / "t.npz").write_bytes(whole[:200])
    assert "t.npz: not an NPZ file, or cut off" in refused("train", "t.npz")
    np.savez(folder / "t.npz", x=np.ones((3, 1)))
    assert "t.npz: one column only" in refused("train", "t.npz")


def test_data_that_is_not_there(refused: Refused, folder: Path) -> None:
    assert 'Did you mean "spiral"?' in refused("train", "spirale")
    (folder / "flowers.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    assert "Did you mean flowers.csv?" in refused("train", "flower.csv")
    assert "a folder" in refused("train", folder)


def test_a_task_that_does_not_fit_the_target(refused: Refused, folder: Path) -> None:
    (folder / "t.csv").write_text("a,y\n" + "1,u\n2,v\n3,w\n" * 3, encoding="utf-8")
    assert "binary wants two classes" in refused("train", "t.csv", "--task", "binary")
    assert 'found "u" where a number belongs' in refused("train", "t.csv", "--task", "regression")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "Missing argument 'DATA'"),
        (("spiral", "--hidden", "64,x"), "--hidden must be whole numbers"),
        (("spiral", "--hidden", "64,0"), "--hidden must be whole numbers"),
        (("spiral", "--activation", "tanj"), 'Did you mean "tanh"?'),
        (("spiral", "--optimizer", "adams"), 'Did you mean "adam'),
        (("spiral", "--rate", "-1"), "--rate must be a number, 0 or more"),
        (("spiral", "--rate", "nan"), "--rate must be"),
        (("spiral", "--rate", "fast"), "Invalid value for '--rate'"),
        (("spiral", "--epochs", "0"), "--epochs"),
        (("spiral", "--batch-size", "-1"), "--batch-size"),
        (("spiral", "--seed", "-1"), "--seed"),
        (("spiral", "--dtype", "float16"), "--dtype must be one of float32, float64"),
        (
            ("iris", "--validation", "1.5"),
            "--validation must be 0, for nothing held out, or a share above 0 and below 1, was given 1.5",
        ),
        (
            ("spiral", "--hidden", f"1{'0' * 24}"),
            "a network of at most 1,000,000,000 parameters, was given '1",
        ),
        (
            ("spiral", "--hidden", "40000,40000"),
            "1,000,000,000 parameters, was given '40000,40000'. This one has",
        ),
        (("spiral", "--hidden", f"1{'0' * 400}"), "a network of at most 1,000,000,000 parameters"),
        (("iris", "--validation", "1"), "or a share above 0 and below 1, was given 1.0"),
        (("iris", "--validation", "nan"), "or a share above 0 and below 1, was given nan"),
        (("iris", "--validation", "0.001"), "a share of 0.001 cannot be held out"),
        (("spiral", "--target", "x1"), "--target must be left out with spiral"),
        (("spiral", "--fill", "mean"), "--fill must be left out with spiral"),
        (("spiral", "--task", "regression"), "--task must be left out with spiral"),
        (("spiral", "--fill", "means"), 'Did you mean "mean"?'),
        (("spiral", "--epoch", "3"), "No such option"),
        (("spiral", "iris"), "unexpected extra argument"),
        (("spiral", "--save", "nowhere/m.safetensors"), "there is no folder nowhere"),
        (("spiral", "--backend", "nunpy"), 'Did you mean "numpy"?'),
        (("spiral", "--backend", "strict:device9"), "no such device"),
        (("spiral", "--backend", "cupy:99"), "cupy"),
        (("spiral", "--backend", "torch:cuda:99"), "torch"),
        (("spiral", "--backend", "strict:no_float64", "--dtype", "float64"), "float64"),
    ],
)
def test_options_that_are_wrong(refused: Refused, words: tuple[str, ...], message: str) -> None:
    assert message in refused("train", *words)


def test_a_loss_that_is_not_finite(refused: Refused) -> None:
    words = ("--optimizer", "sgd", "--rate", "1e30", "--activation", "relu", "--no-progress")
    with np.errstate(all="ignore"):
        assert "lower the learning rate" in refused("train", "iris", *words)


def test_commands_and_help(call: Callable[..., Result], refused: Refused) -> None:
    assert 'Did you mean "train"?' in refused("trian")
    assert "No such option" in refused("--fast")
    assert call("--version").stdout == f"bpcore {bp.__version__}\n"
    for words in (
        (),
        ("--help",),
        ("train", "--help"),
        ("predict", "-h"),
        ("backends", "-h"),
        ("check", "-h"),
    ):
        result = call(*words)
        assert result.exit_code == 0
        assert "Usage: bpcore" in result.stdout


def test_a_folder_instead_of_a_file_to_save(refused: Refused, folder: Path) -> None:
    (folder / "sub").mkdir()
    assert "that is a folder" in refused("train", "spiral", "--save", "sub")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="all may be written by root")
def test_a_folder_that_must_not_be_written(refused: Refused, folder: Path) -> None:
    (folder / "shut").mkdir(mode=0o500)
    assert "nothing can be written" in refused("train", "spiral", "--save", "shut/m.safetensors")


def test_a_disk_that_is_full(refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert "No space left on device" in refused("train", "gates", "--epochs", 1, "--no-progress")


def test_a_file_that_may_not_be_read(refused: Refused, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "t.csv").write_text("a,y\n1,2\n", encoding="utf-8")

    def shut(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", shut)
    assert refused("train", "t.csv") == "t.csv: Permission denied"


PROGRAM = [sys.executable, "-c", "from bpcore.doors.cli import main; main()"]


def test_a_real_process_ends_in_one_line(folder: Path) -> None:
    ended = subprocess.run([*PROGRAM, "train", "none.csv"], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    wanted = "there is no such file, and a CSV, NPZ or Parquet file is wanted"
    assert line == f"bpcore: error: none.csv: {wanted}. Look at the spelling and the folder."


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_ctrl_c_ends_in_one_line_and_leaves_no_file(folder: Path) -> None:
    words = ["train", "gates", "--epochs", "40000", "--save", "m.safetensors"]
    with subprocess.Popen(
        [*PROGRAM[:-1], LISTENING + PROGRAM[-1], *words],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as run:
        assert run.stderr is not None
        assert run.stderr.readline().startswith("epoch 4000/40000 ")  # it is in the middle of training
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=60)
    assert run.returncode == 130
    assert out == ""
    assert [line for line in err.splitlines() if not line.startswith("epoch ")] == [
        "bpcore: stopped by the user"
    ]
    assert list(folder.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
def test_standard_output_that_is_full() -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [*PROGRAM, "explain", "course", "--part", "linear"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ended.stderr.splitlines() == ["bpcore: error: standard output: No space left on device"]
    assert ended.returncode == 2


INTERRUPTED = """
import os, sys
class At:
    def find_spec(self, name, *more):
        if name == "bpcore.doors.{module}":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, At())
from bpcore.doors.start import main
main()
"""


def test_the_command_begins_where_ctrl_c_is_heard() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["scripts"] == {"bpcore": "bpcore.doors.start:main"}


@pytest.mark.parametrize(("given", "code"), [(["--version"], 0), (["trian"], 2)])
def test_the_package_is_a_command(given: list[str], code: int) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "bpcore", *given], capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode == code
    assert (ended.stdout or ended.stderr).startswith("bpcore")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
@pytest.mark.parametrize("module", ["cli", "train", "pages.report"])
def test_ctrl_c_while_modules_are_read(folder: Path, module: str) -> None:
    code = LISTENING + INTERRUPTED.replace("{module}", module)
    ended = subprocess.run(
        [sys.executable, "-c", code, "report", "none"], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "bpcore: stopped by the user\n")


def test_a_warning_of_a_library_is_one_line_without_a_path(folder: Path) -> None:
    """Its place in the library's code is nothing for the user of a command."""
    code = (
        "import warnings, click; from bpcore.doors.one_line import Door\n"
        "@click.group(cls=Door)\ndef door(): pass\n"
        "@door.command()\ndef warn(): warnings.warn('two\\nlines')\n"
        "door.main(['warn'])"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "bpcore: warning: two lines\n")
