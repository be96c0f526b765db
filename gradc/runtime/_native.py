"""Open the runtime's two libraries.

Gives `ffi` and `lib`, through which the rest of this package calls csrc/runtime/runtime.h, and the
types of the call path (csrc/python).  The call path reads numpy's arrays where they lie in memory,
and knows Python's objects by the layout of the stable ABI; whether this interpreter and this numpy
have those is tried here, once, so that another layout is an ImportError and never a wrong address.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from gradc.runtime import _declarations

__all__ = ["CallPath", "Cell", "Choice", "Dispatch", "Kernel", "describe", "ffi", "lib"]

_HEADER_BYTES = 16  # a reference count and a type: object.__basicsize__ of the stable ABI


def _check_python() -> None:
    if "t" in sys.abiflags:
        raise ImportError(
            "gradc: this is a free-threaded Python, which has no stable ABI yet; use an ordinary "
            "build of Python 3.11 or newer."
        )
    if object.__basicsize__ != _HEADER_BYTES:
        raise ImportError(
            "gradc: this Python was built with other object headers than the stable ABI has "
            f"({object.__basicsize__} bytes, expected {_HEADER_BYTES}); use an ordinary build."
        )


_check_python()

ffi: Any = _declarations.ffi

_STALE = (
    "gradc: its compiled parts are missing, or are those of another version ({error}). "
    "In a checkout, build them again: pip install -e . ; "
    "elsewhere: pip install --force-reinstall gradc"
)

try:
    # Worker threads stay inside the library until the process ends, so it is never unloaded.
    lib: Any = ffi.dlopen(
        str(Path(__file__).with_name("libgradc.so")), ffi.RTLD_NOW | ffi.RTLD_NODELETE
    )
    from gradc.runtime._call import CallPath, Cell, Choice, Dispatch, Kernel, describe
except (ImportError, OSError) as error:
    raise ImportError(_STALE.format(error=error)) from error


def _check_layout() -> None:
    probe = np.zeros((3, 5, 7), "float32")[::-1, 1:, ::2]
    flags = 0x400 | 0x100  # NPY_ARRAY_WRITEABLE, NPY_ARRAY_ALIGNED
    expected = (
        probe.__array_interface__["data"][0],
        probe.dtype.num,
        flags,
        [*probe.shape, *probe.strides],
    )
    found = describe(probe)
    if found != expected:
        raise ImportError(
            "gradc: this numpy keeps arrays in another layout than numpy 2 does "
            f"(expected {expected}, read {found})"
        )


_check_layout()
