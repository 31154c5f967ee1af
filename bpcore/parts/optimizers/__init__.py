"""Optimizers: from parameters and gradients to better parameters.

An optimizer is a configuration with two pure functions: ``init(params)`` makes its state, and
``update(params, grads, state)`` returns new parameters and a new state. The state is a dict of arrays; the
rate and the count of steps are among them, so that a compiled step holds for every value of theirs. A
schedule's rate is computed from the count; who puts another number into ``state["rate"]`` sets it by hand.

Clipping, groups, freezing, averaging and accumulation are options that all of them have: see `Optimizer`.
"""

from bpcore.parts.optimizers.adam import Adam, AdamW, RAdam
from bpcore.parts.optimizers.clipping import Clip, clip_by_global_norm, clip_by_value
from bpcore.parts.optimizers.descent import SGD, Momentum, Nesterov
from bpcore.parts.optimizers.groups import Group
from bpcore.parts.optimizers.lbfgs import LBFGS, Minimum
from bpcore.parts.optimizers.lion import Lion
from bpcore.parts.optimizers.optimizer import AVERAGE, Optimizer
from bpcore.parts.optimizers.scaled import Adagrad, RMSprop

__all__ = [
    "AVERAGE",
    "LBFGS",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Clip",
    "Group",
    "Lion",
    "Minimum",
    "Momentum",
    "Nesterov",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "clip_by_global_norm",
    "clip_by_value",
]
