"""How hard the C compiler should try.

Takes a Program; gives an optimisation level.  gcc 12 at -O3 takes some 12 ms for a loop, whatever
stands in it, and 6 ms more for a function of vector math; -O2 about 0.6 and -O1 0.35 of that
(Nov 2026, 2.6 GHz).  Nobody waits long for what runs once: above a second's work the level falls.
"""

from __future__ import annotations

from gradc.kernel.program import Compute, Nest, Pass, Program

__all__ = ["choose_level"]

_LOOP, _CALL, _STATEMENT = 12.0, 6.0, 0.2  # ms at -O3
_BEST, _GOOD = 1000.0, 3000.0  # ms up to which -O3 and -O2 are worth their time


def choose_level(program: Program) -> int:
    """3, 2 or 1."""
    time = sum(
        _nest_time(step)
        for segment in program.segments
        for step in segment.steps
        if isinstance(step, Nest)
    )
    return 3 if time <= _BEST else 2 if time <= _GOOD else 1


def _nest_time(nest: Nest) -> float:
    time = 0.0
    for block in nest.blocks:
        time += _LOOP * isinstance(block, Pass)
        for each in block.body:
            if isinstance(each, Compute):
                is_call = "gc_" in each.fn.text(each.operand, ["x", "y", "z"], each.dtype)
                time += _CALL if is_call else _STATEMENT
    return time
