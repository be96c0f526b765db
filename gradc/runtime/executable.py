"""Call a compiled library.

Takes a Library, its Interface and a Blas; gives an Executable, called with the arrays of the
Interface's `args`, already checked and packed.  A call plans a segment, allocates the outputs it
asks for, runs it, and goes on to the next.
A function of one segment is called with outputs of the lengths that its last call had, which is
right nearly always; then everything happens in one call into C.  Arrays cross the border inside a
list, whose id is passed: asking numpy for the pointer, shape and strides of one array takes 1.0 us
(__array_interface__), or 0.2 us in pieces, and the whole call into C 0.5 us (Nov 2026, 2 cores).
"""

from __future__ import annotations

import os
import threading
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.kernel.interface import Interface
from gradc.runtime._native import HEADER_BYTES, ffi, lib
from gradc.runtime.blas import Blas
from gradc.runtime.image import loadable
from gradc.runtime.library import Library

__all__ = ["Executable", "KernelFailure"]

Array = npt.NDArray[Any]

# An out: its number, where its lengths start and stop, its dtype, the shared arg it replaces.
_Plan = tuple[int, int, int, np.dtype[Any], int | None]

_begin = lib.gcr_begin  # looking it up costs half of calling it

_MESSAGE_BYTES = 1024


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


class Executable:
    """A generated library, loaded and ready to be called from any number of threads."""

    def __init__(self, library: Library, interface: Interface, blas: Blas | None = None) -> None:
        """Load `library`; `blas` is needed if it multiplies matrices.

        Raises: OSError if it cannot be loaded, or has not the border that `interface` states.
        """
        self.library = library
        self.interface = interface
        self._blas = blas
        self._handle = _open(library, interface, blas)
        self._address = int(ffi.cast("uintptr_t", self._handle))
        self._segments = _segment_plans(interface)
        self._lengths = sum(port.ndim for port in interface.outs)
        self._last: tuple[tuple[tuple[int, ...], np.dtype[Any], int | None], ...] | None = None

    def __call__(self, args: list[Array]) -> list[Array]:
        """Run the library on `args`, in the order of the Interface's args.

        Returns the arrays of the Interface's outs: new ones, but for an update whose lengths have
        not changed, which is the shared variable's own array, written in place.

        Raises: KernelFailure; then nothing outside this call has been written.  MemoryError.
        Whatever a signal handler raised while the library ran, such as KeyboardInterrupt.
        """
        if self._last is None:
            return self._go_on(_begin(self._address, id(args), 0), args)
        # Lengths as in the call before are right nearly always: then one call into C is enough.
        outs = [
            np.empty(shape, dtype) if shared is None else args[shared]
            for shape, dtype, shared in self._last
        ]
        address = _begin(self._address, id(args), id(outs))
        return self._go_on(address, args) if address else outs

    def _go_on(self, address: int, args: list[Array]) -> list[Array]:
        """Provide outs as they are planned, segment by segment."""
        call = ffi.cast("gcr_call *", address)
        outs: list[Any] = [None] * len(self.interface.outs)
        status = call.status
        for segment in self._segments:
            if status:
                break
            try:
                self._provide(segment, call, args, outs)
            except BaseException:
                _end(call)
                raise
            status = lib.gcr_next(call, id(outs))
        if status:
            raise _end(call)
        if len(self._segments) == 1:
            self._last = tuple(
                (out.shape, out.dtype, port.shared)
                for out, port in zip(outs, self.interface.outs, strict=True)
            )
        return outs

    def _provide(
        self, segment: tuple[_Plan, ...], call: Any, args: list[Array], outs: list[Any]
    ) -> None:
        lengths = ffi.unpack(call.out_shapes, self._lengths)
        for k, start, stop, dtype, shared in segment:
            shape = tuple(lengths[start:stop])
            if shared is not None and args[shared].shape == shape:
                outs[k] = args[shared]
            else:
                outs[k] = np.empty(shape, dtype)

    @property
    def fail_points(self) -> int:
        """How many steps can be made to fail: 0 unless the library was built with GRADC_FAIL_AT."""
        return int(lib.gcr_fail_points(self._handle))

    def fail_at(self, step: int | None) -> None:
        """Make `step` fail in the calls that follow, in a GRADC_FAIL_AT build; None: no more."""
        lib.gcr_set_fail_at(self._handle, -1 if step is None else step)

    @property
    def allocations(self) -> int:
        """How often calls have asked for memory other than outputs: constant in steady state."""
        return int(lib.gcr_allocations(self._handle))


def _segment_plans(interface: Interface) -> tuple[tuple[_Plan, ...], ...]:
    """The outs of each segment."""
    plans: list[list[_Plan]] = [[] for _ in range(interface.segments)]
    start = 0
    for k, port in enumerate(interface.outs):
        stop = start + port.ndim
        plans[port.segment].append((k, start, stop, np.dtype(port.dtype), port.shared))
        start = stop
    return tuple(tuple(plan) for plan in plans)


def _open(library: Library, interface: Interface, blas: Blas | None) -> Any:
    ndims = [[port.ndim for port in ports] for ports in (interface.args, interface.outs)]
    arrays = [
        ffi.new("int32_t[]", numbers)
        for numbers in (*ndims, [port.segment for port in interface.outs])
    ]
    spec = ffi.new("gcr_spec *")
    spec.args, spec.outs = len(interface.args), len(interface.outs)
    spec.sizes, spec.segments = interface.sizes, interface.segments
    spec.arg_ndims, spec.out_ndims, spec.out_segments = arrays
    spec.array_type, spec.header = id(np.ndarray), HEADER_BYTES
    message = ffi.new("char[]", _MESSAGE_BYTES)
    native_blas = ffi.NULL if blas is None else blas.handle
    with loadable(library) as path:
        handle = lib.gcr_open(os.fsencode(path), spec, native_blas, message, _MESSAGE_BYTES)
    if handle == ffi.NULL:
        reason = ffi.string(message).decode(errors="replace")
        raise OSError(f"cannot load {library.path}: {reason}")
    return ffi.gc(handle, lib.gcr_close)


def _end(call: Any) -> BaseException:
    """End a call that has failed; gives what to raise."""
    fields = ffi.new("int64_t[]", lib.GCR_FAILURE_FIELDS)
    lib.gcr_abandon(call, fields)
    code, site, *values = ffi.unpack(fields, lib.GCR_FAILURE_FIELDS)
    raised: BaseException | None = _raised.__dict__.pop("exception", None)
    return raised or KernelFailure(code, site, tuple(values))


_raised = threading.local()


def _keep_exception(kind: type[BaseException], value: BaseException, _: object) -> None:
    _raised.exception = value


def _make_poll() -> Any:
    """A C function that lets Python's signal handlers run; what they raise waits in `_raised`.

    The interpreter runs handlers between two instructions of any Python code on the main thread,
    so the body has nothing to do.
    """

    def poll() -> int:
        return 0

    return ffi.callback("int32_t(void)", poll, error=1, onerror=_keep_exception)


_poll = _make_poll()
lib.gcr_set_poll(_poll)
