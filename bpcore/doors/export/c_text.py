"""A dense network as C99: one file, with nothing but math.h, and test vectors of its own."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from bpcore.doors.export.dense import Network, Stage

__all__ = ["c_text"]

REAL = {"float32": ("float", "f"), "float64": ("double", "")}
"""The C type of a dtype, and what its functions' names and its numbers end with."""
IN_A_ROW = 6

HEAD = """\
/* {title}
 *
 * {inputs} inputs, {outputs} outputs, weights in {real}. Written by bpcore {version}.
{notes} *
 * Use:  void predict(const double *x, double *y);
 * Test: cc -std=c99 -DSELF_TEST THIS.c -lm -o test && ./test     (0: every test vector is right)
 * {tested}
 */
#include <math.h>

#define INPUTS {inputs}
#define OUTPUTS {outputs}
#define WIDEST {widest}
typedef {real} real;

void predict(const double *x, double *y);

"""

FUNCTIONS = {
    "dense": """\
static void dense(const real *x, int inputs, const real *weight, const real *bias, int outputs, real *y)
{
    for (int j = 0; j < outputs; j++) y[j] = bias[j];
    for (int i = 0; i < inputs; i++)
        for (int j = 0; j < outputs; j++) y[j] += x[i] * weight[i * outputs + j];
}
""",
    "affine": """\
static void affine(real *x, int n, const real *scale, const real *shift)
{
    for (int i = 0; i < n; i++) x[i] = x[i] * scale[i] + shift[i];
}
""",
    "layer_norm": """\
static void layer_norm(real *x, int n, const real *weight, const real *bias, real epsilon)
{
    real mean = 0, variance = 0;
    for (int i = 0; i < n; i++) mean += x[i] / n;
    for (int i = 0; i < n; i++) variance += (x[i] - mean) * (x[i] - mean) / n;
    for (int i = 0; i < n; i++) x[i] = (x[i] - mean) / sqrt@(variance + epsilon) * weight[i] + bias[i];
}
""",
    "relu": """\
static void relu(real *x, int n)
{
    for (int i = 0; i < n; i++) x[i] = x[i] < 0 ? 0 : x[i]; /* NaN stays */
}
""",
    "tanh": """\
static void tanh_each(real *x, int n)
{
    for (int i = 0; i < n; i++) x[i] = tanh@(x[i]);
}
""",
    "sigmoid": """\
static void sigmoid(real *x, int n)
{
    for (int i = 0; i < n; i++) {
        real e = exp@(-fabs@(x[i]));
        x[i] = x[i] >= 0 ? 1 / (1 + e) : e / (1 + e);
    }
}
""",
    "gelu": """\
static void gelu(real *x, int n)
{
    for (int i = 0; i < n; i++) x[i] = x[i] * (real)0.5 * (1 + erf@(x[i] * (real)0x1.6a09e667f3bcdp-1));
}
""",
    "softmax": """\
static void softmax(real *x, int n)
{
    real most = x[0], sum = 0;
    for (int i = 1; i < n; i++) most = x[i] > most ? x[i] : most;
    for (int i = 0; i < n; i++) sum += x[i] = exp@(x[i] - most);
    for (int i = 0; i < n; i++) x[i] /= sum;
}
""",
}

SELF_TEST = """
#ifdef SELF_TEST
#define SAMPLES {samples}
static const double given[SAMPLES][INPUTS] = {{
{given}
}};
static const double wanted[SAMPLES][OUTPUTS] = {{
{wanted}
}};

static int close_to(double y, double right)
{{
    return fabs(y - right) <= {tolerance} || y == right || (isnan(y) && isnan(right));
}}

int main(void)
{{
    for (int i = 0; i < SAMPLES; i++) {{
        double y[OUTPUTS];
        predict(given[i], y);
        for (int j = 0; j < OUTPUTS; j++)
            if (!close_to(y[j], wanted[i][j])) return i + 1;
    }}
    return 0;
}}
#endif
"""


