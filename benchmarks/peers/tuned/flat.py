"""Parameters in one flat vector, with a view for every layer."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.peers.workloads import Weights, Workload

__all__ = ["Flat"]


class Flat:
    """Vectors of parameters and gradients, and the layers' views of both.

    A layer's weight is (outputs, inputs) or, if `turned`, (inputs, outputs). With `ones` the bias is one
    more column (row) of it, for an input that has a row of ones: the product adds it, and sums its gradient.
    """

    def __init__(self, workload: Workload, weights: Weights, *, ones: bool, turned: bool) -> None:
        self.ones, self.turned = ones, turned
        self.sizes = workload.sizes
        self.params = np.empty(workload.parameters, workload.dtype)
        self.grads = np.empty_like(self.params)
        self.weights, self.biases = self._views(self.params)
        self.weight_grads, self.bias_grads = self._views(self.grads)
        for (weight, bias), own, own_bias in zip(weights, self.weights, self.biases, strict=True):
            whole = np.concatenate([weight, bias[None]]) if ones else weight
            own[...] = whole if turned else whole.T
            if own_bias is not None:
                own_bias[:, 0] = bias

    def _views(self, vector: Any) -> tuple[list[Any], list[Any]]:
        start, whole, biases = 0, [], []
        for inputs, outputs in pairwise(self.sizes):
            rows = inputs + self.ones
            end = start + rows * outputs
            whole.append(vector[start:end].reshape((rows, outputs) if self.turned else (outputs, rows)))
            start = end
        for outputs in self.sizes[1:]:
            biases.append(None if self.ones else vector[start : start + outputs].reshape(outputs, 1))
            start += outputs
        return whole, biases

    def taken(self) -> Weights:
        """Return copies, as weight (inputs, outputs) and bias (outputs,)."""
        found = []
        for own, bias in zip(self.weights, self.biases, strict=True):
            whole = own if self.turned else own.T
            if bias is None:
                found.append((whole[:-1].copy(), whole[-1].copy()))
            else:
                found.append((whole.copy(), bias[:, 0].copy()))
        return found
