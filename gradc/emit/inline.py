"""Which locals need no line of their own.

Takes the statements of a block and how often each local is read; gives the loads that may stand
where they are read, and the results that may stand in the store that takes them.  A load moves
only past statements that write nothing (a store may go to the memory it reads), and only into C
that reads its operand once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from gradc.kernel.program import Compute, Load, Number, Statement, Store

__all__ = ["moved_loads", "moved_results"]


def moved_loads(body: Sequence[Statement], uses: Counter[int]) -> set[int]:
    """Loads that may be written where they are read."""
    found: set[int] = set()
    waiting: set[int] = set()
    for statement in body:
        if isinstance(statement, Load | Number):
            if uses[statement.dst] == 1:
                waiting.add(statement.dst)
        elif isinstance(statement, Compute):
            found.update(
                number
                for place, number in enumerate(statement.args)
                if number in waiting
                and statement.fn.reads_once(statement.operand, place, statement.dtype)
            )
        elif isinstance(statement, Store):
            waiting.clear()
    return found


def moved_results(body: Sequence[Statement], uses: Counter[int]) -> set[int]:
    """Results that the next statement stores and nothing else reads."""
    found: set[int] = set()
    for statement, then in pairwise(body):
        if not isinstance(statement, Compute) or not isinstance(then, Store):
            continue
        if then.src == statement.dst and uses[statement.dst] == 1 and then.mode == "set":
            found.add(statement.dst)
    return found