def c_text(network: Network, version: str, tested: str) -> str:
    """Return the file's text.

    Parameters
    ----------
    network : Network
    version : str
        Of bpcore.
    tested : str
        What is said of the self-test.
    """
    real, ending = REAL[network.dtype]
    head = HEAD.format(
        title=_comment(network.title),
        inputs=network.inputs,
        outputs=network.outputs,
        widest=network.widest,
        real=real,
        version=version,
        tested=tested,
        notes="".join(f" * {_comment(note)}\n" for note in network.notes),
    )
    used = {stage.kind: FUNCTIONS[stage.kind].replace("@", ending) for stage in network.stages}
    arrays = "".join(_arrays(network, ending))
    return "\n".join(
        part for part in (head + arrays, *used.values(), _predict(network)) if part
    ) + _self_test(network)


def _comment(text: str) -> str:
    """Return text that ends no comment, in characters that every compiler reads."""
    return " ".join(text.split()).replace("*/", "* /").encode("ascii", "backslashreplace").decode("ascii")


def _arrays(network: Network, ending: str) -> Iterator[str]:
    for name, row in network.preparation.items():
        yield _array("double", name if name.startswith("target") else f"input_{name}", row, "")
    for index, stage in enumerate(network.stages):
        for name, row in stage.numbers.items():
            yield _array("real", f"{name}_{index}", row, ending)


def _array(kind: str, name: str, row: list[float], ending: str) -> str:
    return f"static const {kind} {name}[{len(row)}] = {{\n{_numbers(row, ending)}\n}};\n"


def _numbers(row: Iterable[float], ending: str = "") -> str:
    """Return numbers that are read back to the same bits."""
    words = [_number(number) + (ending if math.isfinite(number) else "") for number in row]
    lines = (words[i : i + IN_A_ROW] for i in range(0, len(words), IN_A_ROW))
    return ",\n".join("    " + ", ".join(line) for line in lines)


def _number(number: float) -> str:
    if math.isnan(number):
        return "NAN"
    return number.hex() if math.isfinite(number) else ("INFINITY" if number > 0 else "-INFINITY")


def _predict(network: Network) -> str:
    """Return the function that goes from stage to stage, in one array or from one to the other."""
    prepared = network.preparation
    x = "x[i]"
    if "fill" in prepared:
        x = "(isnan(x[i]) ? input_fill[i] : x[i])"
    if "mean" in prepared:
        x = f"(({x} - input_mean[i]) / input_scale[i])"
    lines = ["void predict(const double *x, double *y)", "{", "    real one[WIDEST], other[WIDEST];"]
    lines.append(f"    for (int i = 0; i < INPUTS; i++) one[i] = (real){x};")
    here, there, size = "one", "other", network.inputs
    for index, stage in enumerate(network.stages):
        lines.append(f"    {_call(stage, index, here, there, size)}")
        if stage.kind == "dense":
            here, there = there, here
        size = stage.outputs
    result = f"{here}[i]"
    if "target_mean" in prepared:
        result = f"{result} * target_scale[i] + target_mean[i]"
    lines.append(f"    for (int i = 0; i < OUTPUTS; i++) y[i] = {result};")
    if all(stage.kind != "dense" for stage in network.stages):
        lines.append("    (void)other;")
    return "\n".join([*lines, "}", ""])


def _call(stage: Stage, index: int, here: str, there: str, size: int) -> str:
    if stage.kind == "dense":
        return f"dense({here}, {size}, weight_{index}, bias_{index}, {stage.outputs}, {there});"
    arguments = [here, str(stage.outputs), *(f"{name}_{index}" for name in stage.numbers)]
    if stage.kind == "layer_norm":
        arguments.append(f"(real){stage.epsilon.hex()}")
    return f"{'tanh_each' if stage.kind == 'tanh' else stage.kind}({', '.join(arguments)});"


def _self_test(network: Network) -> str:
    vectors = network.vectors
    return SELF_TEST.format(
        samples=len(vectors.inputs),
        given=_rows(vectors.inputs),
        wanted=_rows(vectors.outputs),
        tolerance=repr(vectors.tolerance),
    )


def _rows(rows: list[list[float]]) -> str:
    return ",\n".join(f"  {{\n{_numbers(row)}\n  }}" for row in rows)
