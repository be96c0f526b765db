"""The kinds of operations the machine side knows, each a Declaration with its own blanks to fill.

Takes what a declaration states; gives types, lengths and the user's function.  `lower` and the
templates know kinds only, never a named operation.
"""
# ruff: noqa: D102  # infer and lengths say in Declaration what they are

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from gradc.affine import IndexMap
from gradc.dtypes import promote
from gradc.errors import ShapeError, message
from gradc.graph.describe import where
from gradc.graph.op import Declaration, Operand, Shape
from gradc.graph.types import StaticShape, TensorType
from gradc.graph.variable import Variable
from gradc.kernel.scalar import ScalarFn
from gradc.ops.convert import static_int
from gradc.sizes import Length, Size, size

__all__ = [
    "Contract",
    "Elemwise",
    "Gather",
    "Gemm",
    "Iota",
    "LengthOf",
    "Reduce",
    "Relabel",
    "Scatter",
    "View",
    "static_operands",
]

DtypeRule = Callable[[tuple[str, ...]], tuple[tuple[str, ...], str]]
ShapeRule = Callable[..., Sequence[Size]]


def static_operands(inputs: Sequence[Variable]) -> list[Operand]:
    """Operands as far as they are known while building; unknown lengths become named ones."""
    operands = []
    for k, each in enumerate(inputs):
        shape = tuple(
            size(Length("unknown", k, axis)) if n is None else size(n)
            for axis, n in enumerate(each.type.shape)
        )
        operands.append(Operand(shape, _static_value(each, k)))
    return operands


def _static_value(variable: Variable, k: int) -> Size | None:
    if variable.ndim or not variable.dtype.startswith(("int", "uint")):
        return None
    known = static_int(variable)
    return size(Length("value", k)) if known is None else size(known)


def to_static(shape: Shape) -> StaticShape:
    """Lengths as a type states them: ints where constant."""
    return tuple(each.constant for each in shape)


