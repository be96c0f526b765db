"""The kinds of operations that are a function of C called row by row.

Takes what a declaration states; gives types, lengths, and how an operand's axes fall into rows and
what one row is made of.  A routine is declared where loops cannot say the operation: sorting,
searching, factorisations, running folds.
"""
# ruff: noqa: D102  # Declaration says what the methods are

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar, Literal

from gradc.dtypes import dtype_info
from gradc.errors import InternalError, ShapeError, message
from gradc.graph.describe import where
from gradc.graph.op import Apply, Declaration, Op, Operand, Shape, apply
from gradc.graph.types import TensorType
from gradc.graph.variable import Variable
from gradc.kernel.routine import RoutineFn
from gradc.ops.calls import call, length_of
from gradc.ops.kinds.batches import all_batched, batched, refuse_lengths
from gradc.ops.kinds.complexes import refuse_complex, refuse_half
from gradc.ops.kinds.shapes import longest, static_operands, to_static
from gradc.sizes import Size, SizeLike, product, size
from gradc.value import record, value

__all__ = ["Condition", "Prefix", "Routine", "RowFrame", "Signature", "signature_of"]

Letters = Mapping[str, Size]
Scratch = Callable[[Letters, str], Sequence[tuple[str, SizeLike]]]
Place = tuple[int, int]  # (input, axis)


