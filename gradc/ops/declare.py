"""Constructors of declarations: each gives the function that users call.

Takes what an operation states about itself (name, doc, dtype rule, C, reference, pullback, domain);
declares it, and gives a Python function with the declaration's words as its help.  What holds for a
whole kind is written here once: how operands are converted, cast and padded.

A pullback gives terms of the output's shape without thinking of broadcasting; whoever calls it sums
over the axes where an operand was stretched (`fit`), since only they know what else to do there.
"""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar, cast

from gradc.dtypes import check_dtype, dtype_info, promote
from gradc.errors import (
    ArgumentError,
    ArgumentTypeError,
    DTypeError,
    InternalError,
    message,
    printable,
)
from gradc.graph.describe import where
from gradc.graph.op import DECLARATIONS, Declaration, Op, Pushforward
from gradc.graph.variable import Variable
from gradc.kernel.scalar import ScalarFn
from gradc.ops.calls import applied, call
from gradc.ops.convert import as_variable, is_weak, settled
from gradc.ops.kinds import DtypeRule, Elemwise, Reduce
from gradc.ops.rules import Refused
from gradc.sizes import Size
from gradc.value import frozen

__all__ = [
    "COMPOSED",
    "FUNCTIONS",
    "SAMPLES",
    "Composed",
    "Operation",
    "Sample",
    "call",
    "composed",
    "declared",
    "drop_axes",
    "elemwise",
    "insert_axes",
    "function_of",
    "is_complex",
    "is_float",
    "is_inexact",
    "normal_axes",
    "normal_axis",
    "one_of",
    "pad",
    "reduction",
    "unfit",
]

Operation = Callable[..., Variable]

FUNCTIONS: dict[str, Operation] = {}  # what applies an operation, by the operation's word
Domain = Sequence[float] | Sequence[tuple[float, float]]

_OPERANDS = ("x", "y", "z")
_SHAPES = "Shapes: all alike; an axis of static length 1 stretches. The result has their shape."


def function_of(
    name: str, body: Callable[..., Any], doc: str, parameters: Sequence[str] | None = None
) -> Operation:
    """`body` under the operation's name and help text; `parameters` if its own are not telling."""
    FUNCTIONS[name] = body
    if name in DECLARATIONS:
        body.declaration = DECLARATIONS[name]  # type: ignore[attr-defined]  # Op.__eq__ asks
    body.__name__ = body.__qualname__ = name
    body.__doc__ = doc
    body.__module__ = "gradc.tensor"
    if parameters is not None:
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        listed = [inspect.Parameter(each, kind) for each in parameters]
        body.__signature__ = inspect.Signature(listed)  # type: ignore[attr-defined]
    return body


def unfit(name: str, error: Refused, operands: Sequence[Variable]) -> DTypeError:
    """The error for dtypes that a rule refused, with the operation and the operands."""
    what = str(error).partition("\n")[0]  # the rows go between it and its cure
    return DTypeError(message(f"{name}: {what}", [where(each) for each in operands], error.hint))


# -- elementwise -------------------------------------------------------------------------------


def elemwise(
    name: str,
    *,
    doc: str,
    dtype: DtypeRule,
    c: ScalarFn,
    ref: Callable[..., Any],
    pullback: Callable[..., tuple[Variable | None, ...]],
    arity: int = 1,
    domain: Domain = (-5.0, 5.0),
    by: int = 0,
    alike: int = 0,
    variadic: bool = False,
    commutes: bool = False,
    on_sizes: Callable[..., Size] | None = None,
    pushforward: Pushforward | None = None,
    is_slope: bool = True,
) -> Operation:
    """Declare an elementwise operation.

    domain: (low, high) for all operands, or one such pair an operand.
    alike: the first operand that shares its dtype with those behind (switch: 1).
    The rest is Elemwise's.
    """
    rule = Elemwise(
        name=name, doc=doc, ref=ref, pullback=pullback, c=c, dtype=dtype, arity=arity, by=by,
        domain=_pairs(domain, arity), variadic=variadic, commutes=commutes, on_sizes=on_sizes,
        pushforward=pushforward, is_slope=is_slope,
    )  # fmt: skip
    names = _OPERANDS[:arity]

    def body(*operands: Any) -> Variable:
        return _call_elementwise(rule, operands, alike)

    shown = (*names, "*more") if variadic else names
    dtypes = _dtype_text(rule.dtype, rule.arity, rule.c.supports("complex128"))
    help_text = f"{name}({', '.join(shown)}): {doc}\n\n{_SHAPES}\n{dtypes}"
    return function_of(name, body, help_text, None if variadic else names)


def _pairs(domain: Domain, arity: int) -> tuple[tuple[float, float], ...]:
    if isinstance(domain[0], tuple):
        return tuple(cast(Sequence[tuple[float, float]], domain))
    low, high = cast(Sequence[float], domain)
    return ((low, high),) * arity


