"""LLVM: text in, machine code out; what was compiled once is taken from the disk."""

from __future__ import annotations

import ctypes
import hashlib
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import llvmlite
import llvmlite.binding as llvm

from bpcore_numba.store import keep, kept

__all__ = ["COMPILATIONS", "VERSION", "Function", "function"]

VERSION = str(llvmlite.__version__)
COMPILATIONS = [0]
"""How many times LLVM was run in this process, as the one element."""


@cache
def _native() -> Any:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple()


def _target() -> Any:
    """Return a new one: who runs code takes it over."""
    return _native().create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=_features(),
        opt=3,
        codemodel="jitdefault",
        jit=True,
    )


@cache
def _features() -> str:
    return str(llvm.get_host_cpu_features().flatten())


def _compiled(text: str) -> bytes:
    target = _target()
    module = llvm.parse_assembly(text)
    module.triple = llvm.get_process_triple()
    module.data_layout = str(target.target_data)
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    options.loop_vectorization = options.slp_vectorization = options.loop_unrolling = True
    builder = llvm.create_pass_builder(target, options)
    builder.getModulePassManager().run(module, builder)
    COMPILATIONS[0] += 1
    return bytes(target.emit_object(module))


def _fingerprint(text: str) -> str:
    parts = (text, VERSION, str(llvm.llvm_version_info), llvm.get_host_cpu_name(), _features())
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


class _Loaded:
    """A module in memory."""

    def __init__(self, text: str) -> None:
        name = _fingerprint(text)
        found = kept(name)
        if found is None:
            found = _compiled(text)
            keep(name, found)
        self.engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target())
        self.engine.add_object_file(llvm.ObjectFileRef.from_data(found))
        self.engine.finalize_object()


class Function(NamedTuple):
    """A function in memory.

    Attributes
    ----------
    call : function ``(count, address of a table)``
    loaded : object
        What holds its code: it goes when this goes.
    address : int
    """

    call: Callable[[int, int], None]
    loaded: object
    address: int


def function(text: str, name: str, symbols: dict[str, int]) -> Function:
    """Return the function of that name, of a count and of a table of addresses.

    Parameters
    ----------
    text : str
        A module in LLVM's language.
    name : str
    symbols : dict of str to int
        Addresses of the functions that it calls from elsewhere.
    """
    _native()
    for symbol, address in symbols.items():
        llvm.add_symbol(symbol, address)
    loaded = _Loaded(text)
    kind = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_void_p)
    address = int(loaded.engine.get_function_address(name))
    return Function(kind(address), loaded, address)
