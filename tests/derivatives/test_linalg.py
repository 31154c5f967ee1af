"""Linear algebra where differences do not reach: corners, equal values, singular matrices, named results."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bpcore.derivatives.checks.cases import CASES
from bpcore.derivatives.checks.checking import check_grad
from bpcore.derivatives.namespaces.composed_algebra import COMPOSITES
from bpcore.derivatives.transforms.gradients import grad, vjp

ORDERS = (0, 1, 2, 3, 1.5, 0.5, -1, math.inf, -math.inf)
ONE = [[1.0, 0.0], [0.0, 1.0]]


# -- norms at zero -------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")  # NumPy's own, in orders below zero
@pytest.mark.parametrize("order", ORDERS)
def test_a_norm_is_flat_at_the_zero_vector_to_second_order(backend: Any, order: float) -> None:
    xp = backend.xp

    def norm(x: Any) -> Any:
        return xp.sum(xp.linalg.vector_norm(x, axis=-1, ord=order))

    x = backend.array([[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    assert backend.host(grad(norm)(x)).tolist() == [[0.0] * 3] * 2
    second = grad(lambda x: xp.sum(xp.multiply(grad(norm)(x), xp.add(x, 1.0))))(x)
    assert backend.host(second).tolist() == [[0.0] * 3] * 2


@pytest.mark.parametrize("order", [1, 2, 3, math.inf])
def test_a_complex_norm_is_flat_at_zero(backend: Any, order: float) -> None:
    xp = backend.xp
    x = xp.multiply(backend.array([[0.0, 0.0]]), 1j)
    f = grad(lambda x: xp.linalg.vector_norm(x, ord=order))
    assert backend.host(f(x)).tolist() == [[0.0, 0.0]]
    assert backend.host(grad(lambda x: xp.sum(xp.real(f(x))))(x)).tolist() == [[0.0, 0.0]]


@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")  # NumPy's own
@pytest.mark.parametrize(("order", "expected"), [(-1, [0.0, 0.0]), (0.5, [0.0, 1.0]), (1.5, [0.0, 1.0])])
def test_one_zero_leaves_the_others_their_share(backend: Any, order: float, expected: list[float]) -> None:
    xp = backend.xp
    f = grad(lambda x: xp.linalg.vector_norm(x, ord=order))
    assert backend.host(f(backend.array([0.0, 3.0]))).tolist() == pytest.approx(expected)


@pytest.mark.needs_float64
def test_a_norm_that_underflows_is_flat(backend: Any) -> None:
    xp = backend.xp
    found = grad(lambda x: xp.linalg.vector_norm(x, ord=3))(backend.array([1e-150, 0.0]))
    assert backend.host(found).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("data", [[[1.0, 2.0], [2.0, 4.0], [-1.0, -2.0]], [[0.0, 0.0]] * 3])
def test_singular_values_of_a_complex_matrix_of_lower_rank(backend: Any, data: Any) -> None:
    """The sum of their squares is that of the elements."""
    xp = backend.xp
    x = xp.add(backend.array(data), xp.multiply(backend.array(data), 1j))
    found = grad(lambda x: xp.sum(xp.linalg.svd(x, full_matrices=False)[1] ** 2))(x)
    np.testing.assert_allclose(backend.host(found), 2 * backend.host(x), atol=50 * backend.eps)


def test_a_norm_is_right_beside_a_zero_vector(backend: Any) -> None:
    """The zero row gets nothing, the other row its direction."""
    xp = backend.xp
    found = grad(lambda x: xp.sum(xp.linalg.vector_norm(x, axis=-1)))(backend.array([[0.0, 0.0], [3.0, 4.0]]))
    assert backend.host(found).tolist() == pytest.approx(np.asarray([[0.0, 0.0], [0.6, 0.8]]))


def test_elements_of_one_size_share_the_greatest(backend: Any) -> None:
    xp = backend.xp
    found = grad(lambda x: xp.linalg.vector_norm(x, ord=math.inf))(backend.array([2.0, -2.0, 1.0]))
    assert backend.host(found).tolist() == [0.5, -0.5, 0.0]


def test_a_norm_that_there_is_not_is_refused(backend: Any) -> None:
    """With the library's own error, as on plain arrays."""
    with pytest.raises((ValueError, RuntimeError), match=r"(?i)ord"):
        grad(lambda x: backend.xp.linalg.matrix_norm(x, ord=3))(backend.array(ONE))


# -- equal values --------------------------------------------------------------------------------------------

