"""theano.function and theano.shared, which build gradc's with Theano's words and defaults.

Takes what Theano takes, in its order; gives a gradc.Function that also has what programs ask a
compiled function of Theano's for: maker.fgraph, copy, free, get_shared.
"""

from __future__ import annotations

import copy
import numbers
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from gradc import compile, sharedvar
from gradc.call.function import Function
from gradc.call.inputs import In, Out
from gradc.call.modes import Mode
from gradc.call.objects import shared_object
from gradc.compat.theano.compile.mode import resolved
from gradc.compat.theano.gradient import costs_behind
from gradc.compat.theano.settings import config
from gradc.dtypes import dtype_info
from gradc.errors import DTypeError, message, warn_user
from gradc.graph.describe import where
from gradc.graph.functiongraph import FunctionGraph
from gradc.graph.replace import graph_replace
from gradc.graph.variable import Input, Variable
from gradc.graph.walk import ancestors, leaves, toposort
from gradc.ops.convert import as_variable
from gradc.ops.elemwise import cast
from gradc.sharedvar import SharedVariable

__all__ = ["Maker", "function", "pfunc", "shared"]


def shared(
    value: Any, name: str | None = None, strict: bool = False, allow_downcast: bool | None = None,
    borrow: bool = False, broadcastable: Sequence[bool] | None = None, target: str = "cpu",
    **kwargs: Any,
) -> SharedVariable:  # fmt: skip
    """A variable with a value that functions read and update.

    A Python float is float64 whatever floatX says, as in Theano; a Python int is int64.  What is
    neither an array nor a number is kept as a Python object, for operations in Python.
    Raises: as gradc.shared.
    """
    if not hasattr(value, "__array__") and not isinstance(value, (Variable, numbers.Number)):
        return shared_object(value, name, borrow=borrow)
    number = np.float64(value) if type(value) is float else value
    return sharedvar.shared(
        number, name, strict, allow_downcast, borrow, None, broadcastable, target, **kwargs
    )


def function(
    inputs: Any, outputs: Any = None, mode: str | Mode | None = None, updates: Any = None,
    givens: Any = None, no_default_updates: bool = False, accept_inplace: bool = False,
    name: str | None = None, rebuild_strict: bool = True, allow_input_downcast: bool | None = None,
    profile: Any = None, on_unused_input: str | None = None,
) -> Function:  # fmt: skip
    """Compile expressions into a function: gradc.function with Theano's order of arguments.

    A float update of another float dtype than its shared variable's is cast, with a warning: some
    expressions are float64 here that are float32 in Theano.  rebuild_strict=False casts `givens`
    in the same way.  accept_inplace changes nothing, no graph here is written to.
    """
    pairs = [_as_update(old, new) for old, new in _pairs(updates)]
    replaced = [(old, new) for old, new in _pairs(givens)]
    if not rebuild_strict:
        replaced = [(old, cast(as_variable(new), old.dtype)) for old, new in replaced]
    options: dict[str, Any] = {
        "mode": mode,
        "on_unused_input": on_unused_input or _unused(inputs, outputs, pairs, replaced),
        "allow_input_downcast": allow_input_downcast,
        "no_default_updates": no_default_updates,
        "profile": profile,
    }
    chosen, whole = resolved(mode)
    given = (outputs, pairs)
    if whole:
        given = _rewritten(whole, outputs, pairs)
        options["on_unused_input"] = on_unused_input or _used(inputs, outputs, pairs, replaced)
    made = compile.function(inputs, *given, replaced, name=name, **{**options, "mode": chosen})
    _look_for_float64(made)

    def again(swap: Mapping[Variable, Any], keeps: bool, word: str | None) -> Function:
        news = [(swap.get(old, old), _swapped(new, swap)) for old, new in pairs if keeps]
        given = [(old, _swapped(new, swap)) for old, new in replaced]
        listed = {"outputs": _swapped(outputs, swap), "updates": news, "givens": given}
        return function(_as_now(inputs, made, keeps), **listed, name=word or name, **options)

    made.maker = Maker(made, mode, again)  # type: ignore[attr-defined]
    made.trust_input = False  # type: ignore[attr-defined]  # the checks cost next to nothing
    made.free = lambda: None  # type: ignore[attr-defined]  # nothing is kept between calls
    made.copy = made.maker.copy  # type: ignore[attr-defined]
    return made


pfunc = function


def _as_now(inputs: Any, made: Function, keeps: bool) -> list[Any]:
    """The inputs of a function, with the values that they have by now."""
    found = []
    for k, each in enumerate(_listed(inputs)):
        if isinstance(each, In) and each.value is not None:
            again = copy.copy(each)
            again.value = made[k]
            again.update = each.update if keeps else None
            found.append(again)
        else:
            found.append(each)
    return found


class Maker:
    """What a compiled function was made from: `f.maker`.

    fgraph: the optimised graph.  mode: what function(mode=...) was given.
    """

    def __init__(
        self,
        made: Function,
        mode: str | Mode | None,
        again: Callable[[Mapping[Variable, Any], bool, str | None], Function],
    ) -> None:
        self._stages = made.stages
        self._again = again
        self.mode = mode

    @cached_property
    def fgraph(self) -> FunctionGraph:
        """The optimised graph, which rewriting makes anew if the cache knew the function."""
        graph = self._stages.optimized
        return FunctionGraph([*graph.inputs, *graph.shared], graph.results, clone=False)

    @property
    def inputs(self) -> list[Variable]:
        """The arguments."""
        return list(self._stages.graph.inputs)

    @property
    def outputs(self) -> list[Variable]:
        """What is returned, as it was written."""
        return list(self._stages.graph.outputs)

    def copy(
        self, share_memory: bool = False, swap: Mapping[Variable, Any] | None = None,
        delete_updates: bool = False, name: str | None = None, profile: Any = None,
    ) -> Function:  # fmt: skip
        """The function again; `swap` puts other shared variables in the place of its own.

        share_memory and profile change nothing: functions keep no memory between calls to share.
        """
        return self._again(dict(swap or {}), not delete_updates, name)


