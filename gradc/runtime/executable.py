"""A compiled library, loaded and ready to be called.

Takes a Library, its Interface and a Blas; gives an Executable.  Functions call it from C with their
arguments, locks and results around it (csrc/python/invoke.c); from Python it takes the arrays of
the Interface's `args` in one list.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from gradc.kernel.interface import Interface, Port
from gradc.runtime._native import Kernel, ffi, lib
from gradc.runtime.blas import Blas
from gradc.runtime.image import loadable
from gradc.runtime.library import Library

__all__ = ["BAD_OUT", "Executable", "KernelFailure", "port_numbers"]

_MESSAGE_BYTES = 1024

BAD_OUT = -3  # GCR_BAD_OUT of csrc/runtime/runtime.h: what out= of a call named does not fit


class KernelFailure(Exception):
    """A call that ended with a status other than 0.

    `code` is a gc_status (csrc/inline/gradc/abi.h), or below 0 for arrays that are not what the
    Interface says; `site` indexes the Program's table of sites (-1: none); `values` are the
    numbers that the status documents.
    """

    def __init__(self, code: int, site: int, values: tuple[int, ...]) -> None:
        super().__init__(code, site, values)
        self.code = code
        self.site = site
        self.values = values

    def __str__(self) -> str:
        return f"status {self.code} at site {self.site}, values {self.values}"


class Executable(Kernel):
    """A generated library, loaded and ready to be called from any number of threads.

    executable(args): run it on a list of C-contiguous arrays, in the order of the Interface's args.
    Returns the arrays of the Interface's outs: new ones, but for an update whose lengths have not
    changed, which is the shared variable's own array, written in place unless another argument
    shares its memory.  Raises: KernelFailure; then nothing outside the call has been written.
    MemoryError.  Whatever a signal handler or a callback raised while the library ran, such as
    KeyboardInterrupt.
    """

    def __init__(
        self,
        library: Library,
        interface: Interface,
        blas: Blas | None = None,
        callbacks: tuple[Any, ...] = (),
    ) -> None:
        """Load `library`; `blas` is needed if it multiplies matrices.

        callbacks: what its Callback steps call, by number: (callable of two tuples of arrays,
        operands and results; types of the operands; types of the results), a type being a dtype
        and a rank.

        Raises: OSError if it cannot be loaded, or has not the border that `interface` states.
        """
        self.library = library
        self.interface = interface
        self._blas = blas
        self._handle = _open(library, interface, blas)
        self._steps = 0
        super().__init__(
            int(ffi.cast("uintptr_t", self._handle)),
            self._handle,
            tuple(map(port_numbers, interface.args)),
            tuple(map(port_numbers, interface.outs)),
            interface.segments,
            KernelFailure,
            callbacks,
        )

    @property
    def fail_points(self) -> int:
        """How many steps can be made to fail: 0 unless the library was built with GRADC_FAIL_AT."""
        return int(lib.gcr_fail_points(self._handle))

    def fail_at(self, step: int | None) -> None:
        """Make `step` fail in the calls that follow, in a GRADC_FAIL_AT build; None: no more."""
        lib.gcr_set_fail_at(self._handle, -1 if step is None else step)

    def keep_profile(self, steps: int) -> None:
        """Keep an account of so many steps; before the first call, in a build for profiles."""
        if not lib.gcr_keep_profile(self._handle, steps):
            raise MemoryError
        self._steps = steps

    def profile(self) -> tuple[int, list[float], list[int]]:
        """Calls; seconds of all plans, of all runs, and of each step; sizes of the last call."""
        seconds = ffi.new("double[]", self._steps + 2)
        sizes = ffi.new("int64_t[]", max(self.interface.sizes, 1))
        calls = int(lib.gcr_profile(self._handle, seconds, sizes))
        return calls, list(seconds), list(sizes)

    @property
    def allocations(self) -> int:
        """How often calls have asked for memory other than outputs: constant in steady state."""
        return int(lib.gcr_allocations(self._handle))


def port_numbers(port: Port) -> tuple[np.dtype[Any], int, int, int, int, int]:
    """A Port as csrc/python reads it (read_port)."""
    dtype = np.dtype(port.dtype)
    shared = -1 if port.shared is None else port.shared
    units = sum(1 << axis for axis in port.units)
    return dtype, dtype.itemsize, port.ndim, port.segment, shared, units


def _open(library: Library, interface: Interface, blas: Blas | None) -> Any:
    arrays = [
        ffi.new("int32_t[]", [port.ndim for port in ports])
        for ports in (interface.args, interface.outs)
    ]
    spec = ffi.new("gcr_spec *")
    spec.args, spec.outs = len(interface.args), len(interface.outs)
    spec.sizes, spec.segments = interface.sizes, interface.segments
    spec.arg_ndims, spec.out_ndims = arrays
    message = ffi.new("char[]", _MESSAGE_BYTES)
    native_blas = ffi.NULL if blas is None else blas.handle
    with loadable(library) as path:
        handle = lib.gcr_open(os.fsencode(path), spec, native_blas, message, _MESSAGE_BYTES)
    if handle == ffi.NULL:
        reason = ffi.string(message).decode(errors="replace")
        fix = "; build gradc again: pip install -e ." if reason.startswith("ABI") else ""
        raise OSError(f"cannot load {library.path}: {reason}{fix}")
    return ffi.gc(handle, lib.gcr_close)
