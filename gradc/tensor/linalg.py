"""Linear algebra by the names of numpy.linalg and scipy.linalg: `T.linalg.inv`, `T.linalg.solve`.

The functions are those of `gradc.tensor`, where another function has the name `inv`.
"""

from gradc.ops.linalg import kron, matmul, matrix_dot, multi_dot, outer, tensordot
from gradc.ops.matrices import diagonal, trace
from gradc.ops.norms import norm
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
    "cho_solve", "cholesky", "det", "diagonal", "inv", "kron", "matmul", "matrix_dot",
    "matrix_inverse", "multi_dot", "norm", "outer", "slogdet", "solve", "solve_triangular",
    "tensordot", "tensorinv", "tensorsolve", "trace",
]  # fmt: skip
