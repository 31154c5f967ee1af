"""A diagnosis in words: what the loss did, why, and what to do."""

from __future__ import annotations

import math
from collections.abc import Iterator

from bpcore.run.trouble.diagnosis import Diagnosis, Moment, Trial
from bpcore.run.trouble.stability import LEAST, Spike

__all__ = ["told"]

LIMITS = {
    "SGD": "2 / rate",
    "Momentum": "2 (1 + momentum) / rate",
    "Nesterov": "2 (1 + momentum) / ((1 + 2 momentum) rate)",
}
"""The formula of the limit that `bpcore.run.trouble.diagnosis.limit` computes."""


def told(seen: Diagnosis) -> tuple[str, ...]:
    """Return a diagnosis as paragraphs, the shortest account first."""
    if not seen.epochs:
        return ("The file holds no losses: nothing can be said of how training went.",)
    if seen.worst is None:
        return (*_quiet(seen), *_held(seen))
    return (_rise(seen, seen.worst), *_held(seen), *_why(seen), *_after(seen), *_advice(seen))


def _quiet(seen: Diagnosis) -> Iterator[str]:
    """Yield what is said of a run without a spike."""
    if seen.rising == 0:
        yield "The loss fell in every epoch." if seen.epochs > 1 else "There was one epoch."
    else:
        share = f"{LEAST:.0%}".replace("%", " %")
        yield (
            f"The loss rose in {_times(seen.rising, 'epoch')} of {seen.epochs}, and none of these rises is a "
            f"spike: a rise by {share} or more that comes back."
        )
    if seen.end is not None and math.isfinite(seen.limit):
        below = seen.end.sharpness < seen.limit
        yield (
            f"At the end the largest curvature of the loss was {seen.end.sharpness:.4g}, "
            f"{'below' if below else 'above'} {_limit(seen)}"
            + (": a step was shorter than what would overshoot." if below else ": at the edge of stability.")
        )


def _held(seen: Diagnosis) -> Iterator[str]:
    """Yield what became of the loss on samples that were held out."""
    if len(seen.held) < 2:  # noqa: PLR2004 -- a course has two ends
        return
    last = seen.held[-1]
    best = min(seen.held)
    at = seen.held.index(best) + 1
    if not last > best and math.isfinite(last):
        yield f"On the samples held out the loss was lowest in the last epoch: {last:.4g}."
        return
    yield (
        f"On the samples held out the loss was lowest in epoch {at}, {best:.4g}, and {last:.4g} in the last: "
        "what the network learnt after that holds for the samples that it saw."
    )


def _rise(seen: Diagnosis, spike: Spike) -> str:
    others = len(seen.spikes) - 1
    more = f" It is the highest of {len(seen.spikes)} spikes." if others else ""
    accuracy = (
        ""
        if math.isnan(seen.lowest_accuracy)
        else (f" Accuracy fell to {seen.lowest_accuracy:.4g} on the way.")
    )
    back = f"was back in epoch {spike.end}"
    if not spike.back:
        back = f"had not come back when the run ended, at {seen.last:.4g}"
    return (
        f"The loss rose from {spike.before:.4g} in epoch {spike.start - 1} to {spike.height:.4g} in epoch "
        f"{spike.peak}, and {back}.{accuracy}{more}"
    )


def _why(seen: Diagnosis) -> Iterator[str]:
    """Yield the reason, as far as it was measured."""
    if not seen.optimizer:
        yield (
            "The run does not say its optimizer and rate, so the reason was not measured. Most often it is a "
            "step that is too long: a rate above 2 / (largest curvature of the loss)."
        )
    elif seen.carries:
        yield (
            "Layers of this network act otherwise while it is trained, as batch normalisation and dropout "
            "do: the curvature of the trained network is not what its steps met, and the reason was not "
            "measured."
        )
    elif not seen.full_batch:
        yield (
            "Each step saw a part of the samples: a loss can rise because of the batch that was drawn, or "
            "because the rate is too high. The rule of 2 / rate holds for steps over all samples, so it is "
            "not applied here."
        )
    elif math.isnan(seen.limit):
        yield (
            f"{seen.optimizer} scales each gradient by its own history, so that no fixed length of a step "
            "can be held against the curvature of the loss. Its rises come when gradients outgrow that "
            "history."
        )
    else:
        yield from _measured(seen)


