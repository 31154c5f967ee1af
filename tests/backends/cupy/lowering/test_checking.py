"""A step that gives other numbers than it should is looked at piece by piece."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bpcore_cupy.lowering.checking import Difference, differences
from bpcore_cupy.lowering.merging import with_merged
from bpcore_cupy.lowering.steps import Launch
from tests.backends.cupy.elements.host import COMPILER, Host
from tests.backends.cupy.lowering.host import FUNCTIONS, Machine, Products, empty, lowered
from tests.backends.cupy.lowering.networks import step_of


def checked(name: str, machine_of: Any, *, small: bool, merge: bool = False) -> list[Difference]:
    program, carried, batches = step_of(name)
    products = Products()
    steps = lowered(program, FUNCTIONS, offers=products.offers, small=small)
    shown = with_merged(steps) if merge else steps
    machine = machine_of(products, steps)
    given = [*carried, *batches[0]]
    return differences(shown, machine, FUNCTIONS, given, empty=empty, host=np.array)


def by_text(products: Products, steps: Any) -> Machine:
    return Machine(products, Host([x.kernel for x in steps.steps if isinstance(x, Launch)]))


@pytest.mark.skipif(COMPILER is None, reason="there is no C++ compiler")
@pytest.mark.parametrize(("name", "small"), [("relu", True), ("relu", False), ("convolution", True)])
def test_each_kernel_by_its_own_text_is_what_numpy_s_functions_make(name: str, small: Any) -> None:
    found = checked(name, by_text, small=small)
    assert len(found) > 10
    assert max(one.worst for one in found) < 1e-13


class Wrong(Machine):
    """A machine that does one piece wrong."""

    def launch(self, step: Launch, addresses: Any, /) -> Any:
        run = super().launch(step, addresses)
        if "tanh" not in step.name:
            return run
        place, address = step.outputs[0], addresses[step.pointers.index(step.outputs[0])]

        def wrong(stream: int) -> None:
            run(stream)
            found = np.ctypeslib.as_array((np.ctypeslib.ctypes.c_double * place.count).from_address(address))
            found *= 1.5

        return wrong


def test_the_piece_that_is_wrong_is_found() -> None:
    found = checked("tanh", lambda products, steps: Wrong(products), small=True, merge=True)
    (wrong,) = [one for one in found if one.worst > 1e-12]
    assert "# tanh" in wrong.piece
    assert wrong.worst == pytest.approx(0.5)


class Silent(Machine):
    """A machine that leaves products out."""

    def multiply(self, step: Any, addresses: Any, /) -> Any:
        return lambda stream: None


def test_what_is_not_written_is_infinitely_wrong() -> None:
    found = checked("relu", lambda products, steps: Silent(products), small=False)
    assert found[0].worst == float("inf")
