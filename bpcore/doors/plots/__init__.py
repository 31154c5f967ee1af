"""`bp.plots`: pictures of data, training and gradients, drawn with matplotlib (the extra ``plot``).

Each function draws into the axes that it is given as ``ax``, or into a figure of its own, and returns the
axes: ``.figure`` of these is what a notebook shows. No window is opened and no global state is touched.
`save` writes what they return.
"""

from bpcore.doors.plots.curves import accuracy, loss
from bpcore.doors.plots.differences import derivative_errors
from bpcore.doors.plots.film import Frame, boundary_film, film_of_training
from bpcore.doors.plots.flows import chain_derivatives, gradient_flow, vanishing_chain
from bpcore.doors.plots.graphs import graph
from bpcore.doors.plots.landscape import close_up, descent, surface
from bpcore.doors.plots.networks import network
from bpcore.doors.plots.notebook import notebook_figure
from bpcore.doors.plots.regions import boundary
from bpcore.doors.plots.samples import data
from bpcore.doors.plots.sweeps import final_losses, rate_sweep, rates
from bpcore.doors.plots.tangents import tangent
from bpcore.doors.plots.writing import rendered, save

__all__ = [
    "Frame",
    "accuracy",
    "boundary",
    "boundary_film",
    "chain_derivatives",
    "close_up",
    "data",
    "derivative_errors",
    "descent",
    "film_of_training",
    "final_losses",
    "gradient_flow",
    "graph",
    "loss",
    "network",
    "notebook_figure",
    "rate_sweep",
    "rates",
    "rendered",
    "save",
    "surface",
    "tangent",
    "vanishing_chain",
]
