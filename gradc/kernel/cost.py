"""How long a segment will run, as a formula of the sizes.

Takes a Segment; gives picoseconds on one thread as a Size.  The call path needs the order of
magnitude only, to decide whether giving the GIL away is worth it: what is below 20 us keeps it.
So it counts instructions as declarations state them (ScalarFn.cost), the same for all machines.

Fitted on a 2-core AVX2 machine (Zen 3, gcc 12, Nov 2026) to the workloads of benchmarks/ at small
sizes; within a factor of two there.
"""

from __future__ import annotations

from gradc.dtypes import dtype_info
from gradc.kernel.loops import (
    Callback,
    Compute,
    Nest,
    Pack,
    Pass,
    Product,
    Repeat,
    Require,
    Routine,
    Segment,
    Statement,
    Step,
)
from gradc.sizes import Size, product, size, total

__all__ = ["picoseconds", "time_of"]

_STEP = 100_000  # calling a step at all
_VECTOR, _SCALAR = 60, 250  # an instruction an element, in vector code of 64-bit numbers or not
_PACK = 500  # an element laid out for a product
_CALLBACK = 20_000_000  # going back into Python: what it does there nobody knows
_GEMM, _GEMV = 100, 200  # a multiplication and addition of float64 by BLAS


def picoseconds(segment: Segment) -> Size:
    """What the steps of the segment take together."""
    return time_of(segment.steps)


def time_of(steps: tuple[Step, ...]) -> Size:
    """What steps take together."""
    return total((*map(_work, steps), _STEP * len(steps)))


def _work(step: Step) -> Size:
    if isinstance(step, Repeat):
        return step.count * time_of(step.steps)
    if isinstance(step, Nest):
        return _nest(step)
    if isinstance(step, Routine):
        work = step.rows * step.work * _SCALAR
        return work if step.after is None else work + _nest(step.after)
    if isinstance(step, Callback | Require):
        return size(_CALLBACK if isinstance(step, Callback) else 0)
    return step.room * _PACK if isinstance(step, Pack) else _product(step)


def _nest(nest: Nest) -> Size:
    rows = product(nest.axes[: nest.split])
    elements = product(nest.axes)
    whole = size(0)
    for block in nest.blocks:
        if isinstance(block, Pass):
            instruction = _VECTOR if block.vector else _SCALAR
            whole = whole + elements * (_instructions(block.body) * instruction)
        else:
            whole = whole + rows * (_instructions(block.body) * _SCALAR)
    return whole + _product(nest.product) if nest.product else whole


def _instructions(body: tuple[Statement, ...]) -> int:
    return sum(each.fn.cost if isinstance(each, Compute) else 1 for each in body)


def _product(step: Product) -> Size:
    each = _GEMM if step.routine == "gemm" else _GEMV
    each = each * dtype_info(step.dtype).itemsize // 8
    return product((*step.batch, step.m, step.n, step.k)) * each
