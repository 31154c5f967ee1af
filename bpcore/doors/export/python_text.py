"""A dense network as Python: one file of the standard library alone, and test vectors of its own."""

from __future__ import annotations

import math
from collections.abc import Iterator

from bpcore.doors.export.dense import Network, Stage

__all__ = ["python_text"]

IN_A_ROW = 6

HEAD = '''\
"""{title}

{inputs} inputs, {outputs} outputs. Written by bpcore {version}.
{notes}
Use:  predict([...]) returns a list.
Test: python THIS.py
"""

import math
import sys

INPUTS, OUTPUTS = {inputs}, {outputs}
'''

TOTAL = """

def total(parts):
    parts = list(parts)
    try:
        return math.fsum(parts)
    except (OverflowError, ValueError):  # inf, or inf - inf
        return sum(parts)
"""

FUNCTIONS = {
    "dense": """
def dense(x, weight, bias):
    outputs = len(bias)
    return [
        total(x[i] * weight[i * outputs + j] for i in range(len(x))) + bias[j] for j in range(outputs)
    ]
""",
    "affine": """
def affine(x, scale, shift):
    return [a * b + c for a, b, c in zip(x, scale, shift)]
""",
    "layer_norm": """
def layer_norm(x, weight, bias, epsilon):
    mean = total(x) / len(x)
    spread = math.sqrt(total((a - mean) * (a - mean) for a in x) / len(x) + epsilon)
    return [(a - mean) / spread * b + c for a, b, c in zip(x, weight, bias)]
""",
    "relu": """
def relu(x):
    return [0.0 if a < 0.0 else a for a in x]  # NaN stays
""",
    "tanh": """
def tanh(x):
    return [math.tanh(a) for a in x]
""",
    "sigmoid": """
def sigmoid(x):
    small = [math.exp(-abs(a)) for a in x]
    return [1.0 / (1.0 + e) if a >= 0.0 else e / (1.0 + e) for a, e in zip(x, small)]
""",
    "gelu": """
def gelu(x):
    return [a * 0.5 * (1.0 + math.erf(a * 0.7071067811865476)) for a in x]
""",
    "softmax": """
def softmax(x):
    most = max(x)
    parts = [math.exp(a - most) for a in x]
    whole = total(parts)
    return [part / whole for part in parts]
""",
}

SELF_TEST = '''

GIVEN = {given}
WANTED = {wanted}


def close(y, right):
    return abs(y - right) <= {tolerance} or y == right or (y != y and right != right)


def self_test():
    """Return the numbers of the test vectors that are wrong."""
    return [
        number
        for number, (x, wanted) in enumerate(zip(GIVEN, WANTED), start=1)
        if not all(map(close, predict(x), wanted))
    ]


if __name__ == "__main__":
    wrong = self_test()
    print(f"wrong test vectors: {{wrong}}" if wrong else f"{{len(GIVEN)}} test vectors, all right")
    sys.exit(1 if wrong else 0)
'''


def python_text(network: Network, version: str) -> str:
    """Return the file's text."""
    head = HEAD.format(
        title=_comment(network.title),
        inputs=network.inputs,
        outputs=network.outputs,
        version=version,
        notes="".join(f"{_comment(note)}\n" for note in network.notes),
    )
    used = {stage.kind: FUNCTIONS[stage.kind] for stage in network.stages}
    parts = [head, *_arrays(network), TOTAL, *(f"\n{text}" for text in used.values()), _predict(network)]
    vectors = network.vectors
    test = SELF_TEST.format(
        given=_rows(vectors.inputs), wanted=_rows(vectors.outputs), tolerance=repr(vectors.tolerance)
    )
    return "".join(parts) + test


def _comment(text: str) -> str:
    """Return text that ends no docstring."""
    return " ".join(text.split()).replace("\\", "/").replace('"', "'")


def _arrays(network: Network) -> Iterator[str]:
    for name, row in network.preparation.items():
        yield f"{name.upper()} = {_list(row)}\n"
    for index, stage in enumerate(network.stages):
        for name, row in stage.numbers.items():
            yield f"{name.upper()}_{index} = {_list(row)}\n"


def _list(row: list[float]) -> str:
    """Return numbers as they are read back to the same bits."""
    words = [repr(number) if math.isfinite(number) else f"float('{number!r}')" for number in row]
    lines = (words[i : i + IN_A_ROW] for i in range(0, len(words), IN_A_ROW))
    return "[\n" + "".join(f"    {', '.join(line)},\n" for line in lines) + "]"


def _rows(rows: list[list[float]]) -> str:
    return "[\n" + "".join(f"{_list(row)},\n" for row in rows) + "]"


def _predict(network: Network) -> str:
    prepared = network.preparation
    lines = ["", "", "def predict(x):", '    """Return the outputs, a list, for the inputs of one sample."""']
    lines += [
        "    if len(x) != INPUTS:",
        '        raise ValueError(f"predict wants {INPUTS} numbers, was given {len(x)}")',
    ]
    if "fill" in prepared:
        lines.append("    x = [fill if math.isnan(a) else a for a, fill in zip(x, FILL)]")
    if "mean" in prepared:
        lines.append("    x = [(a - mean) / scale for a, mean, scale in zip(x, MEAN, SCALE)]")
    lines += [f"    x = {_call(stage, index)}" for index, stage in enumerate(network.stages)]
    if "target_mean" in prepared:
        lines.append("    x = [a * scale + mean for a, scale, mean in zip(x, TARGET_SCALE, TARGET_MEAN)]")
    return "\n".join([*lines, "    return list(x)", ""])


def _call(stage: Stage, index: int) -> str:
    arguments = ["x", *(f"{name.upper()}_{index}" for name in stage.numbers)]
    if stage.kind == "layer_norm":
        arguments.append(repr(stage.epsilon))
    return f"{stage.kind}({', '.join(arguments)})"
