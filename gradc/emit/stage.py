"""The functions of a stage, plan or run, that was too long for one.

Takes the names of functions; gives those that call them one after the other.
"""

from __future__ import annotations

from gradc.emit.views import Function, Lines

__all__ = ["ARGUMENTS", "MOST", "chain"]

ARGUMENTS = "(const gc_table *table, gc_frame *frame)"
MOST = 100  # statements of a stage in one function: compilers take more than linear time for it


def chain(name: str, pieces: list[str]) -> list[Function]:
    """Functions that call the pieces in order until one fails; `name` stands last."""
    functions: list[Function] = []
    while len(pieces) > MOST:
        groups = [pieces[k : k + MOST] for k in range(0, len(pieces), MOST)]
        pieces = [f"{group[0]}_on" for group in groups]
        functions += map(_caller, pieces, groups)
    return [*functions, _caller(name, pieces)]


def _caller(name: str, pieces: list[str]) -> Function:
    calls = ["int status = GC_OK;"]
    for piece in pieces:
        calls += ["if (status == GC_OK)", f"    status = {piece}(table, frame);"]
    body = (Lines((*calls, "return status;")),)
    return Function(f"static int {name}{ARGUMENTS}", (), "", body)
