"""A whole file of C from a Program.

Takes a Program; gives the text, how many numbers a call needs, and what compiling it will cost.
The file: a comment that says what it computes, includes, folds, the steps' functions, what runs
and plans each segment, and the one exported symbol.  A file of much work says so (GC_PARTS) and
marks what belongs to which part, so that it can be compiled by several processes at once.
"""

from __future__ import annotations

from gradc.emit.headers import include_lines
from gradc.emit.level import ROUTINE_COST, cost_of, parts_of
from gradc.emit.memory import Memory
from gradc.emit.once import share_math
from gradc.emit.parts import arranged
from gradc.emit.plan import plan_functions
from gradc.emit.render import render
from gradc.emit.run import Steps
from gradc.kernel.formula import formula
from gradc.kernel.interface import Interface
from gradc.kernel.program import Buffer, Program
from gradc.value import replace, value

__all__ = ["CFile", "write_file"]


_COLUMNS = 92  # of the comment that lists arrays


@value
class CFile:
    """The text, and the border that the library will have."""

    text: str
    interface: Interface
    cost: float  # ms of gcc's time at -O3


def write_file(program: Program) -> CFile:
    """Emit a Program."""
    memory = Memory.of(program)
    steps = Steps(memory)
    for number in range(len(program.segments)):
        steps.segment(number)
    plans = [plan_functions(memory, number) for number in range(len(program.segments))]
    functions = [*steps.functions, *(each for plan in plans for each in plan)]
    texts = [memory.resolve(render("function.c.j2", function=each)) for each in functions]
    folds = [render("fold.c.j2", fold=each) for each in steps.kinds.views]
    includes = include_lines("\n".join([*folds, *texts]))
    routines = [line for lines in steps.routines.values() for line in ("", *lines)]
    texts, shared = share_math(texts)
    costs = [cost_of(text) for text in [*texts, *shared]] + [ROUTINE_COST] * len(steps.routines)
    code, parts = arranged([each.head for each in functions], texts, parts_of(costs[: len(texts)]))
    interface = program.interface
    text = render(
        "file.c.j2",
        summary=_summary(program),
        includes=[*includes, *shared, *routines],
        code="\n".join([*folds, code]),
        parts=parts,
        args=len(interface.args),
        outs=len(interface.outs),
        lengths=sum(port.ndim for port in interface.outs),
        sizes=memory.sizes,
        points=steps.points,
        segments=range(len(program.segments)),
    )
    return CFile(text, replace(interface, sizes=memory.sizes), sum(costs))


def _summary(program: Program) -> list[str]:
    """The arrays of the file, as many a line as fit."""
    lines: list[str] = []
    for buffer in program.buffers:
        if buffer.place in ("arg", "out"):
            text = _array(buffer, program.interface)
            if lines and len(lines[-1]) + len(text) < _COLUMNS:
                lines[-1] += f"; {text}"
            else:
                lines.append(text)
    return lines


def _array(buffer: Buffer, interface: Interface) -> str:
    ports = interface.args if buffer.place == "arg" else interface.outs
    shape = ", ".join(map(formula, buffer.shape))
    where = f"{buffer.place}s[{buffer.index}]"
    node = f" {buffer.comment}" if buffer.comment else ""
    return f"b{buffer.number}{node} = {where}: {buffer.dtype}[{shape}], {ports[buffer.index].role}"
