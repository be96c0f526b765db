"""`gradc run-theano script.py`: run a program that was written for Theano.

Takes a file and its arguments; runs it as __main__ with Theano's names installed.  What is Python 2
in it, or in the modules beside it, is translated on the way, and said on stderr.
"""

from __future__ import annotations

import builtins
import os
import sys
import tokenize
import traceback
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from io import BytesIO
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from gradc.compat.theano.aliases import install
from gradc.compat.theano.python2 import BUILTINS, Translation, translate
from gradc.errors import ArgumentError, message, printable

__all__ = ["run"]


def run(script: str, arguments: Sequence[str], is_python2: bool = False) -> int:
    """Run a program; gives its exit status, 1 after an exception, whose traceback is printed.

    is_python2: that it and the modules beside it are, also where nothing but their divisions says.

    The process is the program's from here on: sys.argv, sys.path, __main__ and the imports of
    modules beside the script are set, and stay.
    Raises: ArgumentError if there is no such file; SystemExit as the program does.
    """
    path = Path(script)
    if not path.is_file():
        what = f"run-theano: there is no file {printable(script)}."
        raise ArgumentError(message(what, fix="name a script.py."))
    install()
    folder = os.path.dirname(os.path.abspath(script))
    vars(builtins).update(BUILTINS, execfile=_execfile)
    sys.meta_path.insert(0, _Finder(folder, is_python2))
    sys.path.insert(0, folder)
    sys.argv = [script, *arguments]
    main = ModuleType("__main__")
    vars(main).update(__file__=script, __builtins__=builtins)
    sys.modules["__main__"] = main
    try:
        code = _code(path.read_bytes(), script, is_python2)
    except Exception as error:  # nothing of the program has run: its text is at fault
        traceback.print_exception(error.with_traceback(None))
        return 1
    try:
        exec(code, vars(main))  # what was asked for
    except Exception as error:
        shown = error.__traceback__
        traceback.print_exception(error.with_traceback(shown and shown.tb_next))
        return 1
    return 0


def _code(data: bytes, name: str, is_python2: bool) -> CodeType:
    """The code of a file; what was changed is said."""
    encoding, _ = tokenize.detect_encoding(BytesIO(data).readline)
    found = translate(data.decode(encoding, errors="replace"), name, is_python2)
    for line in _said(found, name):
        print(line, file=sys.stderr)
    return found.code


def _execfile(path: str, globals: Any = None, locals: Any = None) -> None:
    """Python 2's: run a file in the caller's names, or in those that are given."""
    frame = sys._getframe(1)
    names = frame.f_globals if globals is None else globals
    inner = frame.f_locals if globals is None and locals is None else locals
    exec(_code(Path(path).read_bytes(), path, is_python2=True), names, inner)


def _said(found: Translation, name: str) -> list[str]:
    if not found.changes and not found.is_python2:
        return []
    what = "is Python 2, and was translated" if found.is_python2 else "was translated"
    width = len(str(found.changes[-1][0])) if found.changes else 1
    lines = [f"gradc: {printable(os.path.basename(name))} {what}:"]
    return [*lines, *(f"  {number:>{width}}: {text}" for number, text in found.changes)]


class _Loader(SourceFileLoader):
    """Compiles what was translated; keeps no bytecode."""

    is_python2 = False

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        return _code(self.get_data(path), path, self.is_python2)


class _Finder(MetaPathFinder):
    """Modules in the folder of the program, and in packages there, are translated too."""

    def __init__(self, folder: str, is_python2: bool) -> None:
        self.folder, self.is_python2 = os.path.join(folder, ""), is_python2

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: Any = None
    ) -> ModuleSpec | None:
        """The module's spec, if it is a file of the program's."""
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
            return None
        if not os.path.abspath(spec.origin).startswith(self.folder):
            return None
        spec.loader = loader = _Loader(fullname, spec.origin)
        loader.is_python2 = self.is_python2
        return spec
