"""Theano's `T.nlinalg`: what it takes from numpy.linalg.  The functions are gradc's own."""

from gradc.ops.eigenpairs import eig, eigvals
from gradc.ops.linalg import matrix_dot
from gradc.ops.matrices import diag, trace
from gradc.ops.norms import norm
from gradc.ops.orthogonal import eigh, lstsq, pinv, qr, svd
from gradc.ops.powers import matrix_power
from gradc.ops.solving import det, matrix_inverse, tensorinv, tensorsolve

extract_diag = alloc_diag = diag

__all__ = [
    "alloc_diag", "det", "diag", "eig", "eigh", "eigvals", "extract_diag", "lstsq", "matrix_dot",
    "matrix_inverse", "matrix_power", "norm", "pinv", "qr", "svd", "tensorinv",
    "tensorsolve", "trace",
]  # fmt: skip
