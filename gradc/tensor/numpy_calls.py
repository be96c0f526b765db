"""numpy's functions on variables build graphs: np.sin(v), np.sum(v, axis=0), np.add.outer(v, w).

Takes what numpy's protocols hand over (NEP 13: __array_ufunc__, NEP 18: __array_function__); gives
variables.  The function is gradc's of the same word (gradc.tensor.numpy_words has the exceptions),
called with the arguments that differ from numpy's defaults, by numpy's names; an argument that it
does not know, out= among them, is refused rather than ignored.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NoReturn

import numpy as np

from gradc import ops
from gradc.errors import ArgumentTypeError, message
from gradc.graph.describe import where
from gradc.graph.variable import Variable
from gradc.ops.convert import as_variable
from gradc.tensor import aliases
from gradc.tensor.numpy_words import ACCUMULATIONS, ADAPTED, IN_PLACE, REDUCTIONS, REFUSED, RENAMED

__all__ = ["array_function", "array_ufunc"]

_CHOOSE = "choose with T.switch(where, x, other)."
_POSITIONAL, _EXTRA = inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD
_UFUNC_DEFAULTS = {"casting": "same_kind", "order": "K", "subok": True, "where": True}
_METHODS = {"reduce": REDUCTIONS, "accumulate": ACCUMULATIONS}


def array_ufunc(
    ufunc: Any, method: str, operands: Sequence[Any], options: Mapping[str, Any]
) -> Any:
    """A numpy ufunc, or its method reduce, accumulate or outer, on variables.

    Raises: ArgumentTypeError for what gradc does not have, and for out=, where= and in-place
    operators, which write numbers.
    """
    name = f"np.{ufunc.__name__}" if method == "__call__" else f"np.{ufunc.__name__}.{method}"
    given = {
        key: value
        for key, value in options.items()
        if key not in _UFUNC_DEFAULTS or value is not _UFUNC_DEFAULTS[key]
    }
    _refuse_written(name, given, operands)
    if method == "__call__" and given.get("where") is not None:
        _refuse(f"{name}: where= is not taken for variables.", operands, _CHOOSE)
    if ufunc in (np.equal, np.not_equal) and isinstance(operands[0], (np.ndarray, np.generic)):
        return operands[1] == operands[0]  # array == v comes as this too, and is refused as v == 0
    if method in _METHODS:
        return _fold(name, ufunc.__name__, method, operands, given)
    if method not in ("__call__", "outer"):
        fix = "add to places with T.inc_subtensor(x[indices], values)." if method == "at" else ""
        raise ArgumentTypeError(message(f"{name} has no counterpart for variables.", fix=fix))
    word = _word(ufunc.__name__, name)
    if method == "outer":
        operands = _apart(*operands)
    if given.get("dtype") is not None:
        dtype = given["dtype"]
        operands = [ops.cast(x, dtype) if hasattr(x, "dtype") else x for x in operands]
    unknown = [key for key in given if key != "dtype"]
    if unknown:
        _refuse_keyword(name, unknown[0], word)
    return word(*operands)


def _fold(
    name: str, ufunc: str, method: str, operands: Sequence[Any], given: Mapping[str, Any]
) -> Any:
    table = _METHODS[method]
    if ufunc not in table:
        what = f"{name} has no counterpart for variables."
        fix = f"gradc folds {', '.join(table)}; or write the fold as a product or sum."
        raise ArgumentTypeError(message(what, fix=fix))
    options = {
        "axis": 0,
        **{k: v for k, v in given.items() if (v is not None and v is not False) or k == "axis"},
    }
    word = _word(table[ufunc], name)
    return _call(name, word, operands, options)


def _apart(x: Any, y: Any) -> list[Variable]:
    """The operands with axes of their own: those of y behind those of x."""
    first, second = as_variable(x), as_variable(y)
    order = (*range(first.ndim), *("x",) * second.ndim)
    return [ops.dimshuffle(first, *order), second]


def array_function(function: Any, args: Sequence[Any], options: Mapping[str, Any]) -> Any:
    """A function of numpy's, such as np.sum or np.concatenate, on variables.

    Raises: ArgumentTypeError for a function that gradc does not have, an argument that its
    counterpart does not take, and out=.
    """
    module = function.__module__.removeprefix("numpy").lstrip(".").split(".")[0]
    word = f"{module}.{function.__name__}" if module in ("linalg", "fft") else function.__name__
    name = f"np.{word}"
    if word in IN_PLACE:
        _refuse(f"{name} writes into an array, and an expression never changes.", args,
                f"use {IN_PLACE[word]}.")  # fmt: skip
    operands, given = _arguments(function, args, options)
    _refuse_written(name, given, operands)
    return _call(name, _word(word, name), operands, given)


@lru_cache(maxsize=256)
def _signature(function: Any) -> inspect.Signature | None:
    try:
        return inspect.signature(function)
    except ValueError:  # C functions of older numpy have none
        return None


def _arguments(
    function: Any, args: Sequence[Any], options: Mapping[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    """Positional arguments, and those with a default in numpy that have another value, by name."""
    signature = _signature(function)
    if signature is None:
        return list(args), dict(options)
    bound = signature.bind(*args, **options).arguments
    operands: list[Any] = []
    named: dict[str, Any] = {}
    for key, value in bound.items():
        parameter = signature.parameters[key]
        if parameter.kind is _POSITIONAL:
            operands.extend(value)
        elif parameter.kind is _EXTRA:
            named.update(value)
        elif parameter.default is inspect.Parameter.empty:
            operands.append(value)
        elif not _is_default(value, parameter.default):
            named[key] = value
    return operands, named


def _is_default(value: Any, default: Any) -> bool:
    return value is default or (type(value) is type(default) and value == default)


def _call(name: str, word: Callable[..., Any], operands: Sequence[Any], given: Any) -> Any:
    known = inspect.signature(word).parameters
    takes_any = any(each.kind is _EXTRA for each in known.values())
    for key in given:
        if key not in known and not takes_any:
            _refuse_keyword(name, key, word)
    return word(*operands, **given)


def _word(word: str, name: str) -> Callable[..., Any]:
    """The function of gradc of this word of numpy's."""
    if word in ADAPTED:
        return ADAPTED[word]
    short = RENAMED.get(word, word.removeprefix("linalg."))
    found: Callable[..., Any] | None = None
    for module in (ops, aliases):
        if found is None and short in module.__all__:
            found = getattr(module, short)
    if found is None:
        import difflib  # only for this error

        words = [*ops.__all__, *aliases.__all__]
        near = difflib.get_close_matches(short, words, n=1, cutoff=0.75)
        fix = f"the nearest is T.{near[0]}; " if near else ""
        what = f"{name} has no counterpart in gradc: it takes numbers, not variables."
        if word in REFUSED:
            raise ArgumentTypeError(message(what, fix=REFUSED[word]))
        fix += "compose it of functions of gradc.tensor (docs/operations.md lists them)."
        raise ArgumentTypeError(message(what, fix=fix))
    return found


def _refuse_written(name: str, given: Mapping[str, Any], operands: Sequence[Any]) -> None:
    out = given.get("out")
    if out is not None:
        into = out[0] if isinstance(out, tuple) else out
        if isinstance(into, Variable):
            what = f"{name}: an expression never changes, out= cannot be {into}."
            _refuse(what, operands, "use what the function returns.")
        what = f"{name}: out= (or an operator such as +=) writes numbers, an expression has none."
        _refuse(what, operands, "use what the function returns: x = x + y, not x += y.")


def _refuse_keyword(name: str, key: str, word: Callable[..., Any]) -> NoReturn:
    known = [each for each in inspect.signature(word).parameters.values()
             if each.default is not inspect.Parameter.empty]  # fmt: skip
    what = f"{name}: {key}= is not taken for variables."
    takes = ", ".join(each.name for each in known)
    fix = f"leave it out; gradc's counterpart takes {takes}." if takes else "leave it out."
    fix = _CHOOSE if key == "where" else fix
    raise ArgumentTypeError(message(what, fix=fix))


def _refuse(what: str, operands: Sequence[Any], fix: str) -> NoReturn:
    rows = [where(each) for each in operands if isinstance(each, Variable)]
    raise ArgumentTypeError(message(what, rows, fix))
