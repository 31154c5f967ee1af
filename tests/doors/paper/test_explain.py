"""What `explain` writes, against the gradients that `bp.grad` gives and against its own formulas."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bpcore as bp
from bpcore.words.errors import BpcoreError, OptionError, PaperError

SIZES = ([2, 2, 2], [2, 3, 1], [1, 2, 2, 1], [3, 1], [2, 2, 3])
LOSSES = {
    "squared": (bp.SquaredError(half=True, reduction="sum"), "sigmoid"),
    "mean": (bp.SquaredError(), "tanh"),
    "logits": (bp.BinaryCrossEntropy(), "identity"),
    "probabilities": (bp.BinaryCrossEntropy(from_logits=False), "sigmoid"),
    "labels": (bp.CrossEntropy(), "identity"),
    "softmax": (bp.CrossEntropy(from_logits=False), "softmax"),
}


def case(sizes: list[int], activation: str, loss: str, samples: int, seed: int) -> Any:
    chosen, output = LOSSES[loss]
    net = bp.MLP(sizes, activation=activation, output=output)
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(samples, sizes[0]))
    labels = loss in ("labels", "softmax")
    y = rng.integers(0, sizes[-1], samples) if labels else rng.uniform(size=(samples, sizes[-1]))
    params = net.init(bp.key(seed), (sizes[0],), dtype=np.dtype(np.float64))
    return net, chosen, params, x, y


def gradients(explanation: bp.Explanation) -> dict[str, Any]:
    """Return the gradient of every parameter that was updated, by its name."""
    names = [line.symbol.name[:-1] for line in explanation.lines if line.kind == "update"]
    return {name: explanation[f"dL/d{name}"] for name in names}


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.sampled_from(SIZES),
    activation=st.sampled_from(["sigmoid", "tanh", "relu", "identity", "gelu", "softmax"]),
    loss=st.sampled_from(sorted(LOSSES)),
    samples=st.integers(1, 2),
    form=st.sampled_from(["elements", "matrices"]),
    seed=st.integers(0, 10_000),
)
def test_the_gradients_are_those_of_grad(
    sizes: list[int], activation: str, loss: str, samples: int, form: str, seed: int
) -> None:
    net, chosen, params, x, y = case(sizes, activation, loss, samples, seed)
    explanation = bp.explain(net, x, y, loss=chosen, params=params, rate=0.1, form=form)
    value, grads = bp.value_and_grad(lambda params: chosen(net(params, x), y))(params)
    assert explanation["L"] == pytest.approx(float(value), rel=1e-12, abs=1e-15)
    wanted = [leaf for layer in grads for _, leaf in sorted(layer.items())]
    found = list(gradients(explanation).values())
    flat = np.concatenate([np.ravel(one) for one in found])
    assert flat == pytest.approx(np.concatenate([np.ravel(one) for one in wanted]), rel=1e-11, abs=1e-14)
    moved = [leaf - 0.1 * g for layer, gs in zip(params, grads, strict=True) for (_, leaf), (_, g) in
             zip(sorted(layer.items()), sorted(gs.items()), strict=True)]  # fmt: skip
    places = iter(np.concatenate([np.ravel(one) for one in moved]))
    new = [{k: np.reshape(list(itertools.islice(places, v.size)), v.shape) for k, v in sorted(layer.items())}
           for layer in params]  # fmt: skip
    assert explanation["L+"] == pytest.approx(float(chosen(net(new, x), y)), rel=1e-11, abs=1e-14)


@pytest.mark.needs_float64
@pytest.mark.axes("numpy", "strict", "strict:device1", "torch", "jax")
def test_it_computes_where_the_arrays_are(backend: Any) -> None:
    x, y = backend.array([[0.5, -1.0]]), backend.array([[1.0]])
    explanation = bp.explain(bp.MLP([2, 2, 1], activation="tanh", output="sigmoid"), x, y, rate=0.1)
    assert explanation.arithmetic == f"float64 on {backend.backend.name.partition(':')[0]}"
    on_numpy = bp.explain(
        bp.MLP([2, 2, 1], activation="tanh", output="sigmoid"), [[0.5, -1.0]], [[1.0]], rate=0.1
    )
    for line, other in zip(explanation.lines, on_numpy.lines, strict=True):
        assert line.symbol == other.symbol
        assert line.value == pytest.approx(other.value, rel=1e-12, abs=1e-15)


def test_a_function_of_numbers() -> None:
    explanation = bp.explain(lambda x, y: x**2 + y**2, 3.0, 4.0, rate=0.1)
    assert [explanation[name] for name in ("f", "df/dx", "df/dy", "x+", "y+", "f+")] == pytest.approx(
        [25, 6, 8, 2.4, 3.2, 16]
    )


def test_a_dict_of_parameters_keeps_its_names() -> None:
    def loss(w: Any, x: Any, y: Any) -> Any:
        y_hat = bp.named("y_hat", w["a"] * x + w["b"])
        return (y_hat - y) ** 2 / 2

    explanation = bp.explain(loss, {"a": 2.0, "b": 1.0}, 3.0, 5.0, rate=0.5, learn=("a", "b"), result="E")
    assert explanation["dE/dy_hat"] == 2.0
    assert (explanation["dE/da"], explanation["dE/db"]) == (6.0, 2.0)
    assert "x+" not in explanation.names
    assert explanation["a+"] == -1.0


def test_what_has_a_name_is_named_outside_an_explanation_too() -> None:
    assert float(bp.grad(lambda x: bp.named("y", x * x))(3.0)) == 6.0
    assert bp.named("x", 2.0) == 2.0


def test_the_chain_rule_is_printed_factor_by_factor() -> None:
    text = str(bp.explain("mazur"))
    assert (
        "dE_total/dw5 = dE_total/dout_o1 * dout_o1/dnet_o1 * dnet_o1/dw5 = delta_o1 * dnet_o1/dw5 = "
        "0.138498562 * 0.593269992 = 0.082167041"
    ) in text
    assert (
        "dE_total/dout_h1 = dE_o1/dout_h1 + dE_o2/dout_h1 = 0.055399425 + (-0.019049118) = 0.036350306"
        in text
    )
    assert "w5+ = w5 - eta * dE_total/dw5 = 0.4 - 0.5 * 0.082167041 = 0.358916480" in text


def test_both_orders_and_three_kinds_of_biases(numbers: Any) -> None:
    for biases, order in itertools.product(
        ("frozen", "shared", "per-neuron"), ("simultaneous", "sequential")
    ):
        run = numbers("mazur")["runs"][f"biases_{biases.replace('-', '_')}__{order}"]
        explanation = bp.explain("mazur", biases=biases, order=order)
        assert explanation["E_total+"] == pytest.approx(run["E_total"]["1"], rel=1e-13)
        params = run["after_1"]["params"]
        for name, layer, row, column in (("w1", "W1", 0, 0), ("w4", "W1", 1, 1), ("w6", "W2", 0, 1)):
            wanted = params[layer][row][column]
            assert explanation[f"{name}+"] == pytest.approx(wanted, rel=1e-13)


def test_every_first_step_of_svpino(numbers: Any) -> None:
    known = numbers("logic5")["functions"]
    for function, year in itertools.product(known, ("2021", "2022")):
        for form in ("matrices", "elements"):
            explanation = bp.explain("svpino", function=function, year=year, form=form)
            wanted = known[function][f"v{year}"]
            assert explanation["E"] == pytest.approx(wanted["sse"]["0"], rel=1e-13)
            assert explanation["E+"] == pytest.approx(wanted["sse"]["1"], rel=1e-13)
            assert explanation["W1_23+"] == pytest.approx(wanted["after_1"]["W1"][1][2], rel=1e-13)
            assert explanation["W2_4+"] == pytest.approx(np.ravel(wanted["after_1"]["W2"])[3], rel=1e-13)


def test_the_spiral_s_first_step(numbers: Any) -> None:
    explanation, step = bp.explain("spiral", rate=0.2), numbers("spiral")["step0"]
    assert explanation["L"] == pytest.approx(step["loss"], rel=1e-14)
    for layer, frobenius in zip("123", step["frobenius"], strict=True):
        found = explanation[f"dL/dW{layer}"]
        assert np.linalg.norm(found) == pytest.approx(frobenius, rel=1e-13)
        assert pytest.approx(np.asarray(step[f"dL_dW{layer}"]), rel=1e-10) == found.T
    assert explanation["y_hat3"] == pytest.approx(step["y_hat_first3"][2], rel=1e-14)
    assert "1 / 400 * (y_hat - y)" in str(explanation)


def test_markdown_has_every_line_as_a_formula() -> None:
    explanation = bp.explain("course", part="sigmoid")
    text = explanation.markdown()
    assert text.count("$$") == 2 * len(explanation.lines)
    assert r"\frac{\partial L}{\partial \hat{y}} = \hat{y} - y" in text
    assert r"w_{3}^{+} = w_{3} - \eta \cdot \frac{\partial L}{\partial w_{3}}" in text
    assert (
        "| `dL/dw3` | -0.04239 | -0.0423729 | wrong: not even -0.11222 * 0.3775, which is -0.04236 |" in text
    )


def test_a_branch_is_the_one_that_the_numbers_take() -> None:
    for x, slope in ((2.0, 3.0), (-2.0, 0.0)):
        explanation = bp.explain(lambda x: bp.array_namespace(x).maximum(x, 0.0) * 3.0, x)
        assert explanation["df/dx"] == slope
    assert bp.explain(abs, -2.0)["dabs/dx"] == -1.0


@pytest.mark.parametrize(
    ("refused", "kind", "words"),
    [
        (lambda: bp.explain("mazzur"), OptionError, 'Did you mean "mazur"?'),
        (lambda: bp.explain("mazur", biasses="frozen"), OptionError, "biasses"),
        (lambda: bp.explain("mazur", biases="none"), OptionError, "frozen, per-neuron, shared"),
        (lambda: bp.explain("mazur")["net_o9"], OptionError, "net_o"),
        (lambda: bp.explain(bp.MLP([2, 300, 1]), [[1, 2]], [[1]]), PaperError, "form='matrices'"),
        (lambda: bp.explain(bp.MLP([2, 2]), [[1, 2]]), OptionError, "two after a network"),
        (lambda: bp.explain("spiral", digits=20), OptionError, "elements with digits"),
        (lambda: bp.explain("mazur", digits=20, by_hand=True), OptionError, "One rounds"),
        (lambda: bp.explain("mazur", decimals=-1), OptionError, "from 0 to 100"),
        (lambda: bp.explain("mazur", order="upwards"), OptionError, "sequential, simultaneous"),
        (lambda: bp.explain(lambda x: x, 1.0), PaperError, "one of its arguments"),
        (lambda: bp.explain(lambda x: x * np.ones(2), 1.0), BpcoreError, "shape (2,)"),
        (lambda: bp.explain(lambda x: 3.0, 1.0), PaperError, "no array"),
        (lambda: bp.explain(3), OptionError, "the name of a lesson"),
        (lambda: bp.explain(bp.MLP([1, 1], output="gelu"), [[1]], [[1]], digits=9), PaperError, "erf"),
        (
            lambda: bp.explain(lambda x: bp.array_namespace(x).linalg.det(x), np.eye(2)),
            PaperError,
            "no formula for linalg.det",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_written_is_one_line(refused: Any, kind: Any, words: str) -> None:
    with pytest.raises(kind) as caught:
        refused()
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("form", ["elements", "matrices"])
def test_every_gradient_has_a_line_and_its_shape(form: str) -> None:
    """Also where it is 1, where it is 0, and where it is one number in every place."""
    explanation = bp.explain(lambda w, b, c: w * 3.0 + b, 2.0, 1.0, 5.0, rate=0.1, form=form)
    assert [explanation[f"df/d{name}"] for name in "wbc"] == [3.0, 1.0, 0.0]
    assert [explanation[f"{name}+"] for name in "wbc"] == pytest.approx([1.7, 0.9, 5.0])
    if form == "elements":
        return
    xp, w, x = bp.namespace("numpy"), np.arange(4.0).reshape(2, 2), np.ones((1, 2))
    for f in (
        xp.mean,
        xp.sum,
        lambda w: xp.sum(xp.matmul(x, w)),
        lambda w: xp.sum(bp.named("z", xp.matmul(x, w))),
        lambda w: xp.sum(w[:, 0] * w[:, 1]),
        lambda w: w[0, 0] * w[1, 1],
        lambda w: xp.sum(xp.stack([w, w * w])),
    ):
        explanation = bp.explain(f, w, form="matrices", rate=0.5, names=("w",), result="f")
        wanted = bp.grad(f)(w)
        assert np.asarray(explanation["df/dw"]) == pytest.approx(wanted), str(explanation)
        assert explanation["w+"] == pytest.approx(w - 0.5 * wanted)


@pytest.mark.parametrize("name", ["eta", "w+", "w"])
def test_names_of_others_are_not_taken(name: str) -> None:
    with pytest.raises(OptionError, match="different"):
        bp.explain(lambda w: bp.named(name, w * 2.0) ** 2, 1.0, rate=0.1)


@pytest.mark.axes("numpy", "strict:device1", "torch", "jax")
def test_lessons_are_in_64_bits_on_every_library(backend: Any) -> None:
    if backend.backend.float64:
        explanation = bp.explain("mazur", backend=backend.backend)
        assert explanation["E_total"] == pytest.approx(0.29837110876000267, rel=1e-14)
        assert explanation.arithmetic.startswith("float64")


def test_a_layer_of_ones_own_is_explained_as_a_function() -> None:
    class Twice(bp.Layer):
        def init(self, key: Any, shape: Any, /, *, dtype: Any = None) -> Any:
            return {"scale": bp.array_namespace(key).ones((), dtype=dtype)}

        def output_shape(self, shape: Any, /) -> Any:
            return shape

        def __call__(self, params: Any, x: Any, /) -> Any:
            return x * params["scale"] * 2.0

    with pytest.raises(OptionError, match=r"Give other layers as a function"):
        bp.explain(bp.Chain(Twice()), [[1.0]], [[1.0]])


@pytest.mark.parametrize("name", ["mazur", "svpino", "linear", "sigmoid", "cubic", "chain"])
def test_whole_matrices_give_the_same(name: str) -> None:
    told = {"part": name} if name not in ("mazur", "svpino") else {}
    lesson = "course" if told else name
    whole = bp.explain(lesson, form="matrices", **told)
    single = bp.explain(lesson, form="elements", **told)
    result = single.result.name
    assert whole[result] == pytest.approx(single[result], rel=1e-13)
    if f"{result}+" in single.names:
        assert whole[f"{result}+"] == pytest.approx(single[f"{result}+"], rel=1e-13)


def test_negative_numbers_stand_in_brackets() -> None:
    text = str(bp.explain(lambda a, b: a + b * 3.0, 1.0, -2.0))
    assert "f = a + 3 * b = 1 + 3 * (-2) = -5" in text.replace("-5.000000", "-5")
    text = str(bp.explain(lambda a, b, c: a + b * c, 1.0, -2.0, 3.0))
    assert "1 + (-2 * 3) = -5" in text.replace("-5.000000", "-5")


def test_small_numbers_show_their_digits() -> None:
    explanation = bp.explain(lambda x: x * 1e-7, 3.0, decimals=4)
    assert "= 0.000000300" in str(explanation)
    assert math.isclose(explanation["f"], 3e-7)
