"""Convolutions along the last axes of images, and their gradients: three faces of one sum.

`convolve` and the two that differentiate it are each other's pullbacks, so derivatives of any order
are made of them.  Users' words (T.nnet.conv2d) stand in gradc/tensor/nnet.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.errors import ShapeError, message
from gradc.graph.variable import Constant, Variable
from gradc.kernel.routine import RoutineFn
from gradc.ops.calls import length_of
from gradc.ops.convert import as_variable
from gradc.ops.declare import Sample, call, declared
from gradc.ops.elemwise import cast
from gradc.ops.kinds import Convolve
from gradc.ops.rules import to_float

__all__: list[str] = []

Array = npt.NDArray[Any]
Cts = Sequence[Variable]


def _options(
    stride: Sequence[int], dilation: Sequence[int] | None = None, pad: Any = None,
    groups: int = 1, flip: bool = True,
) -> dict[str, Any]:  # fmt: skip
    """The parameters of a convolution, one entry an axis."""
    d = len(stride)
    return {
        "stride": tuple(stride), "dilation": tuple(dilation or (1,) * d),
        "pad": tuple(pad or ((0, 0),) * d), "groups": groups, "flip": flip,
    }  # fmt: skip


def _together(*arrays: Any) -> list[Variable]:
    """Operands in the one float dtype that they are computed in."""
    variables = [as_variable(each) for each in arrays]
    dtypes, _ = to_float(tuple(each.dtype for each in variables))
    return [cast(each, dtype) for each, dtype in zip(variables, dtypes, strict=True)]


def last_lengths(x: Variable, count: int) -> list[Variable]:
    """The lengths of the last `count` axes, as three scalars."""
    return three([length_of(x, axis) for axis in range(x.ndim - count, x.ndim)])


def three(lengths: Sequence[Variable]) -> list[Variable]:
    """Lengths of up to three axes, with 1 for those that are not there in front."""
    one = Constant(np.asarray(1, "int64"))
    return [*(one,) * (3 - len(lengths)), *lengths]


# -- references: one element of the filters after the other --------------------------------------


def _padding(pad: Any, dilation: Sequence[int], lengths: Sequence[int]) -> list[tuple[int, int]]:
    found = []
    for each, d, n in zip(pad, dilation, lengths, strict=True):
        span = (n - 1) * d
        words = {"full": (span, span), "half": ((span + 1) // 2,) * 2, "causal": (span, 0)}
        found.append(words[each] if isinstance(each, str) else each)
    return found


def _elements(
    padded: Array, filters: Sequence[int], places: Sequence[int], options: dict[str, Any]
) -> Any:
    """For each element of the filters: its index, and what it meets in the padded images."""
    steps = list(zip(options["stride"], options["dilation"], filters, places, strict=True))
    for q in product(*map(range, filters)):
        met = [slice(None), slice(None)]
        for k, (s, d, _, p) in zip(q, steps, strict=True):
            met.append(slice(d * k, d * k + s * (p - 1) + 1 if p else 0, s))
        index = tuple(n - 1 - k for k, n in zip(q, filters, strict=True)) if options["flip"] else q
        yield (..., *index), padded[tuple(met)]


def _grouped(x: Array, axis: int, groups: int) -> Array:
    """The array with an axis of groups in front of the axis that they cut."""
    return x.reshape(*x.shape[:axis], groups, x.shape[axis] // groups, *x.shape[axis + 1 :])


def _padded(x: Array, margins: Sequence[tuple[int, int]]) -> Array:
    return np.pad(x, [(0, 0), (0, 0), *margins])


def _places(
    padded: Sequence[int], filters: Sequence[int], options: dict[str, Any]
) -> tuple[int, ...]:
    found = []
    lengths = zip(padded, filters, options["stride"], options["dilation"], strict=True)
    for axis, (n, k, s, d) in enumerate(lengths, 2):
        reach = d * (k - 1) + 1
        if k < 1:
            raise ShapeError(message(f"convolution: the filters have length {k} on axis {axis}."))
        if reach > n:
            what = (
                f"convolution: the filters reach over {reach} elements of axis {axis}, the padded"
            )
            raise ShapeError(message(f"{what} input has {n}."))
        found.append((n - reach) // s + 1)
    return tuple(found)


def _check_places(y: Array, places: tuple[int, ...]) -> None:
    """Raises: ShapeError unless what stands for a result has a place for each of its filters'."""
    if y.shape[2:] != places:
        what = f"convolution: what stands for the output has the last lengths {y.shape[2:]}, the"
        what += f" shapes of input and filters give {places}."
        raise ShapeError(
            message(what, fix="pass the shape that the convolution was computed with.")
        )


