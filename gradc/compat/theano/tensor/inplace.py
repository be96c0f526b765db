"""theano.tensor.inplace: operations under their names with `_inplace`.

What is written in place of what is decided when memory is planned, so they are the plain ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradc import ops, tensor

__all__ = ["transpose_inplace"]

transpose_inplace = ops.transpose


def __getattr__(name: str) -> Callable[..., Any]:
    """The operation whose name stands before `_inplace`."""
    word = name.removesuffix("_inplace")
    found = getattr(tensor, word, None)
    if word == name or found is None:
        raise AttributeError(f"theano.tensor.inplace has no {name!r}")
    return found  # type: ignore[no-any-return]
