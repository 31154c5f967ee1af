"""`bpcore report` and `bp.report`: what the page says, for every kind of task, and what it refuses."""

from __future__ import annotations

import getpass
import json
import platform
import re
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result

import bpcore as bp
from bpcore.doors.pages import rendering
from bpcore.doors.pages.checksum import checksum
from tests.run.notebook_spiral import DATA, LOSS, NET, start

Call = Callable[..., Result]
Refused = Callable[..., str]


def words(path: Path) -> str:
    """Return the text of a page, without markup and pictures."""
    html = re.sub(r"(?s)<(style|svg)\b.*?</\1>", "", path.read_text(encoding="utf-8"))
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&#39;", "'").replace("&amp;", "&")


def labels(path: Path) -> list[str]:
    return re.findall(r'<svg role="img" aria-label="([^"]*)"', path.read_text(encoding="utf-8"))


def notebook(rate: float, epochs: int, tmp_path: Path) -> Path:
    run = bp.fit(NET, DATA, loss=LOSS, optimizer=bp.SGD(rate), epochs=epochs, params=start(), progress=None)
    return bp.report(run, DATA, path=tmp_path / "page.html", optimizer=bp.SGD(rate), start=start())


def test_the_notebooks_spike_is_explained(tmp_path: Path) -> None:
    text = words(notebook(0.5, 1000, tmp_path))
    rose = re.search(r"rose from (\S+) in epoch (\d+) to (\S+) in epoch (\d+), and was back in epoch", text)
    assert rose is not None
    assert float(rose[1]) < 0.1
    assert 1.3 < float(rose[3]) < 2.5
    assert 125 <= int(rose[4]) <= 141
    assert f"at the weights that epoch {rose[2]} saw" in text
    sharp = re.search(r"by power iteration\) was (\S+), above 4: the step was too long", text)
    assert sharp is not None
    assert float(sharp[1]) > 4
    assert "Accuracy fell to 0." in text
    assert "The limit here is 2 / rate = 4." in text
    assert "It came back because" in text
    advised = re.search(
        r"which that curvature would have allowed: (\S+)\. Tried with the rate \1: the loss fell in", text
    )
    assert advised is not None
    assert float(advised[1]) < 2 / float(sharp[1])


def test_a_calm_run_is_called_calm(tmp_path: Path) -> None:
    path = notebook(0.2, 1000, tmp_path)
    text = words(path)
    assert "The loss fell in every epoch." in text
    assert "below 2 / rate = 10" in text
    assert "What to do" not in text
    assert "last 0.00799603" in text
    assert labels(path) == [
        "loss over the epochs",
        "accuracy over the epochs",
        "decision boundary, samples trained on",
        "norms of weights and gradients by layer",
    ]


def test_the_page_needs_nothing_else_and_tells_no_names(tmp_path: Path) -> None:
    html = notebook(0.5, 30, tmp_path).read_text(encoding="utf-8")
    assert html.startswith("<!DOCTYPE html>")
    assert '<meta charset="utf-8">' in html
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in html
    assert "<script" not in html
    assert html.count("<style") == 1
    assert "<metadata" not in html
    identifiers = re.findall(r'\bid="([^"]*)"', html)
    assert len(set(identifiers)) == len(identifiers)
    outside = re.findall(r"""(?:href|src)\s*=\s*["'](?!#|data:)[^"']*|url\((?!#)[^)]*|@import""", html)
    assert outside == []
    for name in (platform.node(), str(tmp_path), str(Path.home()), f"/{getpass.getuser()}/"):
        assert name not in html


def test_a_table_of_quantities(done: Call, folder: Path) -> None:
    lines = [f"{i},{i * i % 7},{3000 + 10 * i}.5" for i in range(60)]
    (folder / "t.csv").write_text("a,b,price <€>\n" + "\n".join(lines), encoding="utf-8")
    done("train", "t.csv", "--quiet", "--epochs", 20)
    assert done("report", "t.safetensors").stdout == "t.html\n"
    path = folder / "t.html"
    text = words(path)
    assert "t.csv, 48 samples to train on, 12 held out, 2 features" in text
    assert "price <€>: a quantity" in text
    assert "predicted price &lt;€&gt; against true price &lt;€&gt;" in labels(path)
    assert "AdamW, rate 0.005, batches of 32" in text
    assert not re.search(r"\d of \d+ right", text)
    html = path.read_text(encoding="utf-8")
    assert "samples held out" in html
    assert ">3000<" in html  # the axes are in the unit of the target


