"""Convolve: filters that slide over the last axes of arrays.

Takes what a declaration states; gives types, lengths, what must hold of them, and the numbers that
C takes.  A filter at place p of an axis reads x[stride * p + dilation * q - low] for q below its
length; what lies outside x is padding.

A convolution, its gradient with respect to the input and the one with respect to the filters are
one form, the sum over all places of y * x * w, differentiated by one of the three.  So its
derivatives of any order stay within this kind.
"""
# ruff: noqa: D102  # Declaration says what the methods are

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Literal

from gradc.errors import ShapeError, message
from gradc.graph.describe import where
from gradc.graph.methods import OPERATORS
from gradc.graph.op import Apply, Operand, Shape, apply
from gradc.graph.types import TensorType
from gradc.graph.variable import Variable
from gradc.ops.calls import call, length_of
from gradc.ops.kinds.batches import batched, refuse_lengths
from gradc.ops.kinds.routines import Condition, Letters, Place, Routine, RowFrame, signature_of
from gradc.ops.kinds.shapes import static_operands
from gradc.sizes import Size, SizeLike, cut, floor_div, maximum, minimum, product, size
from gradc.value import record, value

__all__ = ["AXES", "OWN", "Convolve", "Dtypes", "Geometry", "Slot", "known", "letters_of", "refuse"]
__all__ += ["value_of"]

Slot = Literal["x", "w", "y"]
Dtypes = Callable[[tuple[str, ...]], tuple[str, tuple[str, ...]]]

AXES = 3  # that C loops over; those in front have length 1
_PARTS = 8  # of a batch, whose gradients with respect to filters are added up apart
_PART_ROOM = 1 << 20  # elements of all such parts
_COUNTED = ("n", "g", "o", "c", "w0", "w1", "w2", "y0", "y1", "y2")
_LANES = 8  # multiplications an instruction
OWN: Dtypes = lambda dtypes: (dtypes[0], dtypes[:1])  # noqa: E731


def _three(lengths: Sequence[SizeLike], fill: int = 1) -> list[Size]:
    """The lengths of three axes, those that are not there in front."""
    return [size(fill)] * (AXES - len(lengths)) + [size(n) for n in lengths]


def letters_of(names: str, *groups: Sequence[SizeLike]) -> list[tuple[str, Size]]:
    """Letters for C: three an array, named x0, x1, x2 and so on."""
    found: list[tuple[str, Size]] = []
    for name, group in zip(names, groups, strict=True):
        found += [(f"{name}{k}", n) for k, n in enumerate(_three(group, name != "l"))]
    return found


@value
class Geometry:
    """The lengths of one convolution: x [n, groups * channels, ...], w [groups * outputs, channels,
    ...], y [n, groups * outputs, ...], and how far the padding goes on both sides of x.
    """

    n: Size
    groups: int
    outputs: Size
    channels: Size
    x: Shape
    w: Shape
    y: Shape
    low: Shape
    high: Shape

    def shape(self, slot: Slot) -> Shape:
        """The shape of one of the three arrays."""
        channels, outputs = self.channels * self.groups, self.outputs * self.groups
        if slot == "x":
            return (self.n, channels, *self.x)
        if slot == "w":
            return (outputs, self.channels, *self.w)
        return (self.n, outputs, *self.y)


