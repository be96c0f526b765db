"""Images cut into patches, one a row, and put together again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradc.errors import ArgumentError, message, printable
from gradc.graph.variable import Variable
from gradc.ops.compare import maximum
from gradc.ops.create import arange
from gradc.ops.elemwise import add, mul
from gradc.ops.lengths import length
from gradc.ops.padding import pad
from gradc.ops.promises import with_length
from gradc.ops.relabel import reshape
from gradc.tensor.windows import of_rank, shape_of, whole_numbers

__all__ = ["images2neibs", "neibs2images", "patch_counts", "patch_places", "patches"]

_MODES = ("valid", "ignore_borders", "half", "full", "wrap_centered")


def patches(
    x: Variable, window: Sequence[Any], stride: Sequence[int], dilation: Sequence[int]
) -> Variable:
    """Windows over rows and columns: [n, c, rows, columns] -> [n, c, p, q, *window].

    Only those that lie in x.  window: ints or integer scalars.  Gradient: added up where windows
    overlap.
    """
    counts = patch_counts([length(x, 2), length(x, 3)], window, stride, dilation)
    places = patch_places(counts, window, stride, dilation)
    found: Variable = x[:, :, places[0], places[1]]
    return found


def patch_counts(
    lengths: Sequence[Any], window: Sequence[Any], stride: Sequence[int], dilation: Sequence[int]
) -> list[Any]:
    """How many windows lie in rows and columns of these lengths; none where none fits."""
    steps = zip(lengths, window, stride, dilation, strict=True)
    return [maximum((whole - (n - 1) * d - 1) // s + 1, 0) for whole, n, s, d in steps]


def patch_places(
    counts: Sequence[Any], window: Sequence[Any], stride: Sequence[int], dilation: Sequence[int]
) -> list[Variable]:
    """The rows [p, 1, rows, 1] and columns [1, q, 1, columns] that so many windows read."""
    places = []
    for axis, (count, n, s, d) in enumerate(zip(counts, window, stride, dilation, strict=True)):
        first, within = arange(count) * s, arange(n) * d
        order = ("x", 0) if axis else (0, "x")
        places.append(add(
            first.dimshuffle(*order, "x", "x"), within.dimshuffle("x", "x", *order)
        ))  # fmt: skip
    return places


def images2neibs(
    ten4: Any, neib_shape: Any, neib_step: Any = None, mode: str = "valid"
) -> Variable:
    """Patches of images, one a row: [images * channels * places, rows * columns of a patch].

    ten4 [images, channels, rows, columns].  neib_shape: a patch's rows and columns, ints.
    neib_step: from patch to patch; by default they do not overlap.
    mode: "valid" for images that patches fill; "ignore_borders" leaves out what they do not;
    "half" and "full" pad with zeros by half a patch, or by all but one element, and want those
    images filled;
    "wrap_centered" goes round, with patches of odd lengths around every place of a step.
    Gradient: added up where patches overlap.
    Raises: ArgumentError for other modes and even patches that go round; ShapeError, or
    ArgumentError at the call, for images that patches do not fill.
    """
    word = "images2neibs"
    x = of_rank(word, "ten4", ten4, 4, "images, channels, rows, columns")
    window = whole_numbers(word, "neib_shape", neib_shape, 2, 1)
    step = window if neib_step is None else whole_numbers(word, "neib_step", neib_step, 2, 1)
    if not isinstance(mode, str) or mode not in _MODES:
        what = f"{word}: there is no mode {printable(repr(mode), 40)}."
        raise ArgumentError(message(what, fix=f"use one of {', '.join(_MODES)}."))
    if mode == "wrap_centered" and not all(n % 2 for n in window):
        what = f"{word}: patches of {window} have no centre, which wrap_centered asks for."
        raise ArgumentError(message(what, fix="use odd lengths."))
    margins = {"full": [n - 1 for n in window], "half": [n // 2 for n in window]}
    margins["wrap_centered"] = margins["half"]
    if mode in margins:
        how = "wrap" if mode == "wrap_centered" else "constant"
        x = pad(x, [(0, 0), (0, 0), *((n, n) for n in margins[mode])], how)
    if mode in ("valid", "half", "full"):
        x = _filled(x, window, step)
        if step == window:
            return _disjoint(x, window)
    found = patches(x, window, step, (1, 1))
    return reshape(found, (_product(found, 4), window[0] * window[1]))


def _filled(x: Variable, window: tuple[int, ...], step: tuple[int, ...]) -> Variable:
    """The images, of lengths that patches fill."""
    for axis, (n, s) in enumerate(zip(window, step, strict=True), start=2):
        reach = maximum((length(x, axis) - n) // s, 0) * s + n
        x = with_length("images2neibs", x, axis, reach)
    return x


def _product(x: Variable, count: int) -> Variable:
    return mul(*(length(x, axis) for axis in range(count)))


def _disjoint(x: Variable, window: tuple[int, ...]) -> Variable:
    """Patches that fill the images: only the order of axes changes."""
    n, c, *lengths = (length(x, axis) for axis in range(4))
    (p, q), (rows, columns) = (
        [each // k for each, k in zip(lengths, window, strict=True)],
        window,
    )
    apart = reshape(x, (n, c, p, rows, q, columns)).dimshuffle(0, 1, 2, 4, 3, 5)
    return reshape(apart, (n * c * p * q, rows * columns))


def neibs2images(neibs: Any, neib_shape: Any, original_shape: Any, mode: str = "valid") -> Variable:
    """The images that images2neibs cut into patches that do not overlap.

    original_shape: that of the images, four ints or integer scalars, or x.shape.
    mode: "valid", or "ignore_borders", which fills with zeros what patches left out.
    Raises: ArgumentError for other modes; as reshape.
    """
    word = "neibs2images"
    x = of_rank(word, "neibs", neibs, 2, "patches, elements")
    rows, columns = whole_numbers(word, "neib_shape", neib_shape, 2, 1)
    if not isinstance(mode, str) or mode not in _MODES[:2]:
        what = f"{word}: there is no mode {printable(repr(mode), 40)}."
        raise ArgumentError(message(what, fix='use "valid" or "ignore_borders".'))
    n, c, height, width = shape_of(word, "original_shape", original_shape, 4)
    if any(each is None for each in (n, c, height, width)):
        what = f"{word}: original_shape has to say all four lengths."
        raise ArgumentError(message(what, fix="pass the shape of the images, x.shape."))
    p, q = height // rows, width // columns
    apart = reshape(x, (n, c, p, q, rows, columns)).dimshuffle(0, 1, 2, 4, 3, 5)
    if mode == "valid":
        return reshape(apart, (n, c, height, width))
    whole = reshape(apart, (n, c, p * rows, q * columns))
    rest = [(0, 0), (0, 0), (0, height - p * rows), (0, width - q * columns)]
    return pad(whole, rest)
