"""Derivatives of loops, which are loops: reverse mode backwards, forward mode beside the loop.

Takes a loop's node and cotangents (or tangents); gives what its declaration's rules give.  Both
read the rows of the states, and what was costly to compute, from what the loop itself gives; the
rest of a step is computed again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gradc.control.frame import Frame, depth_of, frame_of
from gradc.control.lastrow import last_row
from gradc.control.loop import body_of
from gradc.control.making import Made, State, Step, make
from gradc.differentiate import jvp, pulled
from gradc.graph.op import Apply
from gradc.graph.types import TensorType
from gradc.graph.undefined import Undefined
from gradc.graph.variable import Input, Variable
from gradc.graph.walk import substitute, toposort
from gradc.ops.calls import call, length_of
from gradc.ops.compare import minimum
from gradc.ops.declare import is_inexact
from gradc.ops.elemwise import add
from gradc.ops.entries import Cut, Value
from gradc.ops.index import placed_through
from gradc.ops.lengths import zeros, zeros_like
from gradc.ops.reduce import sum as sum_of
from gradc.ops.stacking import concatenate

__all__ = ["pulled_back", "pushed_forward"]


class _Loop:
    """A loop's node taken apart, with placeholders for the inputs of its step."""

    def __init__(self, node: Apply) -> None:
        self.node, self.params = node, node.op.keywords
        self.frame: Frame = frame_of(self.params)
        _, self.sequences, self.firsts, self.rest = self.frame.apart(node.inputs)
        self.inputs, self.outputs = body_of(node)
        self.rows, self.taps, self.fixed = self.frame.apart_inside(self.inputs)
        self.news, self.others, _ = self.frame.given(self.outputs)
        self.traces, self.stacks, count = self.frame.given(node.outputs)
        self.allowed = self._allowed()
        self.count = self.allowed if count is None else count

    def _allowed(self) -> Variable:
        """How many steps it may take, in terms of the length of what it gives."""
        if self.traces:
            rows = length_of(self.traces[0], 0)
            return rows - depth_of(self.frame.taps[0])
        return length_of(self.stacks[0], 0)

    @property
    def word(self) -> str:
        """What users call it."""
        return str(self.params["word"])

    def depth(self, k: int) -> int:
        """How many first rows state k has."""
        return depth_of(self.frame.taps[k])

    def row_type(self, k: int) -> TensorType:
        """The type of a row of state k."""
        trace = self.traces[k]
        return TensorType(trace.dtype, trace.type.shape[1:])

    def known(self) -> dict[Variable, Variable]:
        """Arrays of one row a step: of what the step takes and gives."""
        found: dict[Variable, Variable] = {}
        for row, sequence in zip(self.rows, self.sequences, strict=True):
            found[row] = sequence[: self.count]
        for k, rows in enumerate(self.taps):
            for tap, row in zip(self.frame.taps[k], rows, strict=True):
                found[row] = self.at(self.traces[k], self.depth(k) + tap)
        for out, stack in zip(self.others, self.stacks, strict=True):
            found.setdefault(out, stack[: self.count])
        for k, new in enumerate(self.news):
            found.setdefault(new, self.at(self.traces[k], self.depth(k)))
        return found

    def at(self, trace: Variable, start: int) -> Variable:
        """The rows of a trace that belong to the steps, from a first one on."""
        found: Variable = trace[start : self.count + start]
        return found

    def read(
        self, found: Sequence[Variable | None]
    ) -> tuple[list[Variable | None], dict[Variable, Variable]]:
        """Expressions with placeholders for what is read from the loop, and the arrays of these."""
        given = [each for each in found if each is not None]
        known = self.known()
        places: dict[Variable, Variable] = {}
        for each in known:
            places[each] = each if isinstance(each, Input) else Input(each.type, each.name)
        values: dict[Variable, Variable] = dict(zip(self.fixed, self.rest, strict=True))
        values |= {each: place for each, place in places.items() if place is not each}
        made = iter(substitute(given, values))
        arrays = {places[each]: array for each, array in known.items()}
        return [None if each is None else next(made) for each in found], arrays


# -- reverse mode ----------------------------------------------------------------------------------


