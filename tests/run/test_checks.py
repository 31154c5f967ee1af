"""What is looked at before the first step: each wrong input ends in one sentence that says what to do."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import bpcore as bp
from bpcore.words.errors import BpcoreError, DataError, OptionError, ShapeError

X = np.asarray([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = np.asarray([[0.0], [1.0], [1.0], [0.0]])
NET = bp.MLP([2, 3, 1])
CLASSES = bp.MLP([2, 3, 3])


def fit(x: Any = X, y: Any = Y, net: Any = NET, loss: Any = None, **options: Any) -> Any:
    loss = bp.BinaryCrossEntropy() if loss is None else loss
    return bp.fit(net, (x, y), loss=loss, optimizer=bp.SGD(0.1), epochs=options.pop("epochs", 1), **options)


def classify(y: Any) -> Any:
    return fit(y=y, net=CLASSES, loss=bp.CrossEntropy())


class Bad(NamedTuple):
    do: Callable[[], Any]
    kind: type[BpcoreError]
    sentence: str


BAD = {
    "no epochs": Bad(
        lambda: fit(epochs=0),
        OptionError,
        "epochs must be a whole number, 1 or more, was given 0.",
    ),
    "half an epoch": Bad(
        lambda: fit(epochs=0.5),
        OptionError,
        "epochs must be a whole number, 1 or more, was given 0.5.",
    ),
    "no batch": Bad(
        lambda: fit(batch_size=0),
        OptionError,
        "batch_size must be a whole number, 1 or more, or None for all samples, was given 0.",
    ),
    "a share of 1": Bad(
        lambda: fit(validation=1.0),
        OptionError,
        "validation must be a share between 0 and 1, a pair (x, y), or None, was given 1.0.",
    ),
    "a share of nan": Bad(
        lambda: fit(validation=math.nan),
        OptionError,
        "validation must be a share between 0 and 1, a pair (x, y), or None, was given nan.",
    ),
    "validation of one": Bad(
        lambda: fit(validation=(X,)),
        OptionError,
        "validation must be a pair (x, y), was given 'tuple of 1'.",
    ),
    "validation of more features": Bad(
        lambda: fit(validation=(np.ones((4, 3)), Y)),
        ShapeError,
        "x of the validation data wants samples of shape (2,), was given (4, 3).",
    ),
    "validation of fewer targets": Bad(
        lambda: fit(validation=(X, Y[:3])),
        ShapeError,
        "y of the validation data wants 4 targets, one a sample, was given (3, 1).",
    ),
    "one sample to split": Bad(
        lambda: fit(X[:1], Y[:1], validation=0.5),
        DataError,
        "one sample cannot be split: give validation=(x, y), or none.",
    ),
    "data that are no pair": Bad(
        lambda: bp.fit(NET, X, loss=bp.SquaredError(), optimizer=bp.SGD()),  # type: ignore[arg-type]
        OptionError,
        "data must be a pair (x, y), was given 'ndarray'.",
    ),
    "three arrays": Bad(
        lambda: bp.fit(NET, (X, Y, Y), loss=bp.SquaredError(), optimizer=bp.SGD()),  # type: ignore[arg-type]
        OptionError,
        "data must be a pair (x, y), was given 'tuple of 3'.",
    ),
    "one feature": Bad(
        lambda: fit(X[:, 0]),
        ShapeError,
        "x of the data wants shape (samples, features), was given (4,). "
        "For one feature write x[:, None]; for one sample x[None, :].",
    ),
    "fewer targets": Bad(
        lambda: fit(y=Y[:3]),
        ShapeError,
        "y of the data wants 4 targets, one a sample, was given (3, 1).",
    ),
    "one target": Bad(
        lambda: fit(y=1.0),
        ShapeError,
        "y of the data wants 4 targets, one a sample, was given ().",
    ),
    "targets that would broadcast": Bad(
        lambda: fit(y=Y[:, 0]),
        ShapeError,
        "BinaryCrossEntropy wants targets of the output's shape (4, 1), was given (4,). "
        "Reshape one of them: they would broadcast, and every pair would be compared.",
    ),
    "labels that would broadcast": Bad(
        lambda: classify(Y.astype(int)),
        ShapeError,
        "CrossEntropy wants labels of shape (4,), or probabilities of shape (4, 3), was given (4, 1).",
    ),
    "no samples": Bad(
        lambda: fit(np.ones((0, 2)), np.ones((0, 1))),
        DataError,
        "the data hold no numbers: x has shape (0, 2).",
    ),
    "no features": Bad(
        lambda: fit(np.ones((4, 0))),
        DataError,
        "the data hold no numbers: x has shape (4, 0).",
    ),
    "features of another network": Bad(
        lambda: fit(np.ones((4, 3))),
        ShapeError,
        "net[0] Linear(3) wants inputs of shape (batch, 2), was given ('batch', 3).",
    ),
    "nan": Bad(
        lambda: fit(np.asarray([[0.0, 1.0], [2.0, 3.0], [4.0, np.nan], [np.nan, 0.0]])),
        DataError,
        "x of the data holds a number that is not finite, first at index (2, 1): "
        "fill or drop such samples before training.",
    ),
    "an infinite target": Bad(
        lambda: fit(y=np.asarray([[0.0], [-np.inf], [1.0], [1.0]]), loss=bp.SquaredError()),
        DataError,
        "y of the data holds a number that is not finite, first at index (1, 0): "
        "fill or drop such samples before training.",
    ),
    "targets outside": Bad(
        lambda: fit(y=2 * Y),
        DataError,
        "BinaryCrossEntropy wants targets from 0 to 1, was given 0 to 2.",
    ),
    "labels from 1": Bad(
        lambda: classify([1, 2, 3, 1]),
        DataError,
        "CrossEntropy wants labels from 0 to 2 for a network of 3 outputs, was given 1 to 3: "
        "number the classes from 0, or give the last layer 4 outputs.",
    ),
    "labels below 0": Bad(
        lambda: classify([0, -1, 2, 1]),
        DataError,
        "CrossEntropy wants labels from 0 to 2 for a network of 3 outputs, was given -1 to 2: "
        "number the classes from 0.",
    ),
    "labels that are too big": Bad(
        lambda: classify(np.asarray([0, 2**32, 1, 2])),
        DataError,
        "y of the data holds labels of more than 32 bits: number the classes from 0.",
    ),
    "labels that are no whole numbers": Bad(
        lambda: classify([0.0, 1.0, 2.0, 1.0]),
        DataError,
        "CrossEntropy wants labels that are whole numbers, was given float64: cast them, as y.astype(int), "
        "or give probabilities of shape (samples, classes).",
    ),
    "text": Bad(
        lambda: fit(np.asarray([["a", "b"]] * 4)),
        DataError,
        "x of the data must be real numbers, was given an array of dtype <U1.",
    ),
    "objects": Bad(
        lambda: fit(np.asarray([[None, 1.0]] * 4)),
        DataError,
        "x of the data must be real numbers, was given an array of dtype object.",
    ),
    "complex numbers": Bad(
        lambda: fit(y=Y + 1j),
        DataError,
        "y of the data must be real numbers, was given an array of dtype complex128.",
    ),
    "uneven rows": Bad(
        lambda: fit([[1.0, 2.0], [3.0]]),
        DataError,
        "x of the data cannot be made an array of numbers: setting an array element with a sequence. "
        "The requested array has an inhomogeneous shape after 1 dimensions. The detected shape was (2,) "
        "+ inhomogeneous part.",
    ),
    "probabilities where logits are wanted": Bad(
        lambda: fit(net=bp.MLP([2, 3, 1], output="sigmoid")),
        OptionError,
        "BinaryCrossEntropy after Sigmoid must be from_logits=False, was given 'from_logits=True'. "
        "Write BinaryCrossEntropy(from_logits=False), or leave Sigmoid out of the network.",
    ),
    "shares where logits are wanted": Bad(
        lambda: fit(y=[0, 1, 2, 0], net=bp.MLP([2, 3, 3], output="softmax"), loss=bp.CrossEntropy()),
        OptionError,
        "CrossEntropy after Softmax must be from_logits=False, was given 'from_logits=True'. "
        "Write CrossEntropy(from_logits=False), or leave Softmax out of the network.",
    ),
    "logits where probabilities are wanted": Bad(
        lambda: fit(net=bp.MLP([2, 3, 1]), loss=bp.BinaryCrossEntropy(from_logits=False)),
        OptionError,
        "BinaryCrossEntropy after Linear(1) must be from_logits=True, for what comes out of Linear(1) is no "
        "probability, was given 'from_logits=False'. "
        "Write BinaryCrossEntropy(), or end the network with Sigmoid.",
    ),
    "logits where shares are wanted": Bad(
        lambda: fit(
            y=[0, 1, 2, 0],
            net=bp.Chain(bp.MLP([2, 3, 3]), bp.Dropout(0.1)),
            loss=bp.CrossEntropy(from_logits=False),
        ),
        OptionError,
        "CrossEntropy after Linear(3) must be from_logits=True, for what comes out of Linear(3) is no "
        "probability, was given 'from_logits=False'. Write CrossEntropy(), or end the network with Softmax.",
    ),
    "another dtype": Bad(
        lambda: fit(dtype="float16"),
        OptionError,
        "dtype must be one of float32, float64, was given 'float16'. "
        'For layers in 16 bits give precision="float16".',
    ),
    "parameters that are no arrays": Bad(
        lambda: fit(params=[1]),
        ShapeError,
        "0 of params wants none, Chain(Linear(3), Relu, Linear(1)) has no such parameter, was given a int.",
    ),
    "a seed below 0": Bad(
        lambda: fit(seed=-1),
        OptionError,
        "seed must be a whole number from 0 to 2**64 - 1, was given -1.",
    ),
    "a network without parameters": Bad(
        lambda: fit(y=np.asarray([[0.0, 1.0]] * 4), net=bp.Chain(bp.Tanh())),
        ShapeError,
        "SGD wants parameters with at least one array, was given an empty tree.",
    ),
    "parameters of another shape": Bad(
        lambda: fit(params=bp.MLP([2, 4, 1]).init(bp.key(0), (2,))),
        ShapeError,
        "0.bias of params wants shape (3,), was given (4,).",
    ),
    "parameters of fewer layers": Bad(
        lambda: fit(params=NET.init(bp.key(0), (2,))[:2]),
        ShapeError,
        "2.bias of params wants shape (1,), was given none.",
    ),
    "parameters of more": Bad(
        lambda: fit(net=bp.MLP([2, 3, 1], bias=False), params=NET.init(bp.key(0), (2,))),
        ShapeError,
        "0.bias of params wants none, Chain(Linear(3), Relu, Linear(1)) has no such parameter, "
        "was given (3,).",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_one_sentence(name: str) -> None:
    do, kind, sentence = BAD[name]
    with pytest.raises(kind) as caught:
        do()
    assert str(caught.value) == sentence
    assert "\n" not in sentence


@pytest.mark.parametrize("size", [(3, 4, 5), (1, 7)])
def test_where_the_number_is_that_is_not_finite(backend: Any, size: tuple[int, ...]) -> None:
    x = np.ones(size)
    index = tuple(length // 2 for length in size)
    x[index] = np.inf
    y = backend.array(np.ones((*size[:-1], 2)), "float32")
    with backend.reading(), pytest.raises(DataError) as caught:
        bp.fit(bp.Linear(2), (backend.array(x, "float32"), y), loss=bp.SquaredError(), optimizer=bp.SGD())
    assert f"first at index {index}:" in str(caught.value)


def test_the_same_sentences_everywhere(backend: Any) -> None:
    """Text, uneven rows and labels that are none: the library's own words do not come through."""
    for x, said in (
        ([["a", "b"]] * 4, "x of the data"),
        ([[1.0, 2.0], [3.0]], "x of the data cannot be made"),
    ):
        with backend.reading(), pytest.raises(DataError, match=f"^{said}") as caught:
            fit(x, backend=backend.backend)
        assert "\n" not in str(caught.value)
    with backend.reading(), pytest.raises(DataError, match="CrossEntropy wants labels from 0 to 2"):
        fit(y=[0, 3, 1, 1], net=CLASSES, loss=bp.CrossEntropy(), backend=backend.backend)


def test_a_dtype_that_the_device_has_not(backend: Any) -> None:
    if backend.backend.float64:
        with backend.reading():
            assert fit(backend=backend.backend, dtype="float64").history["loss"]
        return
    with pytest.raises(
        OptionError, match=r"dtype on .* must be one that the device has, was given 'float64'"
    ):
        fit(backend=backend.backend, dtype="float64")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"loss": bp.CrossEntropy}, "loss must be a loss, as bpcore.CrossEntropy\\(\\), was given"),
        ({"optimizer": "adam"}, "optimizer must be an optimizer, as bpcore.Adam"),
    ],
)
def test_parts_that_are_only_named(given: Any, said: str) -> None:
    x, y = np.zeros((4, 2)), np.zeros((4, 1))
    parts = {"loss": bp.SquaredError(), "optimizer": bp.SGD(0.1)} | given
    with pytest.raises(OptionError, match=said):
        bp.fit(bp.MLP([2, 1]), (x, y), **parts)