@dataclass(frozen=True, eq=False, kw_only=True)
class Elemwise(Declaration):
    """One number out of one number of each input, at every position.

    c: the C of one element, by dtype class of `by` (an operand's position).
    dtype: rule from operand dtypes to (dtype each operand is cast to, dtype of the result).
    domain: (low, high) per operand where tests and gradient checks sample.
    variadic: takes two or more operands; `c` is applied from left to right.
    on_sizes: the operation on lengths, where integer scalars are part of a shape.
    The inputs of a node have equal ranks and an axis of static length 1 stretches.
    """

    kind: ClassVar[str] = "Elemwise"

    c: ScalarFn
    dtype: DtypeRule
    arity: int = 1
    by: int = 0
    domain: tuple[tuple[float, float], ...] = ((-5.0, 5.0),)
    variadic: bool = False
    commutes: bool = False
    on_sizes: Callable[..., Size] | None = None

    def infer(
        self, inputs: Sequence[Variable], params: Mapping[str, Any]
    ) -> tuple[TensorType, ...]:
        dtypes = tuple(each.dtype for each in inputs)
        result = params["dtype"] if "dtype" in params else self.dtype(dtypes)[1]
        return (TensorType(result, _broadcast_static(self.name, inputs)),)

    def lengths(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> tuple[Shape, ...]:
        shapes = [operand.shape for operand in operands]
        return (tuple(_longest(lengths) for lengths in zip(*shapes, strict=True)),)


def _longest(lengths: Sequence[Size]) -> Size:
    """The length that is not 1: `lower` checks that all such agree; a known one is preferred."""
    real = [n for n in lengths if n.constant != 1]
    known = [n for n in real if n.constant is not None]
    return (known or real or [size(1)])[0]


def _broadcast_static(name: str, inputs: Sequence[Variable]) -> StaticShape:
    result: list[int | None] = []
    for axis, lengths in enumerate(zip(*(each.type.shape for each in inputs), strict=True)):
        known = {n for n in lengths if n is not None and n != 1}
        if len(known) > 1:
            raise ShapeError(_clash(name, axis, inputs))
        if known:
            result.append(known.pop())
        else:
            result.append(None if None in lengths else 1)
    return tuple(result)


def _clash(name: str, axis: int, inputs: Sequence[Variable]) -> str:
    sizes = [each.type.shape[axis] for each in inputs]
    first = next(n for n in sizes if n not in (None, 1))
    second = next(n for n in sizes if n not in (None, 1, first))
    return message(
        f"{name}: axis {axis} has static lengths {first} and {second}.",
        [where(each) for each in inputs],
        "make the lengths equal, or give the axis length 1 where it should broadcast.",
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class Reduce(Declaration):
    """Fold axes away. Parameter: axes, sorted and non-negative; they leave the shape.

    A state of one or more numbers is folded over the elements: `init` (C, by dtype: {lowest},
    {highest} stand for the dtype's own), `step` from state {a0} {a1} .., element {x} and its
    position {i} among the reduced ones, `combine` of states {a0}.. and {b0}..; `result` is C from
    the state.  All components of a step see the old state.
    states: dtype of each component ("acc" is the accumulator's).
    out: rule from the element's dtype to (accumulator dtype, result dtype).
    needs_elements: an empty reduction is an error (max has no identity).
    """

    kind: ClassVar[str] = "Reduce"

    init: tuple[str, ...]
    step: tuple[str, ...]
    combine: tuple[str, ...]
    out: Callable[[str], tuple[str, str]]
    states: tuple[str, ...] = ("acc",)
    result: str = "{a0}"
    needs_elements: bool = False

    def infer(
        self, inputs: Sequence[Variable], params: Mapping[str, Any]
    ) -> tuple[TensorType, ...]:
        (x,) = inputs
        kept = tuple(n for axis, n in enumerate(x.type.shape) if axis not in params["axes"])
        dtype = params.get("dtype") or self.out(x.dtype)[1]
        return (TensorType(dtype, kept),)

    def accumulator(self, dtype: str, params: Mapping[str, Any]) -> str:
        """The dtype that the fold runs in."""
        return params.get("acc_dtype") or params.get("dtype") or self.out(dtype)[0]

    def lengths(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> tuple[Shape, ...]:
        shape = operands[0].shape
        return (tuple(n for axis, n in enumerate(shape) if axis not in params["axes"]),)


@dataclass(frozen=True, eq=False, kw_only=True)
class View(Declaration):
    """The same numbers at other places: an index map, no code.

    Inputs: the array, then integer scalars.  `shape` gives the result's lengths from the array's
    lengths and the scalars' values; `index` gives, for the result's axes i, the place in each
    axis of the array; `bounds` gives (index, length, axis) that must satisfy 0 <= index < length,
    `equal` gives (length, length, axis) that must agree.
    All four take (i or lengths, *values, shape=..., **params) of sizes.
    """

    kind: ClassVar[str] = "View"

    shape: ShapeRule  # (lengths, *values, **params)
    index: Callable[..., IndexMap]  # (i, lengths, *values, **params)
    bounds: Callable[..., Sequence[tuple[Size, Size, int]]] | None = None
    equal: Callable[..., Sequence[tuple[Size, Size, int]]] | None = None

    def infer(
        self, inputs: Sequence[Variable], params: Mapping[str, Any]
    ) -> tuple[TensorType, ...]:
        (lengths,) = self.lengths(static_operands(inputs), params)
        return (TensorType(inputs[0].dtype, to_static(lengths)),)

    def lengths(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> tuple[Shape, ...]:
        values = [operand.value for operand in operands[1:]]
        return (tuple(size(n) for n in self.shape(operands[0].shape, *values, **params)),)

    def index_map(
        self, i: IndexMap, operands: Sequence[Operand], params: Mapping[str, Any]
    ) -> IndexMap:
        """Where in the input the element at `i` of the output stands."""
        values = [operand.value for operand in operands[1:]]
        return self.index(i, operands[0].shape, *values, **params)


@dataclass(frozen=True, eq=False, kw_only=True)
class Relabel(Declaration):
    """The same numbers in the same C order under another shape (reshape).

    Inputs: the array, then one integer scalar an axis; at most one may be -1.
    """

    kind: ClassVar[str] = "Relabel"

    shape: ShapeRule  # (lengths, *values)

    def infer(
        self, inputs: Sequence[Variable], params: Mapping[str, Any]
    ) -> tuple[TensorType, ...]:
        (lengths,) = self.lengths(static_operands(inputs), params)
        return (TensorType(inputs[0].dtype, to_static(lengths)),)

    def lengths(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> tuple[Shape, ...]:
        values = [operand.value for operand in operands[1:]]
        return (tuple(size(n) for n in self.shape(operands[0].shape, *values, **params)),)


@dataclass(frozen=True, eq=False, kw_only=True)
class LengthOf(Declaration):
    """The length of one axis, as an int64 scalar: costs nothing of what computes the array."""

    kind: ClassVar[str] = "LengthOf"

    def infer(
        self, inputs: Sequence[Variable], params: Mapping[str, Any]
    ) -> tuple[TensorType, ...]:
        return (TensorType("int64", ()),)

    def lengths(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> tuple[Shape, ...]:
        return ((),)


@dataclass(frozen=True, eq=False, kw_only=True)
class Iota(Declaration):
    """0, 1, ... n-1 as a vector of params["dtype"]. Input: n, an integer scalar (clipped at 0)."""

    kind: ClassVar[str] = "Iota"

    def infer(
        self, inputs: Sequence[Variable], params: Mapping[str, Any]
    ) -> tuple[TensorType, ...]:
        (lengths,) = self.lengths(static_operands(inputs), params)
        return (TensorType(params["dtype"], to_static(lengths)),)

    def lengths(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> tuple[Shape, ...]:
        value = operands[0].value
        assert value is not None
        return ((value,),)


@dataclass(frozen=True, eq=False, kw_only=True)
class Gather(Declaration):
    """x[i0, i1, ...] with integer arrays for the first axes; out: index shape, then what is left.

    Inputs: x, then index arrays of equal rank that broadcast (an axis of static length 1
    stretches).  Negative indices count from the end; out of bounds is an error before the commit.
    """

    kind: ClassVar[str] = "Gather"

    def infer(
        self, inputs: Sequence[Variable], params: Mapping[str, Any]
    ) -> tuple[TensorType, ...]:
        x, *indices = inputs
        shape = _broadcast_static(self.name, indices) + x.type.shape[len(indices) :]
        return (TensorType(x.dtype, shape),)

    def lengths(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> tuple[Shape, ...]:
        x, *indices = operands
        shapes = [index.shape for index in indices]
        broadcast = tuple(_longest(lengths) for lengths in zip(*shapes, strict=True))
        return (broadcast + x.shape[len(indices) :],)


@dataclass(frozen=True, eq=False, kw_only=True)
class Scatter(Declaration):
    """`base` with values added ("add") or put ("set") at places; params: mode, through.

    through is a View's Op: the places are those the view reads; inputs base, values, the view's
    integer scalars.  through is None: the places are integer arrays for the first axes, as in
    Gather; inputs base, values, index arrays.  Duplicates accumulate in index order.
    """

    kind: ClassVar[str] = "Scatter"

    def infer(
        self, inputs: Sequence[Variable], params: Mapping[str, Any]
    ) -> tuple[TensorType, ...]:
        return (inputs[0].type,)

    def lengths(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> tuple[Shape, ...]:
        return (operands[0].shape,)


@dataclass(frozen=True, eq=False, kw_only=True)
class Contract(Declaration):
    """Sum of products over shared axes: every matrix product there is.

    Params x, y, out: one letter an axis, as in einsum.  Each letter stands in at least two of the
    three, at most once in each: in all three it is a batch axis, in x and y it is summed.
    """

    kind: ClassVar[str] = "Contract"

    def infer(
        self, inputs: Sequence[Variable], params: Mapping[str, Any]
    ) -> tuple[TensorType, ...]:
        static: dict[str, int | None] = {}
        for each, letters in zip(inputs, (params["x"], params["y"]), strict=True):
            for letter, n in zip(letters, each.type.shape, strict=True):
                known = static.get(letter)
                if known is not None and n is not None and known != n:
                    raise ShapeError(_contract_clash(inputs, params, letter))
                static[letter] = n if known is None else known
        dtype = promote(inputs[0].dtype, inputs[1].dtype)
        return (TensorType(dtype, tuple(static[letter] for letter in params["out"])),)

    def lengths(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> tuple[Shape, ...]:
        table: dict[str, Size] = {}
        for operand, letters in zip(operands, (params["x"], params["y"]), strict=True):
            for letter, n in zip(letters, operand.shape, strict=True):
                if letter not in table or n.constant is not None:
                    table[letter] = n
        return (tuple(table[letter] for letter in params["out"]),)


def _contract_clash(inputs: Sequence[Variable], params: Mapping[str, Any], letter: str) -> str:
    axes = (params["x"].index(letter), params["y"].index(letter))
    lengths = [each.type.shape[axis] for each, axis in zip(inputs, axes, strict=True)]
    return message(
        f"matrix product: axis {axes[0]} of the left operand and axis {axes[1]} of the right one "
        f"have static lengths {lengths[0]} and {lengths[1]}.",
        [where(each) for each in inputs],
        "make the two lengths equal; a transpose (x.T) may be missing.",
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class Gemm(Declaration):
    """beta * c + alpha * contract(x, y): made by rewriting so that BLAS accumulates.

    Inputs: c, alpha, x, y, beta (alpha and beta scalars of c's dtype). Params as Contract's.
    """

    kind: ClassVar[str] = "Gemm"

    def infer(
        self, inputs: Sequence[Variable], params: Mapping[str, Any]
    ) -> tuple[TensorType, ...]:
        return (inputs[0].type,)

    def lengths(self, operands: Sequence[Operand], params: Mapping[str, Any]) -> tuple[Shape, ...]:
        return (operands[0].shape,)
