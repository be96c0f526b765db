"""Find and open the BLAS that matrix products are sent to.

Takes a path named by the user, or None for the library that was brought along at installation;
gives a Blas.  Opening takes some milliseconds, so it happens when the first function that
multiplies matrices is loaded, and once a path.
"""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any

from gradc.options import PRODUCTS
from gradc.runtime._native import ffi, lib
from gradc.value import value

__all__ = ["Blas", "bundled_path", "open_blas"]

# What stands before and behind "dgemm" in the names of a library's routines.
_PATTERNS = (
    ("scipy_", "_"),  # scipy-openblas32
    ("", "_"),  # reference BLAS, OpenBLAS, MKL, BLIS, Accelerate: gfortran's spelling
    ("", ""),  # Fortran compilers of other systems
)
_MESSAGE_BYTES = 1024


@value
class Blas:
    """An open BLAS library, set to one thread."""

    path: Path
    config: str
    by_panels: bool  # whether large products are ours
    handle: Any

    @property
    def kernel(self) -> str:
        """The library's name for the processor whose kernels it runs, or ""."""
        return _text(lib.gcr_blas_kernel(self.handle))

    @property
    def threads(self) -> int | None:
        """How many threads it would use itself: 1, or what somebody else has just set."""
        return int(lib.gcr_blas_threads(self.handle)) or None

    def require_lapack(self) -> None:
        """Raise OSError unless it has LAPACK, which not every library of BLAS has."""
        if not lib.gcr_blas_has_lapack(self.handle):
            raise OSError(
                f"{self.path} has no LAPACK, which this function calls: factorisations, "
                "solutions and inverses of matrices need it.  Name a library that has both "
                "(GRADC_BLAS, gradc.config.blas), or none, for the one that gradc brings along."
            )

    def __str__(self) -> str:
        return f"{self.path}\n  {self.config or 'says nothing about itself'}"


def _text(words: Any) -> str:
    return str(ffi.string(words).decode(errors="replace"))


def bundled_path() -> Path:
    """Where the library that came with the installation lies.

    Raises: FileNotFoundError if the installation is damaged.
    """
    folder = Path(__file__).resolve().parents[1] / "_blas"
    for path in sorted(folder.glob("libgradc_openblas.*")):
        return path
    raise FileNotFoundError(f"no BLAS library in {folder}: install gradc again, or set GRADC_BLAS")


def open_blas(path: Path | None = None, products: str = "auto") -> Blas:
    """Open a BLAS, pin it to one thread, and try each routine on small numbers.

    products: who multiplies large matrices, "blas", "panels" (csrc/panels) or "auto".

    Raises: OSError if the file cannot be opened, lacks a routine, or takes 64-bit integers.
    """
    return _open(bundled_path() if path is None else path, products)


@functools.cache
def _open(path: Path, products: str) -> Blas:
    message = ffi.new("char[]", _MESSAGE_BYTES)
    reasons: list[str] = []
    for prefix, suffix in _PATTERNS:
        handle = lib.gcr_blas_open(
            os.fsencode(path), prefix.encode(), suffix.encode(), message, _MESSAGE_BYTES
        )
        if handle != ffi.NULL:
            by_panels = bool(lib.gcr_choose_products(handle, PRODUCTS.index(products)))
            return Blas(path, _text(lib.gcr_blas_config(handle)), by_panels, handle)
        reasons.append(_text(message))
    raise OSError(f"cannot use {path} as BLAS: " + "; ".join(dict.fromkeys(reasons)))
