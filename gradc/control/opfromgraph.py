"""Graphs as operations of the user's: `OpFromGraph`, and `custom_gradient` for a function.

Both give nodes of one kind (subgraph.py).  A derivative is stated where the one that follows from
the graph is not wanted, or could be had in fewer operations.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from gradc.control.closed import close
from gradc.control.overrides import DEFAULT, Found
from gradc.control.subgraph import subgraph
from gradc.errors import ArgumentError, ArgumentTypeError, MissingInputError, message
from gradc.graph.describe import where
from gradc.graph.undefined import Disconnected, Undefined
from gradc.graph.variable import Input, Variable
from gradc.ops.convert import as_variable
from gradc.value import value

__all__ = ["OpFromGraph", "custom_gradient"]

Rule = Callable[..., Any]
Rules = Rule | str | None | Sequence[Rule | str | None]


@value
class _Listed:
    """Overrides as OpFromGraph takes them: one for all, or one for each.

    rules: a function of lists, or a tuple of functions, "default" and None.
    takes_outputs: whether they are called with the outputs too, as lop_overrides are.
    """

    rules: Any
    count: int
    takes_outputs: bool

    def __call__(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], given: Sequence[Variable]
    ) -> Sequence[Found]:
        """What the functions give, in gradc's words."""
        parts = (list(inputs), list(outputs), list(given))
        arguments = parts if self.takes_outputs else (parts[0], parts[2])
        if isinstance(self.rules, tuple):
            return [_found(r(*arguments) if callable(r) else r) for r in self.rules]
        result = self.rules(*arguments)
        return [_found(each) for each in (result if _is_list(result) else [result])]


@value
class _Plain:
    """Overrides as custom_gradient takes them: (given, outputs, *inputs), one or tuples."""

    rule: Rule
    count: int
    is_one: bool  # whether the function gives one variable
    takes_cotangents: bool

    def __call__(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], given: Sequence[Variable]
    ) -> Sequence[Found]:
        """What the function gives, as a list."""
        outs = outputs[0] if self.is_one else tuple(outputs)
        ways: Any = tuple(given)
        if self.takes_cotangents and self.is_one:
            ways = given[0]
        result = self.rule(ways, outs, *inputs)
        return [_found(each) for each in (result if _is_list(result) else [result])]


def _is_list(result: Any) -> bool:
    return isinstance(result, (list, tuple))


def _found(result: Any) -> Found:
    if result is None or isinstance(result, Disconnected):
        return None
    if isinstance(result, Undefined):
        return result
    return DEFAULT if isinstance(result, str) and result == "default" else as_variable(result)


