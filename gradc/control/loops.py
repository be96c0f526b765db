"""`scan`: a loop of a step that programs write as a function of variables.

Takes the function and what it reads; gives the rows of all steps as expressions, and the new values
of shared variables that the step changes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gradc.control.given import (
    Initial,
    Returned,
    Row,
    initial_of,
    is_whole,
    listed,
    returned,
    rows_of,
)
from gradc.control.making import Made, State, Step, make
from gradc.errors import (
    ArgumentError,
    ArgumentTypeError,
    DTypeError,
    MissingInputError,
    ShapeError,
    UpdateError,
    message,
)
from gradc.graph.describe import where
from gradc.graph.types import TensorType
from gradc.graph.variable import Constant, Input, Variable
from gradc.graph.walk import leaves, substitute
from gradc.ops.calls import call, length_of
from gradc.ops.compare import minimum, neq
from gradc.ops.convert import as_variable, static_int
from gradc.ops.elemwise import cast

__all__ = ["looped", "scan"]


def scan(
    fn: Callable[..., Any],
    sequences: Any = None,
    outputs_info: Any = None,
    non_sequences: Any = None,
    n_steps: Any = None,
    truncate_gradient: int = -1,
    go_backwards: bool = False,
    *,
    name: str | None = None,
    strict: bool = False,
    return_list: bool = False,
) -> tuple[Any, dict[Variable, Variable]]:
    """A loop: fn is called once, with variables, and says what one step computes.

    fn takes a row of each sequence, then the rows of states before, then the non_sequences; it
        returns the next rows, and may return updates of shared variables and until(condition)
        behind them.  What it uses besides is the same in every step; but a random draw, which is
        drawn anew in each, as what default_update says: in non_sequences it is drawn once.
    sequences: arrays whose row k step k reads; dict(input=x, taps=[-1, 0]) reads several.
    outputs_info: for each output where it begins, as the row before step 0; dict(initial=rows,
        taps=[-2, -1]) where a step reads several rows before; None for one that is not read.
    n_steps: how many steps; without it as many as the shortest sequence has rows.
    truncate_gradient: how many steps gradients go back; -1 for all.
    go_backwards: from the last row of sequences to the first.
    name: what errors call the loop.
    strict: raise where fn uses a variable that is not listed.
    return_list: give a list of outputs even if there is one.
    Gives (outputs, updates): of each output the rows of all steps, in the order of steps; and the
    new value of each shared variable that fn updates, for gradc.function's updates=.
    Gradients go through all of it, of any order, and forward mode.
    Raises: ArgumentError, ArgumentTypeError, ShapeError, DTypeError, with fn's line.
    Source: Theano's operation of this name.
    """
    outputs, _, updates = looped(
        fn, sequences, outputs_info, non_sequences, n_steps, truncate_gradient, go_backwards,
        name or "scan", strict,
    )  # fmt: skip
    if return_list or len(outputs) > 1:
        return outputs, updates
    return (outputs[0] if outputs else None), updates


def looped(
    fn: Callable[..., Any],
    sequences: Any = None,
    outputs_info: Any = None,
    non_sequences: Any = None,
    n_steps: Any = None,
    truncate_gradient: int = -1,
    go_backwards: bool = False,
    word: str = "scan",
    strict: bool = False,
    keeps: bool = True,
) -> tuple[list[Variable], list[Variable], dict[Variable, Variable]]:
    """What scan gives, as lists, and beside it the last row of each state, if only its first.

    keeps: whether gradients read what was costly to compute; else they compute it again.
    """
    rows = [
        row
        for k, each in enumerate(listed(sequences))
        for row in rows_of(k, each, word, go_backwards)
    ]
    starts = [initial_of(k, each, word) for k, each in enumerate(listed(outputs_info))]
    fixed = [as_variable(each) for each in listed(non_sequences)]
    steps, most = _steps(n_steps, rows, word), _truncation(truncate_gradient, word)
    places, result = _called(fn, rows, starts, fixed, word)
    if not starts:
        starts, places = [Initial() for _ in result.outputs], [[] for _ in result.outputs]
    step, shared = _step_of(rows, starts, places, result, fixed, word)
    if strict:
        _check_strict(step, rows, fixed, word)
    step.truncate, step.keeps, step.fixed = most, keeps, fixed
    made = make(steps, step)
    own = len(step.states) - len(shared)
    lasts = [
        _last(trace, depth, made) for trace, depth in zip(made.traces, made.depths, strict=True)
    ]
    updates = dict(zip(shared, lasts[own:], strict=True))
    return _outputs(made, starts, own), lasts[:own], updates


def _steps(n_steps: Any, rows: Sequence[Row], word: str) -> Variable:
    """How many steps, an int64 scalar."""
    if n_steps is None:
        if not rows:
            what = f"{word}: neither a sequence nor n_steps says how many steps there are."
            raise ArgumentError(message(what, fix="pass n_steps=."))
        lengths = list(dict.fromkeys(length_of(row.array, 0) for row in rows))
        known = [static_int(n) for n in lengths]
        if None not in known:
            return Constant(_int64(min(n for n in known if n is not None)))
        found = lengths[0]
        for each in lengths[1:]:
            found = minimum(found, each)
        return found
    n = as_variable(int(n_steps) if isinstance(n_steps, float) else n_steps)
    if not is_whole(n):
        what = f"{word}: n_steps is {n.type}."
        raise ArgumentTypeError(message(what, [where(n)], "give a whole number."))
    count = static_int(n)
    if count is None:
        return n if n.dtype == "int64" else cast(n, "int64")
    if count < 0:
        fix = "give at least 0; go_backwards=True turns the direction."
        raise ArgumentError(message(f"{word}: n_steps is {count}.", fix=fix))
    for row in rows:
        length = row.array.type.shape[0]
        if length is not None and length < count:
            what = f"{word}: n_steps is {count}, a sequence has {length} row(s) left for its taps."
            raise ArgumentError(message(what, [where(row.array)], "take fewer steps."))
    return Constant(_int64(count))


def _int64(n: int) -> Any:
    return Constant(n).data.astype("int64")


def _called(
    fn: Callable[..., Any],
    rows: Sequence[Row],
    starts: list[Initial],
    fixed: Sequence[Variable],
    word: str,
) -> tuple[list[list[Input]], Returned]:
    """Placeholders of states, and what fn gives.

    Where a state begins with a Python number and goes on in another dtype, fn is called again.
    """
    while True:
        places = [each.places() for each in starts]
        of_states = [place for each in places for place in each]
        result = returned(fn(*(row.place for row in rows), *of_states, *fixed), word)
        again = False
        for k, (each, new) in enumerate(zip(starts, result.outputs, strict=False)):
            if each.weak is not None and each.row is not None and new.dtype != each.row.dtype:
                if isinstance(each.weak, float) and not new.dtype.startswith("float"):
                    continue  # it would lose digits: refused below
                starts[k], again = each.cast_to(new.dtype), True
        if not again:
            return places, result


def _step_of(
    rows: Sequence[Row],
    starts: Sequence[Initial],
    places: Sequence[Sequence[Input]],
    result: Returned,
    fixed: Sequence[Variable],
    word: str,
) -> tuple[Step, list[Variable]]:
    """The step, and the shared variables that its last states stand for."""
    if len(starts) != len(result.outputs):
        what = f"{word}: the step gives {len(result.outputs)} output(s), outputs_info has "
        fix = "list None for an output that no step reads."
        raise ArgumentError(message(f"{what}{len(starts)}.", fix=fix))
    states, others = [], []
    for k, (each, given, new) in enumerate(zip(starts, places, result.outputs, strict=True)):
        if each.first is None or each.row is None:
            others.append(new)
            continue
        _check_row(each.row, new, each.first, f"output {k} of {word}")
        states.append(State(each.first, dict(zip(each.taps, given, strict=True)), new))
    shared, more, replace = _shared_states(result, fixed, word)
    states += more
    read = [*(each.new for each in states), *others]
    read += [] if result.condition is None else [_as_bool(result.condition)]
    read = substitute(read, replace)
    for state, new in zip(states, read, strict=False):
        state.new = new
    others = read[len(states) :]
    condition = None if result.condition is None else others.pop()
    arrays: dict[Variable, Variable] = {row.place: row.array for row in rows}
    return Step(arrays, states, others, condition, word=word), shared


def _check_row(row: TensorType, new: Variable, first: Variable, label: str) -> None:
    rows = [where(first, "initial state"), where(new, new.name or "next value")]
    if new.dtype != row.dtype:
        what = f"{label}: it begins as {row.dtype}, a step gives {new.dtype}."
        fix = f"cast one of them, for example T.cast(value, {row.dtype!r})."
        raise DTypeError(message(what, rows, fix))
    if new.ndim != row.ndim:
        what = f"{label}: it begins with {row.ndim} axes, a step gives {new.ndim}."
        fix = "begin with an array of the shape that a step gives, T.zeros(shape)."
        raise ShapeError(message(what, rows, fix))
    for axis, (old, length) in enumerate(zip(row.shape, new.type.shape, strict=True)):
        if None not in (old, length) and old != length:
            what = f"{label}: axis {axis} begins with length {old}, a step gives {length}."
            raise ShapeError(message(what, rows, "begin with the shape that a step gives."))


def _as_bool(condition: Variable) -> Variable:
    return condition if condition.dtype == "bool" else neq(condition, 0)


def _shared_states(
    result: Returned, fixed: Sequence[Variable], word: str
) -> tuple[list[Variable], list[State], dict[Variable, Variable]]:
    """Shared variables that a step changes, as states; and what stands for them in the step.

    A step draws anew what it reads of a draw outside of it, as Theano's does, but for expressions
    among `fixed`, which are computed once: so they stand for themselves.
    """
    pairs = dict(result.updates)
    once = {each: each for each in fixed if each.owner is not None}
    for leaf in leaves([*result.outputs, *map(as_variable, pairs.values())], stop=once.keys()):
        default = getattr(leaf, "default_update", None)
        if default is not None and leaf not in pairs:
            pairs[leaf] = default
    shared, states = [], []
    replace: dict[Variable, Variable] = dict(once)
    for old, new in pairs.items():
        if not isinstance(old, Variable) or type(old) in (Input, Variable) or old.owner is not None:
            what = f"{word}: only shared variables have updates, got {old!r}."
            raise UpdateError(message(what, fix="make it with gradc.shared(value)."))
        value = as_variable(new, dtype=None if isinstance(new, Variable) else old.dtype)
        first = call("dimshuffle", old, order=("x", *range(old.ndim)))
        _check_row(old.type, value, old, f'the update of "{old}" in {word}')
        place = Input(old.type, old.name)
        shared.append(old)
        states.append(State(first, {-1: place}, value))
        replace[old] = place
    return shared, states, replace


def _check_strict(step: Step, rows: Sequence[Row], fixed: Sequence[Variable], word: str) -> None:
    read = [*(each.new for each in step.states), *step.outputs]
    read += [] if step.until is None else [step.until]
    taps = [place for each in step.states for place in each.taps.values()]
    known = {*(row.place for row in rows), *taps, *fixed}
    for leaf in leaves(read, stop=known):
        if leaf not in known and not isinstance(leaf, Constant):
            what = f'{word}: the step reads "{leaf}", which is not listed.'
            fix = "list it in non_sequences=, or leave strict=True out."
            raise MissingInputError(message(what, [where(leaf)], fix))


def _truncation(steps: int, word: str) -> int | None:
    if steps == -1:
        return None
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
        what = f"{word}: truncate_gradient is {steps!r}."
        raise ArgumentError(message(what, fix="give a number of steps, or -1 for all."))
    return steps


def _outputs(made: Made, starts: Sequence[Initial], states: int) -> list[Variable]:
    """The rows of all steps, in the order of outputs_info."""
    traces, stacks = iter(made.traces[:states]), iter(made.stacks)
    depths = iter(made.depths)
    found = []
    for each in starts:
        if each.first is None:
            stack = next(stacks)
            found.append(stack if made.count is None else stack[: made.count])
        else:
            trace, depth = next(traces), next(depths)
            end = None if made.count is None else made.count + depth
            found.append(trace[depth:end])
    return found


def _last(trace: Variable, depth: int, made: Made) -> Variable:
    return trace[-1] if made.count is None else trace[made.count + (depth - 1)]
