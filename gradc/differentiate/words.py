"""The derivatives that `gradc` and `gradc.tensor` both offer, under all their names."""

from gradc.differentiate.chained import subgraph_grad
from gradc.differentiate.directional import Lop, Rop, hessian_vector_product, jvp, vjp
from gradc.differentiate.explain import explain_grad
from gradc.differentiate.jacobian import hessian, jacobian, value_and_grad
from gradc.differentiate.reverse import grad

pushforward, pullback = jvp, vjp  # PyTensor's names

__all__ = [
    "Lop",
    "Rop",
    "explain_grad",
    "grad",
    "hessian",
    "hessian_vector_product",
    "jacobian",
    "jvp",
    "pullback",
    "pushforward",
    "subgraph_grad",
    "value_and_grad",
    "vjp",
]
