"""What the lowering cannot do as it was asked to."""

from __future__ import annotations

from bpcore.program.equation import Slot

__all__ = ["NotCapturable", "NotOffered"]


class NotCapturable(Exception):
    """A function must not be called while a graph is captured, and there is no kernel of ours for it.

    Attributes
    ----------
    name : str
        The function.
    why : str
        In a few words.
    """

    def __init__(self, name: str, why: str) -> None:
        self.name, self.why = name, why
        super().__init__(f"{name}: {why}")


class NotOffered(Exception):
    """A product cannot have the epilogue that was matched.

    Attributes
    ----------
    slot : Slot
        Of the product itself.
    epilogue : str
    """

    def __init__(self, slot: Slot, epilogue: str) -> None:
        self.slot, self.epilogue = slot, epilogue
        super().__init__(f"{epilogue} of {slot!r}")