def _measured(seen: Diagnosis) -> Iterator[str]:
    yield (
        "Each step was one of descent over all samples. Across a valley of curvature c such a step of rate r "
        "takes the distance d from the bottom to (1 - r c) d: with c above 2 / r it lands farther up on the "
        f"other side, and every further step does so again. The limit here is {_limit(seen)}."
    )
    if seen.before is None:
        yield _not_repeated(seen)
        return
    sharp = seen.before.sharpness
    at = f"Just before the rise, at the weights that epoch {seen.before.epoch} saw, the largest curvature"
    how = "(the largest eigenvalue of the Hessian, by power iteration)"
    if sharp > seen.limit:
        grown = ""
        if seen.optimizer == "SGD":
            grown = (
                f" Along that direction each step multiplied the distance by 1 - {seen.rate:g} x {sharp:.4g} "
                f"= {1 - seen.rate * sharp:.3g}."
            )
        yield f"{at} {how} was {sharp:.4g}, above {seen.limit:.4g}: the step was too long.{grown}"
    else:
        yield (
            f"{at} {how} was {sharp:.4g}, not above {seen.limit:.4g}: the curvature at that point does not "
            "explain the rise; it may have grown along the step itself."
        )


def _not_repeated(seen: Diagnosis) -> str:
    if seen.too_long:
        return "To measure the curvature there the run would be repeated, which takes too long for a page."
    if seen.differs is None:
        return "The curvature could not be measured: the network has no second derivative."
    return (
        f"The run was repeated to measure the curvature there, and went another way from epoch "
        f"{seen.differs} on: another library or machine rounds differently, or the samples are not the same."
    )


def _after(seen: Diagnosis) -> Iterator[str]:
    """Yield why it came back, where that can be seen."""
    if seen.worst is None or not seen.worst.back:
        return
    flat = [moment for moment in (seen.back, seen.end) if moment is not None and _below(seen, moment)]
    if seen.before is not None and seen.before.sharpness > seen.limit and flat:
        places = " and ".join(f"{moment.sharpness:.4g} {_when(seen, moment)}" for moment in flat)
        yield (
            "It came back because the burst carried the weights to where the loss is less curved: the "
            f"largest curvature was {places}, below the limit."
        )


def _below(seen: Diagnosis, moment: Moment) -> bool:
    return moment.sharpness < seen.limit


def _when(seen: Diagnosis, moment: Moment) -> str:
    return "at the end" if moment.epoch > seen.epochs else f"in epoch {moment.epoch}"


def _advice(seen: Diagnosis) -> Iterator[str]:
    if math.isnan(seen.advised) or seen.before is None:
        half = "" if math.isnan(seen.rate) else f", {seen.rate / 2:.2g} say"
        batches = " or larger batches" if seen.full_batch is False else ""
        yield f"What to do: take a lower rate{half}{batches}, and see whether the rise goes."
        return
    most = seen.rate * seen.limit / seen.before.sharpness
    allowed = f"below {most:.3g}, which that curvature would have allowed"
    yield f"What to do: take a rate {allowed}: {seen.advised:g}."
    for trial in seen.trials:
        yield f"Tried with the rate {trial.rate:g}: {_came_of(trial)}."


def _came_of(trial: Trial) -> str:
    if not math.isfinite(trial.loss):
        return "training diverged"
    if trial.spikes:
        return f"the loss still rose in {_times(trial.spikes, 'spike')}, and ended at {trial.loss:.4g}"
    fell = "fell in every epoch" if not trial.rising else "rose in no spike"
    return f"the loss {fell}, and ended at {trial.loss:.4g}"


def _limit(seen: Diagnosis) -> str:
    return f"{LIMITS.get(seen.optimizer, 'the limit')} = {seen.limit:.4g}"


def _times(count: int, word: str) -> str:
    return f"{count} {word}{'s' * (count != 1)}"
