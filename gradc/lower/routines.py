"""Turn operations that are functions of C into steps.

Takes Routine nodes; gives Routine steps.  An operand is read where it stands if its elements follow
each other there, at whatever offset; other views of it are copied, which `not_in_a_run` says
beforehand.  The rows are cut into blocks of some 30 us.
"""

from __future__ import annotations

from gradc.graph.op import Apply
from gradc.graph.variable import Variable
from gradc.kernel.loops import Routine as Step
from gradc.kernel.loops import Rows
from gradc.lower.drafts import Memory
from gradc.lower.shapes import Shapes
from gradc.lower.values import Values, strides_of
from gradc.ops.kinds import Routine, signature_of
from gradc.sizes import Size, cut, minimum, product, size

__all__ = ["arrays_of", "not_in_a_run", "plan_routine"]

_BLOCK_WORK = 1 << 17  # instructions, at 250 ps each (kernel/cost.py)
_MOST_BLOCKS = 32


def arrays_of(node: Apply) -> tuple[Variable, ...]:
    """The inputs whose numbers a step reads, not those that are lengths."""
    if not isinstance(node.op.rule, Routine):
        return node.inputs
    return tuple(node.inputs[k] for k in signature_of(node.op.rule.signature).arrays)


def not_in_a_run(values: Values, node: Apply) -> list[Variable]:
    """The operands whose elements do not follow each other in memory."""
    return [each for each in arrays_of(node) if _offset(values, each) is None]


def _offset(values: Values, operand: Variable) -> Size | None:
    """Where the operand starts in what it is read from, if its elements follow each other."""
    source, index = values.source(operand)
    access = values.access(0, source, index, operand.ndim)
    lengths = values.shapes.lengths(operand)
    for n, found, wanted in zip(lengths, access.strides, strides_of(lengths), strict=True):
        if n.constant != 1 and found != wanted:
            return None
    return access.offset


def plan_routine(
    values: Values, node: Apply, memory: Memory, title: str, nodes: tuple[int, ...]
) -> Step:
    """The step of a node."""
    rule, shapes, params = node.op.rule, values.shapes, node.op.keywords
    assert isinstance(rule, Routine)
    operands = shapes.operands(node)
    frame = rule.frame(operands, params)
    dtype, _ = rule.dtypes(tuple(each.dtype for each in node.inputs))
    inside, outside = rule.row_elements(frame, operands)
    table = dict(frame.letters)
    rows, work = product(frame.rows), size(rule.work(table))
    blocks = cut(rows * work, _BLOCK_WORK, minimum(rows, _MOST_BLOCKS))
    blocks = size(1) if rows.constant == 1 else blocks
    scratch = memory.work if blocks.constant == 1 else memory.scratch
    reads = zip(arrays_of(node), inside, strict=True)
    writes = zip(node.outputs, outside, strict=True)
    return Step(
        fn=rule.c,
        dtype=dtype,
        rows=rows,
        numbers=(*table.values(), *(size(int(params[k])) for k in rule.numbers)),
        reads=tuple(_read(values, each, apart, memory) for each, apart in reads),
        writes=tuple(Rows(memory.buffer(out), size(0), apart) for out, apart in writes),
        scratch=tuple(scratch(own, (size(n),)) for own, n in rule.scratch(table, dtype)),
        work=work,
        blocks=blocks,
        note=_note(shapes, node, rule, memory, "{v0}" if frame.rows else None),
        title=title,
        nodes=nodes,
    )


def _read(values: Values, operand: Variable, apart: Size, memory: Memory) -> Rows:
    source, _ = values.source(operand)
    offset = _offset(values, operand)
    assert offset is not None, f"{operand} should have been copied"
    return Rows(memory.buffer(source), offset, apart)


def _note(
    shapes: Shapes, node: Apply, rule: Routine, memory: Memory, row: str | None
) -> int | None:
    if not rule.c.fails:
        return None
    matrix = f"matrix {row} of the stack" if row else "the matrix"
    complaint = rule.complaint.replace("{matrix}", matrix)
    what = f"{{function}}: {rule.word or rule.name}{{at}}: {complaint}"
    return memory.note(shapes.note(rule.error, what, node.inputs[:1], rule.fix, about=node))
