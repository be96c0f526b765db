"""Programs as readable text: indented loops, statements as expressions, no C.

Takes the parts of a Program; gives one string.  Nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gradc.kernel.formula import formula, place
from gradc.kernel.interface import Interface, Port
from gradc.kernel.loops import (
    Access,
    Bound,
    Buffer,
    Callback,
    Check,
    Compute,
    Fold,
    FoldStep,
    Indexed,
    Lent,
    Literal_,
    Load,
    Matrix,
    Move,
    Nest,
    Number,
    Pack,
    Pass,
    Position,
    Product,
    Repeat,
    Require,
    Routine,
    Row,
    RowResult,
    Rows,
    Scale,
    Segment,
    SizeDef,
    Slot,
    Statement,
    Step,
    Store,
)
from gradc.sizes import Size, size

__all__ = ["program_text", "spans", "statement_text", "touched"]

_COMMIT = "---- commit: nothing from here on can fail ----"


def program_text(
    interface: Interface, buffers: Sequence[Buffer], segments: Sequence[Segment]
) -> str:
    """The whole Program."""
    count = dict.fromkeys(("input", "shared", "constant", "output", "update"), 0)
    for port in (*interface.args, *interface.outs):
        count[port.role] += 1
    words = [f"{n} {role}{_plural(role, n)}" for role, n in count.items() if n]
    border = ", ".join(words)
    lines = [f"program: {border or 'no arrays'}"]
    lines += [f"  {_buffer(buffer, interface)}" for buffer in buffers]
    for number, segment in enumerate(segments):
        places = ("arg", "out", "window")
        owned = [b for b in buffers if b.place not in places and b.segment == number]
        lines += _segment(number, segment, owned, last=number == len(segments) - 1)
    return "\n".join(lines)


def _plural(role: str, count: int) -> str:
    return "s" if count > 1 and role != "shared" else ""


def _buffer(buffer: Buffer, interface: Interface) -> str:
    shape = ", ".join(map(formula, buffer.shape))
    where = {
        "window": lambda: f"b{buffer.index} from {formula(buffer.offset)} on",
        "arg": lambda: _argument(interface.args[buffer.index], buffer.index),
        "out": lambda: f"out {buffer.index}, {interface.outs[buffer.index].role}",
    }.get(buffer.place, lambda: f"{buffer.place}, slot {buffer.index}")()
    is_slot = buffer.place in ("work", "partial", "scratch")
    segment = f" of segment {buffer.segment}" if buffer.segment and is_slot else ""
    comment = f"  # {buffer.comment}" if buffer.comment else ""
    return f"b{buffer.number} : {buffer.dtype}[{shape}]  {where}{segment}{comment}"


def _argument(port: Port, index: int) -> str:
    order = f", stride 1 on axis {' or '.join(map(str, port.units))}" if port.units else ""
    return f"argument {index}, {port.role}{order}"


def _segment(number: int, segment: Segment, owned: Sequence[Buffer], last: bool) -> list[str]:
    lines = [f"segment {number}"]
    lines += [f"  {_definition(each)}" for each in segment.sizes]
    lines += [f"  check {_check(each)}" for each in segment.checks]
    used = {b: f" (steps {k} to {last})" for b, (k, last) in spans(segment.steps).items()}
    users: dict[int, list[str]] = {}
    for each in owned:
        users.setdefault(each.index, []).append(f"b{each.number}{used.get(each.number, '')}")
    lines += [f"  {_slot(slot, users.get(slot.number, ()))}" for slot in segment.slots]
    lines.append(f"  peak workspace: {_peak(segment.slots)}")
    for k, step in enumerate(segment.steps):
        if last and k == segment.commit:
            lines.append(f"  {_COMMIT}")
        lines += [f"  {line}" for line in _step(k, step)]
    if last and segment.commit == len(segment.steps):
        lines.append(f"  {_COMMIT}")
    return lines


def _definition(each: SizeDef) -> str:
    text = {
        "length": lambda: f"length of axis {each.axis} of argument {each.index}",
        "stride": lambda: f"stride of axis {each.axis} of argument {each.index}, in elements",
        "value": lambda: f"value of argument {each.index}",
        "buffer": lambda: f"value of b{each.index}",
        "expression": lambda: formula(each.value if each.value is not None else 0),
    }[each.source]()
    return f"n{each.number} = {text}"


def _check(check: Check) -> str:
    left, right = formula(check.left), formula(check.right)
    text = {
        "equal": f"{left} == {right}",
        "index": f"0 <= {left} < {right}",
        "natural": f"{left} >= 0",
        "at_most": f"{left} <= {right}",
        "positive": f"{left} > 0 or {right} == 0",
    }[check.rule]
    return f"{text}  # note {check.note}"


def _slot(slot: Slot, users: Sequence[str]) -> str:
    each = " a worker" if slot.per_worker else ""
    room = f"{formula(slot.elements)} x {slot.itemsize} bytes{each}"
    return f"slot {slot.number}: {room}: {', '.join(users) or 'nobody'}"


def spans(steps: Sequence[Step]) -> dict[int, tuple[int, int]]:
    """The first and the last step that touches each buffer."""
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for k, step in enumerate(steps):
        stack = [step]
        while stack:
            each = stack.pop()
            stack += each.steps if isinstance(each, Repeat) else ()
            for number in touched(each):
                first.setdefault(number, k)
                last[number] = k
    return {number: (k, last[number]) for number, k in first.items()}


def _peak(slots: Iterable[Slot]) -> str:
    total, workers = size(0), size(0)
    for slot in slots:
        if slot.per_worker:
            workers = workers + slot.elements * slot.itemsize
        else:
            total = total + slot.elements * slot.itemsize
    parts = [formula(total)] if total.terms or not workers.terms else []
    if workers.terms:
        parts.append(f"workers * ({formula(workers)})")
    return " + ".join(parts) + " bytes, each slot rounded up to 64"


def touched(step: Step) -> set[int]:
    """The buffers that a step reads or writes."""
    if isinstance(step, Product):
        numbers = {step.x.buffer, step.y.buffer, step.out.buffer}
        extra = (step.source, step.alpha.buffer, step.beta.buffer, step.panels)
        return numbers | {number for number in extra if number is not None}
    if isinstance(step, Pack):
        return {step.y.buffer, step.panels}
    if isinstance(step, Routine):
        found = {*(each.buffer for each in (*step.reads, *step.writes)), *step.scratch}
        return found if step.after is None else found | touched(step.after)
    if isinstance(step, Callback):
        return {each.buffer for each in (*step.ins, *step.outs)}
    if isinstance(step, Require):
        return {step.source, step.out}
    if isinstance(step, Repeat):
        return {*step.reads, *step.writes}
    found = touched(step.product) if step.product is not None else set()
    found |= {step.base} if step.base is not None else set()
    for fold in step.folds:
        found |= {*fold.partial, *([fold.out] if fold.out is not None else [])}
    accesses = (s.access for s in step.statements if isinstance(s, (Load, Indexed, Store)))
    return found | {access.buffer for access in accesses}


# -- steps -------------------------------------------------------------------------------------


def _step(number: int, step: Step) -> list[str]:
    title = f"  {step.title}" if not isinstance(step, Pack) and step.title else ""
    if isinstance(step, Product):
        return [f"step {number}: product{title}", f"  {_product(step)}"]
    if isinstance(step, Pack):
        return [f"step {number}: pack", f"  {_pack(step)}"]
    if isinstance(step, Routine):
        return [f"step {number}: routine{title}", *(f"  {line}" for line in _routine(step))]
    if isinstance(step, Callback):
        return [f"step {number}: callback{title}", f"  {_callback(step)}"]
    if isinstance(step, Require):
        text = f"b{step.out} = b{step.source}[0], which must be true  # note {step.note}"
        return [f"step {number}: check{title}", f"  {text}"]
    if isinstance(step, Repeat):
        return [f"step {number}: loop{title}", *(f"  {line}" for line in _repeat(step))]
    lines = [f"step {number}: nest{title}"]
    lines += [f"  {line}" for line in _nest(step)]
    return lines


def _repeat(step: Repeat) -> list[str]:
    parts = "" if step.parts is None else f" in {formula(step.parts)} parts of rows"
    lines = [*map(_move, step.before)]
    lines += [f"{formula(cut.into)} = {formula(cut.whole)}, in parts {formula(cut.part)}"
              for cut in step.cuts]  # fmt: skip
    lines.append(f"for {formula(step.counter)} < {formula(step.count)}{parts}:")
    number = 0
    for turn in step.turns:
        lines += [
            f"  {formula(each.into)} = b{each.buffer}[{formula(each.offset)}]"
            for each in turn.reads
        ]
        lines += [f"  check {_check(each)}" for each in turn.checks]
        for each in turn.steps:
            lines += [f"  {line}" for line in _step(number, each)]
            number += 1
    lines += [f"  {_move(each)}" for each in step.moves]
    if step.until is not None:
        taken = "" if step.taken is None else f"; b{step.taken} counts the turns"
        lines.append(f"  until b{step.until}[0]{taken}")
    return lines + [_move(each) for each in step.after]


def _move(move: Move) -> str:
    return f"b{move.into}[{formula(move.place)}] = b{move.source}[{formula(move.offset)}]"


def _pack(step: Pack) -> str:
    count = f"{formula(step.k)} x {formula(step.n)} in {formula(step.blocks)} blocks"
    return f"{count}: b{step.panels} = panels of {_matrix(step.y)}"


def _routine(step: Routine) -> list[str]:
    outs = ", ".join(map(_rows, step.writes))
    args = ", ".join([*map(formula, step.numbers), *map(_rows, step.reads)])
    scratch = ", ".join(f"b{number}" for number in step.scratch)
    by = f", by {scratch}" if scratch else ""
    count = f"{formula(step.rows)} rows in {formula(step.blocks)} blocks"
    lines = [f"{count}: {outs} = {step.fn.function(step.dtype)}({args}){by}"]
    if step.after is not None:
        lines.append(f"behind each image: {step.after.title}")
        lines += [f"  {line}" for line in _nest(step.after)]
    return lines


def _rows(rows: Rows) -> str:
    offset = f" + {formula(rows.offset)}" if rows.offset.terms else ""
    return f"b{rows.buffer}{offset}<{formula(rows.apart)}>"


def _callback(step: Callback) -> str:
    outs = ", ".join(map(_lent, step.outs)) or "nothing"
    return f"{outs} = callback {step.number} of {', '.join(map(_lent, step.ins)) or 'nothing'}"


def _lent(each: Lent) -> str:
    return f"b{each.buffer}[{', '.join(map(formula, each.shape))}]"


def _product(step: Product) -> str:
    dims = " x ".join(map(formula, (step.m, step.n, step.k)))
    batch = f" for {', '.join(map(formula, step.batch))}" if step.batch else ""
    beta = ""
    if step.beta.buffer is not None or not _is_zero(step.beta.text):
        source = step.out.buffer if step.source is None else step.source
        beta = f" + {_scale(step.beta)} * b{source}"
    text = f"{_matrix(step.out)} = {_scale(step.alpha)} * {_matrix(step.x)} @ {_matrix(step.y)}"
    panels = "" if step.panels is None else f", by b{step.panels} if there is room"
    rows = "" if step.rows is None else f" of {formula(step.rows)}"
    blocks = f"in {formula(step.blocks)} blocks{rows}"
    return f"{step.routine} {dims}{batch} {blocks}: {text}{beta}{panels}"


def _is_zero(text: str) -> bool:
    return not any(digit in "123456789" for digit in text)


def _matrix(matrix: Matrix) -> str:
    offset = f" + {formula(matrix.offset)}" if matrix.offset.terms else ""
    strides = ", ".join(map(formula, (*matrix.batch, matrix.row, matrix.col)))
    return f"b{matrix.buffer}{offset}<{strides}>"


def _scale(scale: Scale) -> str:
    return scale.text if scale.buffer is None else f"b{scale.buffer}[0]"


def _nest(nest: Nest) -> list[str]:
    lines, depth = [], 0

    def put(text: str) -> None:
        lines.append("  " * depth + text)

    if nest.product is not None:
        put(f"rows first: {_product(nest.product)}")
    if nest.base is not None:
        put(f"from b{nest.base}, copied unless it is the same memory")
    for number, fold in enumerate(nest.folds):
        put(f"fold f{number}: {_fold(fold)}")
    for each in nest.head:
        put(statement_text(each))
    unit = "tiles" if nest.chunk_length is None else formula(nest.chunk_length)
    chunks = f" in {formula(nest.chunks)} chunks of {unit}"
    for axis, length in enumerate(nest.axes[: nest.split]):
        put(f"for i{axis} < {formula(length)}{chunks if axis == nest.cut else ''}:")
        depth += 1
    for block in nest.blocks:
        if isinstance(block, Row):
            for each in block.body:
                put(statement_text(each))
            continue
        for line in _pass(block, nest, chunks):
            put(line)
    return lines


def _pass(block: Pass, nest: Nest, chunks: str) -> list[str]:
    inner = list(enumerate(nest.axes))[nest.split :]
    loops = ", ".join(f"i{axis} < {formula(length)}" for axis, length in inner)
    kind = "vector" if block.vector else "scalar"
    where = chunks if nest.split == nest.cut else ""
    return [
        f"for {loops}{where} ({kind}):",
        *(f"  {statement_text(each)}" for each in block.body),
    ]


def _fold(fold: Fold) -> str:
    steps = ", ".join(_named(text) for text in fold.step)
    start = ", ".join(fold.init)
    axes = ", ".join(f"i{axis}" for axis in fold.axes)
    text = f"{steps} from {start} over {axes or 'nothing'} of {fold.element}"
    if fold.scope == "row":
        return f"{text}, ready behind its row"
    states = ", ".join(f"b{number}" for number in fold.partial)
    return f"{text}, states in {states}, result {_named(fold.result)} in b{fold.out}"


def _named(text: str) -> str:
    return text.replace("{", "").replace("}", "")


# -- statements --------------------------------------------------------------------------------


def statement_text(statement: Statement) -> str:
    """One statement as an expression."""
    if isinstance(statement, Store):
        equals = "+=" if statement.mode == "add" else "="
        return f"{_access(statement.access, statement.terms)} {equals} v{statement.src}"
    if isinstance(statement, FoldStep):
        return f"f{statement.fold} takes v{statement.src}"
    return f"v{statement.dst} = {_value(statement)}"


def _value(statement: Statement) -> str:
    if isinstance(statement, Load):
        return _access(statement.access)
    if isinstance(statement, Indexed):
        return _access(statement.access, statement.terms)
    if isinstance(statement, Literal_):
        return statement.text
    if isinstance(statement, Number):
        return formula(statement.value)
    if isinstance(statement, Position):
        index = statement.index
        return place(index.offset, [(f"i{axis}", step) for axis, step in index.factors])
    if isinstance(statement, Compute):
        operands = [f"v{arg}" for arg in statement.args]
        return statement.fn.text(statement.operand, operands, statement.dtype)
    if isinstance(statement, Bound):
        return f"v{statement.src} checked to lie in axis {statement.axis} of length " + formula(
            statement.length
        )
    assert isinstance(statement, RowResult)
    return f"result of f{statement.fold}"


def _access(access: Access, terms: Sequence[tuple[int, Size]] = ()) -> str:
    moves = [(f"i{axis}", stride) for axis, stride in enumerate(access.strides)]
    moves += [(f"v{number}", stride) for number, stride in terms]
    return f"b{access.buffer}[{place(access.offset, moves)}]"
