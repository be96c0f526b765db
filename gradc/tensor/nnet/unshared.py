"""Convolutions whose filters differ from place to place: patches times matrices, place by place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradc.graph.variable import Variable
from gradc.ops.lengths import length
from gradc.ops.linalg import contract
from gradc.ops.padding import pad
from gradc.ops.relabel import reshape
from gradc.tensor.nnet.neighbours import patches

__all__ = ["convolve_unshared"]


def convolve_unshared(
    x: Variable, w: Variable, stride: Sequence[int], dilation: Sequence[int], pad_by: Sequence[Any],
    groups: int, flip: bool,
) -> Variable:  # fmt: skip
    """y[n, o, p, q] = the sum of a patch of x at (p, q) times w[o, p, q].

    Shapes: x [n, groups * c, rows, columns], w [groups * o, p, q, c, rows, columns] ->
    [n, groups * o, p, q].  pad_by: "full", "half" or (low, high) an axis.
    """
    window = [length(w, 4), length(w, 5)]
    margins = [_margin(by, n, d) for by, n, d in zip(pad_by, window, dilation, strict=True)]
    padded = pad(x, [(0, 0), (0, 0), *margins])
    found = patches(padded, window, stride, dilation)
    filters = w[:, :, :, :, ::-1, ::-1] if flip else w
    if groups == 1:
        return contract(found, filters, "ncpqab", "opqcab", "nopq")
    n, channels, *rest = (length(found, axis) for axis in range(6))
    apart = reshape(found, (n, groups, channels // groups, *rest))
    o = length(w, 0)
    parts = reshape(filters, (groups, o // groups, *(length(w, k) for k in range(1, 6))))
    out = contract(apart, parts, "ngcpqab", "gopqcab", "ngopq")
    return reshape(out, (n, o, *rest[:2]))


def _margin(by: Any, n: Variable, dilation: int) -> Any:
    reach = (n - 1) * dilation
    if by == "full":
        return (reach, reach)
    return ((reach + 1) // 2,) * 2 if by == "half" else by
