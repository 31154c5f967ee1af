"""Sample calls of the Fourier transforms: cut and filled, of even and odd length, under each norm."""

from __future__ import annotations

from bpcore.derivatives.checks.case import Case, case, complexes, numbers

__all__ = ["CASES"]


def _complex(name: str) -> list[Case]:
    return [
        case(name, complexes(2, 3)),
        case(name, complexes(4), norm="ortho"),
        case(name, complexes(3, 2), axis=0, norm="forward"),
        case(name, complexes(2, 4), n=3, axis=-1),
        case(name, complexes(3), n=5, norm="forward"),
        case(name, complexes(2, 2), n=3, axis=0, norm="ortho"),
    ]


def _complex_over(name: str) -> list[Case]:
    return [
        case(name, complexes(2, 3)),
        case(name, complexes(2, 2, 2), axes=(0, 2), norm="ortho"),
        case(name, complexes(3, 2), s=(2, 3), axes=(-2, -1), norm="forward"),
        case(name, complexes(2, 3), s=(3, 2), axes=(1, 0)),
    ]


CASES = [
    *_complex("fft.fft"),
    *_complex("fft.ifft"),
    *_complex_over("fft.fftn"),
    *_complex_over("fft.ifftn"),
    *(
        case(name, numbers(*shape), **options)
        for name in ("fft.rfft", "fft.ihfft")
        for shape, options in (
            ((2, 4), {}),
            ((5,), {"norm": "forward"}),
            ((4, 2), {"axis": 0, "norm": "ortho"}),
            ((2, 5), {"n": 4}),
            ((3,), {"n": 6, "norm": "ortho"}),
            ((3, 2), {"n": 5, "axis": -2}),
            ((2, 1), {}),
        )
    ),
    *(
        case(name, complexes(*shape), **options)
        for name in ("fft.irfft", "fft.hfft")
        for shape, options in (
            ((2, 3), {}),
            ((3,), {"n": 5, "norm": "forward"}),
            ((3, 2), {"axis": 0, "norm": "ortho"}),
            ((2, 4), {"n": 4}),
            ((2,), {"n": 6, "norm": "ortho"}),
            ((2, 2), {"n": 5, "axis": -2}),
        )
    ),
    case("fft.rfftn", numbers(2, 3)),
    case("fft.rfftn", numbers(3, 2, 2), axes=(0, 1), norm="ortho"),
    case("fft.rfftn", numbers(2, 3), s=(3, 4), axes=(0, 1), norm="forward"),
    case("fft.rfftn", numbers(2, 3), s=(2,), axes=(1,)),
    case("fft.irfftn", complexes(2, 3)),
    case("fft.irfftn", complexes(3, 2, 2), axes=(0, 1), norm="ortho"),
    case("fft.irfftn", complexes(2, 3), s=(3, 5), axes=(0, 1), norm="forward"),
    case("fft.irfftn", complexes(2, 3), s=(2,), axes=(1,)),
    *(
        case(name, x, **options)
        for name in ("fft.fftshift", "fft.ifftshift")
        for x, options in (
            (numbers(2, 3), {}),
            (numbers(3, 2), {"axes": 0}),
            (complexes(5), {}),
            (numbers(3, 2, 3), {"axes": (0, -1)}),
        )
    ),
]
