"""Declare the runtime's C functions to cffi; read by setup.py only.

Takes csrc/runtime/runtime.h; gives `ffi`, from which setup.py writes _declarations.py beside this.

Why cffi's ABI mode (a plain shared library, opened by `ffi.dlopen`) and not its API mode (a
Python extension module): the API mode includes Python.h, which a Debian machine with Python, venv
and a C compiler does not have, and the installation promises to need nothing else.  Options: API
mode where the header exists and ABI mode elsewhere (two mechanisms, one of them hardly tested);
API mode only (breaks the promise); ABI mode only.  Cost: a call takes 0.26 us
instead of 0.14 (Nov 2026, 2 cores, Python 3.11), and a function is called once a call.
A plain library also serves every Python version with one wheel, and stand-alone programs.
Nothing is parsed at import: the declarations are compiled into a Python module when building.

What this leaves open for a call path that handles Python objects itself: the objects can be read
in place (csrc/runtime/array.c does), and functions of CPython's stable ABI (PEP 384) may be
declared by hand where they must be called, so that too needs no Python.h.
"""

from pathlib import Path

from cffi import FFI

_HEADER = Path(__file__).resolve().parents[2] / "csrc" / "runtime" / "runtime.h"
_BEGIN, _END = "/* cffi: begin */", "/* cffi: end */"

ffi = FFI()
ffi.cdef(_HEADER.read_text().split(_BEGIN)[1].split(_END)[0])
ffi.set_source("gradc.runtime._declarations", None)