@cache  # a hundred operations share some twenty rules
def _dtype_text(rule: DtypeRule, arity: int, takes_complex: bool) -> str:
    rows = []
    for dtype in ("float32", "float64", "complex128", "int64", "int8", "bool"):
        try:
            if dtype_info(dtype).is_complex and not takes_complex:
                raise Refused(message("complex"))
            rows.append(f"{dtype} -> {rule((dtype,) * arity)[1]}")
        except Refused:
            rows.append(f"{dtype} -> DTypeError")
    return f"dtypes: {', '.join(rows)}.\nRaises: ShapeError if static lengths differ."


def _call_elementwise(rule: Elemwise, operands: Sequence[Any], alike: int) -> Variable:
    _check_count(rule, len(operands))
    variables = _converted(rule, operands, alike)
    try:
        wanted, _ = rule.dtype(tuple(each.dtype for each in variables))
    except Refused as error:
        raise unfit(rule.name, error, variables) from None
    ndim = max(each.ndim for each in variables)
    fitted = [
        pad(each if each.dtype == dtype else call("cast", each, dtype=dtype), ndim)
        for each, dtype in zip(variables, wanted, strict=True)
    ]
    return applied(Op(rule), fitted)


def _check_count(rule: Elemwise, count: int) -> None:
    if count == rule.arity or (rule.variadic and count > rule.arity):
        return
    least = "at least " if rule.variadic else ""
    what = f"{rule.name}: takes {least}{rule.arity} operand(s), got {count}."
    fix = f"write T.{rule.name}({', '.join(_OPERANDS[: rule.arity])})."
    raise ArgumentTypeError(message(what, fix=fix))


def _converted(rule: Elemwise, operands: Sequence[Any], alike: int) -> list[Variable]:
    """Variables; Python numbers take the dtype of the operands they share it with."""
    found = [each if is_weak(each) else _variable(rule, each) for each in operands]
    own = [as_variable(each) if is_weak(each) else each for each in found[:alike]]
    return own + settled(found[alike:])


def _variable(rule: Declaration, value: Any) -> Variable:
    try:
        return as_variable(value)
    except (ArgumentTypeError, DTypeError) as error:
        what = f"{rule.name}: {str(error).splitlines()[0]}"
        raise type(error)(message(what, fix=error.hint)) from None


def pad(x: Variable, ndim: int) -> Variable:
    """The array with axes of length 1 in front, up to rank `ndim`."""
    if x.ndim >= ndim:
        return x
    return call("dimshuffle", x, order=("x",) * (ndim - x.ndim) + tuple(range(x.ndim)))


# -- reductions --------------------------------------------------------------------------------


def reduction(
    name: str,
    *,
    doc: str,
    init: tuple[str, ...],
    step: tuple[str, ...],
    combine: tuple[str, ...],
    out: Callable[[str], tuple[str, str]],
    ref: Callable[..., Any],
    pullback: Callable[..., tuple[Variable | None, ...]],
    states: tuple[str, ...] = ("acc",),
    result: str = "{a0}",
    needs_elements: bool = False,
    typed: bool = False,
    of_complex: tuple[tuple[str, ...], tuple[str, ...]] | None = None,
    pushforward: Pushforward | None = None,
    is_slope: bool = True,
) -> Operation:
    """Declare a reduction; `typed`: the user may ask for dtype and acc_dtype."""
    rule = Reduce(
        name=name, doc=doc, ref=ref, pullback=pullback, init=init, step=step, combine=combine,
        out=out, states=states, result=result, needs_elements=needs_elements, of_complex=of_complex,
        pushforward=pushforward, is_slope=is_slope,
    )  # fmt: skip

    def body_typed(
        x: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False, acc_dtype: Any = None
    ) -> Variable:
        return _reduce(rule, x, axis, keepdims, dtype, acc_dtype)

    def body(x: Any, axis: Any = None, keepdims: bool = False) -> Variable:
        return _reduce(rule, x, axis, keepdims)

    text = f"{doc}\n\n{_REDUCES}{_TYPED if typed else ''}{_REDUCES_ERRORS}"
    return function_of(name, body_typed if typed else body, text)


_REDUCES = (
    "axis: None for all axes, an int or a tuple; negative ones count from the last.\n"
    "keepdims: the axes stay, with length 1.\n"
)
_TYPED = "dtype: of the result. acc_dtype: of the accumulator.\n"
_REDUCES_ERRORS = "Raises: ArgumentError for an axis that is not there or stands twice."


def _reduce(
    rule: Reduce, x: Any, axis: Any, keepdims: bool, dtype: Any = None, acc_dtype: Any = None
) -> Variable:
    x = _variable(rule, x)
    axes = normal_axes(rule.name, axis, x.ndim)
    wanted = None if dtype is None else check_dtype(dtype)
    accumulator = None if acc_dtype is None else check_dtype(acc_dtype)
    for each in (wanted, accumulator):
        if each is not None and dtype_info(each).is_complex != dtype_info(x.dtype).is_complex:
            x = call("cast", x, dtype=promote(x.dtype, each))
    if (wanted, accumulator) == (rule.out(x.dtype)[1], None):
        wanted = None
    result = call(rule.name, x, axes=axes, dtype=wanted, acc_dtype=accumulator)
    return insert_axes(result, axes) if keepdims else result


