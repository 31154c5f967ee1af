"""`Monitor`: advice while a run goes on."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import asdict

from bpcore.ground.registry import backend_of
from bpcore.machine.step import Batch
from bpcore.parts.layers import Layer
from bpcore.parts.losses import Loss
from bpcore.parts.optimizers import LBFGS, Optimizer
from bpcore.run.callbacks import Epoch
from bpcore.run.feeding.place import Place
from bpcore.run.result import History, Run
from bpcore.run.trouble.advice import Advice
from bpcore.run.trouble.monitor import monitor
from bpcore.words.frames import stack_level
from bpcore.words.protocols import Static
from bpcore.words.ranges import check_whole
from bpcore.words.trees import leaves

__all__ = ["Monitor"]


class Monitor:
    """A callback that looks at a run every few epochs as `monitor` does, and says each kind of advice once.

    Parameters
    ----------
    net : Layer
    data : pair (x, y)
        The samples that it is trained on, or some of them.
    loss : Loss
    optimizer : Optimizer or LBFGS, or None
    batch_size : int or None
        As for `monitor`.
    every : int >= 1
        Epochs from one look to the next; it looks after the last one too.
    say : function of str, or None
        Who is told; None warns.

    Attributes
    ----------
    advice : dict of int to list of Advice
        What was new after which epoch.

    Examples
    --------
    >>> import bpcore as bp, numpy as np
    >>> net, x = bp.MLP([1, 8, 1]), np.linspace(-1.0, 1.0, 20)[:, None]
    >>> data = (x, 300.0 + x**2)
    >>> watch = bp.Monitor(net, data, loss=bp.SquaredError(), every=5, say=lambda words: None)
    >>> run = bp.fit(net, data, loss=bp.SquaredError(), optimizer=bp.Adam(0.01), callbacks=[watch])
    >>> {epoch: [one.kind for one in found] for epoch, found in watch.advice.items()}
    {5: ['target_scale']}
    """

    only_looks = True

    def __init__(
        self,
        net: Layer,
        data: Batch,
        /,
        *,
        loss: Loss,
        optimizer: Optimizer | LBFGS | None = None,
        batch_size: int | None = None,
        every: int = 10,
        say: Callable[[str], object] | None = None,
    ) -> None:
        check_whole("every of Monitor", every, 1)
        self.net, self.data, self.loss, self.every = net, data, loss, every
        self.optimizer, self.batch_size, self.say = optimizer, batch_size, say or _warn
        self.started(0)

    def started(self, epochs: int) -> None:
        """Begin anew."""
        self.advice: dict[int, list[Advice]] = {}
        self._history: History = {}

    def epoch_done(self, epoch: Epoch) -> bool:
        """Look, where it is time to; the run goes on in any case."""
        for name, value in epoch.row.items():
            self._history.setdefault(name, []).append(value)
        if epoch.number % self.every and epoch.number != epoch.epochs:
            return False
        known = {one.kind for found in self.advice.values() for one in found}
        run = self._run(epoch)
        found = monitor(run, self.data, optimizer=self.optimizer, batch_size=self.batch_size)
        new = [one for one in found if one.kind not in known]
        if new:
            self.advice[epoch.number] = new
        for one in new:
            self.say(f"epoch {epoch.number}: {one}")
        return False

    def kept(self) -> Static:
        """Return the history, and what was said."""
        said = [(epoch, [asdict(one) for one in found]) for epoch, found in self.advice.items()]
        return {"history": self._history, "advice": said}

    def resumed(self, kept: Static) -> bool:
        """Go on with the history, and with what was said; the run is not over for it."""
        self._history = {name: list(column) for name, column in kept["history"].items()}
        self.advice = {epoch: [Advice(**one) for one in found] for epoch, found in kept["advice"]}
        return False

    def _run(self, epoch: Epoch) -> Run:
        first = leaves(epoch.params)[0]
        x, _ = Place.of(first, None, None).data(self.data, self.loss, integers=self.net.integers)
        return Run(
            net=self.net,
            params=epoch.params,
            loss=self.loss,
            features=tuple(x.shape[1:]),
            backend=backend_of(first),
            history=self._history,
            state=epoch.layers,
        )


def _warn(words: str) -> None:
    warnings.warn(words, UserWarning, stacklevel=stack_level())
