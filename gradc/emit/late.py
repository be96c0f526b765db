"""Which statements of a pass wait for a loop of their own.

Takes a Pass; gives what is narrow and comes last: a comparison stored as a byte behind a dozen
vector functions in float64.  In one loop with these the bytes would decide how many elements a
vector compiler takes at a time (32), and it would write every function four times over: 1.4 s
for the lecture's loss instead of 0.6, at the same speed when run (gcc 12, AVX2, Nov 2026).
"""

from __future__ import annotations

from collections.abc import Sequence

from gradc.dtypes import dtype_info
from gradc.emit.statements import is_float_literal, result, uses
from gradc.kernel.program import Bound, Compute, FoldStep, Pass, Statement, Store
from gradc.value import value

__all__ = ["Parts", "split"]

_RATIO = 4  # of the widths of the widest and the narrowest number
_NO_LOCAL = (Bound, FoldStep, Store)
_COST = 40  # instructions an element below which a loop is compiled in no time


@value
class Parts:
    """The statements of a pass: those of its first loop, those that wait, and the locals between.

    handed: local -> dtype, put into a tile by the first loop and read by the second.
    """

    first: tuple[Statement, ...]
    is_vector: bool  # of the first loop; the second always is
    late: tuple[Statement, ...]
    handed: dict[int, str]


def split(block: Pass) -> Parts:
    """The parts of a pass; `late` is empty where one loop serves."""
    body = block.body
    whole = Parts(body, block.vector, (), {})
    cost = sum(each.fn.cost for each in body if isinstance(each, Compute))
    if not block.vector or cost < _COST:
        return whole
    waiting = _waiting(body)
    late = [each for k, each in enumerate(body) if k in waiting]
    if not late:
        return whole
    made = {result(each) for each in late}
    dtypes = {each.dst: each.dtype for each in body
              if not isinstance(each, _NO_LOCAL) and not is_float_literal(each)}  # fmt: skip
    handed = {number: dtypes[number] for each in late for number in uses(each)
              if number in dtypes and number not in made}  # fmt: skip
    first = tuple(each for k, each in enumerate(body) if k not in waiting)
    return Parts(first, block.vector, tuple(late), handed)


def _waiting(body: Sequence[Statement]) -> set[int]:
    """Positions of narrow stores, and of the comparisons that only they read."""
    widest = max((_width(each.operand) for each in body if isinstance(each, Compute)), default=0)
    readers: dict[int, list[int]] = {}
    for k, each in enumerate(body):
        for number in uses(each):
            readers.setdefault(number, []).append(k)
    found: set[int] = set()
    for k in reversed(range(len(body))):
        each = body[k]
        if isinstance(each, Store):
            is_narrow = _width(each.dtype) * _RATIO <= widest
            if is_narrow and each.mode == "set" and not each.terms:
                found.add(k)
        elif isinstance(each, Compute) and _width(each.dtype) * _RATIO <= widest:
            known = readers.get(each.dst, [])
            if known and set(known) <= found:
                found.add(k)
    return found if any(isinstance(body[k], Compute) for k in found) else set()


def _width(dtype: str) -> int:
    return dtype_info(dtype).itemsize