def one_of(name: str, **options: Any) -> Any:
    """The one of an argument's two names that was given.

    Raises: ArgumentTypeError for none or both.
    """
    given = [each for each in options.values() if each is not None]
    if len(given) != 1:
        words = " or ".join(f"{each}=" for each in options)
        count = "neither was" if not given else "both were"
        what = f"{name}: takes {words}, and {count} given."
        raise ArgumentTypeError(message(what, fix="give one of them."))
    return given[0]


def normal_axes(name: str, axis: Any, ndim: int) -> tuple[int, ...]:
    """Axes as users write them, sorted and non-negative.

    Raises: ArgumentTypeError, or ArgumentError for an axis that is not there or stands twice.
    """
    if axis is None:
        return tuple(range(ndim))
    listed = axis if isinstance(axis, (tuple, list)) else (axis,)
    axes = sorted(normal_axis(name, each, ndim) for each in listed)
    if len(set(axes)) != len(axes):
        raise ArgumentError(message(f"{name}: axis {axis} names an axis twice."))
    return tuple(axes)


def normal_axis(name: str, axis: Any, ndim: int) -> int:
    """One axis, non-negative; raises as normal_axes."""
    try:
        number = operator.index(axis)
    except TypeError:
        what = f"{name}: an axis is a whole number, got {printable(repr(axis), 60)}."
        fix = f"use one from {-ndim} to {ndim - 1}." if ndim else "leave the axis of a scalar out."
        raise ArgumentTypeError(message(what, fix=fix)) from None
    if not -ndim <= number < ndim:
        what = f"{name}: there is no axis {number} in an array of {ndim} axes."
        fix = f"use one from {-ndim} to {ndim - 1}." if ndim else "leave the axis of a scalar out."
        raise ArgumentError(message(what, fix=fix))
    return number % ndim


def insert_axes(x: Variable, axes: Sequence[int]) -> Variable:
    """The array with axes of length 1 at these places of the result (sorted, non-negative)."""
    kept = iter(range(x.ndim))
    order = tuple("x" if k in axes else next(kept) for k in range(x.ndim + len(axes)))
    return call("dimshuffle", x, order=order) if axes else x


def drop_axes(x: Variable, axes: Sequence[int]) -> Variable:
    """The array without these axes of length 1 (sorted, non-negative)."""
    kept = tuple(axis for axis in range(x.ndim) if axis not in axes)
    return call("dimshuffle", x, order=kept) if axes else x


# -- other kinds, and expressions ----------------------------------------------------------------


@frozen
class Sample:
    """One way to use an operation, for tests: expr(the operation, *operands of these shapes).

    dtypes: one an operand where it must not be a float.  high: integers are drawn below this.
    """

    expr: Callable[..., Variable]
    shapes: tuple[tuple[int, ...], ...]
    dtypes: tuple[str, ...] = ()
    high: int = 3


SAMPLES: dict[str, tuple[Sample, ...]] = {}  # by operation
Body = TypeVar("Body", bound=Callable[..., Any])


def declared(
    kind: type[Declaration], *, name: str = "", samples: Sequence[Sample] = (), **fields: Any
) -> Callable[[Body], Body]:
    """Declare an operation of any kind; the decorated function is the user's, its doc the doc."""

    def decorate(body: Body) -> Body:
        word = name or body.__name__
        kind(name=word, doc=inspect.getdoc(body) or "", **fields)
        SAMPLES[word] = tuple(samples)
        FUNCTIONS[word] = body
        body.declaration = DECLARATIONS[word]  # type: ignore[attr-defined]  # Op.__eq__ asks
        return body

    return decorate


@frozen
class Composed:
    """An operation that is an expression of others: no C, no pullback, a reference of its own."""

    name: str
    doc: str
    expr: Callable[..., Variable]
    ref: Callable[..., Any]
    domain: tuple[float, float]


COMPOSED: dict[str, Composed] = {}  # every composed operation, by name


def composed(
    *, ref: Callable[..., Any], domain: tuple[float, float] = (-5.0, 5.0),
    samples: Sequence[Sample] = (),
) -> Callable[[Body], Body]:  # fmt: skip
    """Declare an operation by an expression; `ref` takes the same arguments as arrays.

    ref must be code of its own, and stable: it is the judge.
    """

    def decorate(body: Body) -> Body:
        name = body.__name__
        if name in DECLARATIONS or name in COMPOSED:
            raise InternalError(message(f"operation {name!r} is declared twice."))
        COMPOSED[name] = Composed(name, inspect.getdoc(body) or "", body, ref, domain)
        SAMPLES[name] = tuple(samples)
        FUNCTIONS[name] = body
        return body

    return decorate


def is_float(dtype: str) -> bool:
    """Whether it is float16, float32 or float64."""
    return dtype_info(dtype).is_float


def is_complex(dtype: str) -> bool:
    """Whether it is complex64 or complex128."""
    return dtype_info(dtype).is_complex


def is_inexact(dtype: str) -> bool:
    """Whether it is a float or complex: numbers that are rounded, and have slopes."""
    return dtype_info(dtype).is_inexact
