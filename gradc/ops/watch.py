"""What looks at values while a function runs: Assert, Raise, Print, PdbBreakpoint.

Each gives its argument back unchanged, so it is put around an expression and runs when that is
computed; what nobody uses is neither checked nor printed.  All of it happens before the first write
to a shared variable.  Gradients pass through.

An assertion is two operations: `check` stops the call or gives true, and `given` is its argument,
read only once the check is done.  So whatever depends on the asserted value waits for the check.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradc.errors import ArgumentTypeError, message, printable
from gradc.graph.op import Shape, apply
from gradc.graph.types import TensorType
from gradc.graph.variable import Variable
from gradc.kernel.scalar import scalar_fn
from gradc.ops.convert import as_variable
from gradc.ops.declare import Sample, call, declared, elemwise, pad
from gradc.ops.kinds import Call, Check
from gradc.ops.reduce import all as all_of

__all__ = ["Assert", "PdbBreakpoint", "Print", "Raise", "assert_op"]


def _value_and_bool(dtypes: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    return (dtypes[0], "bool"), dtypes[0]


given = elemwise(
    "given",
    doc="x, once the condition y has been checked; 0 where y is false, which a check rules out.",
    arity=2,
    dtype=_value_and_bool,
    c=scalar_fn("{y} ? {x} : 0"),
    ref=lambda x, y: np.where(y, x, np.zeros_like(x)),
    pullback=lambda cts, outs, x, y: (cts[0], None),
    domain=((-5.0, 5.0), (0.5, 2.0)),
)


@declared(
    Check,
    ref=None,  # Check.evaluate
    pullback=lambda cts, outs, x, **params: (None,),
    samples=[Sample(lambda check, x: check(x > -100, "x is large"), ((),))],
)
def check(condition: Any, text: str, error: str | None = None, fix: str | None = None) -> Variable:
    """True, once the bool scalar `condition` has been found to be; else the call ends."""
    condition = as_variable(condition)
    if condition.dtype != "bool":
        condition = call("neq", condition, pad(as_variable(0, condition.dtype), condition.ndim))
    whole: Variable = all_of(condition) if condition.ndim else condition
    words = {} if fix is None else {"fix": fix}
    return call("check", whole, text=text, error=error, **words)


def under(
    value: Variable, condition: Any, text: str, error: str | None = None, fix: str | None = None
) -> Variable:
    """The value, read only once a condition has been found to hold, as `check` says it."""
    whole = pad(check(condition, text, error, fix), value.ndim)
    found: Variable = call("given", value, whole)
    return found


def _text(word: str, msg: Any) -> str:
    if not isinstance(msg, str):
        what = f"{word}: the message is text, got {printable(repr(msg), 60)}."
        raise ArgumentTypeError(message(what, fix=f'write {word}("what must hold").'))
    return msg.rstrip(".")


class Assert:
    """Assert(msg)(x, *conditions): x, if all conditions hold; else the call fails with `msg`.

    Conditions may be arrays, of which every element counts.  The error (AssertionFailed, an
    AssertionError) gives the message, the line of the call of Assert, and the values compared.
    Gradient: passes through to x; conditions get none.
    Raises: ArgumentTypeError if msg is no text.  Source: theano.tensor.opt.Assert.
    """

    def __init__(self, msg: str = "the asserted condition does not hold") -> None:
        self.msg = _text("Assert", msg)

    def __call__(self, x: Any, *conditions: Any) -> Variable:
        """The value, under its conditions."""
        value = as_variable(x)
        for each in conditions:
            value = under(value, each, self.msg)
        return value

    def __repr__(self) -> str:
        return f"Assert({self.msg!r})"


assert_op = Assert()


# -- Python's code ---------------------------------------------------------------------------------


def _same_types(*inputs: Variable, **params: Any) -> Sequence[TensorType]:
    return [each.type for each in inputs]


def _same_shapes(*shapes: Shape, **params: Any) -> Sequence[Shape]:
    return shapes


_HANDS_ON: dict[str, Any] = {  # x in, x out: what declares a look at it that changes nothing
    "types": _same_types,
    "shapes": _same_shapes,
    "borrows": True,
    "pullback": lambda cts, outs, x, **params: (cts[0],),
    "pushforward": lambda tangents, outs, x, **params: (tangents[0],),
    "batching": lambda node, inputs: (node.op(*inputs),),  # the whole batch at once
}


def _show(x: Any, *, attrs: tuple[str, ...], message: str, action: Any = None) -> Any:
    """Print what was asked for, or hand it on."""
    if action is not None:
        action.function(action.owner, np.array(x))
        return x
    for name in attrs:
        value = getattr(x, name)
        value = value() if callable(value) else value
        print(message, name, "=", value, flush=True)
    return x


@declared(
    Call,
    ref=_show,
    **_HANDS_ON,
    samples=[Sample(lambda f, x: f(x, "", (), None), ((2, 3),))],
)
def printed(x: Variable, message: str, attrs: tuple[str, ...], action: Any) -> Variable:
    """x, printed when it is computed."""
    return call("printed", x, message=message, attrs=attrs, action=action)


class _Action:
    """A function of the user's, with the Print it belongs to; told apart by identity."""

    def __init__(self, function: Callable[..., Any], owner: Print) -> None:
        self.function, self.owner = function, owner

    def __repr__(self) -> str:
        return getattr(self.function, "__qualname__", repr(self.function))


