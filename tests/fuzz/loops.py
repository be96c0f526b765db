"""Loops and branches in random graphs: a scan of a drawn step, judged by the same steps unrolled.

The step is a list of instructions, drawn once and run on variables: by gradc.scan's placeholders,
and by every row of the unrolled graph.  Numbers stay small, so nothing is squashed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import gradc
import gradc.tensor as T
from gradc.graph.variable import Variable
from tests.fuzz.draws import Draws
from tests.fuzz.pool import FLOATS, Item, Pool

__all__ = ["branch", "loop"]

Rows = dict[str, Variable]
UNARY: tuple[Callable[[Variable], Variable], ...] = (
    T.tanh, T.sin, T.sigmoid, lambda x: 0.5 * x, lambda x: T.exp(-T.sqr(x)), lambda x: x[..., ::-1],
    lambda x: gradc.ifelse(x.flatten()[0] > 0, T.cos(x), -x),
)  # fmt: skip
BINARY: tuple[Callable[[Variable, Variable], Variable], ...] = (
    T.add, T.mul, T.sub, lambda x, y: T.tanh(x) * y, lambda x, y: x / (1.5 + T.sqr(y)),
)  # fmt: skip
SHAPES = ((3,), (2, 3), (3, 3), (1, 3), (1,), (17,))


@dataclass(frozen=True)
class Step:
    """Instructions: of each a function, and the places of its operands among those before."""

    names: tuple[str, ...]
    lines: tuple[tuple[Callable[..., Variable], tuple[int, ...]], ...]

    @classmethod
    def drawn(cls, draws: Draws, names: Sequence[str]) -> Step:
        """Up to six instructions; the last number is bounded."""
        lines: list[tuple[Callable[..., Variable], tuple[int, ...]]] = []
        for _ in range(1 + draws.below(6)):
            count = len(names) + len(lines)
            choice = draws.below(5)
            if choice < 2:
                lines.append((draws.pick(UNARY), (draws.below(count),)))
            elif choice < 4:
                lines.append((draws.pick(BINARY), (draws.below(count), draws.below(count))))
            else:
                lines.append((_mixed, (draws.below(count),)))
        lines.append((T.tanh, (len(names) + len(lines) - 1,)))
        return cls(tuple(names), tuple(lines))

    def __call__(self, rows: Rows, weights: Variable) -> Variable:
        found = [rows[name] for name in self.names]
        for function, places in self.lines:
            operands = [found[k] for k in places]
            found.append(function(*operands, *([weights] if function is _mixed else [])))
        return found[-1]


def _mixed(x: Variable, weights: Variable) -> Variable:
    return T.dot(x, weights)


@dataclass(frozen=True)
class Loop:
    """A loop: names of what a step reads are s0:-1 (states and taps), x0:0 (sequences and taps)."""

    states: tuple[Item, ...]  # the first rows, as many as taps reach back
    taps: tuple[tuple[int, ...], ...]
    sequences: tuple[Item, ...]
    ahead: tuple[tuple[int, ...], ...]  # the taps of sequences
    weights: Item
    steps: tuple[Step, ...]  # of each state, and of an output that is none
    count: int
    backwards: bool
    stop: tuple[Item, int] | None  # whole numbers, and which of them ends it

    def step(self, *given: Variable) -> Any:
        """For gradc.scan."""
        left = list(given)
        stop = left.pop(0) if self.stop else None
        rows = {f"x{k}:{tap}": left.pop(0) for k, taps in enumerate(self.ahead) for tap in taps}
        rows |= {f"s{k}:{tap}": left.pop(0) for k, taps in enumerate(self.taps) for tap in taps}
        news = [each(rows, left[0]) for each in self.steps]
        return news if self.stop is None else (news, gradc.until(T.eq(stop, self.stop[1])))

    def scanned(self, count: Any) -> list[Variable]:
        sequences: list[Any] = [self.stop[0].variable] if self.stop else []
        sequences += [
            {"input": each.variable, "taps": list(taps)}
            for each, taps in zip(self.sequences, self.ahead, strict=True)
        ]
        starts: list[Any] = [
            {"initial": each.variable if min(taps) < -1 else each.variable[0], "taps": list(taps)}
            for each, taps in zip(self.states, self.taps, strict=True)
        ]
        outputs, _ = gradc.scan(
            self.step, sequences, [*starts, None], [self.weights.variable], n_steps=count,
            go_backwards=self.backwards, return_list=True,
        )  # fmt: skip
        return list(outputs)

    def unrolled(self) -> list[Variable]:
        """The same without a loop: rows of each output, stacked."""
        states = [
            [each.variable[k] for k in range(-min(taps))]
            for each, taps in zip(self.states, self.taps, strict=True)
        ]
        other: list[Variable] = []
        for t in range(self.count):
            rows: Rows = {}
            for k, (each, taps) in enumerate(zip(self.sequences, self.ahead, strict=True)):
                last = each.shape[0] - max(taps) - 1
                place = last - t if self.backwards else t
                rows |= {f"x{k}:{tap}": each.variable[place + tap] for tap in taps}
            for k, taps in enumerate(self.taps):
                rows |= {f"s{k}:{tap}": states[k][tap] for tap in taps}
            news = [each(rows, self.weights.variable) for each in self.steps]
            for state, new in zip(states, news, strict=False):
                state.append(new)
            other.append(news[-1])
            if self.stop and self._ends(t):
                break
        firsts = [-min(taps) for taps in self.taps]
        traces = [state[first:] for state, first in zip(states, firsts, strict=True)]
        return [T.stack(each) for each in [*traces, other]]

    def _ends(self, t: int) -> bool:
        assert self.stop is not None
        item, number = self.stop
        return bool(item.value[::-1][t] == number if self.backwards else item.value[t] == number)


def _drawn(g: Pool) -> Loop:
    draws, dtype = g.draws, g.draws.pick(FLOATS)
    shape = draws.pick(SHAPES)
    count = draws.pick((3, 1, 2, 5))
    taps = tuple(draws.pick(((-1,), (-1,), (-2, -1), (-2,), (-3, -1)))
                 for _ in range(1 + draws.below(2)))  # fmt: skip
    ahead = tuple(draws.pick(((0,), (0, 1), (1,))) for _ in range(draws.below(3)))
    rows = [count + max(each) + draws.below(2) * draws.below(3) for each in ahead]
    backwards = bool(ahead) and draws.chance(30)
    if backwards:
        rows = [count + max(each) for each in ahead]
    stop = None
    if draws.chance(25):
        stop = g.leaf((count,), "int64", value=draws.rng().integers(0, 3, count), own=True), 1
    n = shape[-1]
    names = [f"s{k}:{tap}" for k, each in enumerate(taps) for tap in each]
    names += [f"x{k}:{tap}" for k, each in enumerate(ahead) for tap in each]
    return Loop(
        tuple(_leaf(g, (-min(each), *shape), dtype) for each in taps), taps,
        tuple(_leaf(g, (length, *shape), dtype) for length in rows), ahead,
        _leaf(g, (n, n), dtype), tuple(Step.drawn(draws, names) for _ in (*taps, 0)),
        count, backwards, stop,
    )  # fmt: skip


def _leaf(g: Pool, shape: tuple[int, ...], dtype: str) -> Item:
    """Of known lengths: with others a loop may refuse a state that the judge leaves out."""
    value = g.draws.rng().normal(size=shape).astype(dtype)
    return g.leaf(shape, dtype, value=value, static=True, own=True)


def loop(g: Pool) -> list[tuple[Variable, Variable]]:
    """What somebody reads of a loop, and of the same unrolled; and the gradients of both."""
    drawn, draws = _drawn(g), g.draws
    count: Any = drawn.count
    if draws.chance(30):
        value = np.asarray(drawn.count, "int64")
        count = g.leaf((), "int64", value=value, own=True).variable
    weights = drawn.weights.variable
    read = draws.pick(
        (
            lambda y: y, lambda y: y[-1], lambda y: T.dot(y[-1], weights), lambda y: y[::-1] * 0.5,
            lambda y: T.dot(y, weights), lambda y: T.sum(y, axis=0), lambda y: T.sin(y)[-1:],
        )
    )  # fmt: skip
    which = draws.below(len(drawn.steps))
    made, raw = (read(each[which]) for each in (drawn.scanned(count), drawn.unrolled()))
    leaf = draws.pick((*drawn.states, *drawn.sequences, drawn.weights)).variable
    options: dict[str, Any] = {"disconnected_inputs": "ignore"}
    pairs = [(made, raw)]
    if draws.chance(60):
        by = [T.grad(T.sum(each * each), leaf, **options) for each in (made, raw)]
        pairs.append((by[0], by[1]))
    return pairs


def branch(g: Pool) -> list[tuple[Variable, Variable]]:
    """An ifelse of two drawn values and the switch of them; and the gradients of both."""
    draws, dtype = g.draws, g.draws.pick(FLOATS)
    shape = draws.pick(SHAPES)
    leaves = {f"x{k}:0": _leaf(g, shape, dtype) for k in range(2)}
    weights = _leaf(g, (shape[-1],) * 2, dtype)
    rows = {name: each.variable for name, each in leaves.items()}
    values = [Step.drawn(draws, [*leaves])(rows, weights.variable) for _ in range(2)]
    number = g.leaf((), "int64", value=np.asarray(draws.below(3), "int64"), own=True).variable
    made, raw = gradc.ifelse(number > 1, *values), T.switch(number > 1, *values)
    leaf = draws.pick((*leaves.values(), weights)).variable
    by = [T.grad(T.sum(T.tanh(each)), leaf, disconnected_inputs="ignore") for each in (made, raw)]
    return [(made, raw), (by[0], by[1])]
