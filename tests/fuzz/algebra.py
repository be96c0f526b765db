"""Products and linear algebra: functions of matrices that are neither large nor nearly singular."""

from __future__ import annotations

from typing import Any

import gradc.tensor as T
from gradc.graph.variable import Variable
from tests.fuzz.forms import Form, like
from tests.fuzz.pool import Item, Pool

__all__ = ["ALGEBRA"]

MOST = 7  # rows of a square matrix


def square(item: Item) -> Variable:
    """A matrix made of an item's elements, its diagonal greater than what stands beside it."""
    n = min(*item.shape, MOST)
    corner = T.tanh(item.variable[:n, :n])
    return corner * (0.5 / n) + T.eye(n, dtype=item.variable.dtype)


def symmetric(item: Item) -> Variable:
    a = square(item)
    return a + a.T


def tensor(item: Item) -> Variable:
    """A square matrix of 6 rows with its columns in two axes."""
    one = T.tanh(item.variable[0, 0])
    return (one / 12 + T.eye(6, dtype=item.variable.dtype)).reshape((6, 2, 3))


def part(g: Pool, row: Any) -> Variable:
    """One of several results."""
    return g.draws.pick(tuple(row))


def solved_by_factor(g: Pool, item: Item) -> Variable:
    a = symmetric(item)
    return T.cho_solve((T.cholesky(a), True), a[0])


MATRIX: dict[str, Any] = {"ranks": range(2, 3), "moves": False, "floats": True, "full": True}

ALGEBRA: tuple[Form, ...] = (
    Form("kron", lambda g, i: T.kron(i.variable, T.arange(3).astype(i.variable.dtype)),
         range(1, 2), moves=False, floats=True),
    Form("vdot", lambda g, i: T.vdot(i.variable, like(g, i).variable), range(1, 2),
         moves=False, floats=True),
    Form("batched_dot", lambda g, i: T.batched_dot(i.variable, like(g, i).variable
         .dimshuffle(0, 2, 1)) * 0.1, range(3, 4), moves=False, floats=True),
    Form("batched_tensordot", lambda g, i: T.batched_tensordot(i.variable,
         like(g, i).variable, [[1], [1]]), range(2, 3), moves=False, floats=True),
    Form("matrix_dot", lambda g, i: T.matrix_dot(i.variable, i.variable.T, i.variable) * 0.05,
         range(2, 3), moves=False, floats=True),
    Form("multi_dot", lambda g, i: T.multi_dot([i.variable.T, i.variable, i.variable.T])
         * 0.05, range(2, 3), moves=False, floats=True),
    Form("eigh", lambda g, i: T.eigh(symmetric(i))[0], **MATRIX),
    Form("svd", lambda g, i: T.svd(square(i), compute_uv=False), **MATRIX),
    Form("qr", lambda g, i: part(g, T.qr(square(i))), **MATRIX),
    Form("lstsq", lambda g, i: T.lstsq(square(i), i.variable[: min(*i.shape, MOST), 0])[0],
         **MATRIX),
    Form("matrix_rank", lambda g, i: T.matrix_rank(square(i)), **MATRIX),
    Form("slogdet", lambda g, i: part(g, T.slogdet(square(i))), **MATRIX),
    Form("cho_solve", solved_by_factor, **MATRIX),
    Form("tensorinv", lambda g, i: T.tensorinv(tensor(i), ind=1), **MATRIX),
    Form("tensorsolve", lambda g, i: T.tensorsolve(tensor(i), tensor(i)[:, 0, 0]), **MATRIX),
)  # fmt: skip
