"""The user's namespace: `import gradc.tensor as T`.

Symbolic inputs (T.matrix), operations under numpy's and Theano's names, gradients.
"""
# ruff: noqa: F403

from gradc import ops as _ops
from gradc.differentiate import (
    Lop,
    Rop,
    grad,
    hessian,
    hessian_vector_product,
    jacobian,
    jvp,
    pullback,
    pushforward,
    value_and_grad,
    vjp,
)
from gradc.graph.methods import bind as _bind
from gradc.graph.types import TensorType
from gradc.graph.variable import Constant, Variable
from gradc.ops import *
from gradc.tensor import aliases as _aliases
from gradc.tensor import constructors as _constructors
from gradc.tensor import numpy_calls as _numpy_calls
from gradc.tensor.aliases import *
from gradc.tensor.constructors import *

__all__ = ["Constant", "TensorType", "Variable"]
__all__ += [
    "Lop",
    "Rop",
    "grad",
    "hessian",
    "hessian_vector_product",
    "jacobian",
    "jvp",
    "pullback",
    "pushforward",
    "value_and_grad",
    "vjp",
]
__all__ += _ops.__all__
__all__ += _aliases.__all__
__all__ += _constructors.__all__

_bind(array_function=_numpy_calls.array_function, array_ufunc=_numpy_calls.array_ufunc)
