"""From a kernel's status to an error in the user's words.

Takes a KernelFailure, the Plan, the graph's variables and the arrays of the call; gives the
exception of errors.py to raise: what is wrong with the actual numbers, where in the user's file,
how to mend it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradc import errors
from gradc.call.arguments import describe_value
from gradc.call.origins import place, row
from gradc.call.plan import Plan
from gradc.errors import (
    ArgumentError,
    ArgumentTypeError,
    GradcError,
    InjectedFailure,
    InternalError,
    OutOfMemory,
    Where,
    message,
)
from gradc.graph.describe import elements
from gradc.graph.evaluate import evaluate
from gradc.graph.variable import Variable
from gradc.graph.walk import toposort
from gradc.kernel.interface import Port
from gradc.kernel.notes import Note
from gradc.runtime.executable import KernelFailure
from gradc.value import replace

__all__ = ["out_error", "user_error"]

_LENGTH, _INDEX, _SIZE, _ASSERT, _MEMORY, _INJECTED = 1, 2, 3, 4, 5, 9  # gc_status of abi.h


def user_error(
    failure: KernelFailure,
    plan: Plan | None,
    variables: Sequence[Variable],
    function: str,
    values: Mapping[Variable, Any],
) -> Exception:
    """The exception to raise; `values` are the call's arguments. plan: of a library."""
    if failure.code == _INJECTED:
        return InjectedFailure(message(f"{function}: step {failure.values[0]} was made to fail."))
    if plan is not None and 0 <= failure.site < len(plan.notes):
        note = plan.notes[failure.site]
        numbers = [plan.origins[k].variable for k in note.where]
        rows = [
            replace(row(plan.origins[k], variables), got=_given(number, variables, values))
            for k, number in zip(note.where, numbers, strict=True)
        ]
        if failure.code == _ASSERT:
            rows = _with_values(rows, numbers, variables, values)
        line = "" if note.about is None else place(plan.origins[note.about], variables)
        return _from_note(note, rows, line, failure, function)
    if failure.code in (_MEMORY, _SIZE):
        return OutOfMemory(
            message(
                f"{function}: memory for {failure.values[0]} bytes or elements was refused.",
                fix="pass smaller arrays, or split the work into several calls.",
            )
        )
    return InternalError(message(f"{function}: the compiled code failed with {failure}."))


def _given(
    number: int | None, variables: Sequence[Variable], values: Mapping[Variable, Any]
) -> str:
    """What the call got for a variable, if that is one of its arguments."""
    array = None if number is None else values.get(variables[number])
    return "" if array is None else describe_value(array)


def _with_values(
    rows: Sequence[Where],
    numbers: Sequence[int | None],
    variables: Sequence[Variable],
    values: Mapping[Variable, Any],
) -> list[Where]:
    """The rows with what each variable was in this call, by the interpreter.

    The code of a callback is not run again for that.
    """
    found = []
    for each, number in zip(rows, numbers, strict=True):
        if number is None or _has_callback(variables[number]):
            found.append(each)
            continue
        try:
            (array,) = evaluate([variables[number]], values)
        except Exception:  # the error at hand matters more
            found.append(each)
            continue
        found.append(replace(each, got=f"{describe_value(array)} {elements(array)}"))
    return found


def _has_callback(variable: Variable) -> bool:
    return any(node.op.kind == "Call" for node in toposort([variable]))


def out_error(failure: KernelFailure, outs: Sequence[Port], function: str) -> GradcError:
    """The exception for an array of out= that cannot take its output."""
    k, axis, found, wanted = failure.values
    port = outs[k]
    if axis < 0:
        what = f"{function}: out= for output {k} is no array that a result can be written into."
        dims = ", ".join("?" * port.ndim)
        fix = f"pass a writeable, C-contiguous array of type {port.dtype}[{dims}]."
        return ArgumentTypeError(message(what, fix=fix))
    place = f"axis {axis} of out= for output {k}"
    what = f"{function}: {place} has length {found}, the output has {wanted}."
    return ArgumentError(message(what, fix="pass an array of the output's lengths, or none."))


def _from_note(
    note: Note,
    where: Sequence[Where],
    line: str,
    failure: KernelFailure,
    function: str,
) -> GradcError:
    words: dict[str, Any] = {f"v{k}": value for k, value in enumerate(failure.values)}
    words |= {f"x{k}": each.label for k, each in enumerate(where)}
    what, fix = (text.format(function=function, at=line, **words) for text in (note.what, note.fix))
    kind: type[GradcError] = getattr(errors, note.error)
    return kind(message(what, where, fix))
