"""The identity with another gradient: what is cut off, limited or scaled on its way back.

Each gives x itself, at no cost in what is compiled, and states how a gradient passes it.  Forward
mode treats tangents alike.  Four ways to let nothing through are kept apart:

- `disconnected_grad`: as if the cost did not depend on x (grad raises DisconnectedInputError).
- `zero_grad`, `consider_constant`: it does, with slope 0.
- `undefined_grad`: there is no derivative; asking for one raises NullTypeGradError.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradc.graph.undefined import Undefined
from gradc.graph.variable import Variable
from gradc.kernel.scalar import scalar_fn
from gradc.ops.compare import clip
from gradc.ops.declare import Operation, elemwise
from gradc.ops.lengths import zeros_like
from gradc.ops.rules import same

__all__ = [
    "consider_constant",
    "disconnected_grad",
    "grad_clip",
    "grad_scale",
    "undefined_grad",
    "zero_grad",
]

Cts = tuple[Variable, ...]
STOPS = (
    "consider_constant",
    "disconnected_grad",
    "grad_clip",
    "grad_scale",
    "undefined_grad",
    "zero_grad",
)


def _stop(name: str, doc: str, pullback: Callable[..., Any]) -> Operation:
    return elemwise(
        name, doc=f"x itself. {doc}", dtype=same, c=scalar_fn("{x}", half="{x}", complex="{x}"),
        ref=lambda x: x, pullback=pullback, is_slope=False,
    )  # fmt: skip


def _nothing(cts: Cts, outs: Cts, x: Variable) -> tuple[None]:
    return (None,)


def _zero(cts: Cts, outs: Cts, x: Variable) -> tuple[Variable]:
    return (zeros_like(x),)


def _undefined(cts: Cts, outs: Cts, x: Variable) -> tuple[Variable]:
    return (Undefined(x.type, "undefined_grad was applied to it"),)


disconnected_grad = _stop(
    "disconnected_grad",
    "For gradients it is not connected to x: what depends on x only through it is disconnected.",
    _nothing,
)
zero_grad = _stop("zero_grad", "Its gradient is 0.", _zero)
consider_constant = _stop(
    "consider_constant", "Its gradient is 0, as that of a constant: another word for zero_grad.",
    _zero,
)  # fmt: skip
undefined_grad = _stop(
    "undefined_grad", "A gradient that would pass here is undefined: grad raises.", _undefined
)

grad_clip = elemwise(
    "grad_clip",
    doc="x itself: grad_clip(x, low, high). The gradient is limited to [low, high] element by\n"
    "element.",
    dtype=same,
    c=scalar_fn("((void){y}, (void){z}, {x})"),
    ref=lambda x, *limits: np.broadcast_arrays(x, *limits)[0],
    pullback=lambda cts, outs, x, low, high: (clip(cts[0], low, high), None, None),
    arity=3,
    domain=((-5.0, 5.0), (-3.0, -1.0), (1.0, 3.0)),
    is_slope=False,
)

grad_scale = elemwise(
    "grad_scale",
    doc="x itself: grad_scale(x, factor). The gradient is multiplied by the factor.",
    dtype=same,
    c=scalar_fn("((void){y}, {x})", complex="((void){y}, {x})"),
    ref=lambda x, factor: np.broadcast_arrays(x, factor)[0],
    pullback=lambda cts, outs, x, factor: (cts[0] * factor, None),
    arity=2,
    is_slope=False,
)
