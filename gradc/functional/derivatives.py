"""Derivatives and batches of Python functions: grad(f), jacobian(f), vmap(f).

The words that build gradients of expressions take functions too, told apart by their first
argument: grad(cost, x) is an expression, grad(f) a function.  Such a function compiles itself when
it is called with numbers (gradc.functional.jit), and gives numbers; called with variables it gives
variables.  So they go into each other: jit(grad(f)), grad(grad(f)), vmap(grad(f)).

A function is differentiated by variables of its own, which the arguments take the place of
afterwards: what it uses besides stays fixed, even where it is the same variable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from gradc import batch, differentiate, tree
from gradc.errors import ArgumentError, ArgumentTypeError, message
from gradc.functional.jit import Jitted
from gradc.graph.variable import Input, Variable, WeakInput
from gradc.graph.walk import substitute
from gradc.ops.convert import as_variable, is_weak

__all__ = [
    "Own", "grad", "hessian", "is_function", "jacobian", "jitted", "value_and_grad", "vectorize",
    "vmap",
]  # fmt: skip

Numbers = int | tuple[int, ...]


def grad(
    cost: Any, wrt: Any = None, *args: Any, argnums: Numbers | None = None, has_aux: bool = False,
    **options: Any,
) -> Any:  # fmt: skip
    """The gradient of a scalar: of an expression by variables, or of a function by its arguments.

    grad(cost, wrt, ...), cost a variable: expressions; see gradc.tensor.grad for all arguments.

    grad(f), f a function: a function with the same parameters, whose results have the form of the
    argument it is differentiated by.
    argnums (or wrt): that argument's position, 0 if not said; a tuple of positions gives a tuple.
    has_aux: f gives (cost, more), and grad(f) then gives (gradient, more).
    An argument that the cost does not depend on has gradient 0.
    Raises: CostTypeError if the cost is no float scalar; ArgumentError for a position that no
    argument has; what jit raises.
    """
    if not is_function("grad", cost, argnums, has_aux):
        return differentiate.grad(cost, wrt, *args, **options)
    return jitted("grad", cost, partial(_slopes, cost, _numbers(wrt, argnums), has_aux, options))


def value_and_grad(
    cost: Any, wrt: Any = None, *, argnums: Numbers | None = None, has_aux: bool = False,
    **options: Any,
) -> Any:  # fmt: skip
    """The cost and its gradient, which share what they have in common.

    value_and_grad(cost, wrt), cost a variable: the expressions (cost, grad(cost, wrt)).
    value_and_grad(f), f a function: a function that gives (f's result, gradient); with has_aux f
    gives (cost, more) and the result is ((cost, more), gradient).  argnums and errors: as in grad.
    """
    if not is_function("value_and_grad", cost, argnums, has_aux):
        return differentiate.value_and_grad(cost, wrt, **options)
    both = partial(_value_and_slopes, cost, _numbers(wrt, argnums), has_aux, options)
    return jitted("value_and_grad", cost, both)


def jacobian(
    expression: Any, wrt: Any = None, *args: Any, argnums: Numbers | None = None, **options: Any
) -> Any:
    """All derivatives of an array: of an expression by variables, or of a function's results.

    jacobian(expression, wrt, ...), a variable: expressions; see gradc.tensor.jacobian.
    jacobian(f), f a function: a function whose results have the form of f's, each array replaced
    by the form of the argument, with arrays of shape [*result's, *argument's].
    argnums and errors: as in grad; the results may be arrays of floats of any rank.
    """
    if not is_function("jacobian", expression, argnums, False):
        return differentiate.jacobian(expression, wrt, *args, **options)
    rows = partial(_rows, expression, _numbers(wrt, argnums), options)
    return jitted("jacobian", expression, rows)


def hessian(
    cost: Any, wrt: Any = None, *args: Any, argnums: Numbers | None = None, **options: Any
) -> Any:
    """The second derivatives of a scalar: of an expression by variables, or of a function.

    hessian(cost, wrt, ...), cost a variable: expressions, one for each variable; see
    gradc.tensor.hessian.
    hessian(f), f a function: jacobian(grad(f)), with the mixed derivatives: of an argument that is
    a dict {"w", "b"}, a dict of dicts.  argnums and errors: as in grad.
    """
    if not is_function("hessian", cost, argnums, False):
        return differentiate.hessian(cost, wrt, *args, **options)
    numbers = _numbers(wrt, argnums)
    slopes = grad(cost, argnums=numbers, **options)
    return jitted("hessian", cost, jacobian(slopes, argnums=numbers, **options))


def vectorize(f: Any, in_axes: Any = 0, out_axes: Any = 0) -> Any:
    """A function of one element made one of a batch of them; JAX calls it vmap.

    f: a function of arrays, or of tuples, lists and dicts of them, which gives such.  Called with
    numbers, the batched function is compiled (jit) and gives numbers; called with variables it
    gives variables.
    in_axes: where the batch stands in each argument: an int, or a tuple with one entry an argument;
        an entry may have the form of its argument; None: the same for all elements.
    out_axes: where it stands in the results, an int or in their form; a result that is the same for
        all elements is repeated, or given once where out_axes is None.
    A graph instead of a function: vectorize(outputs, {variable: batch}), as vectorize_graph.
    Raises: VectorizeError where a length would depend on the element; ShapeError, ArgumentError.
    """
    made = batch.vectorize(f, in_axes, out_axes)
    return jitted("vmap", f, made) if callable(f) else made


vmap = vectorize


def is_function(word: str, first: Any, argnums: Any, has_aux: bool) -> bool:
    """Whether the first argument is a function; what is for functions is refused if it is not."""
    if callable(first):
        return True
    if argnums is not None or has_aux:
        given = "argnums" if argnums is not None else "has_aux"
        what = f"{word}: {given}= is for functions, the first argument is an expression."
        raise ArgumentTypeError(message(what, fix=f"pass a Python function, or {word}(cost, wrt)."))
    return False


def _numbers(wrt: Any, argnums: Numbers | None) -> Numbers:
    found = wrt if argnums is None else argnums
    return 0 if found is None else found


def jitted(word: str, f: Any, made: Callable[..., Any]) -> Jitted:
    """What was made of f, compiled when it is called with numbers."""
    return Jitted(made, name=f"{word}({getattr(f, '__name__', type(f).__name__)})", made_of=f)


class Own:
    """The arguments of a call, with variables of our own where it is differentiated."""

    def __init__(self, numbers: Numbers, operands: Sequence[Any]) -> None:
        self.is_one = isinstance(numbers, int)
        self.variables: list[Variable] = []
        self.replace: dict[Variable, Variable] = {}
        self.operands = list(operands)
        self._structures = []
        for number in (numbers,) if isinstance(numbers, int) else numbers:
            self._structures.append(self._owned(number))

    def _owned(self, number: int) -> tree.Structure:
        if not -len(self.operands) <= number < len(self.operands):
            what = f"argnums: there is no argument {number}, {len(self.operands)} were given."
            fix = "differentiate by arguments that are passed by position."
            raise ArgumentError(message(what, fix=fix))
        found, structure = tree.flatten(self.operands[number])
        given = [as_variable(each) for each in found]
        own = [_own(each, variable) for each, variable in zip(found, given, strict=True)]
        self.replace.update(zip(own, given, strict=True))
        self.variables.extend(own)
        self.operands[number] = tree.unflatten(structure, own)
        return structure

    def formed(self, found: Sequence[Any]) -> Any:
        """One value for each variable, in the form of the arguments."""
        rest = list(found)
        formed = []
        for structure in self._structures:
            count = structure.count(tree.LEAF)
            formed.append(tree.unflatten(structure, rest[:count]))
            del rest[:count]
        return formed[0] if self.is_one else tuple(formed)

    def given_back(self, results: Any) -> Any:
        """The results as expressions of what the caller gave."""
        found, structure = tree.flatten(results)
        return tree.unflatten(structure, substitute([as_variable(x) for x in found], self.replace))


def _own(given: Any, variable: Variable) -> Input:
    """What an argument is differentiated by; a Python number stays one."""
    if is_weak(given) or isinstance(given, WeakInput):
        return WeakInput(variable.type, variable.name, getattr(given, "sample", given))
    return Input(variable.type, variable.name)


# -- what is compiled: functions of their own, so that pickle finds them by name -------------------


def _value_and_slopes(
    f: Callable[..., Any], numbers: Numbers, has_aux: bool, options: Mapping[str, Any], /,
    *operands: Any, **named: Any,
) -> Any:  # fmt: skip
    own = Own(numbers, operands)
    value = f(*own.operands, **named)
    if has_aux and not (isinstance(value, tuple) and len(value) == 2):
        what = "has_aux: the function must give a pair, (cost, more)."
        raise ArgumentTypeError(message(what, fix="return the pair, or leave has_aux out."))
    cost = as_variable(value[0] if has_aux else value)
    given = {"disconnected_inputs": "ignore", **options}
    found = own.formed(differentiate.grad(cost, own.variables, **given))
    return own.given_back(((cost, value[1]) if has_aux else cost, found))


def _slopes(
    f: Callable[..., Any], numbers: Numbers, has_aux: bool, options: Mapping[str, Any], /,
    *operands: Any, **named: Any,
) -> Any:  # fmt: skip
    value, found = _value_and_slopes(f, numbers, has_aux, options, *operands, **named)
    return (found, value[1]) if has_aux else found


def _rows(
    f: Callable[..., Any], numbers: Numbers, options: Mapping[str, Any], /,
    *operands: Any, **named: Any,
) -> Any:  # fmt: skip
    own = Own(numbers, operands)
    found, structure = tree.flatten(f(*own.operands, **named))
    given = {"disconnected_inputs": "ignore", **options}
    blocks = [
        own.formed(differentiate.jacobian(as_variable(each), own.variables, **given))
        for each in found
    ]
    return own.given_back(tree.unflatten(structure, blocks))