def test_classes_and_the_held_out_part(done: Call, folder: Path) -> None:
    result = done("train", "iris", "--epochs", 40)
    accuracy = re.search(r"held-out accuracy +(\S+)", result.stdout)
    assert accuracy is not None
    done("report", "iris.safetensors")
    text = words(folder / "iris.html")
    right = re.search(r"Samples held out: (\d+) of 45 right", text)
    assert right is not None
    assert int(right[1]) / 45 == pytest.approx(float(accuracy[1]), abs=1e-4)
    assert "Samples trained on: " in text
    assert "of 105 right" in text
    for layer in ("0 Linear(16) 16 80", "1 Tanh 16 0", "2 Linear(3) 3 51", "all 131"):
        assert layer in text
    for name in ("python", "platform", "backend version", "date"):
        assert f" {name} " in text
    assert checksum(bp.load(folder / "iris.safetensors")) in text


def test_the_command_repeats_the_run(done: Call, folder: Path) -> None:
    done("train", "spiral", "--quiet", "--epochs", 30, "--optimizer", "sgd", "--hidden", "8", "--seed", 7)
    done("report", "spiral.safetensors", "--output", "page.html")
    code = re.search(r"<pre><code>(bpcore train [^<]*)</code>", (folder / "page.html").read_text("utf-8"))
    assert code is not None
    line = code[1].split()
    assert line[:3] == ["bpcore", "train", "spiral"]
    done(*line[1:], "--quiet", "--save", "again.safetensors")
    first, second = (bp.load(folder / name) for name in ("spiral.safetensors", "again.safetensors"))
    assert first.history == second.history
    assert checksum(first) == checksum(second)


def test_five_targets_of_two_features(done: Call, folder: Path) -> None:
    done("train", "gates", "--quiet")
    done("report", "gates.safetensors")
    names = [f"decision boundary, {gate}: samples trained on" for gate in ("OR", "AND", "XOR", "NAND", "NOR")]
    assert [label for label in labels(folder / "gates.html") if "boundary" in label] == names
    assert words(folder / "gates.html").count("4 of 4 right") == 5


def test_where_the_data_has_moved(done: Call, refused: Refused, folder: Path) -> None:
    rows = [f"{i % 5},{i % 3},{'yes' if i % 2 else 'no'}" for i in range(40)]
    (folder / "there").mkdir()
    (folder / "there" / "t.csv").write_text("a,b,y\n" + "\n".join(rows), encoding="utf-8")
    done("train", folder / "there" / "t.csv", "--quiet", "--epochs", 3)
    (folder / "there" / "t.csv").rename(folder / "t.csv")
    assert refused("report", "t.safetensors") == (
        "t.csv: the data of this run is not here. Name it with --data."
    )
    done("report", "t.safetensors", "--data", "t.csv")
    text = words(folder / "t.html")
    assert "bpcore train t.csv --task" not in text
    assert "bpcore train t.csv --hidden 32,16" in text
    assert str(folder) not in (folder / "t.html").read_text("utf-8")
    assert "Samples held out" in text


def test_data_that_does_not_fit(done: Call, refused: Refused, folder: Path) -> None:
    done("train", "iris", "--quiet", "--epochs", 1)
    message = refused("report", "iris.safetensors", "--data", "digits")
    assert message.startswith("digits: its features are pixel 0,0, ")
    assert message.endswith("name the data that the model was trained on with --data.")
    (folder / "t.csv").write_text("sepal length,species\n1,setosa\n2,setosa\n3,b\n4,b\n", encoding="utf-8")
    message = refused("report", "iris.safetensors", "--data", "t.csv")
    assert "t.csv: its features are sepal length, the model's are sepal length, sepal width," in message


