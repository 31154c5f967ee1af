"""What is required of a GPU's figures: who counts, and against whom."""

from __future__ import annotations

from typing import Any

from benchmarks.gpu.verdicts import verdicts


def _told(*times: float) -> dict[str, Any]:
    return {"times": list(times), "median": sorted(times)[len(times) // 2]}


def _field() -> dict[str, Any]:
    return {
        "bpcore captured": _told(50.0, 90.0, 60.0) | {"how": "captured"},
        "torch.compile": _told(60.0, 80.0, 70.0),
        "bpcore eager": _told(500.0, 900.0, 600.0),
    }


def _said(run: str, field: dict[str, Any], *, floor: float | None = None) -> list[str]:
    return list(verdicts({run: field}, {} if floor is None else {run: floor}))


def test_what_is_required_is_judged_by_pairs_of_one_cycle() -> None:
    said = _said("a float32", _field())
    assert "a float32: captured over torch.compile <= 1: holds (0.857)" in said
    assert "a float32: captured over JAX jit <= 1: not measured" in said
    assert "a float32: captured over eager <= 0.25: holds (0.1)" in said


def test_who_came_to_another_loss_does_not_count() -> None:
    field = _field()
    field["torch.compile"]["refused"] = "another loss"
    assert "a float32: captured over torch.compile <= 1: not measured" in _said("a float32", field)


def test_what_was_not_captured_does_not_count_as_captured() -> None:
    for how in ("eager", "function by function", None):
        field = _field()
        field["bpcore captured"] |= {"how": how} if how else {}
        if how is None:
            del field["bpcore captured"]["how"]
        said = _said("a float32", field)
        assert "a float32: captured over torch.compile <= 1: not measured" in said
        assert any("bpcore captured was not captured" in line for line in said)
    assert not any("was not captured" in line for line in _said("a float32", _field()))


def test_of_both_ways_to_compile_in_pytorch_the_faster_counts() -> None:
    field = _field() | {"torch.compile, fused Adam": _told(40.0, 45.0, 50.0)}
    assert "a float32: captured over torch.compile <= 1: does not hold (1.25)" in _said("a float32", field)


def test_the_best_of_the_others_may_be_the_graph_made_by_hand() -> None:
    field = _field() | {
        "torch, captured by hand": _told(25.0, 45.0, 30.0),
        "JAX jit": _told(70.0, 80.0, 70.0),
    }
    said = _said("b tf32", field, floor=50.0)
    assert "b tf32: captured over the best of PyTorch and JAX <= 1.05: does not hold (2)" in said
    assert "b tf32: captured over its floor <= 1.25: holds (1.2)" in said
    field["bpcore captured"]["how"] = "eager"
    said = _said("b tf32", field, floor=50.0)
    assert "b tf32: captured over its floor <= 1.25: not measured" in said


def test_a_tiny_step_is_judged_by_the_faster_of_one_and_many_at_a_time() -> None:
    field = _field() | {"bpcore captured, many steps": _told(20.0, 21.0, 22.0) | {"how": "captured"}}
    wanted = "c float32: microseconds of a captured step <= 30: holds (21)"
    assert wanted in _said("c float32", field)
    field["bpcore captured, many steps"]["refused"] = "another loss"
    assert wanted not in _said("c float32", field)
