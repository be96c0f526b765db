"""From what users write to variables.

Takes Python numbers, numpy values and variables; gives variables.  Python numbers are weak, as in
NumPy 2 (NEP 50): they take the dtype of what they meet, and fail to when they do not fit it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.dtypes import check_dtype, dtype_info, is_masked_array, promote
from gradc.errors import ArgumentError, ArgumentTypeError, DTypeError, message, printable
from gradc.foreign import Unreadable, read_array
from gradc.graph.methods import OPERATORS
from gradc.graph.op import Apply
from gradc.graph.variable import Constant, Variable, WeakInput
from gradc.options import config

__all__ = ["as_variable", "constant"]

_DEPTH = 16  # arithmetic on constants deeper than this is left to the call


def is_weak(value: Any) -> bool:
    """Whether it is a Python number, which takes the dtype of what it meets."""
    return type(value) in (bool, int, float, complex)


def as_variable(
    x: Any, name: str | None = None, ndim: int | None = None, dtype: str | None = None
) -> Variable:
    """The variable that stands for `x`: itself, or a constant.

    Takes variables, Python numbers (int64, config.floatX for floats, and for the parts of complex
    ones), numpy scalars and arrays, nested lists of numbers and variables (which are stacked).
    dtype: the dtype the value must have; a constant is converted, a variable cast.
    ndim: the rank it must have; missing axes are added in front.
    Raises: ArgumentTypeError for what is no array, DTypeError for text and object arrays,
    ArgumentError for ragged lists and numbers that do not fit.
    """
    if isinstance(x, Variable):
        variable = x
        if dtype is not None and variable.dtype != check_dtype(dtype):
            variable = OPERATORS["cast"](variable, dtype)
    elif isinstance(x, (list, tuple)) and _has_variables(x):
        variable = OPERATORS["stacklists"](x, dtype)
    else:
        variable = constant(x, name, dtype=dtype)
    return variable if ndim is None else _with_ndim(variable, ndim)


def _has_variables(value: Sequence[Any]) -> bool:
    return any(
        isinstance(each, Variable) or (isinstance(each, (list, tuple)) and _has_variables(each))
        for each in value
    )


def _with_ndim(variable: Variable, ndim: int) -> Variable:
    if variable.ndim > ndim:
        what = f"{variable} has {variable.ndim} axes, at most {ndim} asked for."
        raise ArgumentError(message(what, fix="pass an array of lower rank."))
    missing = ndim - variable.ndim
    if not missing:
        return variable
    padded: Variable = OPERATORS["dimshuffle"](variable, *("x",) * missing, *range(variable.ndim))
    return padded


def constant(
    x: Any, name: str | None = None, ndim: int | None = None, dtype: str | None = None
) -> Constant:
    """A leaf with this value: a copy, so that changing the array later changes nothing.

    ndim: the rank it must have; axes of length 1 are added in front.
    Raises: as as_variable.
    """
    leaf = _constant(x, name, dtype)
    if ndim is None or leaf.ndim == ndim:
        return leaf
    if leaf.ndim > ndim:
        what = f"{leaf} has {leaf.ndim} axes, at most {ndim} asked for."
        raise ArgumentError(message(what, fix="pass an array of lower rank."))
    return Constant(leaf.data.reshape((1,) * (ndim - leaf.ndim) + leaf.data.shape), name)


def _constant(value: Any, name: str | None, dtype: str | None) -> Constant:
    if isinstance(value, Constant) and dtype in (None, value.dtype):
        return value if name is None else Constant(value.data, name)
    if is_weak(value):
        return weak_constant(value, dtype or common_dtype((), (value,)), name)
    array = _array(value)
    if dtype is None:
        return Constant(array, name)
    info = dtype_info(dtype)
    if array.dtype.kind == "c" and not info.is_complex:
        what = f"an array of dtype {array.dtype} cannot become {info.name}: a part would be lost."
        raise DTypeError(message(what, fix="pass array.real, array.imag or abs(array)."))
    return Constant(array.astype(info.name), name)


def common_dtype(strong: Sequence[str], weak: Sequence[Any]) -> str:
    """The dtype that Python numbers take beside operands of these dtypes."""
    if strong:
        return promote(*strong, *weak)
    found = promote(*weak)
    if dtype_info(found).is_complex:
        return promote(config.floatX, 1j)
    return config.floatX if dtype_info(found).is_float else found


def settled(operands: Sequence[Any]) -> list[Variable]:
    """Variables and Python numbers as variables: numbers take the dtype of what they stand beside.

    So does an argument that stands for a Python number, beside floats.  (Not beside integers: it
    may not fit a narrower dtype, and no call could say so.)
    """
    floats = any(_is_float(each) for each in operands)
    weak = [is_weak(each) or (floats and isinstance(each, WeakInput)) for each in operands]
    if not any(weak):
        return list(operands)
    pairs = list(zip(operands, weak, strict=True))
    numbers = [getattr(each, "sample", each) for each, yields in pairs if yields]
    dtype = common_dtype([each.dtype for each, yields in pairs if not yields], numbers)
    return [_yielded(each, dtype) if yields else each for each, yields in pairs]


def _is_float(operand: Any) -> bool:
    """Whether it has a float or complex dtype of its own."""
    is_own = isinstance(operand, Variable) and not isinstance(operand, WeakInput)
    return is_own and dtype_info(operand.dtype).is_inexact


def _yielded(operand: Any, dtype: str) -> Variable:
    if is_weak(operand):
        return weak_constant(operand, dtype)
    found: Variable = operand if operand.dtype == dtype else OPERATORS["cast"](operand, dtype)
    return found


def weak_constant(value: complex, dtype: str, name: str | None = None) -> Constant:
    """A Python number as a constant of a dtype.

    Raises: ArgumentError if an integer does not fit.
    """
    info = dtype_info(dtype)
    if isinstance(value, complex) and not info.is_complex:
        what = f"{printable(str(value), 60)} is complex, {info.name} asked for."
        raise DTypeError(message(what, fix="take its real or imag, or ask for complex128."))
    if info.bounds is not None and not info.bounds[0] <= value <= info.bounds[1]:  # type: ignore[operator]
        low, high = info.bounds
        raise ArgumentError(
            message(
                f"{printable(str(value), 60)} does not fit {info.name} ({low} to {high}).",
                fix="cast the array to a wider dtype first, for example x.astype('int64').",
            )
        )
    with np.errstate(over="ignore"):  # 1e300 is inf as float32, as it is in numpy
        return Constant(np.array(value, info.numpy), name)


def _array(value: Any) -> npt.NDArray[Any]:
    kind = type(value).__name__
    if value is None or isinstance(value, (str, bytes, dict, set)) or callable(value):
        raise ArgumentTypeError(message(f"{_shown(value)} ({kind}) is not an array.", fix=_FIX))
    if is_masked_array(value):
        raise ArgumentTypeError(
            message("a masked array has no place for its mask.", fix="pass value.filled(...).")
        )
    try:
        array = np.asarray(value) if isinstance(value, (list, tuple)) else read_array(value)
    except Unreadable as error:
        raise ArgumentTypeError(
            message(f"the {kind} {_shown(value)} is no array ({error}).", fix=error.hint or _FIX)
        ) from None
    except ValueError:
        what = f"the {kind} {_shown(value)} is ragged: its rows differ in length."
        raise ArgumentError(message(what, fix="make all rows of one length.")) from None
    except OverflowError:
        raise ArgumentError(message(f"{_shown(value)} holds a number beyond int64.")) from None
    if array.dtype.kind in "OSUVMm":
        if isinstance(value, np.ndarray) or array.dtype.kind != "O" or array.ndim:
            what = f"an array of dtype {array.dtype} is not supported."
            raise DTypeError(message(what, fix=_FIX))
        raise ArgumentTypeError(message(f"{_shown(value)} ({kind}) is not an array.", fix=_FIX))
    return array.astype(check_dtype(array.dtype), copy=False)


_FIX = "pass numbers, arrays of numbers or variables."


def _shown(value: Any) -> str:
    return printable(repr(value), 60)


def static_int(variable: Variable) -> int | None:
    """The value of an integer scalar where building knows it: constants and arithmetic on them."""
    value = _constant_value(variable, _DEPTH)
    return None if value is None else int(value)


def static_index(variable: Variable) -> int | None:
    """The value of an integer scalar for Python to use, where building knows it."""
    is_whole = variable.ndim == 0 and dtype_info(variable.dtype).is_integer
    return static_int(variable) if is_whole else None


def _constant_value(variable: Variable, depth: int) -> Any:
    if isinstance(variable, Constant):
        return variable.data
    node = variable.owner
    if node is None or depth == 0 or variable.ndim:
        return None
    if node.op.kind == "LengthOf":
        return node.inputs[0].type.shape[node.op.keywords["axis"]]
    if node.op.kind != "Elemwise":
        return None
    return _apply_to_constants(node, depth)


def _apply_to_constants(node: Apply, depth: int) -> Any:
    values = [_constant_value(each, depth - 1) for each in node.inputs]
    if any(value is None for value in values):
        return None
    with np.errstate(all="ignore"):
        return node.op.rule.evaluate(values, node.op.keywords)[0].astype(node.outputs[0].dtype)
