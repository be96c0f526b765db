"""Lay out a drafted nest: merge loops, cut chunks, give folds their memory.

Takes a Draft; gives a Nest.  Two neighbouring loops become one where every access, position and
fold moves through them as through one: also those on either side of what a row reads, if all rows
along the outer one read the same, as channels of images do a bias.  The number of chunks follows
from the sizes only: about 2^18 units of work a chunk (some 10 us on the machine of
docs/performance.md), at most 64 chunks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gradc.affine import Affine
from gradc.dtypes import dtype_info
from gradc.kernel.loops import (
    Block,
    Bound,
    Compute,
    Fold,
    Indexed,
    Literal_,
    Load,
    Nest,
    Number,
    Pass,
    Position,
    Product,
    Row,
    Statement,
    Store,
)
from gradc.lower.drafts import Draft, FoldPlan
from gradc.sizes import Size, ceil_div, cut, floor_div, minimum, product, size
from gradc.value import replace

__all__ = ["Layout", "finish_nest", "has_rows"]

_GRAIN = 1 << 16  # units of work a chunk: some 10 us
_MOST_CHUNKS = 64
_MOST_FOLD_CHUNKS = 16  # where a chunk keeps whole rows of states
_ALIGN = 64  # elements; chunks of the vector axis start at multiples
_MEMORY_WORK = 4  # one access, in units of one arithmetic instruction


@dataclass(eq=False)
class Layout:
    """What laying out asks for.

    partial: a new buffer for a fold's states, of a dtype and lengths.
    out: the buffer a fold's result goes to.
    rows: the product whose rows are axis 0, if any.
    serial: everything runs in one chunk (scatters).
    base: the buffer of the array that is changed, if it is not copied by a step before.
    cut: the axis that chunks cut; what is in front of it stays a loop of its own.
    """

    partial: Callable[[str, Sequence[Size]], int]
    out: Callable[[FoldPlan], int]
    rows: Product | None = None
    serial: bool = False
    base: int | None = None
    cut: int = 0


def finish_nest(draft: Draft, layout: Layout, title: str, nodes: tuple[int, ...]) -> Nest:
    """The nest that the draft stands for."""
    _merge_loops(draft, keep_first=layout.rows is not None or layout.cut > 0)
    chunks = _chunks(draft, layout)
    axes = tuple(draft.axes)
    length: Size | None = size(1)
    if layout.rows is not None and layout.rows.panels is not None:
        length = None  # tiles are shared out
    elif axes:
        length = ceil_div(axes[layout.cut], chunks)
        if draft.split == layout.cut and chunks.constant != 1:
            length = ceil_div(length, _ALIGN) * _ALIGN
    folds = tuple(_fold(plan, draft, layout, chunks) for plan in draft.folds)
    return Nest(
        axes,
        draft.split,
        chunks,
        length,
        _stores_behind_loads(draft.head),
        _blocks(draft),
        folds,
        layout.rows,
        layout.base,
        any(isinstance(each, Bound) for each in draft.statements),
        title,
        nodes,
        layout.cut,
    )


def _blocks(draft: Draft) -> tuple[Block, ...]:
    blocks: list[Block] = []
    for t in range(1 + max([*draft.rows, *draft.passes], default=-1)):
        if draft.rows.get(t):
            blocks.append(Row(_stores_behind_loads(draft.rows[t])))
        if draft.passes.get(t):
            body = _stores_behind_loads(draft.passes[t])
            blocks.append(Pass(body, all(map(_is_vector, body))))
    return tuple(blocks)


def _stores_behind_loads(body: Sequence[Statement]) -> tuple[Statement, ...]:
    """The statements with no store before a load: the two may share memory, in place."""
    last = max((k for k, each in enumerate(body) if isinstance(each, (Load, Indexed))), default=0)
    early = [each for each in body[:last] if isinstance(each, Store)]
    kept = [each for each in body[:last] if not isinstance(each, Store)]
    return (*kept, *body[last : last + 1], *early, *body[last + 1 :])


def _is_vector(statement: Statement) -> bool:
    if isinstance(statement, Compute):
        return statement.fn.vectorizes
    return not isinstance(statement, Bound) and not (
        isinstance(statement, Store) and bool(statement.terms)
    )


# -- merging loops ---------------------------------------------------------------------------------


def _merge_loops(draft: Draft, keep_first: bool) -> None:
    k = len(draft.axes) - 2
    while k >= (1 if keep_first else 0):
        if _can_merge(draft, k):
            _merge(draft, k)
        k -= 1
        k = min(k, len(draft.axes) - 2)


def has_rows(step: Product, draft: Draft) -> bool:
    """Whether the rows of a product are those of a nest; its outer axes become one loop then."""
    outer = draft.axes[: draft.split]
    is_one = not step.batch and len(draft.axes) == draft.split + 1 and product(outer) == step.m
    if not is_one or not all(_can_merge(draft, k) for k in range(draft.split - 1)):
        return False
    for _ in outer[1:]:
        _merge(draft, 0)
    return True


def _can_merge(draft: Draft, k: int) -> bool:
    if k + 1 == draft.split:  # across the border of the rows
        is_fold = any(plan.scope == "row" for plan in draft.folds)
        rows = [each for body in draft.rows.values() for each in body]
        if is_fold or len(draft.passes) > 1 or any(_is_of_row(each, k) for each in rows):
            return False
    length = draft.axes[k + 1]
    for plan in draft.folds:
        if (k in plan.axes) != (k + 1 in plan.axes):
            return False
        linear = dict(plan.linear)
        if k in plan.axes and linear and linear[k] != linear[k + 1] * length:
            return False
    return all(_merges(statement, k, length) for statement in draft.statements)


def _is_of_row(statement: Statement, k: int) -> bool:
    """Whether a statement depends on the row along axis k, or does more than read and compute."""
    if isinstance(statement, Load):
        return bool(statement.access.strides[k].terms)
    if isinstance(statement, Position):
        return bool(statement.index.factor(k).terms)
    return not isinstance(statement, (Compute, Literal_, Number))


def _merges(statement: Statement, k: int, length: Size) -> bool:
    if isinstance(statement, (Load, Store, Indexed)):
        strides = statement.access.strides
        return strides[k] == strides[k + 1] * length
    if isinstance(statement, Position):
        return statement.index.factor(k) == statement.index.factor(k + 1) * length
    return True


def _merge(draft: Draft, k: int) -> None:
    draft.axes[k : k + 2] = [draft.axes[k] * draft.axes[k + 1]]
    if k + 1 == draft.split:
        draft.split = k
    elif k + 1 < draft.split:
        draft.split -= 1
    draft.rewrite(lambda statement: _merged(statement, k))
    for plan in draft.folds:
        plan.axes = tuple(sorted({a if a <= k else a - 1 for a in plan.axes}))
        plan.linear = tuple((a if a <= k else a - 1, step) for a, step in plan.linear if a != k)


def _merged(statement: Statement, k: int) -> Statement:
    if isinstance(statement, (Load, Store, Indexed)):
        strides = statement.access.strides
        access = replace(statement.access, strides=strides[:k] + strides[k + 1 :])
        return replace(statement, access=access)
    if isinstance(statement, Position):
        factors = tuple(
            (a if a <= k else a - 1, factor) for a, factor in statement.index.factors if a != k
        )
        return replace(statement, index=Affine(statement.index.offset, factors))
    return statement


# -- chunks ----------------------------------------------------------------------------------------


def _chunks(draft: Draft, layout: Layout) -> Size:
    if layout.rows is not None:
        return layout.rows.blocks
    if layout.serial or not draft.axes:
        return size(1)
    cut_axes = draft.axes[layout.cut :]
    work = product(cut_axes) * _work(draft)
    most = _MOST_CHUNKS
    if any(len(plan.axes) < len(draft.axes) and 0 in plan.axes for plan in draft.folds):
        most = _MOST_FOLD_CHUNKS
    rows = floor_div(cut_axes[0], _ALIGN) if draft.split == layout.cut else cut_axes[0]
    return cut(work, _GRAIN, minimum(rows, most))


def _work(draft: Draft) -> int:
    """Units of work an element of the innermost loops."""
    total = 0
    for body in draft.passes.values():
        for statement in body:
            if isinstance(statement, Compute):
                total += statement.fn.cost
            elif isinstance(statement, (Load, Store, Indexed)):
                total += _MEMORY_WORK
            else:
                total += 1
    return max(total, 1)


# -- folds -----------------------------------------------------------------------------------------


def _fold(plan: FoldPlan, draft: Draft, layout: Layout, chunks: Size) -> Fold:
    states = tuple(plan.element if each == "acc" else each for each in plan.rule.states)
    partial: tuple[int, ...] = ()
    out = None
    if plan.scope == "nest":
        kept = [n for axis, n in enumerate(draft.axes) if axis not in plan.axes]
        if not _folds_inner(plan, draft):
            kept = [n for axis, n in enumerate(draft.axes) if axis not in plan.axes]
            kept = kept if _steps_in_pass(plan, draft) else kept[: _outer_kept(plan, draft)]
        lead = [chunks] if 0 in plan.axes else []
        partial = tuple(layout.partial(dtype, [*lead, *kept]) for dtype in states)
        out = layout.out(plan)
    step, combine = plan.rule.texts(plan.element)
    return Fold(
        tuple(_resolve(text, plan.element) for text in plan.rule.init),
        tuple(_resolve(text, plan.element) for text in step),
        tuple(_resolve(text, plan.element) for text in combine),
        plan.rule.result,
        plan.element,
        states,
        plan.item.out.dtype,
        "row" if plan.scope == "row" else "nest",
        plan.axes,
        partial,
        out,
        plan.linear if any("{i}" in text for text in plan.rule.step) else (),
    )


def _folds_inner(plan: FoldPlan, draft: Draft) -> bool:
    return any(axis >= draft.split for axis in plan.axes)


def _steps_in_pass(plan: FoldPlan, draft: Draft) -> bool:
    number = draft.folds.index(plan)
    from_rows = (each for body in draft.rows.values() for each in body)
    return not any(getattr(each, "fold", None) == number for each in from_rows)


def _outer_kept(plan: FoldPlan, draft: Draft) -> int:
    return len([axis for axis in range(draft.split) if axis not in plan.axes])


def _resolve(text: str, dtype: str) -> str:
    """The fold's C with the dtype's own extremes and type filled in."""
    info = dtype_info(dtype)
    return (
        text.replace("{lowest}", info.least)
        .replace("{highest}", info.greatest)
        .replace("{T}", info.c_type)
        .replace("{s}", info.suffix)
        .replace("{f}", info.math_suffix)
    )