@dataclass(eq=False)
class _Pull:
    """What one step backwards takes and gives.

    outside: placeholders of cotangents from outside the loop, with their arrays.
    back: placeholders of what later steps send to a state's row, by state and tap.
    """

    outside: dict[Variable, Variable] = field(default_factory=dict)
    back: dict[tuple[int, int], Input] = field(default_factory=dict)
    found: list[Variable | None] = field(default_factory=list)


def pulled_back(node: Apply, cts: Sequence[Variable | None]) -> tuple[Variable | None, ...]:
    """The cotangents of a loop's inputs, by a loop that goes backwards."""
    loop = _Loop(node)
    undefined = next((ct for ct in cts if isinstance(ct, Undefined)), None)
    pull, lasts, cts = (_Pull(), {}, cts) if undefined is not None else _pull(loop, cts)
    wrong = undefined or next((each for each in pull.found if isinstance(each, Undefined)), None)
    if wrong is not None:
        return (None, *(wrong for _ in node.inputs[1:]))
    steps, left = _steps_back(loop)
    found, arrays = loop.read(pull.found)
    rows, taps, rest = loop.frame.apart_inside(found)
    states = [
        _back(loop, k, tap, ph, taps[k][loop.frame.taps[k].index(tap)], lasts)
        for (k, tap), ph in pull.back.items()
    ]
    outputs = [each for each in (*rows, *rest) if each is not None]
    sequences = {each: array[::-1] for each, array in {**arrays, **pull.outside}.items()}
    step = Step(sequences, states, outputs, word=f"gradient of {loop.word}", fixed=loop.rest)
    made = make(steps, step) if outputs or states else Made([], [], None)
    stacks = iter(made.stacks)
    of_rows = [
        None if each is None else _unreversed(loop, x, next(stacks), steps)
        for each, x in zip(rows, loop.sequences, strict=True)
    ]
    of_rest = [None if each is None else sum_of(next(stacks), axis=0) for each in rest]
    sent = dict(zip(pull.back, made.traces, strict=True))
    return (None, *of_rows, *_first_rows(loop, cts, sent, left), *of_rest)


def _pull(
    loop: _Loop, cts: Sequence[Variable | None]
) -> tuple[_Pull, dict[int, Variable], Sequence[Variable | None]]:
    """The step backwards, cotangents of last rows, with which states of it begin, and the rest."""
    parts = [_last_row(loop, k, ct) for k, ct in enumerate(cts)]
    lasts = {k: row for k, (row, _) in enumerate(parts) if row is not None}
    begun = {(k, -1): Input(loop.row_type(k)) for k in lasts}
    others = [rest for _, rest in parts]
    pull = _connected(loop, others, begun)
    if begun.keys() <= pull.back.keys():
        return pull, lasts, others
    return _connected(loop, cts, {}), {}, cts


def _last_row(loop: _Loop, k: int, ct: Variable | None) -> tuple[Variable | None, Variable | None]:
    """A cotangent as that of the last row of a state that steps read, and the rest of it."""
    if ct is None or k >= loop.frame.states or loop.frame.until or -1 not in loop.frame.taps[k]:
        return None, ct
    return last_row(ct)


def _connected(
    loop: _Loop, cts: Sequence[Variable | None], begun: Mapping[tuple[int, int], Input]
) -> _Pull:
    """The step backwards, once it is known which states carry anything; more of them every time.

    What is begun with, but gets nothing from steps, is left out at the end.
    """
    of_traces, of_stacks, _ = loop.frame.given(cts)
    pull = _Pull(back=dict(begun))
    while True:
        outside: dict[Variable, Variable] = {}
        roots, seeds = [], []
        for k, ct in enumerate(of_traces):
            sent: list[Variable] = [ph for (j, _), ph in pull.back.items() if j == k]
            if ct is not None:
                place = Input(TensorType(ct.dtype, ct.type.shape[1:]))
                outside[place] = loop.at(ct, loop.depth(k))
                sent.append(place)
            if sent:
                roots.append(loop.news[k])
                seeds.append(add(*sent) if len(sent) > 1 else sent[0])
        for k, ct in enumerate(of_stacks):
            if ct is not None:
                place = Input(TensorType(ct.dtype, ct.type.shape[1:]))
                outside[place] = ct[: loop.count]
                roots.append(loop.others[k])
                seeds.append(place)
        found = pulled(roots, list(loop.inputs), seeds, stabilize=False)
        sends = _sends(loop, found)
        if pull.back.keys() >= set(sends):
            return _Pull(outside, {key: pull.back[key] for key in sends}, found)
        more = {key: Input(loop.row_type(key[0])) for key in sends if key not in pull.back}
        pull = _Pull(outside, pull.back | more, found)