def _check_channels(what: str, n: int, wanted: int) -> None:
    """Raises: ShapeError unless what is so called has so many channels."""
    if n != wanted:
        raise ShapeError(
            message(
                f"convolution: {what} has {n} channels, the shape of the filters says {wanted}."
            )
        )


def _forward(x: Array, w: Array, **options: Any) -> Array:
    groups, filters = options["groups"], w.shape[2:]
    _check_channels("the input", x.shape[1], w.shape[1] * groups)
    margins = _padding(options["pad"], options["dilation"], filters)
    padded = _padded(x, margins)
    places = _places(padded.shape[2:], filters, options)
    wg = _grouped(w, 0, groups)
    out = np.zeros((x.shape[0], *wg.shape[:2], *places), x.dtype)
    for index, met in _elements(padded, filters, places, options):
        out += np.einsum("ngc...,goc->ngo...", _grouped(met, 1, groups), wg[index])
    return out.reshape(x.shape[0], w.shape[0], *places)


def _backward(y: Array, w: Array, *lengths: Array, **options: Any) -> Array:
    groups, filters, d = options["groups"], w.shape[2:], w.ndim - 2
    _check_channels("what stands for the output", y.shape[1], w.shape[0])
    inner = tuple(int(n) for n in lengths)[-d:]
    margins = _padding(options["pad"], options["dilation"], filters)
    wide = [n + low + high for n, (low, high) in zip(inner, margins, strict=True)]
    _check_places(y, _places(wide, filters, options))
    padded = np.zeros((y.shape[0], w.shape[1] * groups, *wide), y.dtype)
    wg, yg = _grouped(w, 0, groups), _grouped(y, 1, groups)
    for index, met in _elements(padded, filters, y.shape[2:], options):
        met += np.einsum("ngo...,goc->ngc...", yg, wg[index]).reshape(met.shape)
    cut = [slice(None), slice(None)]
    cut += [slice(low, low + n) for n, (low, _) in zip(inner, margins, strict=True)]
    return np.ascontiguousarray(padded[tuple(cut)])


