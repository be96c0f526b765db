"""Equal numbers at other places in memory: every layout that an argument may come in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

__all__ = ["LAYOUTS", "is_stretched", "laid_out"]


def _strided(value: Array) -> Array:
    wide = np.zeros((*value.shape[:-1], 2 * value.shape[-1] + 1), value.dtype)
    wide[..., 1::2] = value
    return wide[..., 1::2]


def _unaligned(value: Array) -> Array:
    bytes_ = np.empty(value.nbytes + 1, np.uint8)[1:]
    result = bytes_.view(value.dtype).reshape(value.shape)
    result[...] = value
    return result


def _readonly(value: Array) -> Array:
    frozen = value.copy()
    frozen.setflags(write=False)
    return frozen


LAYOUTS: dict[str, Callable[[Array], Array]] = {
    "C": lambda value: value,
    "Fortran": np.asfortranarray,
    "strided": _strided,
    "negative": lambda value: value[..., ::-1].copy()[..., ::-1],
    "outer": lambda value: np.repeat(value, 2, axis=0)[::2],
    "transposed": lambda value: value.swapaxes(0, -1).copy().swapaxes(0, -1),
    "broadcast": lambda value: np.broadcast_to(value[:1], value.shape),
    "unaligned": _unaligned,
    "byte-swapped": lambda value: value.astype(value.dtype.newbyteorder()),
    "read-only": _readonly,
}


def is_stretched(name: str) -> bool:
    """Whether all rows of a value in this layout are the first one."""
    return name == "broadcast"


def laid_out(name: str, value: Array) -> Array:
    """The value in a layout; scalars and arrays of one size fits all stay as they are."""
    return LAYOUTS[name](value) if value.ndim and value.size else value
