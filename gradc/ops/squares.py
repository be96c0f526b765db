"""What the operations of linear algebra share: transposes, products, triangles, references.

Matrices are the last two axes of an array; axes in front count a stack.  Derivatives are those of
Giles, Collected matrix derivative results for forward and reverse mode (2008), if nothing else is
said.  A quote in them, as in u s v', is the conjugate transpose of complex matrices.

What has a complex slope (products, solutions, det) is pulled back by the text of real numbers.
What has none, since it conjugates, is pulled back in users' gradients: `conj` in front and behind,
which is nothing for real matrices, and the adjoint where those have the transpose.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.errors import DTypeError, LinAlgError, ShapeError, message
from gradc.graph.describe import where
from gradc.graph.variable import Variable
from gradc.ops.calls import call
from gradc.ops.complexes import conj
from gradc.ops.convert import as_variable
from gradc.ops.declare import is_complex, is_inexact
from gradc.ops.elemwise import cast
from gradc.ops.kinds.routines import Letters
from gradc.ops.linalg import matmul
from gradc.ops.matrices import tril
from gradc.ops.reduce import sum as sum_of
from gradc.sizes import Size, floor_div, size

__all__: list[str] = []

Array = npt.NDArray[Any]
Cts = Sequence[Any]  # a variable each, or None where nothing arrives
Ref = Callable[..., Any]
_PER_PRODUCT = 3  # multiply-additions that take as long as one instruction of scalar code


def matrices(name: str, x: Any, *, square: bool = True, of_complex: bool = True) -> Variable:
    """The operand as floats or complex, two axes or more, the last two of one length if `square`.

    Raises: ShapeError where the type says that it is none; DTypeError for complex numbers, where
    there is no operation `of_complex` ones.
    """
    array = as_variable(x)
    if array.ndim < 2:
        what = f"{name}: takes a matrix or a stack of them, got {array.type}."
        raise ShapeError(message(what, [where(array)], "give it two axes, as x[None, :] does."))
    rows, cols = array.type.shape[-2:]
    if square and None not in (rows, cols) and rows != cols:
        what = f"{name}: the matrix must be square, it has {rows} rows and {cols} columns."
        raise ShapeError(message(what, [where(array)], "use pinv, lstsq or svd for other shapes."))
    if is_complex(array.dtype) and not of_complex:
        what = f"{name}: takes real matrices, got {array.dtype}."
        raise DTypeError(message(what, [where(array)], "T.real(x) is the real part."))
    return inexact(array)


def inexact(x: Any) -> Variable:
    """The array with integers made float64; floats and complex numbers stay."""
    array = as_variable(x)
    return array if is_inexact(array.dtype) else cast(array, "float64")


def transposed(x: Variable) -> Variable:
    """Each matrix of a stack transposed; a view."""
    return call("dimshuffle", x, order=(*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


def adjoint(x: Variable) -> Variable:
    """Each matrix of a stack transposed, and conjugate if it is complex."""
    return conj(transposed(x))


def product(x: Variable, *others: Variable) -> Variable:
    """The products of matrices of stacks, any of which may be one matrix."""
    return functools.reduce(matmul, others, x)


def symmetric(x: Variable) -> Variable:
    """The symmetric part, of complex matrices the Hermitian one: (x + x') / 2."""
    return (x + adjoint(x)) * 0.5


def lower_half(x: Variable) -> Variable:
    """The lower triangle with half of the diagonal (Murray's Phi)."""
    return (tril(x) + tril(x, -1)) * 0.5


def as_column(x: Variable) -> Variable:
    """Vectors as matrices of one column."""
    return call("dimshuffle", x, order=(*range(x.ndim), "x"))


def as_matrix(x: Variable) -> Variable:
    """Numbers as matrices of one element."""
    return call("dimshuffle", x, order=(*range(x.ndim), "x", "x"))


def scaled(x: Variable, number: Variable) -> Variable:
    """Each matrix times its number."""
    return x * as_matrix(number)


def over_stack(term: Variable, x: Variable) -> Variable:
    """A gradient summed over the stack, where one x serves all of it."""
    axes = tuple(range(term.ndim - x.ndim))
    return sum_of(term, axis=axes) if axes else term


def moved_side(da: Variable | None, db: Variable | None, x: Variable) -> Variable | None:
    """What the tangents of a x = b leave on its right-hand side: db - da x; None for none."""
    if da is None:
        return db
    return -product(da, x) if db is None else db - product(da, x)


def products(count: Callable[[Letters], Size]) -> Callable[[Letters], Size]:
    """The work of a routine that multiplies so often."""
    return lambda letters: floor_div(size(count(letters)), _PER_PRODUCT) + 500


_NARROW = {"f": "float64", "c": "complex128"}
_WIDE = {"f": "longdouble", "c": "clongdouble"}


def _is_wide(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.dtype in (np.longdouble, np.clongdouble)


def _recast(x: Array, dtypes: dict[str, str]) -> Array:
    """The array as the dtype of its kind; integers stay."""
    return x.astype(dtypes.get(x.dtype.kind, x.dtype))


def np_adjoint(a: Array) -> Array:
    """For references: each matrix transposed and conjugate."""
    return np.conj(np.swapaxes(a, -1, -2))


def reference(function: Ref, finite: Ref | None = None) -> Ref:
    """A reference that computes in float64 where numpy has no wider one, and fails as C does.

    finite: what of the matrix must be finite; LAPACK says so of most, not of those with two rows.
    """

    @functools.wraps(function)
    def ref(*arrays: Any, **params: Any) -> Any:
        wide = any(map(_is_wide, arrays))
        narrow = [_recast(each, _NARROW) if _is_wide(each) else each for each in arrays]
        try:
            if finite is not None and not np.isfinite(finite(narrow[0])).all():
                raise np.linalg.LinAlgError("an element is not finite")
            found = function(*narrow, **params)
        except np.linalg.LinAlgError as error:
            raise LinAlgError(message(f"{function.__name__.strip('_')}: {error}.")) from None
        results = found if isinstance(found, tuple) else (found,)
        results = tuple(_recast(each, _WIDE) if wide else each for each in map(np.asarray, results))
        return results if isinstance(found, tuple) else results[0]

    return ref


def stacked_reference(function: Ref, ranks: tuple[int, ...]) -> Ref:
    """A reference for stacks from one of single matrices; ranks: axes of each operand's matrix."""

    @functools.wraps(function)
    def ref(*arrays: Array, **params: Any) -> Any:
        fronts = [a.shape[: a.ndim - rank] for a, rank in zip(arrays, ranks, strict=True)]
        front = max(fronts, key=len)
        if not front:
            return function(*arrays, **params)
        rows = [
            function(*(a[at] if a.ndim > rank else a for a, rank in
                       zip(arrays, ranks, strict=True)), **params)
            for at in np.ndindex(*front)
        ]  # fmt: skip
        if isinstance(rows[0], tuple):
            return tuple(
                np.reshape(each, (*front, *each[0].shape)) for each in zip(*rows, strict=True)
            )
        return np.reshape(rows, (*front, *np.shape(rows[0])))

    return ref
