"""Functions of numbers: jit of Python functions, their derivatives and batches, costs for SciPy."""

from gradc.functional.derivatives import grad, hessian, jacobian, value_and_grad, vectorize, vmap
from gradc.functional.jit import Jitted, jit
from gradc.functional.objective import Objective, scipy_objective
from gradc.functional.products import hvp, jvp, vjp

__all__ = [
    "Jitted",
    "Objective",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jit",
    "jvp",
    "scipy_objective",
    "value_and_grad",
    "vectorize",
    "vjp",
    "vmap",
]
