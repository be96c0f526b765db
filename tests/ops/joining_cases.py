"""What joins, cuts, repeats, turns and pads: our calls beside numpy's."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import gradc.tensor as T

Call = Callable[..., Any]
SHAPES = {"x": (2, 3, 4), "y": (3, 4), "v": (5,), "k": (), "e": (0, 3)}

# of m, which is gradc.tensor or numpy, and of x [2, 3, 4], y [3, 4], v [5], k = 2, e [0, 3]
SAME: dict[str, Call] = {
    "concatenate": lambda m, x, y, v, k, e: m.concatenate([x, x * 2], 1),
    "concatenate -1": lambda m, x, y, v, k, e: m.concatenate([y, y[:, :1]], axis=-1),
    "concatenate flat": lambda m, x, y, v, k, e: m.concatenate([x, y, v], axis=None),
    "concatenate empty": lambda m, x, y, v, k, e: m.concatenate([e, y[:, :3], e]),
    "concatenate one": lambda m, x, y, v, k, e: m.concatenate([x]) + 0,
    "concatenate mixed": lambda m, x, y, v, k, e: m.concatenate([v, m.arange(k)]),
    "stack": lambda m, x, y, v, k, e: m.stack([y, y + 1]),
    "stack 1": lambda m, x, y, v, k, e: m.stack([y, y + 1], 1),
    "stack -1": lambda m, x, y, v, k, e: m.stack([y, y, -y], axis=-1),
    "stack scalars": lambda m, x, y, v, k, e: m.stack([v[0], v.sum(), v[1] * v[2]]),
    "hstack": lambda m, x, y, v, k, e: m.hstack([y, y]),
    "hstack vectors": lambda m, x, y, v, k, e: m.hstack([v, v[0]]),
    "vstack": lambda m, x, y, v, k, e: m.vstack([v, v]),
    "dstack": lambda m, x, y, v, k, e: m.dstack([y, y]),
    "column_stack": lambda m, x, y, v, k, e: m.column_stack([v[:3], y]),
    "array_split": lambda m, x, y, v, k, e: m.concatenate(m.array_split(v, 3)[1:]),
    "array_split places": lambda m, x, y, v, k, e: m.array_split(v, [1, 3, -1])[1],
    "tile": lambda m, x, y, v, k, e: m.tile(y, (2, 3)),
    "tile more": lambda m, x, y, v, k, e: m.tile(v, (2, 1, k)),
    "tile fewer": lambda m, x, y, v, k, e: m.tile(y, k),
    "tile of a row": lambda m, x, y, v, k, e: m.tile(v[None], (3, 1)),
    "repeat": lambda m, x, y, v, k, e: m.repeat(y, 3, 1),
    "repeat flat": lambda m, x, y, v, k, e: m.repeat(y, k),
    "repeat method": lambda m, x, y, v, k, e: y.repeat(2, axis=0),
    "repeat none": lambda m, x, y, v, k, e: m.repeat(v, 0),
    "roll": lambda m, x, y, v, k, e: m.roll(y, 1),
    "roll by a scalar": lambda m, x, y, v, k, e: m.roll(v, k * -9, 0),
    "roll axes": lambda m, x, y, v, k, e: m.roll(x, (1, -2, 7), (0, 2, 2)),
    "roll all axes": lambda m, x, y, v, k, e: m.roll(y, 2, (0, 1)),
    "roll empty": lambda m, x, y, v, k, e: m.roll(e, k, 0),
    "flip": lambda m, x, y, v, k, e: m.flip(x),
    "flip axes": lambda m, x, y, v, k, e: m.flip(x, (0, -1)),
    "fliplr": lambda m, x, y, v, k, e: m.fliplr(y),
    "flipud": lambda m, x, y, v, k, e: m.flipud(y),
    "moveaxis": lambda m, x, y, v, k, e: m.moveaxis(x, (0, 1), (-1, 0)),
    "rollaxis": lambda m, x, y, v, k, e: m.rollaxis(x, 2),
    "rollaxis on": lambda m, x, y, v, k, e: m.rollaxis(x, 0, 3),
    "rollaxis -1": lambda m, x, y, v, k, e: m.rollaxis(x, 0, -1),
    "atleast_1d": lambda m, x, y, v, k, e: m.atleast_1d(v[0]),
    "atleast_2d": lambda m, x, y, v, k, e: m.atleast_2d(v),
    "atleast_3d": lambda m, x, y, v, k, e: m.atleast_3d(v),
    "atleast_3d matrix": lambda m, x, y, v, k, e: m.atleast_3d(y),
    "broadcast_arrays": lambda m, x, y, v, k, e: m.stack(m.broadcast_arrays(v[:, None], v)),
    "pad": lambda m, x, y, v, k, e: m.pad(y, 2),
    "pad values":
        lambda m, x, y, v, k, e: m.pad(
            x, ((1, 0), (0, 2), (k, 3)), constant_values=((1, 2), (3, 4), (5, 6))
        ),
    "pad dict": lambda m, x, y, v, k, e: m.pad(y, {-1: (1, 2)}),
    "pad one": lambda m, x, y, v, k, e: m.pad(v[:1], 3, "reflect"),
    "diagonal": lambda m, x, y, v, k, e: m.diagonal(x, -1, 1, 2),
    "diagonal method": lambda m, x, y, v, k, e: y.diagonal(),
    "diag": lambda m, x, y, v, k, e: m.diag(y, 1),
    "diag of a vector": lambda m, x, y, v, k, e: m.diag(v, -2),
    "trace": lambda m, x, y, v, k, e: m.trace(y),
    "tril": lambda m, x, y, v, k, e: m.tril(x, -1),
    "triu": lambda m, x, y, v, k, e: m.triu(y, k - 1),
    "tri": lambda m, x, y, v, k, e: m.tri(3, 4, k) + y[0, 0],
    "tril_indices": lambda m, x, y, v, k, e: y[m.tril_indices(3, 1, 4)],
    "triu_indices": lambda m, x, y, v, k, e: y[m.triu_indices(3)],
    "meshgrid": lambda m, x, y, v, k, e: m.stack(m.meshgrid(v, v[:2])),
    "meshgrid ij": lambda m, x, y, v, k, e: m.meshgrid(v, v[:2], v[:1], indexing="ij")[1],
    "meshgrid sparse": lambda m, x, y, v, k, e: m.meshgrid(v, v[:2], sparse=True)[0],
    "mgrid": lambda m, x, y, v, k, e: m.stack(m.mgrid[0:k, 1:7:3]) * v[0].astype("int64"),
    "ogrid": lambda m, x, y, v, k, e: m.ogrid[:3, 0:5][1] * v.astype("int64"),
    "indices": lambda m, x, y, v, k, e: m.indices(y.shape),
    "indices sparse": lambda m, x, y, v, k, e: m.indices((k, 3), sparse=True)[0],
    "reshape by a list": lambda m, x, y, v, k, e: x.reshape([x.shape[0], 3 * k, k]),
    **{
        f"rot90 {n}": lambda m, x, y, v, k, e, n=n: m.rot90(x, n, (2, 0))
        for n in (0, 1, 2, 3, -1)
    },
    **{
        f"pad {mode} {width}": lambda m, x, y, v, k, e, mode=mode, w=width: m.pad(y, w, mode)
        for mode in ("edge", "reflect", "symmetric", "wrap", "maximum", "minimum")
        for width in (1, ((0, 7), (9, 2)))
    },
}  # fmt: skip

PAIRS: dict[str, tuple[Call, Call]] = {
    "join": (
        lambda x, y, v, k, e: T.join(2, x, x[:, :, :1], x[..., 1:]),
        lambda x, y, v, k, e: np.concatenate([x, x[:, :, :1], x[..., 1:]], 2),
    ),
    "stack old": (
        lambda x, y, v, k, e: T.stack(v, v * 2),
        lambda x, y, v, k, e: np.stack([v, v * 2]),
    ),
    "stacklists": (
        lambda x, y, v, k, e: T.stacklists([[v, v * 2], [v + 1, v - 1]]),
        lambda x, y, v, k, e: np.array([[v, v * 2], [v + 1, v - 1]]),
    ),
    "horizontal_stack": (
        lambda x, y, v, k, e: T.horizontal_stack(y, y, y),
        lambda x, y, v, k, e: np.hstack([y, y, y]),
    ),
    "vertical_stack": (
        lambda x, y, v, k, e: T.vertical_stack(y, y + 1),
        lambda x, y, v, k, e: np.vstack([y, y + 1]),
    ),
    "split": (
        lambda x, y, v, k, e: T.stack(T.split(y, [2, k], 2, axis=1)),
        lambda x, y, v, k, e: np.stack(np.split(y, 2, axis=1)),
    ),
    "split by a vector": (
        lambda x, y, v, k, e: T.split(v, T.stack([k, k - 1, k]), n_splits=3)[2],
        lambda x, y, v, k, e: v[3:],
    ),
    "tile ndim": (
        lambda x, y, v, k, e: T.tile(v, (2,), ndim=2),
        lambda x, y, v, k, e: np.tile(v[None], (1, 2)),
    ),
    "second": (
        lambda x, y, v, k, e: T.second(y, 3.0 * v[0]),
        lambda x, y, v, k, e: np.full((3, 4), 3 * v[0]),
    ),
    "fill": (
        lambda x, y, v, k, e: T.fill(y, 2),
        lambda x, y, v, k, e: np.full((3, 4), 2),
    ),
    "tensor_copy": (
        lambda x, y, v, k, e: T.tensor_copy(y),
        lambda x, y, v, k, e: y,
    ),
    "fill_diagonal": (
        lambda x, y, v, k, e: T.fill_diagonal(y, v[0]),
        lambda x, y, v, k, e: np.where(np.eye(3, 4) == 1, v[0], y),
    ),
    "fill_diagonal_offset": (
        lambda x, y, v, k, e: T.fill_diagonal_offset(y, 7, 1),
        lambda x, y, v, k, e: np.where(np.eye(3, 4, 1) == 1, 7, y),
    ),
    "specify_shape": (
        lambda x, y, v, k, e: T.specify_shape(y, (None, k * 2)) * 2,
        lambda x, y, v, k, e: y * 2,
    ),
    "reshape by a vector": (
        lambda x, y, v, k, e: x.reshape(T.concatenate([T.shape(x)[:1], [-1]]), ndim=2),
        lambda x, y, v, k, e: x.reshape(2, -1),
    ),
    "tril_indices_from": (
        lambda x, y, v, k, e: y[T.tril_indices_from(y, k - 1)],
        lambda x, y, v, k, e: y[np.tril_indices(3, 1, 4)],
    ),
    "triu_indices by a scalar": (
        lambda x, y, v, k, e: y[T.triu_indices(3, k - 1, 4)],
        lambda x, y, v, k, e: y[np.triu_indices(3, 1, 4)],
    ),
    "nested list": (
        lambda x, y, v, k, e: T.as_tensor_variable([[v[0], 1], [2, v[3]]]),
        lambda x, y, v, k, e: np.array([[v[0], 1], [2, v[3]]], v.dtype),
    ),
}  # fmt: skip

# of float scalars and vectors: rounding may differ from numpy's by a few units in the last place
SPACED: dict[str, Call] = {
    "linspace": lambda m, v, k: m.linspace(v[0], v[1], 7),
    "linspace open": lambda m, v, k: m.linspace(v[0], 3, k * 2, endpoint=False),
    "linspace one": lambda m, v, k: m.linspace(v[0], v[1], 1),
    "linspace arrays": lambda m, v, k: m.linspace(v, v[::-1], 3, axis=-1),
    "logspace": lambda m, v, k: m.logspace(v[0], v[1], 5, base=2.0),
    "geomspace": lambda m, v, k: m.geomspace(1 + v[0] ** 2, 2 + v[1] ** 2, 5),
    "geomspace below": lambda m, v, k: m.geomspace(-1 - v[0] ** 2, -3.0, 4),
    "pad ramp": lambda m, v, k: m.pad(v, (3, 2), "linear_ramp", end_values=(1, 2)),
    "pad mean": lambda m, v, k: m.pad(v, k, "mean"),
}

CALLS: dict[str, tuple[Call, Call]] = {
    **{name: (partial(each, T), partial(each, np)) for name, each in SAME.items()},
    **PAIRS,
}