OF_VALUES: dict[str, tuple[Callable[[Any, Any], Any], float]] = {
    # of the identity, and the derivative by the elements on the diagonal
    "eigvalsh": (lambda xp, x: xp.linalg.eigvalsh(x) ** 3, 3.0),
    "eigh": (lambda xp, x: xp.linalg.eigh(x)[0] ** 3, 3.0),
    "eigvals": (lambda xp, x: xp.real(xp.linalg.eigvals(x) ** 3), 3.0),
    "svdvals": (lambda xp, x: xp.linalg.svdvals(x) ** 2, 2.0),
    "svd": (lambda xp, x: xp.linalg.svd(x)[1] ** 2, 2.0),
}


@pytest.mark.parametrize("name", OF_VALUES)
def test_equal_values_leave_a_function_of_the_values_its_gradient(backend: Any, name: str) -> None:
    f, slope = OF_VALUES[name]
    found = grad(lambda x: backend.xp.sum(f(backend.xp, x)))(backend.array(ONE))
    assert backend.host(found).tolist() == pytest.approx(slope * np.eye(2))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_equal_values_give_a_function_of_the_vectors_no_wrong_number(backend: Any) -> None:
    """The square root has a derivative at the identity, but not by way of its vectors."""
    xp = backend.xp

    def root(x: Any) -> Any:
        w, v = xp.linalg.eigh(x)
        return xp.matmul(xp.multiply(v, xp.sqrt(w)), xp.matrix_transpose(v))

    weights = backend.array([[1.0, 2.0], [3.0, 5.0]])
    found = backend.host(grad(lambda x: xp.sum(xp.multiply(weights, root(x))))(backend.array(ONE)))
    assert not np.isfinite(found).all()


def test_vectors_that_are_not_used_may_have_equal_values(backend: Any) -> None:
    xp = backend.xp
    x = backend.array([[2.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 5.0]])
    weights = backend.array([[0.0, 0.0, 1.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])

    def corner(x: Any) -> Any:
        v = xp.linalg.eigh(x)[1][:, 2:]
        return xp.sum(xp.multiply(weights, xp.matmul(v, xp.matrix_transpose(v))))

    found = backend.host(grad(corner)(x))
    assert found.tolist() == pytest.approx(
        np.asarray([[0.0, 0.0, 1 / 6], [0.0, 0.0, 0.0], [1 / 6, 0.0, 0.0]])
    )


def test_the_cotangent_of_a_hermitian_matrix_is_hermitian(backend: Any) -> None:
    """Whichever triangle the library reads."""
    xp = backend.xp
    x = backend.array([[2.5, 0.6, -0.4], [0.6, 1.9, 0.5], [-0.4, 0.5, 1.1]])
    weights = backend.array([[1.0, 2.0, -1.0], [0.5, 3.0, 0.3], [-0.7, 0.2, 1.5]])
    for function in (xp.linalg.cholesky, xp.linalg.eigvalsh, lambda x: xp.linalg.eigh(x)[1] ** 2):
        found = backend.host(grad(lambda x, f=function: xp.sum(xp.multiply(weights, f(x))))(x))
        assert np.abs(found - np.diag(np.diag(found))).max() > 0.01
        assert found.tolist() == pytest.approx(found.T)


SOME: dict[str, Callable[[Any, Any, Any, Any], Any]] = {
    "left vectors": lambda xp, u, s, vh: u[:, :1] * u[:, 1],
    "right vectors": lambda xp, u, s, vh: vh[0, :] * vh[1:2, :],
    "one left vector": lambda xp, u, s, vh: u[:, :1] * u[:, 0],
    "one of each": lambda xp, u, s, vh: u[:, :1] * vh[0, :],
}


@pytest.mark.axes("numpy", "strict:device1", "torch")
@pytest.mark.parametrize("name", SOME)
def test_a_function_may_use_some_singular_vectors_only(backend: Any, name: str) -> None:
    """The others have no cotangent, but turn with them."""
    xp = backend.xp
    x = backend.array([[3.6, -0.5, 0.4], [0.7, 1.9, -0.3], [-0.2, 0.4, -0.8]])

    def products(x: Any) -> Any:
        u, s, vh = xp.linalg.svd(x)
        return SOME[name](xp, u, s, vh) ** 2

    assert check_grad(products, x, order=2).passed


# -- singular matrices ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("diagonal", "expected"),
    [((3.0, 2.0, 0.0), (0.0, 0.0, 6.0)), ((3.0, 0.0, 0.0), (0.0, 0.0, 0.0)), ((0.0, 0.0, 0.0),) * 2],
)
def test_the_determinant_of_a_singular_matrix_has_its_gradient(
    backend: Any, diagonal: tuple[float, ...], expected: tuple[float, ...]
) -> None:
    found = grad(backend.xp.linalg.det)(backend.array(np.diag(diagonal).tolist()))
    assert backend.host(found).tolist() == pytest.approx(np.diag(expected), abs=1e-6)


