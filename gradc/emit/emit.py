"""From a Program to its C.

Takes a Program, the Target and what node numbers mean to the user; gives a Source.
"""

from __future__ import annotations

from gradc.emit.file import write_file
from gradc.emit.level import choose_level
from gradc.emit.source import NodeNote, Source
from gradc.kernel.program import Program
from gradc.options import Options, Target

__all__ = ["emit"]


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
    level = choose_level(file.cost) if fast else 1
    if options is not None and options.level is not None:
        level = options.level
    return Source(file.text, file.interface, level, nodes)
