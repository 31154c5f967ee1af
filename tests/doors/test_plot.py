"""``bpcore plot``: every kind into a file, and what it refuses in one line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

import bpcore as bp

pytest.importorskip("matplotlib")

Call = Callable[..., Result]
Refused = Callable[..., str]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with models of few epochs."""
    from click.testing import CliRunner

    from bpcore.doors.cli import cli

    folder = tmp_path_factory.mktemp("models")
    for name in ("spiral", "iris", "gates"):
        words = ["train", name, "--epochs", "6", "--quiet", "--save", str(folder / f"{name}.safetensors")]
        assert CliRunner().invoke(cli, words).exit_code == 0
    return folder


KINDS = {
    "data": ("data", "spiral-data.png"),
    "data of two columns": ("data iris --features petal_length,sepal_width", "iris-data.png"),
    "boundary": ("boundary {spiral}", "spiral-boundary.png"),
    "boundary of a gate": ("boundary {gates} --target XOR", "gates-boundary.png"),
    "film": ("film {spiral} --frames 3 --dpi 30", "spiral-film.gif"),
    "curves": ("curves {iris}", "iris-curves.png"),
    "figure": ("figure {spiral} --dpi 30", "spiral-figure.png"),
    "flow": ("flow {iris}", "iris-flow.png"),
    "rates": ("rates gates --rates 0.1,1e9 --epochs 3", "gates-rates.png"),
    "vanishing": ("vanishing --units 3", "sigmoid-vanishing.png"),
    "surface": ("surface --flat", "course-surface.png"),
    "zoom": ("surface --zoom", "course-surface.png"),
    "tangent": ("tangent", "course-tangent.png"),
    "graph": ("graph mazur --path w5", "mazur-graph.svg"),
    "graph of one's own": ("graph net --sizes 2,3,1 --x 1,2 --y 1 --path w1_11", "net-graph.svg"),
    "graph of a part": ("graph course --part linear", "course-graph.svg"),
    "network of one's own": ("network net --sizes 2,3,1 --x 1,2 --y 1 --seed 4", "net-network.svg"),
    "network": ("network mazur --path w5", "mazur-network.svg"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_written(done: Call, folder: Path, trained: Path, kind: str) -> None:
    line, name = KINDS[kind]
    names = {model: trained / f"{model}.safetensors" for model in ("spiral", "iris", "gates")}
    words = [
        word.format(**names).replace("petal_length,sepal_width", "petal length,sepal width")
        for word in line.split()
    ]
    result = done("plot", *words)
    assert result.stdout == f"wrote {name}\n"
    heads = {".png": b"\x89PNG", ".svg": b"<?xml", ".gif": b"GIF8"}
    assert (folder / name).read_bytes().startswith(heads[Path(name).suffix])
    assert [path.name for path in folder.iterdir()] == [name]


def test_nothing_is_overwritten_unasked(done: Call, folder: Path) -> None:
    assert done("plot", "vanishing").stdout == "wrote sigmoid-vanishing.png\n"
    assert done("plot", "vanishing").stdout == "wrote sigmoid-vanishing-2.png\n"
    before = (folder / "sigmoid-vanishing.png").read_bytes()
    done("plot", "vanishing", "--units", "3", "--output", "sigmoid-vanishing.png")
    assert (folder / "sigmoid-vanishing.png").read_bytes() != before


def test_the_values_of_a_lesson_stand_in_its_drawing(done: Call, folder: Path) -> None:
    done("plot", "graph", "mazur", "--path", "w5", "--output", "g.svg")
    text = (folder / "g.svg").read_text("utf-8")
    for word in ("net_o1", "0.3775", "dE_total/dw5 = 0.08217", "\u00d7 0.1868"):
        assert f">{word}</text>" in text


def test_help_lists_the_kinds(done: Call) -> None:
    assert "vanishing" in done("plot").stdout
    assert "--frames" in done("plot", "film", "--help").stdout


REFUSED = {
    "boundry x": "KIND must be one of boundary, .* was given 'boundry'. Did you mean \"boundary\"",
    "boundary {iris}": r"a decision boundary wants a network of two features, was given one of \(4,\)",
    "film {iris}": "a decision boundary wants a network of two features",
    "figure {iris}": "a decision boundary wants a network of two features",
    "boundary nothing.safetensors": "nothing.safetensors: there is no such file, and a model of bpcore ",
    "boundary {gates}": "gates has several targets: name one of OR, AND, XOR, NAND, NOR with --target",
    "boundary {gates} --target XRO": 'Did you mean "XOR"',
    "data iris": "iris has 4 features: name two of sepal length, .* with --features",
    "data gates": "gates has several targets: name one of OR, ",
    "data iris --features a": "two names with a comma between",
    "data nothing.csv": "nothing.csv: there is no such file",
    "data --output a.gif": r"is written as \.png, \.svg, \.pdf, not as \.gif",
    "film {spiral} --output a.png": r"is written as \.gif, not as \.png",
    "vanishing --output no/a.png": "there is no folder no",
    "vanishing --activation tan": 'activation must be one of .*Did you mean "tanh"',
    "graph mazzur": 'Did you mean "mazur"',
    "graph mazur --path w55": 'path must be .*Did you mean "w5"',
    "graph net --x 1 --y 1": "--sizes is missing: net wants all three",
    "graph net --sizes 2,1 --x 1 --y 1": "--x must be 2 numbers, as --sizes has it",
    "graph net --sizes 2,0.5 --x 1 --y 1": "--sizes must be whole numbers from 1 on",
    "network mazur --x 1": "--x must be left out with mazur",
    "surface --w1 1": "--w1 must be two numbers with a comma between",
    "surface --w1 0,1e300": "--w1 must be numbers with commas between, .* none beyond 1e\\+70, was given",
    "surface --start nan,1": "--start must be numbers with commas between",
    "surface --rate nan": "--rate must be a number, 0 to 1e\\+70, was given nan",
    "surface --rate 1e60 --zoom": "--rate must be one at which descent comes near a minimum, was given 1e",
    "surface --rate 1 --zoom": "--rate must be one at which descent comes near a minimum, was given 1",
    "tangent --at nan": "--at must be a number, -1e\\+70 to 1e\\+70, was given nan",
    "tangent --at 1e200": "--at must be a number, -1e\\+70 to 1e\\+70, was given 1e",
    "tangent --target nan": "--target must be a number",
    "curves {iris} --dpi nan": "--dpi must be a number, 10 to 1000, was given nan",
    "curves {iris} --dpi 9": "--dpi must be a number, 10 to 1000, was given 9",
    "network spiral": r"more than the 400 .*\. Draw its graph: bpcore plot graph spiral --form matrices\.",
    "rates --rates nan": "--rates must be numbers with commas between",
    "rates --rates x": "--rates must be numbers with commas between",
}


@pytest.mark.parametrize("line", REFUSED)
def test_what_is_refused(refused: Refused, trained: Path, line: str) -> None:
    import re

    names = {model: trained / f"{model}.safetensors" for model in ("spiral", "iris", "gates")}
    said = refused("plot", *(word.format(**names) for word in line.split()))
    assert re.search(REFUSED[line], said), said


def test_words_of_a_file_are_no_formulas(done: Call, folder: Path) -> None:
    """A dollar sign, or two, or half a formula, in names of columns, classes and files."""
    rows = [f"{i % 5},{i % 7},{'$5_$' if i % 5 > 2 else '$x^$'}" for i in range(40)]
    (folder / "$a_$.csv").write_text("$5_$,$\\frac{$,$y_$\n" + "\n".join(rows), encoding="utf-8")
    (folder / "q.csv").write_text(
        "a,$y_$\n" + "\n".join(f"{i},{i * i}.5" for i in range(40)), encoding="utf-8"
    )
    done("train", "$a_$.csv", "--quiet", "--epochs", 2, "--save", "m.safetensors")
    done("train", "q.csv", "--quiet", "--epochs", 2, "--save", "q.safetensors")
    done("plot", "data", "$a_$.csv", "--output", "d.svg")
    done("plot", "boundary", "m.safetensors", "--output", "b.svg")
    done("plot", "figure", "m.safetensors", "--output", "f.svg")
    done("plot", "film", "m.safetensors", "--frames", 2, "--dpi", 30)
    done("report", "m.safetensors")
    done("report", "q.safetensors")
    for name in ("d.svg", "b.svg", "f.svg", "m.html"):
        text = (folder / name).read_text("utf-8")
        assert ">$5_$</text>" in text, name  # the class
        assert r">$\frac{$" in text, name
    assert ">true $y_$</text>" in (folder / "q.html").read_text("utf-8")


def test_axes_say_that_they_are_standardised(done: Call, folder: Path) -> None:
    rows = [f"{100 + i % 5},{i % 7},{'yes' if i % 5 > 2 else 'no'}" for i in range(40)]
    (folder / "t.csv").write_text("length,width,y\n" + "\n".join(rows), encoding="utf-8")
    done("train", "t.csv", "--quiet", "--epochs", 2)
    done("plot", "boundary", "t.safetensors", "--output", "b.svg")
    done("plot", "figure", "t.safetensors", "--output", "f.svg")
    done("plot", "data", "t.csv", "--output", "d.svg")
    done("report", "t.safetensors")
    for name in ("b.svg", "f.svg", "t.html"):
        assert ">length (standardised)</text>" in (folder / name).read_text("utf-8"), name
    assert ">length</text>" in (folder / "d.svg").read_text("utf-8")


def test_letters_that_the_font_has_not(done: Call, folder: Path) -> None:
    flower = "\u82b1"
    rows = [f"{i % 5},{i % 7},{flower if i % 5 > 2 else 'no'}" for i in range(40)]
    (folder / "t.csv").write_text("a,b,y\n" + "\n".join(rows), encoding="utf-8")
    assert done("plot", "data", "t.csv").stderr == ""


def test_many_classes_leave_room_for_the_picture(done: Call, folder: Path) -> None:
    rows = [f"{i % 31},{i % 7},c{i % 50:02}" for i in range(300)]
    (folder / "t.csv").write_text("a,b,y\n" + "\n".join(rows), encoding="utf-8")
    done("train", "t.csv", "--quiet", "--epochs", 1)
    done("plot", "boundary", "t.safetensors", "--output", "b.svg")
    done("report", "t.safetensors")
    for name in ("b.svg", "t.html"):
        text = (folder / name).read_text("utf-8")
        assert ">and 40 more</text>" in text, name
        assert text.count(">c09</text>") == (1 if name == "b.svg" else 2)
        assert ">c10</text>" not in text


def test_a_path_that_leaves_the_picture_is_spoken_of(done: Call) -> None:
    said = done("plot", "surface", "--rate", 1, "--steps", 9, "--dpi", 20).stdout
    assert said.startswith(
        "wrote course-surface.png\n9 of the 10 points of the path are outside of the picture:"
    )
    assert done("plot", "surface", "--rate", 1e60, "--flat", "--dpi", 20).stdout.count("\n") == 2


def test_a_network_that_is_not_bpcores(refused: Refused, trained: Path, folder: Path) -> None:
    """What is advised is what a command line can do."""
    from dataclasses import dataclass, replace

    @dataclass(frozen=True)
    class Mine(bp.Identity):
        pass

    run = bp.load(trained / "iris.safetensors")
    path = folder.parent / "mine.safetensors"
    bp.save(path, replace(run, net=bp.Chain(run.net, Mine())))
    assert "Pass it" not in refused("plot", "curves", path)


def test_a_model_that_does_not_know_its_data(
    refused: Refused, tmp_path_factory: pytest.TempPathFactory
) -> None:
    spiral = bp.datasets.spiral(20)
    run = bp.fit(
        bp.MLP([2, 3, 1]),
        (spiral.x, spiral.y),
        loss=bp.BinaryCrossEntropy(),
        optimizer=bp.SGD(0.1),
        epochs=1,
        progress=None,
    )
    path = bp.save(tmp_path_factory.mktemp("own") / "own.safetensors", run)
    assert "does not say what data it was trained on" in refused("plot", "boundary", path)


def test_without_matplotlib(refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    said = refused("plot", "vanishing")
    assert said.endswith('python -m pip install "bpcore[plot]".')
