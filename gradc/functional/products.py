"""Products with the jacobian and hessian of Python functions: jvp(f), vjp(f), hvp(f).

The words that build them for expressions take functions too, told apart by their first argument,
and then have JAX's form.  With numbers they compile what they need and give numbers; with
variables, so inside jit, they give variables.  Each call traces the function anew, so that it sees
what the function uses as it is then; what is called often is wrapped in gradc.jit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradc import differentiate, tree
from gradc.errors import ArgumentError, ArgumentTypeError, message
from gradc.functional.derivatives import Own, is_function, jitted
from gradc.graph.variable import Variable
from gradc.ops.convert import as_variable

__all__ = ["hvp", "jvp", "vjp"]


def jvp(outputs: Any, inputs: Any, tangents: Any, *, has_aux: bool = False, **options: Any) -> Any:
    """How results move when arguments do: the jacobian times a vector, in forward mode.

    jvp(outputs, inputs, tangents), variables: expressions; see gradc.tensor.jvp.
    jvp(f, primals, tangents), f a function: the pair (f(*primals), tangent), the tangent in the
    form of f's results.  primals: the arguments, a tuple or list; tangents: the same for them.
    has_aux: f gives (results, more), and the answer is (results, tangent, more).
    Raises: ArgumentTypeError, ArgumentError for tangents that are not formed as the arguments;
    ShapeError; what jit raises.
    """
    if not is_function("jvp", outputs, None, has_aux):
        return differentiate.jvp(outputs, inputs, tangents, **options)
    _check_pair("jvp", inputs, tangents)
    f = outputs

    def moved(primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
        own = _all_own(primals)
        results, structure, aux = _results("jvp", f, own, has_aux)
        ways = _formed_as("jvp", "tangents", tuple(primals), tuple(tangents))
        found = differentiate.jvp(results, own.variables, ways, **options)
        value, tangent = (tree.unflatten(structure, each) for each in (results, found))
        return own.given_back((value, tangent, *aux))

    return jitted("jvp", f, moved)(tuple(inputs), tuple(tangents))


def vjp(f: Any, *primals: Any, has_aux: bool = False, **options: Any) -> Any:
    """Results, and how to pull a gradient back through them: a vector times the jacobian.

    vjp(outputs, inputs, cotangents), variables: expressions; see gradc.tensor.vjp.
    vjp(f, *primals), f a function: the pair (f(*primals), pullback).  pullback(cotangents), which
    are formed as the results, gives a tuple: the gradient of sum(cotangents * results) by each
    argument, in its form.
    has_aux: f gives (results, more), and the answer is (results, pullback, more).
    Raises: as jvp; GradError if no result is a float.
    """
    if not is_function("vjp", f, None, has_aux):
        return differentiate.vjp(f, *primals, **options)
    kept = _copied(primals)

    def forward(*operands: Any) -> Any:
        value = f(*operands)
        return _pair("vjp", value) if has_aux else (value,)

    def pulled(operands: Sequence[Any], cotangents: Any) -> Any:
        own = _all_own(operands)
        outputs, structure, _ = _results("vjp", f, own, has_aux)
        cts = _formed_as("vjp", "cotangents", tree.unflatten(structure, outputs), cotangents)
        found = differentiate.vjp(outputs, own.variables, cts, **options)
        return own.given_back(own.formed(found))

    back = jitted("vjp", f, pulled)

    def pullback(cotangents: Any) -> Any:
        """The gradients by all arguments, for cotangents in the form of the results."""
        return back(kept, cotangents)

    value, *aux = jitted("vjp", f, forward)(*kept)
    return (value, pullback, *aux)


def hvp(f: Any, primals: Any, tangents: Any, **options: Any) -> Any:
    """The hessian of a scalar times a vector, without the hessian: forward mode over reverse.

    hvp(cost, wrt, p), variables: expressions; see gradc.hessian_vector_product.
    hvp(f, primals, tangents), f a function: jvp(grad(f), primals, tangents)[1], in the form of the
    argument; of several arguments a tuple, mixed derivatives included.
    primals, tangents: as in jvp.
    Raises: as jvp; CostTypeError if the result is no float scalar.
    Source: Pearlmutter, Fast exact multiplication by the Hessian (1994).
    """
    if not is_function("hvp", f, None, False):
        return differentiate.hessian_vector_product(f, primals, tangents, **options)
    _check_pair("hvp", primals, tangents)

    def bent(primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
        own = _all_own(primals)
        ways = _formed_as("hvp", "tangents", tuple(primals), tuple(tangents))
        given = {"disconnected_inputs": "ignore", **options}
        cost = as_variable(f(*own.operands))
        found = differentiate.hessian_vector_product(cost, own.variables, ways, **given)
        formed = own.formed(found)
        return own.given_back(formed if len(primals) > 1 else formed[0])

    return jitted("hvp", f, bent)(tuple(primals), tuple(tangents))


# -- arguments and results -------------------------------------------------------------------------


def _all_own(primals: Sequence[Any]) -> Own:
    return Own(tuple(range(len(primals))), primals)


def _copied(primals: Sequence[Any]) -> tuple[Any, ...]:
    """The arguments as they are now, whatever is written into their arrays later."""
    found, structure = tree.flatten(tuple(primals))
    copies = [each.copy() if isinstance(each, np.ndarray) else each for each in found]
    result: tuple[Any, ...] = tree.unflatten(structure, copies)
    return result


def _check_pair(word: str, primals: Any, tangents: Any) -> None:
    for name, each in (("primals", primals), ("tangents", tangents)):
        if not isinstance(each, (tuple, list)):
            what = f"{word}: {name} are a tuple, one an argument, got {type(each).__name__}."
            fix = f"write {word}(f, (x,), (v,)) for a function of one argument."
            raise ArgumentTypeError(message(what, fix=fix))


def _formed_as(word: str, name: str, like: Any, given: Any) -> list[Any]:
    """The leaves of what must have the form of something else."""
    found, structure = tree.flatten(given)
    if structure != tree.flatten(like)[1]:
        wanted = "results" if name == "cotangents" else "arguments"
        what = f"{word}: the {name} do not have the form of the {wanted}."
        raise ArgumentError(message(what, fix="give one array for each, in the same containers."))
    return found


def _pair(word: str, value: Any) -> tuple[Any, Any]:
    if not (isinstance(value, tuple) and len(value) == 2):
        what = f"{word}: with has_aux the function must give a pair, (results, more)."
        raise ArgumentTypeError(message(what, fix="return the pair, or leave has_aux out."))
    return value


def _results(
    word: str, f: Callable[..., Any], own: Own, has_aux: bool
) -> tuple[list[Variable], tree.Structure, tuple[Any, ...]]:
    """What the function gives of own variables: arrays, their form, and what stands beside."""
    value = f(*own.operands)
    value, *more = _pair(word, value) if has_aux else (value,)
    found, structure = tree.flatten(value)
    return [as_variable(each) for each in found], structure, tuple(more)
