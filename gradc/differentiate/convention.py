"""The gradient of a complex variable: what users get and give, and what pullbacks multiply.

Users: g = dC/dRe z + i dC/dIm z, the direction in which a real cost C rises fastest, so that
z - rate * g descends.  Theano's formulas say so (its abs gives gz * x / abs(x)), and torch; JAX
gives the conjugate.  Inside, between `grad` and the pullbacks, a cotangent is conj(g), which is
2 dC/dz: for whatever has a complex slope, which is nearly everything, the pullback is then the
product with that slope, the same text as for real numbers, and forward mode may use it too.  So it
is conjugated at the border, once, and not in every pullback.
Source: Kreutz-Delgado, The Complex Gradient Operator and the CR-Calculus, arXiv 0906.4835.
"""

from __future__ import annotations

from typing import Any

from gradc.graph.undefined import Disconnected, Undefined
from gradc.graph.variable import Variable
from gradc.ops.complexes import conj
from gradc.ops.declare import is_complex

__all__ = ["conjugate"]


def conjugate(found: Any) -> Any:
    """A gradient on its way across the border; anything else stays as it is."""
    if not isinstance(found, Variable) or isinstance(found, Disconnected | Undefined):
        return found
    return conj(found) if is_complex(found.dtype) else found