def _of_filters(x: Array, y: Array, *lengths: Array, **options: Any) -> Array:
    groups, d = options["groups"], x.ndim - 2
    filters = tuple(int(n) for n in lengths)[-d:]
    padded = _padded(x, _padding(options["pad"], options["dilation"], filters))
    _check_places(y, _places(padded.shape[2:], filters, options))
    yg = _grouped(y, 1, groups)
    out = np.zeros((*yg.shape[1:3], x.shape[1] // groups, *filters), x.dtype)
    for index, met in _elements(padded, filters, y.shape[2:], options):
        axes = "xyz"[:d]
        out[index] = np.einsum(f"ngc{axes},ngo{axes}->goc", _grouped(met, 1, groups), yg)
    return out.reshape(y.shape[1], *out.shape[2:])


def _by_rows(function: Any) -> Any:
    """The reference on every row of operands that have some."""

    def ref(a: Array, b: Array, *lengths: Array, **options: Any) -> Array:
        core = 2 + len(options["stride"])
        rows = max(a.shape[:-core], b.shape[:-core], key=len)
        if not rows:
            return np.asarray(function(a, b, *lengths, **options))
        found = [
            function(*(x[k] if x.ndim > core else x for x in (a, b)), *lengths, **options)
            for k in np.ndindex(*rows)
        ]
        if not found:
            one = [np.zeros(x.shape[-core:], x.dtype) for x in (a, b)]
            return np.zeros((*rows, *function(*one, *lengths, **options).shape), a.dtype)
        return np.stack(found).reshape(*rows, *found[0].shape)

    return ref


# -- declarations ----------------------------------------------------------------------------------


def _convolve_pullback(
    cts: Cts, outs: Cts, x: Variable, w: Variable, **options: Any
) -> tuple[Variable, Variable]:
    d = len(options["stride"])
    return (
        call("convolve_inputs", cts[0], w, *last_lengths(x, d), **options),
        call("convolve_filters", x, cts[0], *last_lengths(w, d), **options),
    )


def _inputs_pullback(
    cts: Cts, outs: Cts, y: Variable, w: Variable, *lengths: Variable, **options: Any
) -> tuple[Variable | None, ...]:
    d = len(options["stride"])
    of_w = call("convolve_filters", cts[0], y, *last_lengths(w, d), **options)
    return (call("convolve", cts[0], w, **options), of_w, None, None, None)


def _filters_pullback(
    cts: Cts, outs: Cts, x: Variable, y: Variable, *lengths: Variable, **options: Any
) -> tuple[Variable | None, ...]:
    d = len(options["stride"])
    of_x = call("convolve_inputs", y, cts[0], *last_lengths(x, d), **options)
    return (of_x, call("convolve", x, cts[0], **options), None, None, None)


def _function(name: str, after: bool = True) -> RoutineFn:
    return RoutineFn(name, f"{name}.h", table=True, shares=True, listed=True, after=after)


def _taps(letters: Any, dtype: str) -> Any:
    """For C: five numbers an element of a filter."""
    return (("int64", letters["c"] * letters["w0"] * letters["w1"] * letters["w2"] * 5),)


def _taps_and_sums(letters: Any, dtype: str) -> Any:
    """And the sums of all parts of a batch but the first."""
    elements = letters["c"] * letters["w0"] * letters["w1"] * letters["w2"]
    others = letters["parts"] - 1
    return (*_taps(letters, dtype), (dtype, others * letters["g"] * letters["o"] * elements))


@declared(
    Convolve,
    word="convolution",
    into="y",
    signature="(x),(w)->(y)",
    c=_function("convolve"),
    scratch=_taps,
    ref=_by_rows(_forward),
    pullback=_convolve_pullback,
    samples=(
        Sample(lambda f, x, w: f(x, w, stride=(1,)), ((2, 2, 5), (3, 2, 3))),
        Sample(
            lambda f, x, w: f(x, w, stride=(2, 1), dilation=(1, 2), pad=("half", (2, 1)), groups=2),
            ((2, 4, 4, 5), (2, 2, 3, 2)),
        ),
        Sample(lambda f, x, w: f(x, w, stride=(1, 1, 2), pad=("full", "causal", (0, 0)),
                                 flip=False), ((1, 1, 2, 2, 4), (2, 1, 2, 1, 3))),
    ),
)  # fmt: skip
def convolve(x: Any, w: Any, **options: Any) -> Variable:
    """Images convolved with filters: y[n, o, p] = sum of x[n, c, s p + d q - l] w[o, c, q].

    Shapes: x [n, groups * c, ...], w [groups * o, c, ...] -> [n, groups * o, ...], over the last
    one to three axes, as many as `stride` has entries.
    stride s, dilation d, pad: an entry an axis, of pad (low, high), "half", "full" or "causal".
    flip: whether filters are read backwards, which is a convolution; if not, a correlation.
    dtype: promoted; integers become float64.
    Raises: ShapeError, or ArgumentError at the call, for channels, groups and lengths that do not
    fit.
    """
    return call("convolve", *_together(x, w), **_options(**options))


@declared(
    Convolve,
    word="gradient of a convolution with respect to its input",
    into="x",
    signature="(y),(w),h,i,j->(x)",
    c=_function("convolve_inputs"),
    scratch=_taps,
    ref=_by_rows(_backward),
    pullback=_inputs_pullback,
    samples=(
        Sample(lambda f, y, w: f(y, w, (5,), stride=(1,)), ((2, 3, 3), (3, 2, 3))),
        Sample(
            lambda f, y, w: f(y, w, (4, 5), stride=(2, 1), pad=((1, 0), "half"), groups=2),
            ((2, 2, 2, 6), (2, 2, 2, 2)),
        ),
    ),
)
def convolve_inputs(y: Any, w: Any, lengths: Sequence[Any], **options: Any) -> Variable:
    """What `convolve` gives, pulled back to its input, whose last lengths are given.

    y: like the convolution's result.  The rest is convolve's.
    Raises: as convolve; for lengths that do not give those of y.
    """
    given = three([cast(as_variable(n), "int64") for n in lengths])
    return call("convolve_inputs", *_together(y, w), *given, **_options(**options))


@declared(
    Convolve,
    word="gradient of a convolution with respect to its filters",
    into="w",
    signature="(x),(y),h,i,j->(w)",
    c=_function("convolve_filters", after=False),
    scratch=_taps_and_sums,
    ref=_by_rows(_of_filters),
    pullback=_filters_pullback,
    samples=(
        Sample(lambda f, x, y: f(x, y, (3,), stride=(1,)), ((2, 2, 5), (2, 3, 3))),
        Sample(
            lambda f, x, y: f(x, y, (2, 3), stride=(1, 2), pad=((0, 1), "full"), groups=2),
            ((3, 4, 3, 3), (3, 2, 3, 3)),
        ),
    ),
)
def convolve_filters(x: Any, y: Any, lengths: Sequence[Any], **options: Any) -> Variable:
    """What `convolve` gives, pulled back to its filters, whose last lengths are given.

    y: like the convolution's result.  The rest is convolve's.
    Raises: as convolve; for lengths that do not give those of y.
    """
    given = three([cast(as_variable(n), "int64") for n in lengths])
    return call("convolve_filters", *_together(x, y), *given, **_options(**options))
