"""Linear algebra by the names of numpy.linalg and scipy.linalg: `T.linalg.inv`, `T.linalg.solve`.

The functions are those of `gradc.tensor`, where another function has the name `inv`.
"""

from gradc.ops.eigenpairs import eig, eigvals
from gradc.ops.linalg import kron, matmul, matrix_dot, multi_dot, outer, tensordot
from gradc.ops.matrices import diagonal, trace
from gradc.ops.norms import norm
from gradc.ops.orthogonal import eigh, eigvalsh, lstsq, matrix_rank, pinv, qr, svd
from gradc.ops.powers import expm, matrix_power
from gradc.ops.solving import (
    cho_solve,
    det,
    matrix_inverse,
    slogdet,
    solve,
    solve_triangular,
    tensorinv,
    tensorsolve,
)
from gradc.ops.triangular import cholesky

inv = matrix_inverse

__all__ = [
    "cho_solve", "cholesky", "det", "diagonal", "eig", "eigh", "eigvals", "eigvalsh", "expm", "inv",
    "kron", "lstsq", "matmul", "matrix_dot", "matrix_inverse", "matrix_power", "matrix_rank",
    "multi_dot", "norm", "outer", "pinv", "qr", "slogdet", "solve", "solve_triangular", "svd",
    "tensordot", "tensorinv", "tensorsolve", "trace",
]  # fmt: skip
