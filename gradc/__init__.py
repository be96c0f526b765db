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
from gradc.call.function import Function
from gradc.call.inputs import In, Out
from gradc.compile import function
from gradc.differentiate import explain_grad, grad
from gradc.graph.words import get_consumers, get_inputs, get_operation
from gradc.options import config
from gradc.printing import pp, pprint
from gradc.sharedvar import SharedVariable, shared

__version__ = "0.1.0"

__all__ = [
    "Function",
    "In",
    "Out",
    "SharedVariable",
    "config",
    "explain_grad",
    "function",
    "get_consumers",
    "get_inputs",
    "get_operation",
    "grad",
    "pp",
    "pprint",
    "printing",
    "shared",
    "tensor",
]