@value
class Signature:
    """The axes of one row: letters an input and an output; an input without axes may be a length.

    lengths: (input, letter) of the integer scalars whose values are lengths.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    lengths: tuple[tuple[int, str], ...]

    @property
    def arrays(self) -> tuple[int, ...]:
        """The inputs whose numbers are read."""
        scalars = {k for k, _ in self.lengths}
        return tuple(k for k in range(len(self.inputs)) if k not in scalars)

    @property
    def letters(self) -> tuple[str, ...]:
        """All letters in the order of their first mention, by which C takes them."""
        words = ["".join(self.inputs), *(letter for _, letter in self.lengths), *self.outputs]
        return tuple(dict.fromkeys("".join(words)))


@lru_cache(maxsize=256)
def signature_of(text: str) -> Signature:
    """The signature that "(n),(m),k->(m,k)" spells."""
    left, right = text.split("->")
    inputs, lengths = [], []
    for k, part in enumerate(_parts(left)):
        inputs.append(part.strip("()").replace(",", ""))
        if not part.startswith("("):
            lengths.append((k, part))
            inputs[-1] = ""
    outputs = [part.strip("()").replace(",", "") for part in _parts(right)]
    return Signature(tuple(inputs), tuple(outputs), tuple(lengths))


def _parts(text: str) -> list[str]:
    """The parts between the commas that stand outside parentheses."""
    marked = "".join("\n" if c == "," and _depth(text[:k]) == 0 else c for k, c in enumerate(text))
    return marked.split("\n") if text else []


def _depth(text: str) -> int:
    return text.count("(") - text.count(")")


@value
class RowFrame:
    """The rows of a node: how many, and the lengths that C takes, by letter."""

    rows: Shape
    letters: tuple[tuple[str, Size], ...]


@value
class Condition:
    """What must hold of lengths: left == right ("equal") or left <= right ("at_most").

    what, fix: what an error says where it does not; {v0} and {v1} are the two.
    """

    rule: Literal["equal", "at_most"]
    left: Size
    right: Size
    what: str
    fix: str


@record
class Routine(Declaration):
    """A function of C called for each row.

    signature: the axes of one row by letter, such as "(n),(m)->(m)": inputs, then outputs.  Axes in
    front of those are rows, the same for all inputs that have any; an input without serves every
    row.  A bare letter, "(n),k->(k)", is an integer scalar whose value is that length.  A letter in
    two places is one length, which the call checks.
    ref: takes rows too, an input without serving every row, as numpy broadcasts.
    c: the function; it takes the lengths in the order of their letters, then `numbers`.
    dtypes: from the inputs' dtypes to (the dtype C is made for, dtypes of the outputs).
    numbers: parameters of the operation, each an int or a bool, handed to C.
    scratch: from lengths by letter and C's dtype to (dtype, elements) of each scratch of a worker.
    work: from lengths by letter to the arithmetic instructions a row takes, roughly.
    at_most: (k, n): the call checks that length k is not above length n.
    derived: lengths of outputs that no input has, from those of the inputs by letter.
    complaint, fix: what an error says where `c` fails; {v0} is the row, the rest C's values.
        {matrix} is "the matrix", or which one of the stack.
    word: what an error calls the operation, where users know it by another name.
    Forward mode is for each to state (pushforward), unless no output is a float.
    """

    kind: ClassVar[str] = "Routine"

    c: RoutineFn
    dtypes: Callable[[tuple[str, ...]], tuple[str, tuple[str, ...]]]
    signature: str
    numbers: tuple[str, ...] = ()
    scratch: Scratch = lambda letters, dtype: ()
    work: Callable[[Letters], SizeLike]
    at_most: tuple[tuple[str, str], ...] = ()
    derived: tuple[tuple[str, Callable[[Letters], SizeLike]], ...] = ()
    complaint: str = ""
    fix: str = ""
    error: str = "ArgumentError"
    word: str = ""

    # -- types -------------------------------------------------------------------------------------

    def moves_half(self, params: Mapping[str, Any]) -> bool:
        return False

    def infer(
        self, inputs: Sequence[Variable], params: Mapping[str, Any]
    ) -> tuple[TensorType, ...]:
        refuse_complex(self.name, inputs, self.c.of_complex)
        refuse_half(self.name, inputs)
        for (one, i), (other, j) in self.equal_axes(inputs):
            lengths = inputs[one].type.shape[i], inputs[other].type.shape[j]
            if None not in lengths and lengths[0] != lengths[1]:
                what = (
                    f"{self.name}: axis {i} of operand {one} has static length {lengths[0]}, "
                    f"axis {j} of operand {other} has {lengths[1]}."
                )
                rows = [where(inputs[one]), where(inputs[other])]
                raise ShapeError(message(what, rows, "make the two lengths equal."))
        shapes = self.lengths(static_operands(inputs), params)
        dtypes = self.dtypes(tuple(each.dtype for each in inputs))[1]
        return tuple(
            TensorType(dtype, to_static(shape)) for dtype, shape in zip(dtypes, shapes, strict=True)
        )

    def lengths(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> tuple[Shape, ...]:
        frame = self.frame(operands, params)
        table = dict(frame.letters)
        outputs = signature_of(self.signature).outputs
        return tuple((*frame.rows, *(table[c] for c in word)) for word in outputs)

    # -- forward mode and batches ------------------------------------------------------------------

    def forward_by_kind(
        self, node: Apply, tangents: Sequence[Variable | None]
    ) -> tuple[Variable | None, ...]:
        if any(dtype_info(each.dtype).is_inexact for each in node.outputs):
            raise InternalError(message(f"{self.name} states no pushforward."))
        return (None,) * len(node.outputs)

    def batch_by_kind(self, node: Apply, inputs: Sequence[Variable]) -> tuple[Variable, ...]:
        """The batch is one more axis of rows; what serves every row of it stays as it is."""
        signature = signature_of(self.signature)
        fronts, flags = self.fronts(node), batched(node, inputs)
        for k, _ in signature.lengths:
            if flags[k]:
                refuse_lengths(node, inputs, k)
        most = max(fronts)
        found = all_batched(node, inputs, [k for k, front in enumerate(fronts) if front])
        for k in signature.arrays:
            if flags[k] and not fronts[k] and most:
                found[k] = _in_rows(found[k], found[fronts.index(most)], most)
        return apply(node.op, found).outputs

    # -- rows --------------------------------------------------------------------------------------

    def fronts(self, node: Apply) -> list[int]:
        """How many axes of rows each input has."""
        words = signature_of(self.signature).inputs
        return [each.ndim - len(word) for each, word in zip(node.inputs, words, strict=True)]

    def frame(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> RowFrame:
        """The rows of these operands, and the lengths of one."""
        signature = signature_of(self.signature)
        table: dict[str, Size] = {}
        rows: Shape = ()
        for k in signature.arrays:
            word, shape = signature.inputs[k], operands[k].shape
            front = len(shape) - len(word)
            for letter, n in zip(word, shape[front:], strict=True):
                if letter not in table or n.constant is not None:
                    table[letter] = n
            if front:
                known = rows or shape[:front]
                rows = tuple(
                    n if n.constant is not None else old
                    for old, n in zip(known, shape[:front], strict=True)
                )
        for k, letter in signature.lengths:
            found = operands[k].value
            assert found is not None
            table[letter] = found
        table.update({letter: size(derive(table)) for letter, derive in self.derived})
        return RowFrame(rows, tuple((c, table[c]) for c in signature.letters))

    def row_elements(
        self, frame: RowFrame, operands: Sequence[Operand]
    ) -> tuple[tuple[Size, ...], tuple[Size, ...]]:
        """How far rows stand apart in each array read (0: one for all) and in each output."""
        signature, table = signature_of(self.signature), dict(frame.letters)
        reads = tuple(
            product([table[c] for c in signature.inputs[k]])
            if len(operands[k].shape) > len(signature.inputs[k])
            else size(0)
            for k in signature.arrays
        )
        return reads, tuple(product([table[c] for c in word]) for word in signature.outputs)

    def conditions(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> list[Condition]:
        """What else must hold of lengths; the call checks it."""
        table = dict(self.frame(operands, params).letters) if self.at_most else {}
        what = "{v0} elements of an axis of length {v1}."
        fix = "ask for at most as many as there are."
        return [Condition("at_most", table[k], table[n], what, fix) for k, n in self.at_most]

    def equal_axes(self, inputs: Sequence[Variable]) -> list[tuple[Place, Place]]:
        """The axes of operands that must have one length, in pairs."""
        signature = signature_of(self.signature)
        first: dict[str | int, Place] = {}
        pairs = []
        for k in signature.arrays:
            word = signature.inputs[k]
            front = inputs[k].ndim - len(word)
            names = (*range(front), *word)
            for axis, name in enumerate(names):
                if name in first:
                    pairs.append((first[name], (k, axis)))
                else:
                    first[name] = (k, axis)
        return pairs


def _in_rows(x: Variable, like: Variable, front: int) -> Variable:
    """One row an element of a batch, for all rows of each: those of `like`, behind its batch."""
    order = (0, *("x",) * front, *range(1, x.ndim))
    lengths = [length_of(x, 0), *(length_of(like, 1 + axis) for axis in range(front))]
    lengths += [length_of(x, axis) for axis in range(1, x.ndim)]
    return call("broadcast_to", call("dimshuffle", x, order=order), *lengths)


@record
class Prefix(Routine):
    """A fold along one axis of which every stage is kept: y[i] from y[i - 1] and x[i].

    Params: axis, and the `numbers`: reverse, from the end; exclusive, y[i] is the fold of what
    stands before i.  Several inputs have one shape.  A row is the axis with all axes behind it.
    """

    kind: ClassVar[str] = "Prefix"

    signature: str = "(n,c)->(n,c)"
    numbers: tuple[str, ...] = ("reverse", "exclusive")
    dtypes: Callable[[tuple[str, ...]], tuple[str, tuple[str, ...]]] = lambda dtypes: (
        dtypes[0],
        dtypes[:1],
    )
    work: Callable[[Letters], SizeLike] = lambda letters: letters["n"] * letters["c"] * 4

    def lengths(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> tuple[Shape, ...]:
        shapes = zip(*(operand.shape for operand in operands), strict=True)
        return (tuple(map(longest, shapes)),)

    def frame(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> RowFrame:
        (shape,), axis = self.lengths(operands, params), params["axis"]
        return RowFrame(shape[:axis], (("n", shape[axis]), ("c", product(shape[axis + 1 :]))))

    def row_elements(
        self, frame: RowFrame, operands: Sequence[Operand]
    ) -> tuple[tuple[Size, ...], tuple[Size, ...]]:
        each = product([n for _, n in frame.letters])
        return (each,) * len(operands), (each,)

    def equal_axes(self, inputs: Sequence[Variable]) -> list[tuple[Place, Place]]:
        return [
            ((0, axis), (k, axis)) for k in range(1, len(inputs)) for axis in range(inputs[0].ndim)
        ]

    def batch_by_kind(self, node: Apply, inputs: Sequence[Variable]) -> tuple[Variable, ...]:
        params = {**node.op.keywords, "axis": node.op.keywords["axis"] + 1}
        found = all_batched(node, inputs, range(len(inputs)))
        return apply(Op(self, tuple(sorted(params.items()))), found).outputs
