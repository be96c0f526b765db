"""What the user asked of gradc.function, in one form.

Takes inputs, outputs, updates and givens as Theano's users write them; gives a Request with the
sealed graph.  All faults that can be seen while building are reported here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from gradc.call.inputs import In, as_input, as_output
from gradc.call.modes import Mode
from gradc.call.objects import argument
from gradc.call.profile import ProfileStats
from gradc.call.signature import Results, Signature
from gradc.control import inlined
from gradc.differentiate import require_intact
from gradc.dtypes import dtype_info
from gradc.errors import (
    ArgumentError,
    ArgumentTypeError,
    MissingInputError,
    UnusedInputError,
    UpdateError,
    message,
    warn_user,
)
from gradc.graph.describe import where
from gradc.graph.graph import Graph, seal
from gradc.graph.variable import Input, Variable
from gradc.graph.walk import leaves, substitute
from gradc.ops.convert import as_variable, is_weak
from gradc.options import Options
from gradc.sharedvar import SharedVariable
from gradc.value import frozen, value

__all__ = ["Recipe", "Request", "read_request"]


Update = tuple[SharedVariable, Variable]


@value
class Request:
    """One function to compile.

    profile: where its times go, if the user gave something; asked_profile: whether the user said
    anything about it.
    """

    name: str
    mode: str
    graph: Graph
    signature: Signature
    results: Results
    shared: tuple[SharedVariable, ...]
    updated: tuple[SharedVariable, ...]
    profile: ProfileStats | None = None
    asked_profile: bool = False


@frozen
class Recipe:
    """What a function was made from, so that it can be made again."""

    request: Request
    mode: Mode
    options: Options


def read_request(
    inputs: Any,
    outputs: Any,
    updates: Any,
    givens: Any,
    mode: str,
    name: str | None,
    on_unused_input: str,
    allow_downcast: bool | None,
    no_default_updates: bool,
    floatX: str | None,
) -> Request:
    """Bring the arguments of gradc.function to one form.

    floatX: the dtype that Python floats are rounded to when they are arguments; None: any.
    """
    name = name or "f"
    given = [as_input(each, allow_downcast) for each in _listed(inputs)]
    _check_twice(name, given)
    form, results = _read_outputs(outputs)
    placeholders = {each.variable: _placeholder(each) for each in given}
    signature = _signature(given, placeholders, floatX)
    pairs = [*_read_updates(name, updates), *_states(name, given, signature)]
    replace = _read_givens(givens)
    values = [*results, *(new for _, new in pairs)]
    require_intact(replace, values, "function", "replaced")
    values = _replace(values, replace, placeholders)
    pairs = [(old, new) for (old, _), new in zip(pairs, values[len(results) :], strict=True)]
    if not no_default_updates:
        pairs += _default_updates([*values], pairs)
    values = inlined([*values[: len(results)], *(new for _, new in pairs)])
    pairs = [(old, new) for (old, _), new in zip(pairs, values[len(results) :], strict=True)]
    values, pairs = _unified(name, values, pairs)
    graph = seal([placeholders[each.variable] for each in given], values[: len(results)], pairs)
    _check_leaves(name, graph, given, placeholders)
    _check_unused(name, graph, given, placeholders, on_unused_input)
    return Request(
        name,
        mode,
        graph,
        signature,
        form,
        tuple(each for each in graph.shared if isinstance(each, SharedVariable)),
        tuple(old for old, _ in pairs),
    )


def _unified(
    name: str, values: Sequence[Variable], pairs: Sequence[Update]
) -> tuple[list[Variable], list[Update]]:
    """Shared variables of one storage (clones) made one: it is locked and written once."""
    found = [*(old for old, _ in pairs), *leaves(values)]
    first: dict[Any, SharedVariable] = {}
    other: dict[Variable, Variable] = {}
    for each in found:
        if isinstance(each, SharedVariable) and first.setdefault(each.cell, each) is not each:
            other[each] = first[each.cell]
    if not other:
        return list(values), list(pairs)
    for old, new in pairs:
        if old in other:
            rows = [where(old), where(other[old]), where(new, "second")]
            what = f'{name}: "{old}" and "{other[old]}" are one storage, which has two updates.'
            raise UpdateError(message(what, rows, "give it one new value."))
    changed = substitute(values, other)
    news = changed[len(values) - len(pairs) :]
    return changed, [(old, new) for (old, _), new in zip(pairs, news, strict=True)]


def _listed(inputs: Any) -> list[Any]:
    if inputs is None:
        return []
    if isinstance(inputs, (Variable, In)):
        return [inputs]
    return list(inputs)


def _check_twice(name: str, given: Sequence[In]) -> None:
    seen: set[Variable] = set()
    for each in given:
        if each.variable in seen:
            raise ArgumentError(
                message(
                    f'{name}: the input "{each.name}" is listed twice.',
                    [where(each.variable)],
                    "list it once; give the second one a variable of its own.",
                )
            )
        if isinstance(each.variable, SharedVariable):
            raise ArgumentTypeError(
                message(
                    f'{name}: the shared variable "{each.variable}" cannot be an input.',
                    [where(each.variable)],
                    "leave it out: functions read and update shared variables by themselves; to "
                    "put another value in its place use givens=.",
                )
            )
        seen.add(each.variable)


def _placeholder(given: In) -> Variable:
    """The leaf that stands for an input: itself, or a new one where it is computed."""
    if given.variable.owner is None:
        return given.variable
    leaf = Input(given.variable.type, given.variable.name)
    leaf.site = given.variable.site
    return leaf


def _read_outputs(outputs: Any) -> tuple[Results, list[Variable]]:
    if outputs is None:
        return Results("list", ()), []
    form: Literal["one", "list", "dict"] = "one"
    given, keys = [outputs], ()
    if isinstance(outputs, Mapping):
        form, given, keys = "dict", list(outputs.values()), tuple(outputs)
    elif isinstance(outputs, (list, tuple)):
        form, given = "list", list(outputs)
    outs = [as_output(each) for each in given]
    return Results(form, tuple(each.borrow for each in outs), keys), [o.variable for o in outs]


def _pairs(name: str, given: Any) -> Iterable[tuple[Any, Any]]:
    if given is None:
        return []
    pairs = list(given.items()) if isinstance(given, Mapping) else list(given)
    for pair in pairs:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise ArgumentTypeError(
                message(f"function: {name} takes a dict or pairs, got an entry {pair!r}.")
            )
    return [(old, new) for old, new in pairs]


def _read_updates(name: str, updates: Any) -> list[tuple[SharedVariable, Variable]]:
    found: dict[SharedVariable, Variable] = {}
    for old, new in _pairs("updates", updates):
        if not isinstance(old, SharedVariable):
            raise UpdateError(
                message(
                    f"{name}: only shared variables have updates, got {old!r}.",
                    [where(old)] if isinstance(old, Variable) else [],
                    "make it with gradc.shared(value).",
                )
            )
        if old in found:
            rows = [where(old), where(found[old], "first"), where(as_variable(new), "second")]
            fix = "give it one new value."
            raise UpdateError(message(f'{name}: "{old}" has two updates.', rows, fix))
        found[old] = _as_update(name, old, new)
    return list(found.items())


def _as_update(name: str, old: SharedVariable, new: Any) -> Variable:
    value = as_variable(new, dtype=old.dtype if is_weak(new) else None)
    if not old.type.resembles(value.type) or not _fits(old, value):
        raise UpdateError(
            message(
                f'{name}: the update of "{old}" must be {old.type}, got {value.type}.',
                [where(old), where(value)],
                f"cast it, for example T.cast(value, {old.dtype!r})."
                if value.ndim == old.ndim and value.dtype != old.dtype
                else "give it the rank and lengths of the shared variable.",
            )
        )
    return value


def _fits(old: Variable, new: Variable) -> bool:
    pairs = zip(old.type.shape, new.type.shape, strict=True)
    return all(n is None or m is None or n == m for n, m in pairs)


def _read_givens(givens: Any) -> dict[Variable, Variable]:
    found: dict[Variable, Variable] = {}
    for old, new in _pairs("givens", givens):
        if not isinstance(old, Variable):
            raise ArgumentTypeError(message(f"function: givens: {old!r} is not a variable."))
        value = as_variable(new, dtype=old.dtype if is_weak(new) else None)
        if not old.type.resembles(value.type):
            raise ArgumentTypeError(
                message(
                    f'function: givens: "{old}" is {old.type}, its replacement {value.type}.',
                    [where(old), where(value)],
                    "give a replacement of the same dtype and rank.",
                )
            )
        found[old] = value
    return found


def _replace(
    values: list[Variable],
    givens: Mapping[Variable, Variable],
    placeholders: Mapping[Variable, Variable],
) -> list[Variable]:
    """Put givens in place; replacements may use other givens' variables, not each other's."""
    inputs = {old: new for old, new in placeholders.items() if old is not new}
    if givens:
        values = substitute(values, {**givens, **inputs})
    return substitute(values, inputs) if inputs else values


def _default_updates(
    values: Sequence[Variable], pairs: Sequence[tuple[SharedVariable, Variable]]
) -> list[tuple[SharedVariable, Variable]]:
    taken = {old for old, _ in pairs}
    found = []
    for leaf in leaves(values):
        if isinstance(leaf, SharedVariable) and leaf not in taken:
            new = getattr(leaf, "default_update", None)
            if new is not None:
                found.append((leaf, _as_update("default_update", leaf, new)))
    return found


def _check_leaves(
    name: str, graph: Graph, given: Sequence[In], placeholders: Mapping[Variable, Variable]
) -> None:
    for leaf in graph.shared:
        if not isinstance(leaf, SharedVariable):
            raise MissingInputError(
                message(
                    f'{name}: "{leaf}" is needed by the outputs or updates and is not an input.',
                    [where(leaf)],
                    "add it to inputs=, or give it a value through givens=.",
                )
            )


def _check_unused(
    name: str,
    graph: Graph,
    given: Sequence[In],
    placeholders: Mapping[Variable, Variable],
    action: str,
) -> None:
    if action not in ("raise", "warn", "ignore"):
        raise ArgumentError(message(f"function: on_unused_input: {action!r} is not one of raise, "
                                    "warn, ignore."))  # fmt: skip
    used = set(leaves(graph.results))
    for each in given:
        if placeholders[each.variable] in used or action == "ignore":
            continue
        text = message(
            f'{name}: no output or update depends on the input "{each.name}".',
            [where(each.variable)],
            'remove it from inputs=, or pass on_unused_input="ignore".',
        )
        if action == "raise":
            raise UnusedInputError(text)
        warn_user(text)


def _signature(
    given: Sequence[In],
    placeholders: Mapping[Variable, Variable],
    floatX: str | None,
) -> Signature:
    arguments = []
    defaults = {}
    for k, each in enumerate(given):
        leaf = placeholders[each.variable]
        rounds = floatX is None or (
            not leaf.type.is_object and dtype_info(leaf.dtype).part.name == floatX
        )
        made = argument(
            leaf, k, strict=each.strict, allow_downcast=each.allow_downcast, rounds=rounds
        )
        made.name = each.name
        arguments.append(made)
        if each.value is not None:
            defaults[k] = made.kept(each.value, each.borrow)
    return Signature(tuple(arguments), defaults)


def _states(name: str, given: Sequence[In], signature: Signature) -> list[Update]:
    """The updates of inputs, as those of what keeps their values."""
    states = [(signature.defaults[k], each.update) for k, each in enumerate(given)
              if each.update is not None]  # fmt: skip
    return [(state, _as_update(name, state, new)) for state, new in states]
