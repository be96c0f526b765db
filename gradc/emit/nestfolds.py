"""How each fold of a nest is carried out: where its state lives, and what stands around the loops.

Takes a Fold; gives a FoldPlan with the lines for each place.  There are four styles:

row      over the inner axes, ready behind its pass: a fold object a row;
scalar   over axes so that one state is left inside loop `level`: a fold object around that loop;
joined   over inner and outer axes with kept axes between: a row's state is joined to a state row;
column   over outer axes only: the pass steps a row of states.

States of the last two live in the chunk's part of the partial buffer.  Where joining rounds, the
loop steps a scratch row instead (cascade.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from gradc.dtypes import dtype_info
from gradc.emit.cascade import Cascade, cascades_of, fill, finish, inner_target, join_lines
from gradc.emit.folds import FoldKinds, is_ordered, rounds, step_texts
from gradc.emit.memory import C
from gradc.emit.views import Block, Lines, Loop
from gradc.kernel.formula import factor, formula, place
from gradc.kernel.program import Fold, FoldStep, Nest, Pass
from gradc.sizes import Size, product

__all__ = ["FoldPlan", "plan_folds", "tail_blocks"]


@dataclass
class FoldPlan:
    """A fold on its way into C.

    level: the outer loop around which its state is set up and put away (split: none).
    where: the block that steps it (-1: the head).  in_pass: whether that is a Pass.
    count: states a chunk keeps inside loop `level`; before, after: kept axes outside and inside.
    """

    number: int
    fold: Fold
    kind: str
    style: str
    level: int
    where: int
    in_pass: bool
    before: list[int]
    after: list[int]
    count: Size
    cascades: tuple[Cascade, ...] = ()  # where joining rounds
    states: list[str] = field(default_factory=list)  # pointers to the chunk's states

    @property
    def stepped(self) -> Sequence[str]:
        """Pointers to what the loop steps."""
        return self.cascades[-1].rows if self.cascades else self.states

    @property
    def columns(self) -> Sequence[int]:
        """The kept axes that tell apart the states which the loop steps."""
        return self.cascades[-1].after if self.cascades else self.after

    @property
    def name(self) -> str:
        """Of the fold object."""
        return f"f{self.number}"

    @property
    def is_number(self) -> bool:
        """Whether the state is a number rather than a struct of components."""
        return len(self.fold.states) == 1 and not is_ordered(self.fold)

    @property
    def c_type(self) -> str:
        """Of the state."""
        return dtype_info(self.fold.states[0]).c_type if self.is_number else self.kind

    @property
    def value(self) -> str:
        """The state of all elements taken."""
        return f"{self.kind}_end(&{self.name})"

    @property
    def is_buffered(self) -> bool:
        """Whether elements that come one a row are gathered into tiles."""
        return self.style == "scalar" and not self.in_pass and not is_ordered(self.fold)


def plan_folds(nest: Nest, kinds: FoldKinds) -> list[FoldPlan]:
    """A plan a fold."""
    return [_plan(number, fold, nest, kinds) for number, fold in enumerate(nest.folds)]


def _plan(number: int, fold: Fold, nest: Nest, kinds: FoldKinds) -> FoldPlan:
    where, in_pass = _stepped_in(nest, number)
    outer = [axis for axis in fold.axes if axis < nest.split]
    level = min(outer, default=nest.split)
    depth = len(nest.axes) if in_pass else nest.split
    kept = [axis for axis in range(depth) if axis not in fold.axes]
    before = [axis for axis in kept if axis < level]
    after = [axis for axis in kept if axis >= level]
    count = product([nest.axes[axis] for axis in after])
    if fold.scope == "row":
        style, level = "row", nest.split
    elif not after:
        style = "scalar"
    elif in_pass and any(axis >= nest.split for axis in fold.axes):
        style = "joined"
    else:
        style = "column"
    kind = "" if style == "column" else kinds.name(fold)
    is_rounded = style in ("joined", "column") and rounds(fold)
    cascades = cascades_of(number, fold, nest, depth) if is_rounded else ()
    return FoldPlan(
        number, fold, kind, style, level, where, in_pass, before, after, count, cascades
    )


def _stepped_in(nest: Nest, number: int) -> tuple[int, bool]:
    for where, block in enumerate(nest.blocks):
        if any(isinstance(each, FoldStep) and each.fold == number for each in block.body):
            return where, isinstance(block, Pass) and bool(nest.axes)
    return -1, False


# -- around loop `level` -----------------------------------------------------------------------


def leads(nest: Nest, plan: FoldPlan) -> bool:
    """Whether every chunk has states of its own for the same results."""
    return 0 in plan.fold.axes and nest.chunks.constant != 1


def lead(nest: Nest, plan: FoldPlan) -> list[tuple[str, Size]]:
    """Where the states of this place begin in the partial buffer, as an index."""
    moves: list[tuple[str, Size]] = []
    step = plan.count
    for axis in reversed(plan.before):
        moves.insert(0, (f"i{axis}", step))
        step = step * nest.axes[axis]
    if leads(nest, plan):
        moves.insert(0, ("chunk", step))
    return moves


def begin_level(nest: Nest, plan: FoldPlan) -> list[Block]:
    """What stands before the loop."""
    fold = plan.fold
    if plan.style == "scalar":
        lines = [f"{plan.kind} {plan.name};", f"{plan.kind}_begin(&{plan.name});"]
        if plan.is_buffered:
            c_type = dtype_info(fold.element).c_type
            lines.append(f"{c_type} g{plan.number}[GC_TILE];")
            lines.append(f"int64_t m{plan.number} = 0;")
        return [Lines(tuple(lines))]
    lines = []
    where = place(0, lead(nest, plan), C)
    for number, dtype in zip(fold.partial, fold.states, strict=True):
        name = f"p{number}"
        start = f"b{number} + {where}" if where != "0" else f"b{number}"
        lines.append(f"{dtype_info(dtype).c_type} *const {name} = {start};")
        plan.states.append(name)
    if plan.cascades:  # which store them
        return [Lines(tuple(lines))]
    if 0 in plan.after and nest.chunks.constant != 1:  # the chunk's own part of a shared row
        inside = product([nest.axes[axis] for axis in plan.after if axis])
        first, last = place(0, [("begin", inside)], C), place(0, [("end", inside)], C)
        return [Lines(tuple(lines)), fill(plan.states, fold, first, last)]
    return [Lines(tuple(lines)), fill(plan.states, fold, "0", formula(plan.count, C))]


def end_level(nest: Nest, plan: FoldPlan) -> list[Block]:
    """What stands behind the loop."""
    if plan.style != "scalar":
        return []
    lines = []
    if plan.is_buffered:
        lines.append(f"{plan.kind}_add(&{plan.name}, g{plan.number}, m{plan.number});")
    where = place(0, lead(nest, plan), C)
    if plan.is_number:
        target = f"b{plan.fold.partial[0]}[{where}]"
        return [Lines((*lines, f"{target} = {plan.value};"))]
    lines.append(f"const {plan.c_type} s{plan.number} = {plan.value};")
    for k, number in enumerate(plan.fold.partial):
        lines.append(f"b{number}[{where}] = s{plan.number}.a{k};")
    return [Lines(tuple(lines))]


# -- inside the loops --------------------------------------------------------------------------


def column_step(plan: FoldPlan, targets: list[str], element: str, position: str) -> list[str]:
    """Step states in memory; `targets` are lvalues."""
    if len(targets) == 1 and plan.fold.step[0].count("{a0}") == 1:
        (text,) = step_texts(plan.fold, targets, element, position)
        return [f"{targets[0]} = {text};"]
    if len(targets) == 1:
        name = f"a{plan.number}"
        (text,) = step_texts(plan.fold, [name], element, position)
        c_type = dtype_info(plan.fold.states[0]).c_type
        return [f"const {c_type} {name} = {targets[0]};", f"{targets[0]} = {text};"]
    names = [f"a{plan.number}_{k}" for k in range(len(targets))]
    lines = [
        f"const {dtype_info(dtype).c_type} {name} = {target};"
        for dtype, name, target in zip(plan.fold.states, names, targets, strict=True)
    ]
    texts = step_texts(plan.fold, names, element, position)
    return lines + [f"{t} = {text};" for t, text in zip(targets, texts, strict=True)]


def end_cascade(nest: Nest, plan: FoldPlan, which: int, rows: str) -> list[Block]:
    """Behind its loops: it is the chunk's states, or joined to a row of the run around."""
    each = plan.cascades[which]
    if which == 0:
        return finish(each, plan.fold, rows, [f"{name}[k]" for name in plan.states], [])
    targets = inner_target(plan.cascades[which - 1], each, nest)
    return finish(each, plan.fold, rows, targets, targets)


