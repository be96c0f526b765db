"""Derivatives of expressions as expressions: `grad`, and `explain_grad` that shows how.

Beside it products with jacobians (jvp, vjp), whole jacobians and hessians.
"""

from gradc.differentiate.chained import subgraph_grad
from gradc.differentiate.directional import Lop, Rop, hessian_vector_product, jvp, pulled, vjp
from gradc.differentiate.explain import Explanation, GradEntry, Term, explain_grad
from gradc.differentiate.jacobian import hessian, jacobian, value_and_grad
from gradc.differentiate.prepare import require_intact
from gradc.differentiate.reverse import Disconnected, grad

pushforward, pullback = jvp, vjp  # PyTensor's names

__all__ = [
    "Disconnected",
    "Explanation",
    "GradEntry",
    "Lop",
    "Rop",
    "Term",
    "explain_grad",
    "grad",
    "hessian",
    "hessian_vector_product",
    "jacobian",
    "jvp",
    "pullback",
    "pulled",
    "pushforward",
    "require_intact",
    "subgraph_grad",
    "value_and_grad",
    "vjp",
]
