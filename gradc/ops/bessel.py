"""Bessel functions of order 0 and 1.

All give floats: float32 stays, integers become float64.  The C is our own, in csrc/inline; the
bounds that each keeps stand in docs/accuracy-special.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from gradc.graph.variable import Variable
from gradc.kernel.scalar import scalar_fn
from gradc.ops import judges_bessel
from gradc.ops.compare import lt, switch
from gradc.ops.declare import Operation, elemwise
from gradc.ops.elemwise import abs, neg, sign, square
from gradc.ops.judges import on_arrays
from gradc.ops.math import exp
from gradc.ops.rules import to_float

__all__ = ["i0", "i0e", "i1", "i1e", "j0", "j1"]


def _bessel(
    name: str, doc: str, source: str, slope: Callable[[Variable, Variable], Variable]
) -> Operation:
    """A Bessel function; `slope` is its derivative, from the result and the operand."""
    return elemwise(
        name,
        doc=f"{doc}\nSource: DLMF {source}.",
        dtype=to_float,
        c=scalar_fn(f"gc_{name}", cost=120, vectorizes=False),
        ref=on_arrays(getattr(judges_bessel, name)),
        pullback=lambda cts, outs, x: (cts[0] * slope(outs[0], x),),
        domain=(0.3, 12.0),
    )


_TERMS = 10  # of the series below: the next is 3e-20 for |x| = 1


def _over(y: Variable, x: Variable, turn: int, damped: bool = False) -> Variable:
    """The ratio of a function of order 1 and x; by its series below 1: slopes of y / x cancel.

    turn: the sign of (x/2)^2 in the series (DLMF 10.2.2, 10.25.2).  damped: times exp(-|x|).
    """
    is_small = lt(abs(x), 1.0)
    quarter = square(switch(is_small, x, 0.0)) * (0.25 * turn)
    parts = [0.5 / (math.factorial(k) * math.factorial(k + 1)) for k in range(_TERMS)]
    total = quarter * parts[-1] + parts[-2]
    for part in parts[-3::-1]:
        total = total * quarter + part
    near = total * exp(-abs(x)) if damped else total
    return switch(is_small, near, y / switch(is_small, 1.0, x))


j0: Operation = _bessel(
    "j0", "J0(x), the Bessel function of the first kind and order 0.", "10.2.2, 10.17.3",
    lambda out, x: neg(j1(x)),
)  # fmt: skip
j1: Operation = _bessel(
    "j1", "J1(x), the Bessel function of the first kind and order 1.", "10.2.2, 10.17.3",
    lambda out, x: j0(x) - _over(out, x, -1),
)  # fmt: skip
i0: Operation = _bessel(
    "i0", "I0(x), the modified Bessel function of order 0; inf above 713.99.",
    "10.25.2, 10.40.1", lambda out, x: i1(x),
)  # fmt: skip
i1: Operation = _bessel(
    "i1", "I1(x), the modified Bessel function of order 1; inf above 713.99.",
    "10.25.2, 10.40.1", lambda out, x: i0(x) - _over(out, x, 1),
)  # fmt: skip
i0e: Operation = _bessel(
    "i0e", "exp(-|x|) I0(x), where I0 itself is out of range.", "10.25.2, 10.40.1",
    lambda out, x: i1e(x) - sign(x) * out,
)  # fmt: skip
i1e: Operation = _bessel(
    "i1e", "exp(-|x|) I1(x), where I1 itself is out of range.", "10.25.2, 10.40.1",
    lambda out, x: i0e(x) - sign(x) * out - _over(out, x, 1, damped=True),
)  # fmt: skip
