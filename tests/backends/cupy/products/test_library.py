"""Where cuBLASLt is looked for, and in which order; no library is loaded here."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from bpcore.words.errors import BackendUnusable
from bpcore_cupy.products import library as module
from bpcore_cupy.products.abi import PROTOTYPES


class Loaded:
    """What a loader returns: functions that can be declared."""

    def __init__(self, name: str, without: str = "") -> None:
        self.name = name
        for function in PROTOTYPES:
            if function != without:
                setattr(self, function, SimpleNamespace())


class Loader:
    """A loader of shared libraries that knows some files."""

    def __init__(self) -> None:
        self.files: dict[str, Any] = {}
        self.asked: list[tuple[str, bool]] = []

    def __call__(self, name: str, mode: int = 0) -> Any:
        only_loaded = bool(mode & getattr(module.os, "RTLD_NOLOAD", 0))
        self.asked.append((name, only_loaded))
        if only_loaded or name not in self.files:
            raise OSError(name)
        return self.files[name]


@pytest.fixture
def loader(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loader]:
    loader = Loader()
    monkeypatch.setattr(ctypes, "CDLL", loader)
    monkeypatch.setattr(module, "NAMES", ("libcublasLt.so.13", "libcublasLt.so.12"))
    monkeypatch.setitem(sys.modules, "cuda.pathfinder", None)
    monkeypatch.setattr(module, "distribution", nowhere)
    module.library.cache_clear()
    yield loader
    module.library.cache_clear()


def nowhere(name: str) -> Any:
    raise module.PackageNotFoundError(name)


def pathfinder(monkeypatch: pytest.MonkeyPatch, find: Any) -> None:
    finder = ModuleType("cuda.pathfinder")
    finder.load_nvidia_dynamic_lib = find  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "cuda", ModuleType("cuda"))
    monkeypatch.setitem(sys.modules, "cuda.pathfinder", finder)


def test_what_cupy_s_own_finder_loads_comes_first(loader: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    found = loader.files["/cuda/libcublasLt.so.12"] = Loaded("ours")
    pathfinder(monkeypatch, lambda name: SimpleNamespace(abs_path=f"/cuda/lib{name}.so.12"))
    assert module.library() is found
    assert module.library() is found
    assert loader.asked == [("/cuda/libcublasLt.so.12", False)]
    assert found.cublasLtMatmul.argtypes == PROTOTYPES["cublasLtMatmul"]
    assert len(found.cublasLtMatmul.argtypes) == 16
    assert found.cublasLtMatmul.restype is ctypes.c_int
    assert found.cublasLtGetVersion.restype is ctypes.c_size_t


def test_then_nvidia_s_packages(loader: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise RuntimeError(name)  # as DynamicLibNotFoundError is one

    def files(name: str) -> Any:
        if name != "nvidia-cublas-cu12":
            return nowhere(name)
        paths = [
            PurePosixPath(f"nvidia/cublas/lib/{file}") for file in ("libcublas.so.12", "libcublasLt.so.12")
        ]
        return SimpleNamespace(files=[File(path) for path in paths])

    pathfinder(monkeypatch, missing)
    monkeypatch.setattr(module, "distribution", files)
    file = str(Path("/site/nvidia/cublas/lib/libcublasLt.so.12"))
    found = loader.files[file] = Loaded("wheel")
    assert module.library() is found
    assert [name for name, only in loader.asked if not only] == [file]


class File:
    """A file of a distribution, as importlib.metadata has them."""

    def __init__(self, path: PurePosixPath) -> None:
        self.path, self.name = path, path.name

    def locate(self) -> PurePosixPath:
        return "/site" / self.path


def test_then_the_system_s_names(loader: Loader) -> None:
    found = loader.files["libcublasLt.so.12"] = Loaded("system")
    assert module.library() is found
    tried = [name for name, only in loader.asked if not only]
    assert tried == ["libcublasLt.so.13", "libcublasLt.so.12"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such mode of loading")
def test_what_is_loaded_already_comes_before_a_second_copy(loader: Loader) -> None:
    loader.files["libcublasLt.so.13"] = Loaded("system")
    module.library()
    assert loader.asked[:2] == [("libcublasLt.so.13", True), ("libcublasLt.so.12", True)]


def test_a_library_that_lacks_a_function_is_passed_over(loader: Loader) -> None:
    loader.files["libcublasLt.so.13"] = Loaded("old", without="cublasLtMatmulAlgoCheck")
    found = loader.files["libcublasLt.so.12"] = Loaded("other")
    assert module.library() is found


def test_none_is_one_line(loader: Loader) -> None:
    with pytest.raises(
        BackendUnusable, match="cuBLASLt, CUDA's library of matrix products, is not found"
    ) as raised:
        module.library()
    assert 'python -m pip install "cupy-cuda1' in str(raised.value)
    assert "\n" not in str(raised.value)


def test_versions_are_read_as_nvidia_writes_them() -> None:
    assert [module.version_text(number) for number in (130100, 120805, 110605)] == [
        "13.1.0",
        "12.8.5",
        "11.6.5",
    ]
