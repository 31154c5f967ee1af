"""The features of README's table, and the tests that show each: the table is written from what they did."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

__all__ = ["BEGIN", "END", "FEATURES", "LIBRARIES", "Features", "rendered"]

FEATURES: Mapping[str, tuple[str, ...]] = {
    "first and higher derivatives, forward and reverse": (
        "tests/derivatives/test_nesting.py",
        "tests/derivatives/test_transforms.py",
        "tests/derivatives/test_directional.py",
    ),
    "compiled steps, the same bits or nearly": (
        "tests/program",
        "tests/backends/test_lowering.py",
        "tests/backends/test_random_programs.py",
    ),
    "layers: dense, convolution, pooling, normalization, dropout, embedding, recurrent, attention": (
        "tests/parts/test_layers.py",
        "tests/parts/test_layers_everywhere.py",
        "tests/parts/test_convolution.py",
        "tests/parts/test_pooling.py",
        "tests/parts/test_normalization.py",
        "tests/parts/test_dropout.py",
        "tests/parts/test_embedding.py",
        "tests/parts/test_recurrent.py",
        "tests/parts/test_attention.py",
        "tests/parts/test_wiring.py",
    ),
    "losses, weights of samples and classes, penalties": (
        "tests/parts/test_losses.py",
        "tests/parts/losses",
        "tests/parts/test_penalties.py",
        "tests/run/test_weights.py",
    ),
    "optimizers, schedules, clipping, freezing, averaging": (
        "tests/parts/test_optimizers.py",
        "tests/parts/optimizers",
        "tests/parts/test_schedules.py",
    ),
    "precision: tf32, bfloat16 and float16, the loss scale": (
        "tests/machine/test_loss_scale.py",
        "tests/machine/test_precision.py",
        "tests/run/test_precision.py",
    ),
    "training: callbacks, early stopping, metrics, streams": (
        "tests/run/test_fit.py",
        "tests/run/test_callbacks.py",
        "tests/run/test_metrics.py",
        "tests/run/test_streams.py",
        "tests/run/test_stream_fit.py",
        "tests/doors/test_early_stopping.py",
    ),
    "checkpoints: resumed to the same bytes": (
        "tests/run/test_checkpoints.py",
        "tests/run/test_checkpoints_inside.py",
        "tests/run/test_checkpoint_files.py",
        "tests/run/test_interrupts.py",
    ),
    "what went wrong: the first number that is not finite, advice": (
        "tests/run/test_nonfinite.py",
        "tests/run/test_monitor.py",
        "tests/run/test_monitoring.py",
        "tests/doors/test_doctor.py",
    ),
    "model files that refuse what is damaged": (
        "tests/run/test_saving.py",
        "tests/run/test_broken_files.py",
        "tests/run/test_fuzzed_files.py",
    ),
    "two backends side by side, function by function": (
        "tests/doors/test_parity.py",
        "tests/program/parity",
    ),
    "scikit-learn's estimators": ("tests/doors/estimators",),
    "export: ONNX, C, Python, PyTorch's names": ("tests/doors/export",),
    "a step on paper, and the check of one's own": ("tests/doors/paper",),
    "the lessons, digit by digit": ("tests/worked",),
    "pictures and pages": (
        "tests/doors/plots",
        "tests/doors/test_report.py",
        "tests/doors/test_explanation_page.py",
        "tests/doors/test_browser.py",
    ),
}
"""Each feature, and the files and folders of its tests."""

LIBRARIES: Mapping[str, str] = {"numpy": "NumPy", "strict": "strict", "torch": "PyTorch", "jax": "JAX"}
"""The columns: what an axis begins with, and the heading."""

BEGIN = "<!-- written by nox -s features: numbers of tests that passed -->"
END = "<!-- end of what is written -->"


class Features:
    """Counts what the tests did, by feature and library, and writes the table in the end."""

    def __init__(self, readme: Path) -> None:
        self.readme = readme
        self.passed: Counter[tuple[str, str]] = Counter()
        self.failed: Counter[tuple[str, str]] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a test."""
        if report.when != "call" or report.skipped:
            return
        for feature, places in FEATURES.items():
            if any(
                report.nodeid == place or report.nodeid.startswith((f"{place}/", f"{place}::"))
                for place in places
            ):
                counted = self.passed if report.passed else self.failed
                counted[feature, _library(report.nodeid)] += 1

    def pytest_sessionfinish(self) -> None:
        """Write the table between its marks."""
        before, _, rest = self.readme.read_text("utf-8").partition(BEGIN)
        _, _, after = rest.partition(END)
        cells = {
            (feature, library): f"{self.failed[feature, library]} failed"
            if self.failed[feature, library]
            else str(self.passed[feature, library] or "")
            for feature in FEATURES
            for library in LIBRARIES
        }
        self.readme.write_text(f"{before}{BEGIN}\n{rendered(cells)}\n{END}{after}", "utf-8")


def _library(nodeid: str) -> str:
    """Return the library of a test's axis; of one that has none, NumPy."""
    parameters = re.search(r"\[(.*)\]$", nodeid)
    words = re.split(r"[-:]", parameters[1]) if parameters else []
    return next((word for word in words if word in LIBRARIES), "numpy")


def rendered(cells: Mapping[tuple[str, str], str]) -> str:
    """Return the table."""
    lines = [f"| tests that passed | {' | '.join(LIBRARIES.values())} |", f"|---{'|---:' * len(LIBRARIES)}|"]
    lines += [
        f"| {feature} | {' | '.join(cells[feature, library] for library in LIBRARIES)} |"
        for feature in FEATURES
    ]
    return "\n".join(lines)