@record
class Convolve(Routine):
    """The sum over places of y * x * w, differentiated by one of them: `into`.

    Inputs: the two others, in the order x, w, y; then, for x or w, the lengths of its last axes as
    three integer scalars, those that are not there being 1.  Axes in front of [n, channels, ...]
    and [outputs, channels, ...] are rows, as of all routines.
    Params, one entry an axis: stride, dilation, pad (low, high), or "half", "full" or "causal" (all
    of it in front) for what follows from the filter's length; groups; flip: whether filters are
    read backwards.
    """

    kind: ClassVar[str] = "Convolve"

    into: Slot
    dtypes: Dtypes = OWN
    work: Callable[[Letters], SizeLike] = lambda letters: floor_div(
        product([letters[k] for k in _COUNTED]), _LANES
    )

    # -- types -------------------------------------------------------------------------------------

    def infer(
        self, inputs: Sequence[Variable], params: Mapping[str, Any]
    ) -> tuple[TensorType, ...]:
        refuse(self, inputs, params)
        return Routine.infer(self, inputs, params)

    def lengths(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> tuple[Shape, ...]:
        rows = self.frame(operands, params).rows
        return ((*rows, *self.geometry(operands, params).shape(self.into)),)

    def geometry(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> Geometry:
        """The lengths of all three arrays; of what two of them say, the known one is taken."""
        d, groups = len(params["stride"]), params["groups"]
        shapes = _shapes(self.into, operands, params)
        given = tuple(value_of(each) for each in operands[2:])[AXES - d :]
        outputs = [shapes["w"][0]] if "w" in shapes else []
        outputs += [shapes["y"][1]] if "y" in shapes else []
        channels = [shapes["w"][1]] if "w" in shapes else []
        channels += [floor_div(shapes["x"][1], groups)] if "x" in shapes else []
        x = shapes["x"][2:] if "x" in shapes else given
        w = shapes["w"][2:] if "w" in shapes else given
        low, high = _padding(params, w)
        steps = zip(x, w, low, high, params["stride"], params["dilation"], strict=True)
        return Geometry(
            n=known([shape[0] for slot, shape in shapes.items() if slot != "w"]),
            groups=groups,
            outputs=floor_div(known(outputs), groups),
            channels=known(channels),
            x=x,
            w=w,
            y=shapes["y"][2:] if "y" in shapes else tuple(_places(*each) for each in steps),
            low=low,
            high=high,
        )

    def conditions(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> list[Condition]:
        g = self.geometry(operands, params)
        found = _of_channels(_shapes(self.into, operands, params), g)
        found += _of_rows(operands[:2], 2 + len(params["stride"]))
        steps = zip(g.x, g.w, g.low, g.high, params["stride"], params["dilation"], strict=True)
        for k, (x, w, low, high, stride, dilation) in enumerate(steps):
            span = (w - 1) * dilation + 1
            found.append(_condition("at_most", size(1), w, "few", k))
            found.append(_condition("at_most", span, x + low + high, "large", k))
            if self.into != "y":
                places = _places(x, w, low, high, stride, dilation)
                found.append(_condition("equal", g.y[k], places, "places", k))
        return found

    # -- forward mode and batches ------------------------------------------------------------------

    def forward_by_kind(
        self, node: Apply, tangents: Sequence[Variable | None]
    ) -> tuple[Variable | None, ...]:
        (a, b, *lengths), (ta, tb, *_) = node.inputs, tangents
        found = [] if ta is None else [node.op(ta, b, *lengths)]
        found += [] if tb is None else [node.op(a, tb, *lengths)]
        return (OPERATORS["add"](*found) if len(found) > 1 else found[0],)

    def batch_by_kind(self, node: Apply, inputs: Sequence[Variable]) -> tuple[Variable, ...]:
        """Images in a batch are more images; else the batch is one more axis of rows."""
        flags = batched(node, inputs)
        images = _READS[self.into].index("x" if self.into == "y" else "y")
        if self.into != "w" and flags[images] and not flags[1 - images]:
            refuse_lengths(node, inputs, 2)
            if not any(self.fronts(node)):
                return (_merged(node, inputs, images),)
        return Routine.batch_by_kind(self, node, inputs)

    # -- rows --------------------------------------------------------------------------------------

    def fronts(self, node: Apply) -> list[int]:
        core = 2 + len(node.op.keywords["stride"])
        return [each.ndim - core if k < 2 else 0 for k, each in enumerate(node.inputs)]

    def frame(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> RowFrame:
        g, core = self.geometry(operands, params), 2 + len(params["stride"])
        fronts = [each.shape[: len(each.shape) - core] for each in operands[:2]]
        rows: Shape = tuple(map(known, zip(*filter(None, fronts), strict=True)))
        counts = [("n", g.n), ("g", size(g.groups)), ("o", g.outputs), ("c", g.channels)]
        letters = letters_of("xwysdl", g.x, g.w, g.y, params["stride"], params["dilation"], g.low)
        letters.append(("flip", size(int(params["flip"]))))
        if self.into == "w":
            filters = maximum(product(g.shape("w")), 1)
            parts = minimum(maximum(g.n, 1), cut(size(_PART_ROOM), filters, _PARTS))
            letters.append(("parts", parts))
        return RowFrame(rows, (*counts, *letters))

    def row_elements(
        self, frame: RowFrame, operands: Sequence[Operand]
    ) -> tuple[tuple[Size, ...], tuple[Size, ...]]:
        table = dict(frame.letters)
        core = max(len(each.shape) for each in operands[:2]) - len(frame.rows)
        elements = {
            "x": product([table[k] for k in ("n", "g", "c", "x0", "x1", "x2")]),
            "w": product([table[k] for k in ("g", "o", "c", "w0", "w1", "w2")]),
            "y": product([table[k] for k in ("n", "g", "o", "y0", "y1", "y2")]),
        }
        reads = tuple(
            elements[slot] if len(operand.shape) > core else size(0)
            for slot, operand in zip(_READS[self.into], operands[:2], strict=True)
        )
        return reads, (elements[self.into],)

    def equal_axes(self, inputs: Sequence[Variable]) -> list[tuple[Place, Place]]:
        return []


_READS: Mapping[Slot, tuple[Slot, Slot]] = {"y": ("x", "w"), "x": ("y", "w"), "w": ("x", "y")}
_SAID = {
    "few": (
        "the filters have length {v1} on axis {axis}.",
        "give filters at least one element on each axis.",
    ),
    "large": (
        "the filters reach over {v0} elements of axis {axis}, the padded input has {v1}.",
        "pass smaller filters or larger images, or pad more (border_mode).",
    ),
    "places": (
        "axis {axis} of what stands for the output has length {v0}, the shapes of input and "
        "filters give {v1}.",
        "pass the shape that the convolution was computed with.",
    ),
    "channels": (
        "the input has {v0} channels, the filters take {v1}.",
        "axis 1 of the filters times num_groups must be axis 1 of the input.",
    ),
    "filters": (
        "what stands for the output has {v0} channels, there are {v1} filters.",
        "axis 0 of the filters must be axis 1 of the output.",
    ),
    "images": (
        "there are {v0} images in the input, {v1} in what stands for the output.",
        "pass as many of one as of the other.",
    ),
    "groups": (
        "{v0} {what} cannot be cut into {groups} equal groups: {v1} are in whole ones.",
        "let num_groups divide the channels of the input and the number of filters.",
    ),
    "rows": ("the batches have lengths {v0} and {v1} on axis {axis}.", "make them equal."),
}


def _condition(
    rule: Literal["equal", "at_most"], left: Size, right: Size, said: str, axis: int = 0,
    words: Mapping[str, str] | None = None,
) -> Condition:  # fmt: skip
    """`axis` counts behind batch and channels, but for rows.  words: others that the text has."""
    what, fix = _SAID[said]
    words = {"axis": str(axis if said == "rows" else axis + 2), **(words or {})}
    for name, word in words.items():
        what = what.replace(f"{{{name}}}", word)
    return Condition(rule, left, right, what, fix)


def _shapes(
    into: Slot, operands: Sequence[Operand], params: Mapping[str, Any]
) -> dict[Slot, Shape]:
    """The shapes of the two arrays that are read, without rows."""
    core = 2 + len(params["stride"])
    return {
        slot: operand.shape[-core:]
        for slot, operand in zip(_READS[into], operands[:2], strict=True)
    }


def _of_channels(shapes: Mapping[Slot, Shape], g: Geometry) -> list[Condition]:
    """What holds of images, channels and groups of two of the arrays."""
    x, w, y = shapes.get("x"), shapes.get("w"), shapes.get("y")
    found = []
    if x is not None and w is not None:
        found.append(_condition("equal", x[1], w[1] * g.groups, "channels"))
    if y is not None and w is not None:
        found.append(_condition("equal", y[1], w[0], "filters"))
    if x is not None and y is not None:
        found.append(_condition("equal", x[0], y[0], "images"))
    if g.groups > 1:
        cut_up = [(w[0], "filters") if w is not None else (y[1] if y else size(0), "channels")]
        cut_up += [(x[1], "channels")] if x is not None and w is None else []
        for n, what in cut_up:
            whole = floor_div(n, g.groups) * g.groups
            words = {"what": what, "groups": str(g.groups)}
            found.append(_condition("at_most", n, whole, "groups", words=words))
    return found


def _of_rows(operands: Sequence[Operand], core: int) -> list[Condition]:
    """Both arrays have the same rows, if they have any."""
    fronts = [each.shape[: len(each.shape) - core] for each in operands]
    if not all(fronts):
        return []
    pairs = enumerate(zip(*fronts, strict=True))
    return [_condition("equal", one, other, "rows", axis) for axis, (one, other) in pairs]


def _padding(params: Mapping[str, Any], w: Shape) -> tuple[Shape, Shape]:
    """How far the padding goes in front of each axis of x and behind it."""
    low, high = [], []
    for pad, dilation, n in zip(params["pad"], params["dilation"], w, strict=True):
        reach = (n - 1) * dilation
        if pad in ("full", "causal"):
            pair = (reach, reach if pad == "full" else size(0))
        elif pad == "half":
            pair = (floor_div(reach + 1, 2),) * 2
        else:
            pair = (size(pad[0]), size(pad[1]))
        low.append(pair[0])
        high.append(pair[1])
    return tuple(low), tuple(high)


def _places(x: Size, w: Size, low: Size, high: Size, stride: int, dilation: int) -> Size:
    """How many places a filter of length w has on an axis."""
    return maximum(floor_div(x + low + high - (w - 1) * dilation - 1, stride) + 1, 0)


def known(lengths: Sequence[Size]) -> Size:
    """One of several lengths that are equal: a constant one, if there is one."""
    return next((n for n in lengths if n.constant is not None), lengths[0])


def value_of(operand: Operand) -> Size:
    """What a scalar that is a length holds."""
    assert operand.value is not None, "a length that is no integer scalar"
    return operand.value


def refuse(rule: Routine, inputs: Sequence[Variable], params: Mapping[str, Any]) -> None:
    """Raise ShapeError where lengths that are known while building do not fit."""
    for each in rule.conditions(static_operands(inputs), params):
        left, right = each.left.constant, each.right.constant
        if left is None or right is None:
            continue
        if left != right if each.rule == "equal" else left > right:
            what = f"{rule.word or rule.name}: {each.what.format(v0=left, v1=right)}"
            arrays = [inputs[k] for k in signature_of(rule.signature).arrays]
            raise ShapeError(message(what, [where(x) for x in arrays], each.fix))


def _merged(node: Apply, inputs: Sequence[Variable], images: int) -> Variable:
    """The images of a batch as more images of one convolution."""
    x = inputs[images]
    batch, n = length_of(x, 0), length_of(x, 1)
    rest = [length_of(x, axis) for axis in range(2, x.ndim)]
    merged = list(inputs)
    merged[images] = call("reshape", x, OPERATORS["mul"](batch, n), *rest)
    out = apply(node.op, merged).outputs[0]
    return call("reshape", out, batch, n, *(length_of(out, axis) for axis in range(1, out.ndim)))