class OpFromGraph:
    """A graph as an operation: OpFromGraph([x, y], [x + y])(a, b).

    inputs: variables, leaves or not; outputs: expressions of them.  Shared variables and constants
        that the outputs read besides are taken along; another leaf must be an input.
    inline: give the outputs' own nodes instead of one node, unless a derivative is stated.  When
        it is compiled a node is put in line in any case, and fuses with what is around.
    lop_overrides: the gradient: f(inputs, outputs, output_gradients) gives a list with one for
        each input; or a list with a function, "default" or None (not connected) for each.
    grad_overrides: the same, called without the outputs.
    rop_overrides: forward mode: f(inputs, eval_points) gives a list with one for each output; or a
        list with a function or None for each.
    name: what it is called in errors and in print.
    What is not stated follows: from the graph, or where one of gradient and forward mode is stated,
    the other from that.  Derivatives of shared variables always follow from the graph.
    Of complex numbers a gradient is what `grad` gives: dC/dRe z + i dC/dIm z, so that z w has the
    gradients conj(w) g and conj(z) g.
    Pickles if the functions do.
    Raises: MissingInputError, ArgumentError.
    Source: Theano's operation of this name.
    """

    def __init__(
        self,
        inputs: Sequence[Variable],
        outputs: Sequence[Variable] | Variable,
        inline: bool = False,
        lop_overrides: Rules = "default",
        grad_overrides: Rules = "default",
        rop_overrides: Rules = "default",
        name: str | None = None,
    ) -> None:
        self.name = name or "OpFromGraph"
        self.is_inline = inline
        self._is_one = isinstance(outputs, Variable)
        results = [outputs] if isinstance(outputs, Variable) else list(outputs)
        self._count, self._outputs = len(inputs), len(results)
        self._closed, self._captured = close(list(inputs), results)
        self._names = [each.name for each in inputs]
        for leaf in self._captured:
            _check_captured(self.name, leaf)
        gradients = [_is_stated(each) for each in (lop_overrides, grad_overrides)]
        if all(gradients):
            what = f"{self.name}: lop_overrides and grad_overrides both state the gradient."
            raise ArgumentError(message(what, fix="give one of them."))
        of_inputs = lop_overrides if gradients[0] else grad_overrides
        self._vjp = self._listed("a gradient", of_inputs, self._count, gradients[0])
        self._jvp = self._listed("rop_overrides", rop_overrides, self._outputs, False)

    def _listed(self, what: str, rules: Rules, count: int, takes_outputs: bool) -> _Listed | None:
        if not _is_stated(rules):
            return None
        listed = tuple(rules) if isinstance(rules, (list, tuple)) else rules
        if isinstance(listed, tuple) and len(listed) != count:
            text = f"{self.name}: {what} is stated for {len(listed)} of {count} variables."
            raise ArgumentError(message(text, fix='give one for each, "default" where it follows.'))
        return _Listed(listed, self._count, takes_outputs)

    def __call__(self, *inputs: Any) -> Any:
        """The outputs for these inputs: one variable, or a list.

        Raises: ArgumentTypeError for inputs of another dtype or rank, or another number of them.
        """
        if len(inputs) != self._count:
            what = f"{self.name}: takes {self._count} input(s), got {len(inputs)}."
            raise ArgumentTypeError(message(what))
        given = [self._taken(k, each) for k, each in enumerate(inputs)]
        operands = [*given, *self._captured]
        if self.is_inline and self._vjp is None and self._jvp is None:
            found = self._closed(operands)
        else:
            found = list(
                subgraph(
                    *operands, graph=self._closed, word=self.name, vjp=self._vjp, jvp=self._jvp
                )
            )
        return found[0] if self._outputs == 1 else found

    def _taken(self, k: int, given: Any) -> Variable:
        wanted = self._closed.inputs[k]
        found = as_variable(given, dtype=None if isinstance(given, Variable) else wanted.dtype)
        shapes = zip(wanted.shape, found.type.shape, strict=False)
        clash = any(None not in pair and pair[0] != pair[1] for pair in shapes)
        if found.dtype != wanted.dtype or found.ndim != wanted.ndim or clash:
            label = self._names[k] or f"input {k}"
            what = f"{self.name}: {label} is {wanted}, got {found.type}."
            raise ArgumentTypeError(message(what, [where(found)], "cast or reshape it first."))
        return found

    def __repr__(self) -> str:
        return f"<{self.name}: {self._count} -> {self._outputs}>"


def _is_stated(rules: Rules) -> bool:
    if isinstance(rules, (list, tuple)):
        return any(_is_stated(each) for each in rules)
    return rules != "default"


def _check_captured(name: str, leaf: Variable) -> None:
    if type(leaf) in (Input, Variable):
        what = f"{name}: the outputs read {leaf}, which is neither an input nor shared."
        raise MissingInputError(message(what, [where(leaf)], "list it in inputs."))


def custom_gradient(
    f: Rule | None = None, *, vjp: Rule | None = None, jvp: Rule | None = None
) -> Any:
    """A function of variables with a gradient of its own: @custom_gradient(vjp=...).

    f: takes variables and gives one, or a tuple; called with placeholders of the arguments' types.
    vjp: vjp(ct, out, *inputs) gives the gradient of each input (a tuple for several), None where
        it is not connected, "default" where the one of f will do.  For a tuple of outputs ct and
        out are tuples.
    jvp: jvp(tangents, out, *inputs), tangents a tuple with one for each input, gives the tangent of
        each output.
    Of the two, one that is not stated follows from the other, as its transpose.  What f reads
    besides its arguments keeps the gradient that follows from f.
    Of complex numbers a gradient is what `grad` gives: dC/dRe z + i dC/dIm z, so that z w has the
    gradients conj(w) ct and conj(z) ct.
    Raises: ArgumentError if neither is stated.
    """
    if vjp is None and jvp is None:
        what = "custom_gradient: neither vjp nor jvp is stated."
        raise ArgumentError(message(what, fix="@custom_gradient(vjp=lambda ct, out, x: ...)"))
    if f is None:
        return lambda function: custom_gradient(function, vjp=vjp, jvp=jvp)
    function = f

    def with_gradient(*arguments: Any) -> Any:
        given = [as_variable(each) for each in arguments]
        elements = [Input(each.type, each.name) for each in given]
        result = function(*elements)
        is_one = not _is_list(result)
        outputs = [as_variable(each) for each in ([result] if is_one else result)]
        closed, captured = close(elements, outputs)
        found = subgraph(
            *given, *captured, graph=closed, word=getattr(function, "__name__", "custom_gradient"),
            vjp=None if vjp is None else _Plain(vjp, len(given), is_one, True),
            jvp=None if jvp is None else _Plain(jvp, len(given), is_one, False),
        )  # fmt: skip
        return found[0] if is_one else tuple(found)

    return wraps(function)(with_gradient)
