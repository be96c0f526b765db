"""Products with a jacobian: `jvp` (forward mode) and `vjp` (reverse mode), and Theano's names.

Takes outputs, inputs, and a direction for each of one or the other; gives expressions, to be
differentiated again.  Both rewrite the outputs first, as `grad` does, and give the same values
where there is no derivative (docs/design.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from gradc.differentiate.ahead import TangentTable, carry
from gradc.differentiate.convention import conjugate
from gradc.differentiate.order import Walk, walk
from gradc.differentiate.prepare import Prepared, prepare, remember
from gradc.differentiate.request import Request, check_choice, direction, variables
from gradc.differentiate.reverse import Absent, differentiate, grad, note
from gradc.dtypes import dtype_info
from gradc.errors import (
    ArgumentError,
    DisconnectedInputError,
    GradError,
    NullTypeGradError,
    message,
    warn_user,
)
from gradc.graph.describe import where
from gradc.graph.site import inherit
from gradc.graph.undefined import Disconnected, Undefined
from gradc.graph.variable import Variable
from gradc.ops.elemwise import add, cast
from gradc.ops.lengths import zeros_like

__all__ = ["Lop", "Rop", "hessian_vector_product", "jvp", "pulled", "vjp"]

Variables = Variable | Sequence[Variable]
Inputs = Literal["raise", "warn", "ignore"]


def jvp(
    outputs: Variables,
    inputs: Variables,
    tangents: Any,
    *,
    consider_constant: Sequence[Variable] | None = None,
    stabilize: bool = True,
) -> Any:
    """Jacobian times vector, in forward mode: how outputs move when inputs move by `tangents`.

    tangents: one an input, of its shape; None for an input that stays.  An input that depends on
        another one moves by the sum of both.
    consider_constant: variables that do not move.
    stabilize: rewrite the outputs first, as grad does.
    Gives one variable where `outputs` is one, else a list or tuple as it is; each has the shape
    and, if that is a float, the dtype of its output; zeros where an output does not move.
    Costs about as much as the outputs, whatever their number; for one output and many inputs vjp
    and grad are the better way.
    Raises: ShapeError, ArgumentError for tangents that do not fit; NullTypeGradError.
    Source: Griewank and Walther, Evaluating Derivatives (2008), chapter 3.
    """
    found = _push("jvp", outputs, inputs, tangents, consider_constant, stabilize)
    return _like(outputs, [found.answer(k) for k in range(len(found.outputs))])


def vjp(
    outputs: Variables,
    inputs: Variables,
    cotangents: Any,
    *,
    consider_constant: Sequence[Variable] | None = None,
    disconnected_inputs: Inputs = "ignore",
    stabilize: bool = True,
) -> Any:
    """Vector times jacobian, in reverse mode: the gradient of sum(cotangents * outputs).

    cotangents: one an output, of its shape; None for an output that does not count.  What arrives
        at an output from another one is added.  Complex ones are gradients as grad gives them.
    The rest, and what it gives, is as for grad: one variable where `inputs` is one, else a list or
    tuple as it is.
    Raises: ShapeError, ArgumentError for cotangents that do not fit; GradError if no output is a
    float; NullTypeGradError; DisconnectedInputError if asked for.
    """
    return _pull(
        "vjp", outputs, inputs, cotangents, consider_constant, disconnected_inputs, stabilize
    )


def Rop(  # noqa: N802  # Theano's name
    f: Variables,
    wrt: Variables,
    eval_points: Any,
    disconnected_outputs: Inputs = "raise",
    return_disconnected: Literal["zero", "None", "Disconnected"] = "zero",
) -> Any:
    """Jacobian of f times eval_points, in forward mode: jvp under Theano's name.

    disconnected_outputs: what to do where an f does not depend on wrt.
    return_disconnected: what stands for its tangent.
    Raises: as jvp; DisconnectedInputError.
    """
    check_choice("disconnected_outputs", disconnected_outputs, ("raise", "warn", "ignore"), "Rop")
    check_choice(
        "return_disconnected", return_disconnected, ("zero", "None", "Disconnected"), "Rop"
    )
    found = _push("Rop", f, wrt, eval_points, None, stabilize=True)
    results: list[Any] = []
    for k, output in enumerate(found.outputs):
        if found.moves(k):
            results.append(found.answer(k))
            continue
        _report(output, disconnected_outputs)
        stands: dict[str, Any] = {"None": None, "Disconnected": Disconnected(output)}
        results.append(stands.get(return_disconnected, found.answer(k)))
    return _like(f, results)


def Lop(  # noqa: N802  # Theano's name
    f: Variables,
    wrt: Variables,
    eval_points: Any,
    consider_constant: Sequence[Variable] | None = None,
    disconnected_inputs: Inputs = "raise",
) -> Any:
    """Vector eval_points times jacobian of f, in reverse mode: vjp under Theano's name.

    Raises: as vjp; DisconnectedInputError where no f depends on a wrt.
    """
    return _pull("Lop", f, wrt, eval_points, consider_constant, disconnected_inputs, True)


def hessian_vector_product(cost: Variable, wrt: Variables, p: Any, **options: Any) -> Any:
    """The hessian of a scalar times a vector, without the hessian: forward mode over reverse.

    p: one an entry of wrt, of its shape.  For several wrt it is the product with the whole
    hessian, blocks of mixed derivatives included.
    options: those of grad, for the gradient.
    Gives one variable where wrt is one, else a list or tuple as it is.
    Source: Pearlmutter, Fast exact multiplication by the Hessian (1994).
    """
    listed = variables("wrt", wrt, "hessian_vector_product")
    points = _listed(p, len(listed), "hessian_vector_product: p")
    return _like(wrt, jvp(grad(cost, list(listed), **options), listed, points))


# -- how ---------------------------------------------------------------------------------------


class _Pushed:
    """What forward mode found for outputs."""

    def __init__(
        self,
        caller: str,
        outputs: tuple[Variable, ...],
        prepared: Prepared,
        order: Walk,
        table: TangentTable,
        dtype: str,
    ) -> None:
        self.outputs, self._roots, self._table = outputs, prepared.roots, table
        self._caller, self._order, self._dtype = caller, order, dtype
        self._dissolved = prepared.dissolved

    def moves(self, k: int) -> bool:
        """Whether the output depends on an input at all."""
        return self._roots[k] in self._order.relevant

    def answer(self, k: int) -> Variable:
        """The output's tangent."""
        output, found = self.outputs[k], self._table.value(self._roots[k])
        if isinstance(found, Undefined):
            what = f"{self._caller}: the tangent of {output} is undefined: {found.reason}."
            raise NullTypeGradError(message(what, [where(output)]))
        if found is None:
            dtype = output.dtype if dtype_info(output.dtype).is_inexact else self._dtype
            with inherit(output.site):
                return zeros_like(output, dtype=dtype)
        remember([found], self.outputs, self._dissolved)
        return found