def _rewritten(
    whole: Sequence[Any], outputs: Any, pairs: list[tuple[Any, Any]]
) -> tuple[Any, list[tuple[Any, Any]]]:
    """What was asked for, rewritten by the user's optimizers of whole graphs."""
    old = [*_variables(outputs), *_variables([new for _, new in pairs])]
    inputs = [each for each in leaves(old) if isinstance(each, Input)]
    graph = FunctionGraph(inputs, old, clone=False)
    for each in whole:
        each.optimize(graph)
    new = {a: b for a, b in zip(old, graph.outputs, strict=True) if a is not b}
    return _exchanged(outputs, new), [(a, _exchanged(b, new)) for a, b in pairs]


def _exchanged(given: Any, new: Mapping[Variable, Variable]) -> Any:
    """Outputs of any form with others in the places of some."""
    if isinstance(given, Mapping):
        return {key: _exchanged(each, new) for key, each in given.items()}
    if isinstance(given, (list, tuple)):
        return [_exchanged(each, new) for each in given]
    if isinstance(given, Out):
        return Out(new.get(given.variable, given.variable), given.borrow)
    return new.get(given, given) if isinstance(given, Variable) else given


def _swapped(outputs: Any, swap: Mapping[Variable, Any]) -> Any:
    if not swap or outputs is None:
        return outputs
    if isinstance(outputs, Mapping):
        return {key: _swapped(each, swap) for key, each in outputs.items()}
    if isinstance(outputs, (list, tuple)):
        return [_swapped(each, swap) for each in outputs]
    return graph_replace(as_variable(outputs), swap, strict=False)


def _pairs(given: Any) -> list[tuple[Any, Any]]:
    """A dict, or pairs; what is neither is left to gradc.function's words."""
    if not given:
        return []
    return list(given.items()) if isinstance(given, Mapping) else [tuple(each) for each in given]


def _as_update(old: Any, new: Any) -> tuple[Any, Any]:
    if not isinstance(old, SharedVariable) or type(new) in (bool, int, float):
        return old, new
    value = as_variable(new)
    floats = dtype_info(old.dtype).is_float and dtype_info(value.dtype).is_float
    if floats and value.dtype != old.dtype:
        what = f"the update of {old} is {value.dtype}, and is cast to {old.dtype}."
        warn_user(message(what, [where(old), where(value)]))
        return old, cast(value, old.dtype)
    return old, value


def _unused(
    inputs: Any, outputs: Any, pairs: list[tuple[Any, Any]], replaced: list[tuple[Any, Any]]
) -> str | None:
    """The action "ignore" where what was differentiated depends on an input: Theano uses it."""
    results = _variables(outputs) + _variables([new for _, new in pairs])
    direct = _reached(results, dict(replaced))
    costs, behind = list(costs_behind(direct)), set[Variable]()
    while costs:
        fresh = _reached(costs, dict(replaced)) - behind
        behind |= fresh
        costs = list(costs_behind(fresh))
    given = [each.variable if isinstance(each, In) else each for each in _listed(inputs)]
    unused = [each for each in given if each not in direct]
    return "ignore" if unused and behind.issuperset(unused) else None


def _used(
    inputs: Any, outputs: Any, pairs: list[tuple[Any, Any]], replaced: list[tuple[Any, Any]]
) -> str | None:
    """The action "ignore" where all inputs are used before anything is rewritten."""
    results = _variables(outputs) + _variables([new for _, new in pairs])
    found = _reached(results, dict(replaced))
    given = [each.variable if isinstance(each, In) else each for each in _listed(inputs)]
    return "ignore" if found.issuperset(given) else None


def _listed(given: Any) -> list[Any]:
    return list(given) if isinstance(given, (list, tuple)) else [given]


def _variables(outputs: Any) -> list[Variable]:
    """The variables among outputs of any form."""
    values = list(outputs.values()) if isinstance(outputs, Mapping) else _listed(outputs)
    found = [each.variable if isinstance(each, Out) else each for each in values]
    return [each for each in found if isinstance(each, Variable)]


def _reached(variables: list[Variable], givens: Mapping[Any, Any]) -> set[Variable]:
    """What variables depend on, with givens in place."""
    found = set(ancestors(variables))
    return found.union(ancestors(_variables([new for old, new in givens.items() if old in found])))


def _look_for_float64(made: Function) -> None:
    """config.warn_float64: say where a function computes in float64."""
    action = config.warn_float64
    if action == "ignore":
        return
    for node in toposort(made.graph.results):
        if node.outputs[0].dtype == "float64":
            text = message("a function computes in float64.", [where(node.outputs[0])])
            if action == "warn":
                warn_user(text)
                return
            if action == "pdb":
                import pdb  # heavy

                pdb.set_trace()
            raise DTypeError(text)
