"""How hard the C compiler should try, and how its work is shared out.

Takes the C of functions; gives what each costs in milliseconds, an optimisation level, and parts
to be compiled side by side.  Costs are gcc 12's at -O3 on Zen 3 (Nov 2026, fitted to the functions
of a graph of 200 operations): a function 3, a loop 12, a call of vector math inlined into a loop 40
(bytes beside float64 would take four times that: late.py), and more than proportionally for the
statements of loops: 5 cost 5 ms, 140 cost 370.  Without a loop a statement takes a quarter of a
millisecond, and the call of a step 2.  -O2 takes 0.6 to 0.9 of it and -O1 0.4 to 0.6; what they
make runs 1.1 and 1.2 times as long (38 kinds of functions, geometric mean; division by a constant
integer 4).  Nobody waits long for what runs once: above half a second's work the level falls.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from gradc.emit.headers import is_vector_math

__all__ = ["ROUTINE_COST", "choose_level", "cost_of", "parts_of"]

_FUNCTION, _LOOP, _CALL = 3.0, 12.0, 40.0  # ms at -O3
_STATEMENTS, _GROWTH = 0.6, 1.3
_STRAIGHT, _STEP = 0.25, 2.0
ROUTINE_COST = 40.0  # one of csrc/inline's
_BEST, _GOOD = 600.0, 1500.0  # ms at -O3 up to which -O3 and -O2 are worth their time
_PART = 350.0  # ms worth a further process, which begins with 50 ms of reading headers
_MOST_PARTS = 4

_CALLED = re.compile(r"\bgc_([a-z]\w*?)_f(?:32|64)\(")


def cost_of(function: str) -> float:
    """The milliseconds that gcc takes for one function."""
    calls = _CALL * sum(map(is_vector_math, _CALLED.findall(function)))
    loops, count = function.count("for ("), function.count(";")
    statements = _STATEMENTS * float(count**_GROWTH) if loops else _STRAIGHT * count
    return _FUNCTION + _LOOP * loops + statements + calls + _STEP * function.count("GC_STEP(")


def choose_level(cost: float) -> int:
    """3, 2 or 1."""
    return 3 if cost <= _BEST else 2 if cost <= _GOOD else 1


def parts_of(costs: Sequence[float]) -> list[int]:
    """The part that each function goes to: the most expensive first, to the part with least.

    What is compiled in half a second stays in one piece, which reads better.
    """
    total = sum(costs)
    count = min(_MOST_PARTS, max(2, int(total / _PART)), len(costs)) if total > _BEST else 1
    loads = [0.0] * max(1, count)
    parts = [0] * len(costs)
    for k in sorted(range(len(costs)), key=lambda k: -costs[k]):
        parts[k] = min(range(len(loads)), key=loads.__getitem__)
        loads[parts[k]] += costs[k]
    return parts
