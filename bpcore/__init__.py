"""bpcore: gradients and training for the arrays you already have.

Names are brought in when they are first used, so that who takes gradients does not wait for layers, and
``import bpcore`` costs next to nothing.

>>> import bpcore as bp
>>> float(bp.grad(lambda x: x**3)(2.0))
12.0
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from bpcore.public import PACKAGES, PLACES

if TYPE_CHECKING:
    from bpcore.derivatives import special
    from bpcore.derivatives.checks.checking import check_grad
    from bpcore.derivatives.checks.first_order import first_order
    from bpcore.derivatives.checks.numeric import derivative_errors, numeric_derivative
    from bpcore.derivatives.namespaces.namespace import array_namespace, namespace
    from bpcore.derivatives.transforms.checkpointing import checkpoint
    from bpcore.derivatives.transforms.custom import custom_vjp
    from bpcore.derivatives.transforms.directional import hvp, jvp, linearize
    from bpcore.derivatives.transforms.gradients import grad, stop_gradient, value_and_grad, vjp
    from bpcore.derivatives.transforms.jacobian import hessian, jacobian
    from bpcore.doors import plots
    from bpcore.doors.doctor import doctor
    from bpcore.doors.export.onnx_file import export_onnx
    from bpcore.doors.export.standalone import export_c, export_python
    from bpcore.doors.export.torch_file import load_torch, save_torch
    from bpcore.doors.pages.report import report
    from bpcore.doors.paper.answers import check_by_hand
    from bpcore.doors.paper.explain import explain
    from bpcore.doors.paper.explanation import Explanation
    from bpcore.doors.paper.naming import named
    from bpcore.doors.paper.network import NetNames
    from bpcore.ground.exchange import from_dlpack
    from bpcore.ground.registry import backend, backend_of, backends
    from bpcore.machine.layer_gradients import layer_gradients
    from bpcore.machine.loss_scale import LossScale
    from bpcore.machine.states import states
    from bpcore.machine.step import init_step_state, make_step
    from bpcore.parts.activations import Gelu, Identity, Relu, Sigmoid, Softmax, Tanh
    from bpcore.parts.attention import MultiHeadAttention
    from bpcore.parts.convolution import Conv1D, Conv2D
    from bpcore.parts.dropout import Dropout
    from bpcore.parts.embedding import Embedding, PositionalEncoding
    from bpcore.parts.initializers import Given, Glorot, He, LeCun, Normal, Uniform, Zeros
    from bpcore.parts.keys import fold_in, key, normal, permutation, split, uniform
    from bpcore.parts.layer_checks import check_layer
    from bpcore.parts.layers import Chain, Layer, Linear
    from bpcore.parts.losses import (
        BinaryCrossEntropy,
        BinaryFocal,
        CrossEntropy,
        Focal,
        Hinge,
        Huber,
        KLDivergence,
        Loss,
        MeanAbsoluteError,
        PoissonLoss,
        SquaredError,
    )
    from bpcore.parts.normalization import BatchNorm, LayerNorm
    from bpcore.parts.optimizers import (
        LBFGS,
        SGD,
        Adagrad,
        Adam,
        AdamW,
        Group,
        Lion,
        Momentum,
        Nesterov,
        Optimizer,
        RAdam,
        RMSprop,
        clip_by_global_norm,
        clip_by_value,
    )
    from bpcore.parts.penalties import L1, L2, ElasticNet
    from bpcore.parts.perceptron import MLP
    from bpcore.parts.plateau import ReduceOnPlateau
    from bpcore.parts.pooling import AvgPool1D, AvgPool2D, GlobalAvgPool, MaxPool1D, MaxPool2D
    from bpcore.parts.recurrent import GRU, LSTM, RNN
    from bpcore.parts.schedules import (
        Constant,
        Cosine,
        Exponential,
        OneCycle,
        Schedule,
        StepDecay,
        Warmup,
    )
    from bpcore.parts.wiring import Flatten, Reshape, Residual
    from bpcore.program.bound import bound
    from bpcore.program.compiled import compile
    from bpcore.program.cost import cost
    from bpcore.program.parity.lockstep import parity
    from bpcore.program.rates import rates
    from bpcore.program.record import record
    from bpcore.run import datasets, metrics
    from bpcore.run.callbacks import Ending, Epoch
    from bpcore.run.early_stopping import EarlyStopping
    from bpcore.run.files.checkpoints import Checkpoint
    from bpcore.run.files.saving import load, save
    from bpcore.run.fit import fit
    from bpcore.run.logs import JsonLines, TimeLimit
    from bpcore.run.result import Run
    from bpcore.run.trouble.flow import gradient_flow
    from bpcore.run.trouble.monitor import monitor
    from bpcore.run.trouble.monitoring import Monitor
    from bpcore.run.trouble.sharpness import sharpness
    from bpcore.run.trouble.stability import spikes
    from bpcore.words.errors import (
        BackendConflict,
        BackendError,
        BackendMissing,
        BackendUnusable,
        BpcoreError,
        DataError,
        Diverged,
        EscapedTrace,
        ExportError,
        FileError,
        GradientError,
        GradientMismatch,
        InPlace,
        LayerError,
        LibraryMissing,
        MemoryExhausted,
        MixedArrays,
        NotDifferentiable,
        OptionError,
        OtherThread,
        OutOfMemory,
        PaperError,
        RecordError,
        ShapeError,
        StepClosed,
        StreamCaptures,
    )

__version__ = "0.1.0"

__all__ = [
    "GRU",
    "L1",
    "L2",
    "LBFGS",
    "LSTM",
    "MLP",
    "RNN",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "AvgPool1D",
    "AvgPool2D",
    "BackendConflict",
    "BackendError",
    "BackendMissing",
    "BackendUnusable",
    "BatchNorm",
    "BinaryCrossEntropy",
    "BinaryFocal",
    "BpcoreError",
    "Chain",
    "Checkpoint",
    "Constant",
    "Conv1D",
    "Conv2D",
    "Cosine",
    "CrossEntropy",
    "DataError",
    "Diverged",
    "Dropout",
    "EarlyStopping",
    "ElasticNet",
    "Embedding",
    "Ending",
    "Epoch",
    "EscapedTrace",
    "Explanation",
    "Exponential",
    "ExportError",
    "FileError",
    "Flatten",
    "Focal",
    "Gelu",
    "Given",
    "GlobalAvgPool",
    "Glorot",
    "GradientError",
    "GradientMismatch",
    "Group",
    "He",
    "Hinge",
    "Huber",
    "Identity",
    "InPlace",
    "JsonLines",
    "KLDivergence",
    "Layer",
    "LayerError",
    "LayerNorm",
    "LeCun",
    "LibraryMissing",
    "Linear",
    "Lion",
    "Loss",
    "LossScale",
    "MaxPool1D",
    "MaxPool2D",
    "MeanAbsoluteError",
    "MemoryExhausted",
    "MixedArrays",
    "Momentum",
    "Monitor",
    "MultiHeadAttention",
    "Nesterov",
    "NetNames",
    "Normal",
    "NotDifferentiable",
    "OneCycle",
    "Optimizer",
    "OptionError",
    "OtherThread",
    "OutOfMemory",
    "PaperError",
    "PoissonLoss",
    "PositionalEncoding",
    "RAdam",
    "RMSprop",
    "RecordError",
    "ReduceOnPlateau",
    "Relu",
    "Reshape",
    "Residual",
    "Run",
    "Schedule",
    "ShapeError",
    "Sigmoid",
    "Softmax",
    "SquaredError",
    "StepClosed",
    "StepDecay",
    "StreamCaptures",
    "Tanh",
    "TimeLimit",
    "Uniform",
    "Warmup",
    "Zeros",
    "array_namespace",
    "backend",
    "backend_of",
    "backends",
    "bound",
    "check_by_hand",
    "check_grad",
    "check_layer",
    "checkpoint",
    "clip_by_global_norm",
    "clip_by_value",
    "compile",
    "cost",
    "custom_vjp",
    "datasets",
    "derivative_errors",
    "doctor",
    "explain",
    "export_c",
    "export_onnx",
    "export_python",
    "first_order",
    "fit",
    "fold_in",
    "from_dlpack",
    "grad",
    "gradient_flow",
    "hessian",
    "hvp",
    "init_step_state",
    "jacobian",
    "jvp",
    "key",
    "layer_gradients",
    "linearize",
    "load",
    "load_torch",
    "make_step",
    "metrics",
    "monitor",
    "named",
    "namespace",
    "normal",
    "numeric_derivative",
    "parity",
    "permutation",
    "plots",
    "rates",
    "record",
    "report",
    "save",
    "save_torch",
    "sharpness",
    "special",
    "spikes",
    "split",
    "states",
    "stop_gradient",
    "uniform",
    "value_and_grad",
    "vjp",
]

_HOMES = {name: place for place, names in PLACES.items() for name in names}


def __getattr__(name: str) -> object:
    """Bring in a public name at its first use."""
    if name not in _HOMES:
        raise AttributeError(f"module 'bpcore' has no attribute {name!r}")
    home = _HOMES[name]
    value = import_module(f"{home}.{name}") if home in PACKAGES else getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