def test_a_file_that_changed_is_refused(done: Call, refused: Refused, folder: Path) -> None:
    rows = [f"{i % 5},{i % 7},{'yes' if i % 5 > 2 else 'no'}" for i in range(60)]
    table = folder / "t.csv"
    table.write_text("a,b,y\n" + "\n".join(rows), encoding="utf-8")
    done("train", "t.csv", "--quiet", "--epochs", 3)
    done("report", "t.safetensors")
    wanted = "t.csv is not the data that this model was trained on: name that with --data, or train again."
    scaled = [f"{3 * (i % 5)},{row.split(',', 1)[1]}" for i, row in enumerate(rows)]
    for changed in (rows[:49], scaled, [*rows[:-1], "9,9,no"], rows[1:] + rows[:1]):
        table.write_text("a,b,y\n" + "\n".join(changed), encoding="utf-8")
        for command in ("report", "plot boundary", "plot figure", "plot film", "plot flow"):
            assert refused(*command.split(), "t.safetensors") == wanted
    table.rename(folder / "moved.csv")
    (folder / "moved.csv").write_text("a,b,y\n" + "\n".join(rows), encoding="utf-8")
    done("report", "t.safetensors", "--data", "moved.csv")


def test_other_samples_of_the_same_form_are_not_called_held_out(
    done: Call, refused: Refused, folder: Path
) -> None:
    """A file of an earlier version does not know its samples, but it tells the loss on those held out."""
    rows = [f"{i % 5},{i % 7},{'yes' if i % 5 > 2 else 'no'}" for i in range(60)]
    (folder / "t.csv").write_text("a,b,y\n" + "\n".join(rows), encoding="utf-8")
    done("train", "t.csv", "--quiet", "--epochs", 30)
    turned = [row.replace("yes", "x").replace("no", "yes").replace("x", "no") for row in rows]
    (folder / "other.csv").write_text("a,b,y\n" + "\n".join(turned), encoding="utf-8")
    run = bp.load("t.safetensors")
    bp.save("t.safetensors", run, extra={k: v for k, v in run.extra.items() if k != "data_sha256"})
    done("report", "t.safetensors", "--data", "other.csv")
    text = words(folder / "t.html")
    assert "other.csv does not give the held-out loss of this run: it is not the data that the model" in text
    assert "adamw, rate 0.005, batches of 32" in text
    assert "at the end of the run, over all samples." in text
    assert "other.csv is not known to be the data" in refused(
        "plot", "film", "t.safetensors", "--data", "other.csv"
    )
    assert "Samples held out" not in text
    assert "All samples, those held out among them" in text


def test_a_file_of_an_earlier_version(done: Call, folder: Path) -> None:
    """It names its data and its seed, and no more."""
    done("train", "iris", "--quiet", "--epochs", 5)
    run = bp.load(folder / "iris.safetensors")
    kept = {name: run.extra[name] for name in ("data", "seed", "preparation")}
    bp.save(folder / "old.safetensors", run, extra=kept)
    done("predict", "old.safetensors", "iris")
    done("report", "old.safetensors")
    text = words(folder / "old.html")
    assert "optimizer not known" in text
    assert "The run does not say the command that trained it." in text
    assert "the run does not say where" in text
    assert "of 150 right" in text


