"""Theano's `T.nlinalg`: what it takes from numpy.linalg.  The functions are gradc's own."""

from gradc.ops.linalg import matrix_dot
from gradc.ops.matrices import diag, trace
from gradc.ops.norms import norm
from gradc.ops.solving import det, matrix_inverse, tensorinv, tensorsolve

extract_diag = alloc_diag = diag

__all__ = [
    "alloc_diag", "det", "diag", "extract_diag", "matrix_dot", "matrix_inverse", "norm",
    "tensorinv", "tensorsolve", "trace",
]  # fmt: skip
