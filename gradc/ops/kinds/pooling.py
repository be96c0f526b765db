"""Pool: what is known of windows that slide over the last axes of arrays.

Takes what a declaration states; gives types, lengths, what must hold of them, and the numbers that
C takes.  A window at place p of an axis reads x[stride * p + q - low] for q below its length; what
lies outside x does not count.
"""
# ruff: noqa: D102  # Declaration says what the methods are

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from gradc.graph.op import Apply, Operand, Shape, apply
from gradc.graph.types import TensorType
from gradc.graph.variable import Variable
from gradc.ops.kinds.batches import all_batched, refuse_lengths
from gradc.ops.kinds.routines import Condition, Letters, Place, Routine, RowFrame
from gradc.ops.kinds.windows import AXES, OWN, Dtypes, Slot, known, letters_of, refuse, value_of
from gradc.sizes import Size, SizeLike, floor_div, maximum, product, size
from gradc.value import record

__all__ = ["Pool"]


@record
class Pool(Routine):
    """What is known of each window of x: y, or, the other way round, x from what is known of them.

    The last axes are those that windows slide over; rows are all axes in front of them, of which
    there is at least one.
    reads: which of the inputs is like x and which like y; `into`: which the output is like.  Where
    no input is like x, its last lengths are given as three integer scalars.
    Params, one entry an axis: window, stride, low (padding on both sides); whole: windows that do
    not lie in the padded array are left out, else they are cut at its end.
    """

    kind: ClassVar[str] = "Pool"

    reads: tuple[Slot, ...]
    into: Slot
    dtypes: Dtypes = OWN
    work: Callable[[Letters], SizeLike] = lambda letters: product(
        [letters[k] for k in ("w0", "w1", "w2", "y0", "y1", "y2")]
    )

    def infer(
        self, inputs: Sequence[Variable], params: Mapping[str, Any]
    ) -> tuple[TensorType, ...]:
        refuse(self, inputs, params)
        return Routine.infer(self, inputs, params)

    def lengths(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> tuple[Shape, ...]:
        x, y = self._last(operands, params)
        return ((*self._rows(operands, params), *(x if self.into == "x" else y)),)

    def conditions(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> list[Condition]:
        x, _ = self._last(operands, params)
        d, found = len(x), []
        shapes = {"x": x, "y": _pooled(x, params)}
        for slot, operand in zip(self.reads, operands, strict=False):
            expected = (*self._rows(operands, params), *shapes[slot])
            for axis, (n, wanted) in enumerate(zip(operand.shape, expected, strict=True)):
                what = f"axis {axis} of one array has length {{v0}}, the others give {{v1}}."
                fix = "pass arrays that belong to one pooling."
                found.append(Condition("equal", n, wanted, what, fix))
        if any(params["low"]) or not params["whole"]:
            for axis, n in enumerate(x):
                what = f"axis {axis - d} of the input has length {{v1}}: a window would be empty."
                fix = "pass at least one element, or leave incomplete windows out."
                found.append(Condition("at_most", size(1), n, what, fix))
        return found

    def forward_by_kind(
        self, node: Apply, tangents: Sequence[Variable | None]
    ) -> tuple[Variable | None, ...]:
        """Of those that are linear in what they read last."""
        k = len(self.reads) - 1
        t = tangents[k]
        rest = (*node.inputs[:k], *([] if t is None else [t]), *node.inputs[k + 1 :])
        return (None if t is None else node.op(*rest),)

    def batch_by_kind(self, node: Apply, inputs: Sequence[Variable]) -> tuple[Variable, ...]:
        refuse_lengths(node, inputs, len(self.reads))
        return apply(node.op, all_batched(node, inputs, range(len(self.reads)))).outputs

    def fronts(self, node: Apply) -> list[int]:
        d = len(node.op.keywords["window"])
        return [max(each.ndim - d, 0) for each in node.inputs]

    def frame(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> RowFrame:
        x, y = self._last(operands, params)
        letters = letters_of("xywsl", x, y, params["window"], params["stride"], params["low"])
        return RowFrame(self._rows(operands, params), tuple(letters))

    def row_elements(
        self, frame: RowFrame, operands: Sequence[Operand]
    ) -> tuple[tuple[Size, ...], tuple[Size, ...]]:
        table = dict(frame.letters)
        elements = {slot: product([table[f"{slot}{k}"] for k in range(AXES)]) for slot in "xy"}
        return tuple(elements[slot] for slot in self.reads), (elements[self.into],)

    def equal_axes(self, inputs: Sequence[Variable]) -> list[tuple[Place, Place]]:
        return []

    def _rows(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> Shape:
        d = len(params["window"])
        fronts = [each.shape[:-d] for each in operands[: len(self.reads)]]
        return tuple(map(known, zip(*fronts, strict=True)))

    def _last(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> tuple[Shape, Shape]:
        """The lengths of the axes that windows slide over, in x and in y."""
        d = len(params["window"])
        if "x" in self.reads:
            x = operands[self.reads.index("x")].shape[-d:]
        else:
            x = tuple(value_of(each) for each in operands[len(self.reads) :])[-d:]
        y = operands[self.reads.index("y")].shape[-d:] if "y" in self.reads else _pooled(x, params)
        return x, y


def _pooled(x: Shape, params: Mapping[str, Any]) -> Shape:
    steps = zip(x, params["window"], params["stride"], params["low"], strict=True)
    return tuple(_pooled_length(*each, params["whole"]) for each in steps)


def _pooled_length(x: Size, window: int, stride: int, low: int, whole: bool) -> Size:
    """How many windows there are on an axis of length x."""
    if whole:
        return maximum(floor_div(x + 2 * low - window, stride) + 1, 0)
    if stride >= window:
        return floor_div(x - 1, stride) + 1
    return maximum(floor_div(x - 1 - window, stride) + 1, 0) + 1
