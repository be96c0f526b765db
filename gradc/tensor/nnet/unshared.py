"""Convolutions whose filters differ from place to place: patches times matrices, place by place.

y[n, o, p, q] is the sum of a patch of x at (p, q) times w[o, p, q], where x [n, groups * c, rows,
columns], w [groups * o, p, q, c, rows, columns] and y [n, groups * o, p, q].  Padding is "full",
"half" or (low, high) an axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradc.graph.variable import Variable
from gradc.ops.index import scatter
from gradc.ops.lengths import length, zeros
from gradc.ops.linalg import contract
from gradc.ops.padding import pad as padded
from gradc.ops.promises import with_lengths
from gradc.ops.relabel import reshape
from gradc.tensor.nnet.neighbours import patch_counts, patch_places, patches

__all__ = ["convolve_unshared", "unshared_filters", "unshared_inputs"]


def convolve_unshared(
    x: Variable, w: Variable, *, stride: Sequence[int], dilation: Sequence[int],
    pad: Sequence[Any], groups: int, flip: bool,
) -> Variable:  # fmt: skip
    """The result y, of images x and filters w."""
    window = [length(w, 4), length(w, 5)]
    x = _long(x, (1,), (length(w, 3) * groups,))
    found, counts = _patches(x, window, stride, dilation, pad)
    w = _long(w, (0, 1, 2), (length(w, 0) // groups * groups, *counts))
    letters = ("ngcpqab", "gopqcab", "ngopq")
    out = _contracted(_split(found, 1, groups), _split(_turned(w, flip), 0, groups), letters)
    return _joined(out, 1, groups)


def unshared_inputs(
    y: Variable, w: Variable, lengths: Sequence[Any], *, stride: Sequence[int],
    dilation: Sequence[int], pad: Sequence[Any], groups: int, flip: bool,
) -> Variable:  # fmt: skip
    """The gradient by images, whose rows and columns are `lengths`, from that of the result."""
    window = [length(w, 4), length(w, 5)]
    margins = _margins(window, dilation, pad)
    whole = [n + low + high for n, (low, high) in zip(lengths, margins, strict=True)]
    counts = patch_counts(whole, window, stride, dilation)
    places = patch_places(counts, window, stride, dilation)
    y = _long(y, (1, 2, 3), (length(w, 0), *counts))
    w = _long(w, (0, 1, 2), (length(w, 0) // groups * groups, *counts))
    letters = ("ngopq", "gopqcab", "pqabngc")
    out = _contracted(_split(y, 1, groups), _split(_turned(w, flip), 0, groups), letters)
    added = _joined(out, 5, groups)
    nothing = zeros((length(y, 0), length(w, 3) * groups, *whole), added.dtype)
    back = scatter(nothing, added, *places, axes=(2, 3))
    rows, columns = (
        slice(low, low + n) for n, (low, _) in zip(lengths, margins, strict=True)
    )  # fmt: skip
    return back[:, :, rows, columns]


def unshared_filters(
    x: Variable, y: Variable, lengths: Sequence[Any], *, stride: Sequence[int],
    dilation: Sequence[int], pad: Sequence[Any], groups: int, flip: bool,
) -> Variable:  # fmt: skip
    """The gradient by filters, whose rows and columns are `lengths`, from that of the result."""
    x = _long(x, (1,), (length(x, 1) // groups * groups,))
    found, counts = _patches(x, lengths, stride, dilation, pad)
    y = _long(y, (0, 1, 2, 3), (length(x, 0), length(y, 1) // groups * groups, *counts))
    letters = ("ngcpqab", "ngopq", "gopqcab")
    out = _contracted(_split(found, 1, groups), _split(y, 1, groups), letters)
    return _turned(_joined(out, 0, groups), flip)


def _long(x: Variable, axes: Sequence[int], lengths: Sequence[Any]) -> Variable:
    """The array, whose axes must have these lengths."""
    return with_lengths("unshared convolution", x, axes, lengths)


def _patches(
    x: Variable, window: Sequence[Any], stride: Sequence[int], dilation: Sequence[int],
    pad: Sequence[Any],
) -> tuple[Variable, list[Any]]:  # fmt: skip
    """What filters of these lengths see of padded images, and how many places there are."""
    whole = padded(x, [(0, 0), (0, 0), *_margins(window, dilation, pad)])
    counts = patch_counts([length(whole, 2), length(whole, 3)], window, stride, dilation)
    return patches(whole, window, stride, dilation), counts


def _margins(
    window: Sequence[Any], dilation: Sequence[int], by: Sequence[Any]
) -> list[tuple[Any, Any]]:
    return [_margin(*each) for each in zip(by, window, dilation, strict=True)]


def _margin(by: Any, n: Any, dilation: int) -> Any:
    reach = (n - 1) * dilation
    if by == "full":
        return (reach, reach)
    return ((reach + 1) // 2,) * 2 if by == "half" else by


def _turned(w: Variable, flip: bool) -> Variable:
    return w[:, :, :, :, ::-1, ::-1] if flip else w


def _split(x: Variable, axis: int, groups: int) -> Variable:
    """The array with an axis cut into groups, and what a group has."""
    if groups == 1:
        return x
    lengths: list[Any] = [length(x, k) for k in range(x.ndim)]
    lengths[axis : axis + 1] = [groups, lengths[axis] // groups]
    return reshape(x, lengths)


def _joined(x: Variable, axis: int, groups: int) -> Variable:
    """The array with groups at `axis`, and what a group has behind them, as one axis."""
    if groups == 1:
        return x
    lengths: list[Any] = [length(x, k) for k in range(x.ndim)]
    lengths[axis : axis + 2] = [groups * lengths[axis + 1]]
    return reshape(x, lengths)


def _contracted(x: Variable, y: Variable, letters: tuple[str, str, str]) -> Variable:
    """The product by these letters, of which "g" is that of groups if there are any."""
    is_split = x.ndim == len(letters[0])
    return contract(x, y, *(each if is_split else each.replace("g", "") for each in letters))
