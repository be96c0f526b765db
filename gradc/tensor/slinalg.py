"""Theano's `T.slinalg`: what it takes from scipy.linalg.  The functions are gradc's own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from gradc.graph.variable import Variable
from gradc.ops.linalg import kron
from gradc.ops.orthogonal import eigvalsh
from gradc.ops.powers import expm
from gradc.ops.solving import solve, solve_triangular
from gradc.ops.triangular import cholesky

__all__ = [
    "Cholesky",
    "Solve",
    "cholesky",
    "eigvalsh",
    "expm",
    "kron",
    "solve",
    "solve_lower_triangular",
    "solve_symmetric",
    "solve_triangular",
    "solve_upper_triangular",
]


def Cholesky(  # noqa: N802  # Theano's word for the class
    lower: bool = True, destructive: bool = False, on_error: str = "raise"
) -> Callable[[Any], Variable]:
    """The function cholesky(x, lower, on_error).

    destructive: whether x may be overwritten; it never is.
    """
    return partial(cholesky, lower=lower, on_error=on_error)


def Solve(  # noqa: N802  # Theano's word for the class
    A_structure: str = "general", lower: bool = False, overwrite_A: bool = False,
    overwrite_b: bool = False,
) -> Callable[[Any, Any], Variable]:  # fmt: skip
    """The function solve(A, b) for matrices of one structure.

    A_structure: "general", "symmetric" (solved as general), "lower_triangular" or
    "upper_triangular".  lower: not needed, the structure says it.  overwrite_A, overwrite_b:
    whether they may be overwritten; they never are.
    """
    return partial(solve, assume_a=A_structure, lower=lower)


def solve_lower_triangular(A: Any, b: Any) -> Variable:
    """The x with A x = b, of which the lower triangle is read."""
    return solve_triangular(A, b, lower=True)


def solve_upper_triangular(A: Any, b: Any) -> Variable:
    """The x with A x = b, of which the upper triangle is read."""
    return solve_triangular(A, b, lower=False)


def solve_symmetric(A: Any, b: Any) -> Variable:
    """The x with A x = b for a symmetric matrix, solved as a general one."""
    return solve(A, b, assume_a="sym")
