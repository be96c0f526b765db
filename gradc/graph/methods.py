"""Operators and numpy-like methods of variables.

Takes nothing of ours; gives the mixin that Variable inherits.  Each method looks its operation up
by name in OPERATORS, which `gradc.ops` fills when it is imported; adding a method is one line here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from gradc.graph.symbolic import OPERATORS, Symbolic, bind

if TYPE_CHECKING:
    from gradc.graph.variable import Variable

__all__ = ["OPERATORS", "Methods", "bind"]


def _do(name: str, *operands: Any, **params: Any) -> Variable:
    result: Variable = OPERATORS[name](*operands, **params)
    return result


def _binary(name: str) -> Callable[[Methods, Any], Variable]:
    def method(self: Methods, other: Any) -> Variable:
        return _do(name, self, other)

    return method


def _reflected(name: str) -> Callable[[Methods, Any], Variable]:
    def method(self: Methods, other: Any) -> Variable:
        return _do(name, other, self)

    return method


def _unary(name: str) -> Callable[[Methods], Variable]:
    def method(self: Methods) -> Variable:
        """The operation of this name, element by element; see help(T.<name>)."""
        return _do(name, self)

    return method


class Methods(Symbolic):
    """The numpy-like face of a variable."""

    __slots__ = ()

    # -- operators -----------------------------------------------------------------------------

    __add__, __radd__ = _binary("add"), _reflected("add")
    __sub__, __rsub__ = _binary("sub"), _reflected("sub")
    __mul__, __rmul__ = _binary("mul"), _reflected("mul")
    __truediv__, __rtruediv__ = _binary("true_div"), _reflected("true_div")
    __floordiv__, __rfloordiv__ = _binary("int_div"), _reflected("int_div")
    __mod__, __rmod__ = _binary("mod"), _reflected("mod")
    __pow__, __rpow__ = _binary("pow"), _reflected("pow")
    __matmul__, __rmatmul__ = _binary("matmul"), _reflected("matmul")
    __and__, __rand__ = _binary("and_"), _reflected("and_")
    __or__, __ror__ = _binary("or_"), _reflected("or_")
    __xor__, __rxor__ = _binary("xor"), _reflected("xor")
    __lt__, __le__ = _binary("lt"), _binary("le")
    __gt__, __ge__ = _binary("gt"), _binary("ge")
    __neg__, __abs__, __invert__ = _unary("neg"), _unary("abs"), _unary("invert")

    def __pos__(self) -> Methods:
        return self

    def __divmod__(self, other: Any) -> tuple[Variable, Variable]:
        return _do("int_div", self, other), _do("mod", self, other)

    def __rdivmod__(self, other: Any) -> tuple[Variable, Variable]:
        return _do("int_div", other, self), _do("mod", other, self)

    def __getitem__(self, key: Any) -> Variable:
        return _do("getitem", self, key)

    # -- element by element ----------------------------------------------------------------------

    exp, exp2, expm1 = _unary("exp"), _unary("exp2"), _unary("expm1")
    log, log2, log10, log1p = _unary("log"), _unary("log2"), _unary("log10"), _unary("log1p")
    sin, cos, tan = _unary("sin"), _unary("cos"), _unary("tan")
    sinh, cosh, tanh = _unary("sinh"), _unary("cosh"), _unary("tanh")
    arcsin, arccos, arctan = _unary("arcsin"), _unary("arccos"), _unary("arctan")
    arcsinh, arccosh, arctanh = _unary("arcsinh"), _unary("arccosh"), _unary("arctanh")
    sqrt, sqr, square = _unary("sqrt"), _unary("square"), _unary("square")
    floor, ceil, trunc = _unary("floor"), _unary("ceil"), _unary("trunc")
    sgn, neg, inv, abs_ = _unary("sign"), _unary("neg"), _unary("reciprocal"), _unary("abs")
    erf, erfc = _unary("erf"), _unary("erfc")
    deg2rad, rad2deg = _unary("deg2rad"), _unary("rad2deg")

    conj, conjugate = _unary("conj"), _unary("conj")

    @property
    def real(self) -> Variable:
        """The real part; of a real array the array itself."""
        return _do("real", self)

    @property
    def imag(self) -> Variable:
        """The imaginary part; of a real array zeros."""
        return _do("imag", self)

    def astype(self, dtype: Any) -> Variable:
        """The same numbers in another dtype."""
        return _do("cast", self, dtype)

    def clip(self, low: Any, high: Any) -> Variable:
        """The numbers limited to [low, high]."""
        return _do("clip", self, low, high)

    def round(self, mode: str = "half_to_even") -> Variable:
        """The nearest integers; mode half_to_even or half_away_from_zero."""
        return _do("round", self, mode)

    # -- reductions ------------------------------------------------------------------------------

    def sum(
        self, axis: Any = None, dtype: Any = None, keepdims: bool = False, acc_dtype: Any = None,
        **chosen: Any,
    ) -> Variable:  # fmt: skip
        """The sum over axes; initial=, where=: as T.sum."""
        return _do("sum", self, axis, dtype, keepdims, acc_dtype, **chosen)

    def prod(
        self, axis: Any = None, dtype: Any = None, keepdims: bool = False, acc_dtype: Any = None,
        no_zeros_in_input: bool = False, **chosen: Any,
    ) -> Variable:  # fmt: skip
        """The product over axes; initial=, where=: as T.prod."""
        return _do("prod", self, axis, dtype, keepdims, acc_dtype, no_zeros_in_input, **chosen)

    def mean(
        self, axis: Any = None, dtype: Any = None, keepdims: bool = False, acc_dtype: Any = None,
        op: bool = False, *, where: Any = None,
    ) -> Variable:  # fmt: skip
        """The mean over axes; where: of the elements where it holds."""
        return _do("mean", self, axis, dtype, keepdims, acc_dtype, op, where=where)

    def var(
        self, axis: Any = None, ddof: int = 0, keepdims: bool = False, corrected: bool = False
    ) -> Variable:
        """The variance over axes."""
        return _do("var", self, axis, ddof, keepdims, corrected)

    def std(
        self, axis: Any = None, ddof: int = 0, keepdims: bool = False, corrected: bool = False
    ) -> Variable:
        """The standard deviation over axes."""
        return _do("std", self, axis, ddof, keepdims, corrected)

    def max(self, axis: Any = None, keepdims: bool = False, **chosen: Any) -> Variable:
        """The greatest element over axes; initial=, where=: as T.max."""
        return _do("max", self, axis, keepdims, **chosen)

    def min(self, axis: Any = None, keepdims: bool = False, **chosen: Any) -> Variable:
        """The least element over axes; initial=, where=: as T.min."""
        return _do("min", self, axis, keepdims, **chosen)

    def argmax(self, axis: Any = None, keepdims: bool = False) -> Variable:
        """The place of the greatest element over axes."""
        return _do("argmax", self, axis, keepdims)

    def argmin(self, axis: Any = None, keepdims: bool = False) -> Variable:
        """The place of the least element over axes."""
        return _do("argmin", self, axis, keepdims)

    def ptp(self, axis: Any = None, keepdims: bool = False) -> Variable:
        """The greatest element less the least, over axes."""
        return _do("ptp", self, axis, keepdims)

    def any(self, axis: Any = None, keepdims: bool = False) -> Variable:
        """Whether any element is not 0."""
        return _do("any", self, axis, keepdims)

    def all(self, axis: Any = None, keepdims: bool = False) -> Variable:
        """Whether all elements are not 0."""
        return _do("all", self, axis, keepdims)

    def norm(self, L: Any = 2, axis: Any = None, keepdims: bool = False) -> Variable:
        """The norm of order L of all elements over axes: sum(abs(x)^L)^(1/L)."""
        return _do("norm_method", self, L, axis, keepdims)

    # -- order -------------------------------------------------------------------------------------

    def sort(self, axis: Any = -1, kind: Any = None, order: Any = None) -> Variable:
        """The elements along an axis in ascending order (a new array)."""
        return _do("sort", self, axis, kind, order)

    def argsort(self, axis: Any = -1, kind: Any = None, order: Any = None) -> Variable:
        """The places of elements along an axis in ascending order."""
        return _do("argsort", self, axis, kind, order)

    def cumsum(self, axis: Any = None, dtype: Any = None) -> Variable:
        """The running sum along an axis."""
        return _do("cumsum", self, axis, dtype)

    def cumprod(self, axis: Any = None, dtype: Any = None) -> Variable:
        """The running product along an axis."""
        return _do("cumprod", self, axis, dtype)

    def searchsorted(self, v: Any, side: str = "left", sorter: Any = None) -> Variable:
        """Where numbers are to be put into this ascending vector."""
        return _do("searchsorted", self, v, side, sorter)

    # -- products and shapes ---------------------------------------------------------------------

    def dot(self, other: Any) -> Variable:
        """The product over the last axis of this and the first-but-one of the other."""
        return _do("dot", self, other)

    @property
    def T(self) -> Variable:  # noqa: N802  # numpy's name
        """The axes reversed."""
        return _do("transpose", self)

    @property
    def shape(self) -> tuple[Variable, ...]:
        """The lengths of the axes, int64 scalars."""
        lengths: tuple[Variable, ...] = OPERATORS["shape_tuple"](self)
        return lengths

    @property
    def size(self) -> Variable:
        """The number of elements, an int64 scalar."""
        return _do("size", self)

    def reshape(self, *shape: Any, ndim: int | None = None) -> Variable:
        """The elements in C order under another shape: x.reshape(2, -1) or x.reshape((2, -1))."""
        return _do("reshape_method", self, *shape, ndim=ndim)

    def flatten(self, ndim: int | None = None) -> Variable:
        """The last axes made one, so that `ndim` are left: one, if nothing is said."""
        return _do("flatten", self, ndim)

    def ravel(self) -> Variable:
        """All elements as a vector."""
        return _do("flatten", self, 1)

    def transpose(self, *axes: Any) -> Variable:
        """The axes in another order, reversed by default."""
        return _do("transpose", self, *axes)

    def dimshuffle(self, *pattern: Any) -> Variable:
        """The axes in another order; "x" is a new one of length 1."""
        return _do("dimshuffle", self, *pattern)

    def swapaxes(self, axis1: int, axis2: int) -> Variable:
        """Two axes exchanged."""
        return _do("swapaxes", self, axis1, axis2)

    def squeeze(self, axis: Any = None) -> Variable:
        """Without axes of static length 1."""
        return _do("squeeze", self, axis)

    def repeat(self, repeats: Any, axis: int | None = None) -> Variable:
        """Each element repeated along an axis, or of the flattened array."""
        return _do("repeat", self, repeats, axis)

    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Variable:
        """The elements whose places in two axes differ by `offset`, as a last axis."""
        return _do("diagonal", self, offset, axis1, axis2)

    def trace(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Variable:
        """The sum over a diagonal."""
        return _do("trace", self, offset, axis1, axis2)

    def fill(self, value: Any) -> Variable:
        """Another value, stretched to this shape."""
        return _do("fill", self, value)

    def copy(self, name: str | None = None) -> Variable:
        """A variable of its own with the same value."""
        copied = _do("tensor_copy", self)
        copied.name = name
        return copied

    def get_scalar_constant_value(self) -> Any:
        """The number that this is at all places, if building knows it."""
        return OPERATORS["get_scalar_constant_value"](self)

    # -- elements by place -------------------------------------------------------------------------

    def set(self, y: Any) -> Variable:
        """x[...].set(y): x with y in the place of what was indexed."""
        return _do("set_subtensor", self, y)

    def inc(self, y: Any) -> Variable:
        """x[...].inc(y): x with y added to what was indexed."""
        return _do("inc_subtensor", self, y)

    def take(self, indices: Any, axis: Any = None, mode: str = "raise") -> Variable:
        """The elements at places of an axis, or of all elements in C order."""
        return _do("take", self, indices, axis, mode)

    def choose(self, choices: Any, mode: str = "raise") -> Variable:
        """The elements of those choices that the numbers here name."""
        return _do("choose", self, choices, mode)

    def nonzero(self, return_matrix: bool = False) -> Any:
        """The places of the elements that are not 0, one vector an axis."""
        return OPERATORS["nonzero"](self, return_matrix)

    def nonzero_values(self) -> Variable:
        """The elements that are not 0."""
        return _do("nonzero_values", self)

    def compress(self, condition: Any, axis: Any = None) -> Variable:
        """The slices along an axis where a condition is not 0."""
        return _do("compress", condition, self, axis)

    def zeros_like(self, dtype: Any = None) -> Variable:
        """Zeros of the same shape."""
        return _do("zeros_like", self, dtype)

    def ones_like(self, dtype: Any = None) -> Variable:
        """Ones of the same shape."""
        return _do("ones_like", self, dtype)

    def eval(self, inputs_to_values: Any = None) -> npt.NDArray[Any]:
        """The value for given inputs, by a function compiled for it: x.eval({a: 1.0}).

        The function is kept, so that a second call with the same inputs compiles nothing.
        """
        result: npt.NDArray[Any] = OPERATORS["eval"](self, inputs_to_values)
        return result

    def preview(
        self, values: Any = None, /, *, show: bool = False, **named: Any
    ) -> npt.NDArray[Any]:
        """The value for given inputs, now, by the interpreter: x.preview({a: 1.0}, b=array).

        values: from variables to values; named: the same by name.  show: print every value on the
        way, with shape, range and line.  See gradc.graph.preview.
        """
        result: npt.NDArray[Any] = OPERATORS["preview"](self, values, show=show, **named)
        return result