def _push(
    caller: str,
    outputs: Variables,
    inputs: Variables,
    tangents: Any,
    constants: Sequence[Variable] | None,
    stabilize: bool,
) -> _Pushed:
    roots = variables("outputs", outputs, caller)
    wrt = variables("inputs", inputs, caller)
    fixed = variables("consider_constant", constants, caller)
    given: dict[Variable, Variable] = {}
    for x, tangent in zip(wrt, _listed(tangents, len(wrt), f"{caller}: tangents"), strict=True):
        if tangent is not None:
            t = _fitted(x, tangent, f"{caller}: the tangent")
            given[x] = add(given[x], t) if x in given else t
    prepared = prepare(roots, frozenset((*wrt, *fixed))) if stabilize else Prepared(roots)
    order = walk(prepared.roots, list(given), prepared.definitions, fixed)
    dtype = next((dtype_info(t.dtype).part.name for t in given.values()), "float64")
    moving = {x: t for x, t in given.items() if x not in fixed}
    return _Pushed(caller, roots, prepared, order, carry(order, moving), dtype)


def pulled(
    outputs: Sequence[Variable],
    inputs: Sequence[Variable],
    cts: Sequence[Variable | None],
    *,
    stabilize: bool = True,
) -> list[Variable | None]:
    """The gradients of inputs, as a pullback gives them: None where there is no path."""
    given: dict[Variable, Variable] = {}
    for output, ct in zip(outputs, cts, strict=True):
        if ct is not None and dtype_info(output.dtype).is_inexact:
            given[output] = add(given[output], ct) if output in given else ct
    if not given:
        return [None] * len(inputs)
    request = Request(None, tuple(inputs), (), given, (), adds=True)
    _, table = differentiate(request, stabilize)
    absent = Absent(request, "ignore", "None", "return")
    return [absent.answer(x, table) for x in inputs]


def _pull(
    caller: str,
    outputs: Variables,
    inputs: Variables,
    cotangents: Any,
    constants: Sequence[Variable] | None,
    disconnected_inputs: str,
    stabilize: bool,
) -> Any:
    allowed = ("raise", "warn", "ignore")
    check_choice("disconnected_inputs", disconnected_inputs, allowed, caller)
    roots, wrt = variables("outputs", outputs, caller), variables("inputs", inputs, caller)
    given: dict[Variable, Variable] = {}
    listed = _listed(cotangents, len(roots), f"{caller}: cotangents")
    for root, cotangent in zip(roots, listed, strict=True):
        if cotangent is not None and dtype_info(root.dtype).is_inexact:
            ct = conjugate(_fitted(root, cotangent, f"{caller}: the cotangent"))
            given[root] = add(given[root], ct) if root in given else ct
    if not given:
        rows = [where(root) for root in roots]
        what = f"{caller}: no output of a float dtype has a cotangent."
        raise GradError(message(what, rows, "give at least one; whole numbers have no slope."))
    fixed = variables("consider_constant", constants, caller)
    request = Request(None, wrt, fixed, given, (), caller, adds=True)
    prepared, table = differentiate(request, stabilize)
    absent = Absent(request, disconnected_inputs, "zero", "raise")
    results = [conjugate(absent.answer(variable, table)) for variable in wrt]
    note(request, prepared, results, add_names=False)
    return _like(inputs, results)


def _fitted(x: Variable, given: Any, what: str) -> Variable:
    """A direction in the dtype of what it belongs to."""
    found = direction(x, given, what)
    return cast(found, x.dtype) if dtype_info(x.dtype).is_inexact else found


def _listed(given: Any, count: int, what: str) -> list[Any]:
    """One direction for each; a list for several, anything for one."""
    if count == 1 and not (isinstance(given, (list, tuple)) and len(given) == 1):
        return [given]
    found = list(given) if isinstance(given, (list, tuple)) else [given]
    if len(found) != count:
        text = f"{what} has {len(found)} entries for {count} variables."
        raise ArgumentError(message(text, fix="give one for each, None where it is zero."))
    return found


def _like(form: Variables, results: Sequence[Any]) -> Any:
    """The results in the form of what was asked."""
    if isinstance(form, Variable):
        return results[0]
    return tuple(results) if isinstance(form, tuple) else list(results)


def _report(output: Variable, action: str) -> None:
    text = message(
        f"Rop: the output {output} does not depend on wrt.",
        [where(output)],
        'leave it out, or pass disconnected_outputs="ignore" for zeros.',
    )
    if action == "raise":
        raise DisconnectedInputError(text)
    if action == "warn":
        warn_user(text)
