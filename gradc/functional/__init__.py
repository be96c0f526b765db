"""Functions of numbers from Python functions: jit, and derivatives and batches of functions."""

from gradc.functional.derivatives import grad, hessian, jacobian, value_and_grad, vectorize, vmap
from gradc.functional.jit import Jitted, jit

__all__ = ["Jitted", "grad", "hessian", "jacobian", "jit", "value_and_grad", "vectorize", "vmap"]
