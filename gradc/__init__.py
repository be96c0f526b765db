"""gradc: array expressions in Python, differentiated symbolically, compiled to C one can read.

Example:
    import gradc
    import gradc.tensor as T

    x = T.vector("x")
    f = gradc.function([x], T.grad((x ** 2).sum(), x))
    f([1.0, 2.0])              # array([2., 4.])
    print(f.stages.source)     # the C
"""

from gradc import printing, tensor
from gradc.batch import vectorize, vectorize_graph, vmap
from gradc.call.function import Function
from gradc.call.inputs import In, Out
from gradc.compile import function
from gradc.control import OpFromGraph, custom_gradient
from gradc.differentiate import (
    Lop,
    Rop,
    explain_grad,
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
from gradc.graph.replace import clone, graph_replace
from gradc.graph.testvalues import debug_assert, get_debug_values, get_test_value
from gradc.graph.words import get_consumers, get_inputs, get_operation
from gradc.ops.stops import (
    consider_constant,
    disconnected_grad,
    grad_clip,
    grad_scale,
    undefined_grad,
    zero_grad,
)
from gradc.options import config
from gradc.printing import pp, pprint
from gradc.sharedvar import SharedVariable, shared

__version__ = "0.1.0"

__all__ = [
    "Function",
    "In",
    "Lop",
    "OpFromGraph",
    "Out",
    "Rop",
    "SharedVariable",
    "clone",
    "config",
    "debug_assert",
    "consider_constant",
    "custom_gradient",
    "disconnected_grad",
    "explain_grad",
    "function",
    "get_consumers",
    "get_debug_values",
    "get_inputs",
    "get_operation",
    "get_test_value",
    "grad",
    "grad_clip",
    "grad_scale",
    "graph_replace",
    "hessian",
    "hessian_vector_product",
    "jacobian",
    "jvp",
    "pp",
    "pprint",
    "printing",
    "pullback",
    "pushforward",
    "shared",
    "tensor",
    "undefined_grad",
    "value_and_grad",
    "vectorize",
    "vectorize_graph",
    "vjp",
    "vmap",
    "zero_grad",
]
