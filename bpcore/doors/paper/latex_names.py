"""Names as LaTeX: ``net_h1``, ``y_hat``, ``dE_total/dw5``, ``w5+``."""

from __future__ import annotations

import re

__all__ = ["latex_name"]

GREEK = frozenset(
    ("alpha", "beta", "gamma", "delta", "epsilon", "eta", "theta", "lambda", "mu", "sigma", "phi")
)


def latex_name(name: str) -> str:
    r"""Return a name as LaTeX.

    A number at the end is an index, a sign ``+`` says after the step, ``_hat`` is a hat, and ``da/db`` a
    derivative.

    Examples
    --------
    >>> from bpcore.doors.paper.latex_names import latex_name
    >>> print(latex_name("net_h1"), latex_name("w5+"), latex_name("dL/dy_hat"))
    \mathit{net}_{h1} w_{5}^{+} \frac{\partial L}{\partial \hat{y}}
    """
    base, _, through = name.partition(" through ")
    found = re.fullmatch(r"d(.+)/d(.+)", base)
    if found:
        over, under = (latex_name(part) for part in found.groups())
        text = rf"\frac{{\partial {over}}}{{\partial {under}}}"
        return rf"{text}\Big|_{{{latex_name(through)}}}" if through else text
    if base.endswith("+"):
        return f"{latex_name(base[:-1])}^{{+}}"
    letters, _, index = base.partition("_")
    if index == "hat" or index.startswith("hat"):
        hatted = rf"\hat{{{letters}}}"
        rest = index.removeprefix("hat").strip("_")
        return f"{hatted}_{{{rest}}}" if rest else hatted
    numbered = re.fullmatch(r"([A-Za-z]+?)(\d+)", letters)
    if numbered and (not index or index.replace(",", "").isdigit()):
        letters, number = numbered.groups()
        index = f"{number}, {index}" if index else number
    text = _letters(letters)
    return f"{text}_{{{index}}}" if index else text


def _letters(word: str) -> str:
    if word in GREEK:
        return f"\\{word}"
    return word if len(word) == 1 else rf"\mathit{{{word}}}"