def _sends(loop: _Loop, found: Sequence[Variable | None]) -> list[tuple[int, int]]:
    """The states and taps whose rows get a cotangent."""
    _, taps, _ = loop.frame.apart_inside(found)
    return [
        (k, tap)
        for k, given in enumerate(taps)
        for tap, each in zip(loop.frame.taps[k], given, strict=True)
        if each is not None and is_inexact(loop.traces[k].dtype)
    ]


def _back(
    loop: _Loop, k: int, tap: int, place: Variable, new: Variable | None,
    lasts: Mapping[int, Variable],
) -> State:  # fmt: skip
    """What a step sends to the row that it read at a tap: it arrives so many steps later."""
    assert new is not None
    trace = loop.traces[k]
    if tap == -1 and k in lasts:
        last = lasts[k]
        return State(call("dimshuffle", last, order=("x", *range(last.ndim))), {tap: place}, new)
    lengths = [length_of(trace, axis) for axis in range(1, trace.ndim)]
    return State(zeros([-tap, *lengths], trace.dtype), {tap: place}, new)


def _steps_back(loop: _Loop) -> tuple[Variable, Variable | None]:
    """How many steps backwards, and how many are left out (None: none)."""
    most = loop.params.get("truncate")
    if most is None:
        return loop.count, None
    steps = minimum(loop.count, most)
    return steps, loop.count - steps


def _unreversed(loop: _Loop, x: Variable, stack: Variable, steps: Variable) -> Variable:
    """The cotangent of a sequence: its rows in order, zeros where no step went."""
    rows = stack[::-1]
    if steps is loop.count and _is_length(loop, x):
        return rows
    start = loop.count - steps if steps is not loop.count else 0
    index: list[Any] = [Cut(None if isinstance(start, int) else Value(0), Value(1))]
    index += [Cut(None, None)] * (x.ndim - 1)
    if isinstance(start, int):
        index[0] = Cut(None, Value(0))
        return placed_through("subtensor", rows, x, loop.count, index=tuple(index))
    return placed_through("subtensor", rows, x, start, loop.count, index=tuple(index))


def _is_length(loop: _Loop, x: Variable) -> bool:
    """Whether the loop surely takes one step a row of the sequence."""
    if loop.frame.until:
        return False
    n = loop.node.inputs[0]
    rows = x.type.shape[0]
    if rows is not None and loop.allowed.owner is None:
        return rows == int(getattr(loop.allowed, "data", -1))
    node = n.owner
    return (
        node is not None
        and node.op.kind == "LengthOf"
        and (node.inputs[0] is x and node.op.keywords["axis"] == 0)
    )


def _first_rows(
    loop: _Loop,
    cts: Sequence[Variable | None],
    sent: Mapping[tuple[int, int], Variable],
    left: Variable | None,
) -> list[Variable | None]:
    """The cotangents of the first rows of states: their own, and what steps sent to them."""
    firsts: list[Variable | None] = []
    for k, ct in enumerate(loop.frame.given(cts)[0]):
        terms = [] if ct is None else [ct[: loop.depth(k)]]
        terms += [_arrived(loop, k, -tap, x, left) for (j, tap), x in sent.items() if j == k]
        firsts.append(None if not terms else add(*terms) if len(terms) > 1 else terms[0])
    return firsts


def _arrived(loop: _Loop, k: int, back: int, trace: Variable, left: Variable | None) -> Variable:
    """What the first steps sent to first rows of a state; the gradient left out `left` steps."""
    missing: Any = loop.depth(k) - back
    kept: Any = back
    if left is not None:
        gone = minimum(left, back)
        missing, kept = gone + missing, back - gone
    rows = trace[::-1][:kept]
    if isinstance(missing, int) and not missing:
        return rows
    lengths = [length_of(rows, axis) for axis in range(1, rows.ndim)]
    return concatenate([zeros([missing, *lengths], rows.dtype), rows], axis=0)


# -- forward mode ----------------------------------------------------------------------------------


