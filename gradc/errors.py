"""Every exception of gradc, and the one formatter of their messages.

Takes what is wrong, where in the user's program, and how to fix it; gives text of three parts.
Each class is also the builtin that a Python user would catch.  `message` returns a str that
remembers its parts, so `raise ShapeError(message(...))` fills `.variable`, `.user_line` and
`.hint` without naming them twice.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence

import numpy as np

from gradc.value import value

__all__ = [
    "ArgumentError",
    "ArgumentTypeError",
    "AssertionFailed",
    "BadOptimization",
    "BadThunkOutput",
    "CacheError",
    "CompileError",
    "CompilerNotFound",
    "DTypeError",
    "CostTypeError",
    "DisconnectedInputError",
    "DrawingError",
    "FileFormatError",
    "GradError",
    "GradientError",
    "GradcError",
    "GradcWarning",
    "IndexBoundsError",
    "InjectedFailure",
    "InternalError",
    "LinAlgError",
    "Message",
    "MissingInputError",
    "NotScalarConstantError",
    "NanGuardError",
    "NullTypeGradError",
    "OutOfMemory",
    "ReentrantCall",
    "RewriteError",
    "ShapeError",
    "StochasticOrder",
    "UntrustedError",
    "UnusedInputError",
    "UnsupportedError",
    "UpdateError",
    "VectorizeError",
    "Where",
    "WrongMachineError",
    "message",
    "printable",
    "warn_user",
]

_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep

_LONGEST_TEXT = 200  # characters of one user text in a message; a name may be a megabyte long
_LINE = 100  # columns; rows without a place share a line while they fit


def printable(text: str, limit: int = _LONGEST_TEXT) -> str:
    """The text on one line: control, bidirectional and line characters escaped, cut at `limit`."""
    if len(text) > limit:
        text = text[: limit - 3] + "..."
    if text.isprintable():  # false for Unicode "other" and for all separators but the space
        return text
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text
    )


@value
class Where:
    """One row of a message: a variable, its type, what it got at a call, where it was made."""

    label: str
    type: str = ""
    file: str = ""
    line: int = 0
    source: str = ""
    got: str = ""

    @property
    def place(self) -> str:
        """`train.py:12`, or "" where it is not known."""
        return f"{printable(os.path.basename(self.file))}:{self.line}" if self.file else ""

    def cells(self) -> tuple[str, str, str, str, str]:
        """Label, type, got, place and source line, ready to be aligned."""
        made = f"made at {self.place}" if self.place else ""
        got = f"got {printable(self.got)}" if self.got else ""
        return printable(self.label), printable(self.type), got, made, printable(self.source)


class Message(str):
    """A formatted message that remembers the parts it was made of."""

    where: tuple[Where, ...] = ()
    fix: str = ""


def message(what: str, where: Sequence[Where] = (), fix: str = "") -> Message:
    """Lay out an error: what is wrong, rows that say where, an action that mends it."""
    lines = [what, *_rows(where)]
    if fix:
        lines.append(f"  Fix: {fix}")
    text = Message("\n".join(lines))
    text.where = tuple(where)
    text.fix = fix
    return text


def _rows(where: Sequence[Where]) -> list[str]:
    cells = [row.cells() for row in where]
    widths = [max((len(row[i]) for row in cells), default=0) for i in range(5)]
    rows = [_row(row, widths) for row in cells]
    joined = "    " + "        ".join(row.rstrip() for row in rows)
    if not any(row.place or row.source for row in where) and len(joined) <= _LINE and rows:
        return [joined]
    return ["    " + row.rstrip() for row in rows]


def _row(cells: tuple[str, ...], widths: Sequence[int]) -> str:
    label, type_, got, made, source = (
        cell.ljust(width) for cell, width in zip(cells, widths, strict=True)
    )
    if widths[1]:
        separator = " : " if type_.strip() else "   "
        rest = [label + separator + type_, got, made]
    else:
        rest = [" ".join(cell for cell in (label, got, made) if cell)]
    return "    ".join(cell for cell in (*rest, source) if cell)


class GradcError(Exception):
    """Base of all errors of gradc.

    Attributes:
        variable: name of the variable the message speaks of first, or "".
        user_line: `file.py:12` where it was made, or "".
        function: name of the compiled function that was called, or "".
        hint: how to fix it, or "".
    """

    def __init__(
        self,
        text: str,
        *,
        variable: str = "",
        user_line: str = "",
        function: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(str(text))
        where = text.where if isinstance(text, Message) else ()
        self.variable = variable or (where[0].label if where else "")
        self.user_line = user_line or next((row.place for row in where if row.place), "")
        self.function = function
        self.hint = hint or (text.fix if isinstance(text, Message) else "")


class ShapeError(GradcError, ValueError):
    """Ranks or lengths do not fit together."""


class DTypeError(GradcError, TypeError):
    """A dtype is not supported here, or would lose what the user wrote."""


class ArgumentTypeError(GradcError, TypeError):
    """A call got an argument of the wrong type, or the wrong number of them."""


class ArgumentError(GradcError, ValueError):
    """An argument or option has the right type and a wrong value, length or rank."""


class GradError(GradcError, ValueError):
    """A gradient was asked for that is not defined."""


class CostTypeError(GradError, TypeError):
    """The gradient was asked for of what is no scalar of a float dtype."""


class DisconnectedInputError(GradcError, ValueError):
    """The cost does not depend on a variable it should be differentiated by."""


class NullTypeGradError(GradcError, TypeError):
    """A gradient is needed that an operation declares to be undefined."""


class VectorizeError(GradcError, ValueError):
    """A graph cannot be batched: a length would differ from element to element."""


class NotScalarConstantError(GradcError, ValueError):
    """Building does not know the number that was asked for."""


class GradientError(GradcError, AssertionError):
    """A gradient is not what differences say it should be: verify_grad."""


class UnusedInputError(GradcError, ValueError):
    """A function was given an input that no output or update needs."""


class MissingInputError(GradcError, ValueError):
    """An output depends on a variable that is neither an input nor has a value."""


class UpdateError(GradcError, TypeError):
    """An update does not have the type of its shared variable."""


class UnsupportedError(GradcError, NotImplementedError):
    """What another library has, and gradc has not."""


class IndexBoundsError(GradcError, IndexError):
    """An index is out of bounds."""


class LinAlgError(GradcError, np.linalg.LinAlgError):
    """A matrix is singular, or not positive definite, or an iteration does not end."""


class AssertionFailed(GradcError, AssertionError):
    """A condition asserted in the graph is false."""


class NanGuardError(AssertionFailed):
    """NanGuardMode met a value that is nan, infinite or big."""


class BadOptimization(GradcError, RuntimeError):
    """DebugMode: a rule of rewriting changed a value."""


class BadThunkOutput(GradcError, RuntimeError):
    """DebugMode: compiled code gives something else than its reference."""


class StochasticOrder(GradcError, RuntimeError):
    """DebugMode: the same graph was rewritten in two ways."""


class OutOfMemory(GradcError, MemoryError):
    """Memory for an output or a workspace was refused."""


class ReentrantCall(GradcError, RuntimeError):
    """Something inside a call, a signal handler, wants what the call is using."""


class RewriteError(GradcError, RuntimeError):
    """Rewrites loop, or one broke its promise."""


class InternalError(GradcError, RuntimeError):
    """A fault of gradc, not of the user's program."""


class CompilerNotFound(GradcError, OSError):
    """There is no usable C compiler."""


class CompileError(GradcError, OSError):
    """The C compiler failed."""


class CacheError(GradcError, OSError):
    """The cache directory cannot be used."""


class InjectedFailure(GradcError, RuntimeError):
    """A step that was asked to fail (GRADC_FAIL_AT) did."""


class DrawingError(GradcError, OSError):
    """A picture cannot be drawn: graphviz is missing, or failed."""


class FileFormatError(GradcError, ValueError):
    """A file that was saved is damaged, was tampered with, or is no such file."""


class UntrustedError(GradcError, PermissionError):
    """Code on disk belongs to somebody else, or others may write to it."""


class WrongMachineError(GradcError, OSError):
    """A compiled function is for another processor, system or version of gradc."""


class GradcWarning(UserWarning):
    """Something the user may want to know; the result is right all the same."""


def warn_user(text: str) -> None:
    """A GradcWarning at the line outside this package that is running now."""
    depth, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        depth, frame = depth + 1, frame.f_back
    warnings.warn(text, GradcWarning, stacklevel=depth)
