"""The runtime's C: clean under every warning, and right about where Python keeps its objects."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from gradc.runtime._native import HEADER_BYTES, ffi, lib
from tests.runtime import clib


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_no_warnings(compiler: str, tmp_path: Path) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"no {compiler} here")
    sources = sorted((clib.ROOT / "csrc/runtime").glob("*.c"))
    assert sources
    for number, source in enumerate(sources):
        subprocess.run(
            [
                *(compiler, *clib.STRICT, "-O2", "-Wvla", "-Wframe-larger-than=8192"),
                *("-Wshadow", "-Wstrict-prototypes", "-Wmissing-prototypes"),
                *(f"-I{clib.ROOT / 'csrc/inline'}", "-c", str(source)),
                *("-o", str(tmp_path / f"{number}.o")),
            ],
            check=True,
            timeout=60,
        )


def describe(items: list[object], position: int, ndim: int) -> tuple[int, list[int]]:
    words = ffi.new("int64_t[16]")
    arguments = (id(items), position, ndim, id(np.ndarray), HEADER_BYTES, words)
    return lib.gcr_describe(*arguments), ffi.unpack(words, 2 + 2 * ndim)


def test_arrays_are_read_where_they_lie() -> None:
    base = np.zeros((4, 6), "complex128")
    for array in (base, base.T, base[1:, ::-2], base[0, 0:0], base[..., None], np.array(3.0)):
        status, words = describe(["x", array, 7], 1, array.ndim)
        assert status == 0
        address = array.__array_interface__["data"][0]
        assert words == [3, address, *array.shape, *array.strides]


def test_what_is_no_array_is_refused() -> None:
    array = np.zeros(3)
    assert describe([array], 1, 1)[0] == lib.GCR_BAD_LIST
    for other in (1, None, "text", np.float64(1), array.view(np.recarray), [array]):
        assert describe([other], 0, 1)[0] == lib.GCR_BAD_LIST
    assert describe([array], 0, 2)[0] == lib.GCR_BAD_ARRAY
