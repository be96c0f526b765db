"""Programs to C, through templates/.

Takes a Program, the Target and what node numbers mean to the user; gives a Source.
"""

from __future__ import annotations

from gradc.emit.file import write_file
from gradc.emit.source import NodeNote, Source
from gradc.kernel.program import Compute, Nest, Program
from gradc.options import Options, Target

__all__ = ["NodeNote", "Source", "emit"]

_BUDGET = 3000  # statements that are worth the time of -O3


def emit(
    program: Program,
    target: Target,
    nodes: tuple[NodeNote, ...] = (),
    options: Options | None = None,
    *,
    fast: bool = True,
) -> Source:
    """The C of a Program.

    `fast`: the compiler may take its time (FAST_RUN); otherwise level 1.  The text is the same for
    every target: what the machine can do is left to the compiler.
    """
    del target  # nothing depends on it yet: trees of reductions must not
    file = write_file(program)
    return Source(file.text, file.interface, _level(program, options, fast), nodes)


def _level(program: Program, options: Options | None, fast: bool) -> int:
    if options is not None and options.level is not None:
        return options.level
    return 3 if fast and _statements(program) <= _BUDGET else 1


def _statements(program: Program) -> int:
    """What the compiler has to optimize: loops weigh most."""
    total = 0
    for segment in program.segments:
        for step in segment.steps:
            if isinstance(step, Nest):
                bodies = [step.head, *(block.body for block in step.blocks)]
                total += sum(isinstance(s, Compute) for body in bodies for s in body)
                total += 5 * len(step.blocks)
    return total