def pushed_forward(node: Apply, tangents: Sequence[Variable | None]) -> tuple[Variable | None, ...]:
    """The tangents of a loop's outputs, by a loop of the same steps."""
    loop = _Loop(node)
    _, of_rows, of_firsts, of_rest = loop.frame.apart(tangents)
    moving, arrays, fixed = _moving_inputs(loop, of_rows, of_rest)
    states = _moving_states(loop, of_firsts, moving)
    for k in states:
        moving |= {row: Input(loop.row_type(k)) for row in loop.taps[k]}
    depends = _depend(loop, list(moving))
    others = [k for k, each in enumerate(loop.others) if each in depends and is_inexact(each.dtype)]
    wanted = [*(loop.news[k] for k in states), *(loop.others[k] for k in others)]
    ways: list[Variable | None] = list(moving.values())
    found = jvp(wanted, list(moving), ways, stabilize=False) if wanted else []
    made, known = loop.read(list(substitute(found, fixed)))
    outputs = [each for each in made if each is not None]
    steps = [_tangent(loop, k, of_firsts[k], moving, outputs[j]) for j, k in enumerate(states)]
    word = f"tangent of {loop.word}"
    done = make(
        loop.count,
        Step({**known, **arrays}, steps, outputs[len(states) :], word=word,
             fixed=[*loop.rest, *fixed.values()]),
    )  # fmt: skip
    traces = dict(zip(states, done.traces, strict=True))
    stacks = dict(zip(others, done.stacks, strict=True))
    return (
        *(_padded(loop, out, traces.get(k)) for k, out in enumerate(loop.traces)),
        *(_padded(loop, out, stacks.get(k)) for k, out in enumerate(loop.stacks)),
        *([None] if loop.frame.until else []),
    )


def _moving_inputs(
    loop: _Loop, of_rows: Sequence[Variable | None], of_rest: Sequence[Variable | None]
) -> tuple[dict[Variable, Variable], dict[Variable, Variable], dict[Variable, Variable]]:
    """Placeholders of tangents by what moves; arrays of those of rows, and what the rest is."""
    moving: dict[Variable, Variable] = {}
    arrays: dict[Variable, Variable] = {}
    fixed: dict[Variable, Variable] = {}
    for row, t in zip(loop.rows, of_rows, strict=True):
        if t is not None:
            moving[row] = Input(TensorType(t.dtype, t.type.shape[1:]))
            arrays[moving[row]] = t[: loop.count]
    for ph, t in zip(loop.fixed, of_rest, strict=True):
        if t is not None:
            moving[ph] = Input(t.type)
            fixed[moving[ph]] = t
    return moving, arrays, fixed


def _moving_states(
    loop: _Loop, of_firsts: Sequence[Variable | None], moving: Mapping[Variable, Variable]
) -> list[int]:
    """The states of floats that move, from where they begin or by what moves in a step."""
    found = {
        k for k, t in enumerate(of_firsts) if t is not None and is_inexact(loop.traces[k].dtype)
    }
    while True:
        rows = [row for k in found for row in loop.taps[k]]
        depends = _depend(loop, [*moving, *rows])
        more = {
            k
            for k, new in enumerate(loop.news)
            if new in depends and is_inexact(loop.traces[k].dtype)
        }
        if more <= found:
            return sorted(found)
        found |= more


def _depend(loop: _Loop, moving: Sequence[Variable]) -> set[Variable]:
    """What of a step depends on these placeholders."""
    found = set(moving)
    for node in toposort(loop.outputs):
        if any(each in found for each in node.inputs):
            found.update(node.outputs)
    return found


def _tangent(
    loop: _Loop, k: int, start: Variable | None, moving: Mapping[Variable, Variable], new: Variable
) -> State:
    """The tangent of a state, as a state."""
    places = zip(loop.frame.taps[k], loop.taps[k], strict=True)
    first = zeros_like(loop.firsts[k]) if start is None else start
    return State(first, {tap: moving[row] for tap, row in places}, new)


def _padded(loop: _Loop, out: Variable, found: Variable | None) -> Variable | None:
    """Rows of the steps taken, and zeros behind them where a condition may end the loop."""
    if found is None or not loop.frame.until:
        return found
    index = (Cut(None, Value(0)), *[Cut(None, None)] * (out.ndim - 1))
    return placed_through("subtensor", found, out, length_of(found, 0), index=index)
