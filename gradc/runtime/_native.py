"""Open the runtime's shared library.

Gives `ffi` and `lib`, through which the rest of this package calls csrc/runtime/runtime.h.
The library reads lists and arrays where they lie in memory; whether this interpreter and this
numpy lay them out as it believes is tried here, once, on a known array, so that another layout is
an ImportError and never a wrong address.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from gradc.runtime import _declarations

__all__ = ["HEADER_BYTES", "ffi", "lib"]

ffi: Any = _declarations.ffi

# Worker threads stay inside the library until the process ends, so it is never unloaded.
lib: Any = ffi.dlopen(
    str(Path(__file__).with_name("libgradc.so")), ffi.RTLD_NOW | ffi.RTLD_NODELETE
)

HEADER_BYTES = object.__basicsize__  # 16; 32 in a free-threaded Python


def _check_layout() -> None:
    probe = np.zeros((3, 5, 7), "float32")[::-1, 1:, ::2]
    words = ffi.new("int64_t[8]")
    found = lib.gcr_describe(id([None, probe]), 1, 3, id(np.ndarray), HEADER_BYTES, words)
    expected = [2, probe.__array_interface__["data"][0], *probe.shape, *probe.strides]
    if found != 0 or ffi.unpack(words, 8) != expected:
        raise ImportError(
            "gradc: this Python or this numpy keeps lists or arrays in another layout than "
            f"CPython 3.11 to 3.14 and numpy 2 do (expected {expected}, read {list(words)})"
        )


_check_layout()
