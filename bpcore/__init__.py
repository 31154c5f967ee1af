"""bpcore: gradients and training for the arrays you already have.

>>> import bpcore as bp
>>> float(bp.grad(lambda x: x**3)(2.0))
12.0
"""

from bpcore.derivatives.checks.checking import check_grad
from bpcore.derivatives.jacobian import jacobian
from bpcore.derivatives.namespace import array_namespace, namespace
from bpcore.derivatives.transforms import grad, value_and_grad, vjp
from bpcore.ground.registry import backend, backend_of, backends
from bpcore.machine.step import make_step
from bpcore.parts.activations import Gelu, Identity, Relu, Sigmoid, Softmax, Tanh
from bpcore.parts.initializers import Given, Glorot, He, LeCun, Normal, Uniform, Zeros
from bpcore.parts.keys import fold_in, key, normal, permutation, split, uniform
from bpcore.parts.layers import Chain, Layer, Linear
from bpcore.parts.losses import BinaryCrossEntropy, CrossEntropy, Loss, SquaredError
from bpcore.parts.optimizers import SGD, Adagrad, Adam, AdamW, Momentum, Nesterov, Optimizer, RMSprop
from bpcore.parts.perceptron import MLP
from bpcore.program.compiled import compile
from bpcore.program.record import record
from bpcore.run import datasets
from bpcore.run.fit import fit
from bpcore.run.result import Run
from bpcore.run.saving import load, save
from bpcore.words.errors import BpcoreError

__version__ = "0.1.0"

__all__ = [
    "MLP",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "BinaryCrossEntropy",
    "BpcoreError",
    "Chain",
    "CrossEntropy",
    "Gelu",
    "Given",
    "Glorot",
    "He",
    "Identity",
    "Layer",
    "LeCun",
    "Linear",
    "Loss",
    "Momentum",
    "Nesterov",
    "Normal",
    "Optimizer",
    "RMSprop",
    "Relu",
    "Run",
    "Sigmoid",
    "Softmax",
    "SquaredError",
    "Tanh",
    "Uniform",
    "Zeros",
    "array_namespace",
    "backend",
    "backend_of",
    "backends",
    "check_grad",
    "compile",
    "datasets",
    "fit",
    "fold_in",
    "grad",
    "jacobian",
    "key",
    "load",
    "make_step",
    "namespace",
    "normal",
    "permutation",
    "record",
    "save",
    "split",
    "uniform",
    "value_and_grad",
    "vjp",
]