class Print:
    """Print(message, attrs)(x): x, whose value is printed whenever a function computes it.

    One line an attribute: the message, the attribute's name, `=`, its value (called, if it is a
    method): attrs=("shape", "min", "max").  By default the array itself.
    global_fn(op, array): called instead of printing, with a copy of the value.

    It prints when the value is computed, so not in the order of the program's lines, and not at all
    where nobody uses the result.  Gradient: passes through.  Source: theano.printing.Print.
    """

    def __init__(
        self,
        message: str = "",
        attrs: Sequence[str] = ("__str__",),
        global_fn: Callable[[Print, Any], Any] | None = None,
    ) -> None:
        self.message = message
        self.attrs = tuple(attrs)
        self.global_fn = global_fn
        self._action = None if global_fn is None else _Action(global_fn, self)

    def __call__(self, x: Any) -> Variable:
        """The value, printed."""
        return printed(as_variable(x), self.message, self.attrs, self._action)

    def __repr__(self) -> str:
        return f"Print({self.message!r})"


class _Stop:
    """An exception to raise; told apart by identity."""

    def __init__(self, kind: type[Exception], text: str) -> None:
        self.kind, self.text = kind, text

    def __repr__(self) -> str:
        return f"{self.kind.__name__}({self.text!r})"


def _stop(x: Any, *, error: _Stop) -> Any:
    raise error.kind(error.text)


@declared(
    Call,
    ref=_stop,
    **_HANDS_ON,
    samples=[Sample(lambda f, x: 2.0 * x, ((2, 3),))],  # it would raise
)
def raised(x: Variable, error: _Stop) -> Variable:
    """Never x: the exception."""
    return call("raised", x, error=error)


class Raise:
    """Raise(msg, exc)(x): raises exc(msg) whenever a function needs x.

    Gradient: passes through.  Source: theano.raise_op.Raise.
    """

    def __init__(self, msg: str = "", exc: type[Exception] = NotImplementedError) -> None:
        self.msg, self.exc = msg, exc
        self._error = _Stop(exc, msg)

    def __call__(self, x: Any) -> Variable:
        """In the place of x."""
        return raised(as_variable(x), self._error)

    def __repr__(self) -> str:
        return f"Raise({self.msg!r}, {self.exc.__name__})"


def _break(condition: Any, *monitored: Any, label: str) -> Any:
    if np.any(condition):  # of a batch, where any element stops
        print(f"-- breakpoint {label!r}: the values are in monitored[0], ... --", flush=True)
        import pdb  # heavy

        pdb.Pdb(stdin=sys.stdin, stdout=sys.stdout).set_trace(sys._getframe())
    return monitored


@declared(
    Call,
    ref=_break,
    types=lambda condition, *monitored, label: [each.type for each in monitored],
    shapes=lambda condition, *monitored, label: monitored,
    pullback=lambda cts, outs, condition, *monitored, label: (None, *cts),
    pushforward=lambda tangents, outs, *inputs, label: tuple(tangents[1:]),
    batching=lambda node, inputs: apply(node.op, inputs).outputs,  # the whole batch at once
    samples=[Sample(lambda f, x: f((x.sum() > 9) & (x.sum() < 0), x, label=""), ((2, 3),))],
)
def paused(condition: Variable, *monitored: Variable, label: str) -> Any:
    """The monitored values, once the debugger has been left: one, or a tuple."""
    return call("paused", condition, *monitored, label=label)


class PdbBreakpoint:
    """PdbBreakpoint(name)(condition, *variables): the variables; pdb opens if the condition holds.

    The debugger sees copies of the values as the tuple `monitored`.  One variable comes back alone,
    several as a list.  Gradient: passes through.  Source: theano.tests.breakpoint.PdbBreakpoint.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, condition: Any, *monitored: Any) -> Any:
        """The same values."""
        operands = [as_variable(each) for each in (condition, *monitored)]
        found = paused(*operands, label=self.name)
        return list(found) if len(monitored) > 1 else found

    def __repr__(self) -> str:
        return f"PdbBreakpoint({self.name!r})"