@pytest.mark.needs_float64
def test_the_pseudo_inverse_of_a_matrix_of_lower_rank(backend: Any) -> None:
    """Along changes that keep the rank, which is 1 here."""
    xp = backend.xp
    report = check_grad(
        lambda a, b: xp.linalg.pinv(xp.matmul(a, b), rtol=1e-3),
        backend.array([[1.0], [-0.5], [0.7]]),
        backend.array([[0.8, 1.2]]),
        order=2,
    )
    assert report.passed


# -- what a call returns -------------------------------------------------------------------------------------


def test_results_keep_their_names_when_traced(backend: Any) -> None:
    xp = backend.xp
    x = backend.array([[2.0, 0.5], [0.5, 1.0]])

    def total(x: Any) -> Any:
        linalg = xp.linalg
        first = xp.sum(linalg.svd(x).S) + xp.sum(linalg.eigh(x).eigenvalues)
        return first + linalg.slogdet(x).logabsdet + xp.sum(linalg.qr(x).R)

    assert backend.host(grad(total)(x)).shape == (2, 2)


def test_the_sign_of_a_real_determinant_is_flat(backend: Any) -> None:
    found = grad(lambda x: backend.xp.linalg.slogdet(x)[0])(backend.array([[2.0, 0.5], [0.5, 1.0]]))
    assert backend.host(found).tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_eigenvalues_are_complex_whatever_they_are(backend: Any) -> None:
    xp = backend.functions
    x = backend.array([[2.0, 0.0], [0.0, 1.0]])
    for y in (*xp.linalg.eig(x), xp.linalg.eigvals(x)):
        assert xp.isdtype(y.dtype, "complex floating")


@pytest.mark.needs_float64
def test_a_trace_in_another_dtype_comes_back_in_its_own(backend: Any) -> None:
    xp = backend.xp
    single = backend.backend.dtype("float32")
    y, pullback = vjp(lambda x: xp.linalg.trace(x, dtype=single), backend.array([[2.0, 0.5], [0.5, 1.0]]))
    (g,) = pullback(xp.ones_like(y))
    assert (y.dtype, g.dtype) == (single, backend.backend.dtype("float64"))
    assert backend.host(g).tolist() == ONE


def test_the_diagonal_beyond_the_matrix_is_empty(backend: Any) -> None:
    xp = backend.xp
    x = backend.array([[2.0, 0.5], [0.5, 1.0]])
    found = grad(lambda x: xp.sum(xp.linalg.diagonal(x, offset=2)) + xp.sum(x))(x)
    assert backend.host(found).tolist() == [[1.0, 1.0], [1.0, 1.0]]


def test_the_power_zero_is_the_identity_and_flat(backend: Any) -> None:
    y, pullback = vjp(lambda x: backend.xp.linalg.matrix_power(x, 0), backend.array([[2.0, 0.5], [0.5, 1.0]]))
    assert backend.host(y).tolist() == ONE
    assert backend.host(pullback(backend.xp.ones_like(y))[0]).tolist() == [[0.0, 0.0], [0.0, 0.0]]


# -- functions that are made of others, against differences --------------------------------------------------


@pytest.mark.axes("numpy", "strict:device1", "strict:strictest", "torch")
@pytest.mark.parametrize("name", COMPOSITES)
def test_what_is_made_of_others_matches_differences(backend: Any, name: str) -> None:
    with backend.reading():
        for one in CASES[name]:
            f = one.call(backend.xp, backend.backend, backend.array)
            report = check_grad(f, *one.arrays(backend.array, "float64"), order=2)
            assert report.absolute_error < 1e-8


@pytest.mark.parametrize("name", COMPOSITES)
def test_what_is_made_of_others_is_the_librarys_own_on_plain_arrays(backend: Any, name: str) -> None:
    for one in CASES[name][::3]:
        arrays = one.arrays(backend.array, backend.float)
        found = one.call(backend.xp, backend.backend, backend.array)(*arrays)
        traced, _ = vjp(one.call(backend.xp, backend.backend, backend.array), *arrays)
        assert backend.host(found).dtype == backend.host(traced).dtype
        np.testing.assert_allclose(backend.host(traced), backend.host(found), rtol=1e-4, atol=1e-5)
