"""NVRTC by ctypes: whether a text compiles for a GPU, on a machine that has none."""

from __future__ import annotations

import ctypes
import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

from bpcore_cupy.cubins import OPTIONS

__all__ = ["compile_to_cubin", "library"]


@cache
def library() -> Any:
    """Return the library of the wheel nvidia-cuda-nvrtc; None where it is not installed."""
    spec = importlib.util.find_spec("nvidia")
    for root in (spec.submodule_search_locations or []) if spec else []:
        for path in sorted(Path(root).glob("**/libnvrtc.so.*")):
            if "alt" not in path.name:
                for builtins in path.parent.glob("libnvrtc-builtins.so.*"):  # it would not find them itself
                    ctypes.CDLL(str(builtins), mode=ctypes.RTLD_GLOBAL)
                return ctypes.CDLL(str(path))
    return None


def compile_to_cubin(source: str, architecture: str) -> bytes:
    """Return the machine code of a text for an architecture such as ``sm_90``.

    Raises
    ------
    AssertionError
        With the compiler's log, if it does not compile.
    """
    nvrtc = library()
    program = ctypes.c_void_p()
    assert nvrtc.nvrtcCreateProgram(ctypes.byref(program), source.encode(), b"k.cu", 0, None, None) == 0
    try:
        options = [f"-arch={architecture}", *OPTIONS]
        given = (ctypes.c_char_p * len(options))(*(x.encode() for x in options))
        result = nvrtc.nvrtcCompileProgram(program, len(options), given)
        assert result == 0, f"{_text(nvrtc, program, 'ProgramLog').decode()}\n{source}"
        return _text(nvrtc, program, "CUBIN")
    finally:
        nvrtc.nvrtcDestroyProgram(ctypes.byref(program))


def _text(nvrtc: Any, program: ctypes.c_void_p, what: str) -> bytes:
    size = ctypes.c_size_t()
    assert getattr(nvrtc, f"nvrtcGet{what}Size")(program, ctypes.byref(size)) == 0
    text = ctypes.create_string_buffer(size.value)
    assert getattr(nvrtc, f"nvrtcGet{what}")(program, text) == 0
    return text.raw