# -- behind the nest ---------------------------------------------------------------------------


def tail_blocks(nest: Nest, plan: FoldPlan) -> list[Block]:
    """Join the chunks' states in pairs, and store results."""
    fold = plan.fold
    count = product([nest.axes[axis] for axis in (*plan.before, *plan.after)])
    whole = formula(count, C)
    blocks: list[Block] = []
    if leads(nest, plan):
        one, other = "c", "c + gap"
        if count.constant != 1:
            one, other = (f"{where} * {factor(count, C)} + k" for where in ("c", "(c + gap)"))
        targets = [f"b{number}[{one}]" for number in fold.partial]
        others = [f"b{number}[{other}]" for number in fold.partial]
        body: tuple[Block, ...] = (Lines(tuple(join_lines(fold, targets, targets, others))),)
        if count.constant != 1:
            body = (Loop("k", "0", whole, "k++", body, simd=True),)
        chunks = formula(nest.chunks, C)
        pairs = Loop("c", "0", f"{chunks} - gap", "c += 2 * gap", body)
        blocks.append(Loop("gap", "1", chunks, "gap *= 2", (pairs,)))
    blocks.extend(_results(fold, count, whole))
    return blocks


def _results(fold: Fold, count: Size, whole: str) -> list[Block]:
    here = "0" if count.constant == 1 else "k"
    lines, names = [], {}
    for k, number in enumerate(fold.partial):
        if f"{{a{k}}}" in fold.result:
            names[f"a{k}"] = f"s{k}"
            c_type = dtype_info(fold.states[k]).c_type
            lines.append(f"const {c_type} s{k} = b{number}[{here}];")
    text = result_text(fold, names)
    lines.append(f"b{fold.out}[{here}] = {text};")
    if fold.result == "{a0}" and len(lines) == 2:
        lines = [f"b{fold.out}[{here}] = {_cast(fold, f'b{fold.partial[0]}[{here}]')};"]
    if count.constant == 1:
        return [Lines(scoped(lines))]
    return [Loop("k", "0", whole, "k++", (Lines(tuple(lines)),), simd=True)]


def scoped(lines: list[str]) -> tuple[str, ...]:
    """Lines whose locals are seen by nobody else."""
    return ("{", *(f"    {line}" for line in lines), "}") if len(lines) > 1 else tuple(lines)


def result_text(fold: Fold, names: dict[str, str]) -> str:
    """The result from names of the components."""
    return _cast(fold, fold.result.format_map(names))


def _cast(fold: Fold, text: str) -> str:
    if fold.dtype in fold.states:
        return text
    return f"({dtype_info(fold.dtype).c_type})({text})"
