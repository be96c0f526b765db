"""Declare the runtime's C functions to cffi; read by setup.py only.

Takes csrc/runtime/runtime.h; gives `ffi`, from which setup.py writes _declarations.py beside this.

Why cffi's ABI mode (a plain shared library, opened by `ffi.dlopen`) and not its API mode (a
Python extension module): the API mode includes Python.h, which a Debian machine with Python, venv
and a C compiler does not have, and the installation promises to need nothing else.  Calls of
compiled functions do not go through cffi but through csrc/python, an extension of the stable ABI;
what is left here is called when a library is opened or a setting changed, so its 0.26 us a call
(0.14 in API mode; Nov 2026, 2 cores, Python 3.11) do not count.
Nothing is parsed at import: the declarations are compiled into a Python module when building.
"""

from pathlib import Path

from cffi import FFI

_HEADER = Path(__file__).resolve().parents[2] / "csrc" / "runtime" / "runtime.h"
_BEGIN, _END = "/* cffi: begin */", "/* cffi: end */"

ffi = FFI()
ffi.cdef(_HEADER.read_text().split(_BEGIN)[1].split(_END)[0])
ffi.set_source("gradc.runtime._declarations", None)