def test_nothing_is_overwritten_unasked(done: Call, folder: Path) -> None:
    done("train", "gates", "--quiet", "--epochs", 1)
    assert [done("report", "gates.safetensors").stdout for _ in range(2)] == [
        "gates.html\n",
        "gates-2.html\n",
    ]
    (folder / "mine.html").write_text("old", encoding="utf-8")
    done("report", "gates.safetensors", "--output", "mine.html")
    assert (folder / "mine.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_a_model_that_is_none(refused: Refused, done: Call, folder: Path) -> None:
    assert refused("report", "nowhere.safetensors").startswith(
        "nowhere.safetensors: there is no such file, and a model"
    )
    (folder / "m.safetensors").write_text("weights, honestly", encoding="utf-8")
    assert "is not a whole safetensors file" in refused("report", "m.safetensors")
    done("train", "gates", "--quiet", "--epochs", 1)
    (folder / "folder").mkdir()
    assert refused("report", "gates.safetensors", "--output", "folder") == (
        "folder: that is a folder. Name a file in it."
    )
    assert "no/p.html: there is no folder no" in refused(
        "report", "gates.safetensors", "--output", "no/p.html"
    )


@pytest.mark.parametrize("library", ["jinja2", "latex2mathml", "matplotlib"])
def test_without_the_extra(
    done: Call, refused: Refused, monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    done("train", "gates", "--quiet", "--epochs", 1)
    rendering._templates.cache_clear()
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.setattr(
        rendering, "find_spec", lambda name: None if name == library else find_spec(name), raising=True
    )
    message = refused("report", "gates.safetensors")
    assert message.endswith(
        f'needs {library}, which is not installed: python -m pip install "bpcore[pages]".'
    )


def test_a_loss_that_had_not_come_back(done: Call, folder: Path) -> None:
    """A fall by more than half of the rise is not a return: the last loss is far above the first."""
    done("train", "spiral", "--rate", 1e30, "--epochs", 5, "--optimizer", "sgd", "--quiet")
    losses = bp.load(folder / "spiral.safetensors").history["loss"]
    assert max(losses) / 2 > losses[-1] > 1e20
    done("report", "spiral.safetensors")
    text = words(folder / "spiral.html")
    assert f"and had not come back when the run ended, at {losses[-1]:.4g}." in text
    assert "back in epoch" not in text
    assert "It came back" not in text


# -- in Python -----------------------------------------------------------------------------------------------


def test_a_run_alone_is_a_page_too(folder: Path) -> None:
    x, y = np.asarray([[0.0], [1.0], [2.0]]), np.asarray([[1.0], [3.0], [5.0]])
    run = bp.fit(bp.Linear(1), (x, y), loss=bp.SquaredError(), optimizer=bp.SGD(0.1), epochs=3)
    path = bp.report(run)
    assert path == Path("report.html")
    text = words(folder / path)
    assert "data not known" in text
    assert "The loss fell in every epoch." in text
    path = bp.report(run, (x, y), held_out=(x, y), command=["python", "mine.py"], title="Mine & <yours>")
    assert path == Path("report-2.html")
    text = words(folder / path)
    assert "Mine & <yours>" in text
    assert "3 samples to train on, 3 held out, 1 features" in text
    assert "python mine.py" in text


def test_layers_that_carry_something(tmp_path: Path) -> None:
    net = bp.Chain(bp.Linear(8), bp.BatchNorm(), bp.Tanh(), bp.Dropout(0.2), bp.Linear(1))
    run = bp.fit(net, DATA, loss=LOSS, optimizer=bp.SGD(2.0), epochs=40, progress=None)
    text = words(bp.report(run, DATA, path=tmp_path / "p.html", optimizer=bp.SGD(2.0)))
    assert "net[0] Linear(8)" in text
    assert "curvature" in text
    assert "2 / rate" not in text


@pytest.mark.axes("numpy", "strict", "strict:device1", "torch", "jax")
def test_wherever_the_arrays_are(backend: Any, tmp_path: Path) -> None:
    x = backend.array(np.asarray([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]))
    y = backend.array(np.asarray([0, 1, 2, 1]), "int64")
    net = bp.MLP([2, 4, 3])
    with backend.reading():
        run = bp.fit(net, (x, y), loss=bp.CrossEntropy(), optimizer=bp.SGD(0.1), epochs=4, progress=None)
        path = bp.report(run, (x, y), path=tmp_path / "p.html", optimizer=bp.SGD(0.1))
    assert "of 4 right" in words(path)


def test_a_saved_run_by_its_path(done: Call, folder: Path) -> None:
    done("train", "spiral", "--quiet", "--epochs", 5)
    path = bp.report("spiral.safetensors", path=folder / "x.html")
    assert "Training report: spiral" in words(path)
    with pytest.raises(bp.BpcoreError, match="Give the samples"):
        bp.report(bp.load("spiral.safetensors"), "spiral")


def test_what_is_kept_with_a_network(done: Call, folder: Path) -> None:
    done("train", "iris", "--quiet", "--epochs", 2, "--rate", 0.5, "--optimizer", "momentum")
    extra = json.loads(json.dumps(dict(bp.load(folder / "iris.safetensors").extra)))
    wanted = {"optimizer": "momentum", "rate": 0.5, "epochs": 2, "batch_size": 0, "validation": 0.3}
    assert {name: extra[name] for name in wanted} == wanted
    assert extra["command"][:3] == ["bpcore", "train", "iris"]
    assert set(extra["environment"]) == {
        *("bpcore", "python", "backend", "backend version", "platform", "date"),
    }
