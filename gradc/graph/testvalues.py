"""Test values: each node evaluated as it is built, so that mistakes raise at the line of it.

config.compute_test_value says whether: "off"; "ignore", "warn" or "raise" (what to do about inputs
without a value); "pdb" (as "raise", and the debugger opens on any error).  Inputs get theirs from
the user, `x.tag.test_value = array`; constants and shared variables have one.  What is computed
stands in `tag.test_value` of the result.  It is the interpreter that computes.

While it is off, building a node costs nothing: `apply` has nobody to tell.
Source: Theano's config.compute_test_value.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from gradc.errors import MissingInputError, message, warn_user
from gradc.graph.describe import where
from gradc.graph.evaluate import evaluate
from gradc.graph.op import BUILT, Apply
from gradc.graph.variable import Constant, Variable
from gradc.options import Options, config

__all__ = ["debug_assert", "get_debug_values", "get_test_value", "known_value", "untested"]

_SILENT: ContextVar[bool] = ContextVar("gradc_untested", default=False)


@contextmanager
def untested() -> Iterator[None]:
    """Nodes made inside are not evaluated: those of rewriting are nobody's lines."""
    token = _SILENT.set(True)
    try:
        yield
    finally:
        _SILENT.reset(token)


def known_value(variable: Variable) -> Any:
    """The value a variable has without being computed: a test value, or its own; else None."""
    tag = variable._tag
    found = None if tag is None else getattr(tag, "test_value", None)
    if found is not None:
        return found
    if isinstance(variable, Constant):
        return variable.data
    return getattr(variable, "storage", None)


def get_test_value(variable: Any) -> Any:
    """The test value of a variable; of constants and shared variables their value, of numbers they.

    Raises: MissingInputError, also an AttributeError as in Theano, if it has none.
    """
    if not isinstance(variable, Variable):
        return np.asarray(variable)
    found = known_value(variable)
    if found is None:
        raise _missing(variable)
    return found


class _NoTestValue(MissingInputError, AttributeError):
    """Theano's programs catch an AttributeError."""


def _missing(variable: Variable) -> _NoTestValue:
    what = f"{variable} has no test value."
    name = variable.name or "x"
    fix = f"give it one: {name}.tag.test_value = array, or set config.compute_test_value to ignore."
    return _NoTestValue(message(what, [where(variable)], fix))


def get_debug_values(*args: Any) -> list[Any]:
    """The test values of the arguments, as a list of one tuple, to be used in a `for`.

    Of one argument it is the list of its value, as in Theano.  Empty where test values are off, or
    where an argument has none ("ignore", and "warn" warns); with "raise" and "pdb" that is an
    error.  Numbers and arrays stand for themselves.
    """
    action = config.compute_test_value
    if action == "off":
        return []
    found = []
    for each in args:
        value = known_value(each) if isinstance(each, Variable) else np.asarray(each)
        if value is None:
            if action in ("raise", "pdb"):
                raise _missing(each)
            if action == "warn":
                warn_user(str(_missing(each)))
            return []
        found.append(value)
    return found if len(found) == 1 else [tuple(found)]


def debug_assert(condition: Any, msg: str = "debug_assert failed") -> None:
    """Where test values are on, what must hold of them: else an AssertionError, or a warning."""
    action = config.compute_test_value
    if action == "off" or condition:
        return
    if action == "warn":
        warn_user(msg)
    else:
        raise AssertionError(msg)


def _test(node: Apply) -> None:
    """Evaluate a node that was just built."""
    action = config.compute_test_value
    if action == "off" or _SILENT.get():
        return
    values = {}
    for each in node.inputs:
        found = known_value(each)
        if found is None:
            _complain(each, action)
            return
        values[each] = found
    try:
        results = evaluate(node.outputs, values)
    except Exception:
        if action == "pdb":
            import pdb  # heavy

            pdb.post_mortem(sys.exc_info()[2])
        raise
    for output, value in zip(node.outputs, results, strict=True):
        output.tag.test_value = value


def _complain(variable: Variable, action: str) -> None:
    if variable.owner is not None or action == "ignore":
        return  # what an operation lacks was complained about at its inputs
    if action == "warn":
        warn_user(str(_missing(variable)))
        return
    if action == "pdb":
        import pdb  # heavy

        pdb.set_trace()
    raise _missing(variable)


def _listen(options: Options) -> None:
    """Have `apply` tell of new nodes if somebody wants to know."""
    is_wanted = options.compute_test_value != "off"
    BUILT[:] = [_test] if is_wanted else []


def _first(node: Apply) -> None:
    """Look at the configuration when the first node is built, not at import."""
    _listen(config.freeze())
    for each in BUILT:
        each(node)


BUILT.append(_first)
config.watch(_listen)
