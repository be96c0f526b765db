"""The plan of a segment as a C function: sizes, checks, output lengths, workspace, cost.

Takes a Segment; gives a Function.  Every sum and product is checked here (gc_add, gc_mul), so
that the run may compute with sizes as they are.
"""

from __future__ import annotations

from collections.abc import Callable

from gradc.dtypes import dtype_info
from gradc.emit.memory import SIZE_NAME, C, Memory, wrapped
from gradc.emit.views import Function, Lines
from gradc.kernel.cost import picoseconds
from gradc.kernel.program import Check, Program, Segment, SizeDef
from gradc.sizes import Atom, Call, SizeLike, size

__all__ = ["checked", "plan_function"]


def checked(value: SizeLike) -> str:
    """The size as an expression that saturates instead of overflowing."""
    terms = [_term(monomial, number) for monomial, number in size(value).terms]
    if not terms:
        return "0"
    text = terms[0]
    for term in terms[1:]:
        text = f"{C}add({text}, {term})"
    return text


def _term(monomial: tuple[Atom, ...], number: int) -> str:
    names = [_atom(atom) for atom in monomial]
    if number != 1 or not names:
        names.append(str(number))
    text = names[0]
    for name in names[1:]:
        text = f"{C}mul({text}, {name})"
    return text


def _atom(atom: Atom) -> str:
    if isinstance(atom, Call):
        return f"{C}{atom.name}({', '.join(checked(arg) for arg in atom.args)})"
    return f"n{atom.index}"


def plan_function(memory: Memory, number: int) -> Function:
    """The function `plan{number}`."""
    program = memory.program
    segment = program.segments[number]
    rest = [
        *_check_lines(segment),
        *_length_lines(program, number),
        *_workspace_lines(memory, number),
        *wrapped(f"frame->cost = {checked(picoseconds(segment))};"),
    ]
    lines = [*_size_lines(memory, segment, rest), *rest]
    lines = [part for line in map(_unnamed(program), lines) for part in wrapped(line)]
    known = _earlier(memory, lines, {each.number for each in segment.sizes})
    text = "\n".join(lines)
    idle = "" if "GC_CHECK" in text else "(void)table;"
    top = [line for line in (idle, *known) if line]
    head = f"static int plan{number}(const gc_table *table, gc_frame *frame)"
    return Function(head, (), "", (Lines((*top, *lines, "return GC_OK;")),))


def _unnamed(program: Program) -> Callable[[str], str]:
    """Lines with the lengths that only plans read written out."""
    texts = {
        f"n{each.number}": f"frame->args[{each.index}].shape[{each.axis}]"
        for segment in program.segments
        for each in segment.sizes
        if each.only_checked
    }
    return lambda line: SIZE_NAME.sub(lambda match: texts.get(match[0], match[0]), line)


def _earlier(memory: Memory, lines: list[str], defined: set[int]) -> list[str]:
    """Declarations of the sizes that an earlier segment's plan has left in the frame."""
    used = memory.sizes_named(lines)
    return [f"const int64_t n{k} = frame->sizes[{k}];" for k in used if k not in defined]


def _size_lines(memory: Memory, segment: Segment, rest: list[str]) -> list[str]:
    """Sizes in order; one that nothing below needs goes to the frame only."""
    pieces: list[list[str]] = []
    below = set(memory.sizes_named(rest))
    for each in reversed([each for each in segment.sizes if not each.only_checked]):
        value = f"frame->sizes[{each.number}] = {_definition(memory, each)};"
        if each.number in below:
            value = f"const int64_t n{each.number} = {value}"
        pieces.append(wrapped(value))
        below.update(memory.sizes_named(pieces[-1]))
    return [line for piece in reversed(pieces) for line in piece]


def _definition(memory: Memory, each: SizeDef) -> str:
    program = memory.program
    if each.source == "length":
        return f"frame->args[{each.index}].shape[{each.axis}]"
    if each.source == "stride":
        itemsize = dtype_info(program.interface.args[each.index].dtype).itemsize
        return f"frame->args[{each.index}].strides[{each.axis}] / {itemsize}"
    if each.source == "expression":
        return checked(each.value if each.value is not None else 0)
    if each.source == "value":
        dtype, pointer = program.interface.args[each.index].dtype, f"frame->args[{each.index}].data"
    else:
        dtype, pointer = program.buffers[each.index].dtype, memory.pointer(each.index)
    c_type = dtype_info(dtype).c_type
    cast = "(int64_t)" if dtype == "uint64" else ""
    return f"{cast}*(const {c_type} *){pointer}"


def _check_lines(segment: Segment) -> list[str]:
    lines = []
    for check in segment.checks:
        condition, code = _condition(check)
        left, right = checked(check.left), checked(check.right)
        lines += wrapped(f"GC_CHECK({condition}, {code}, {check.note}, {left}, {right});")
    return lines


def _condition(check: Check) -> tuple[str, str]:
    """What must hold, and the status where it does not."""
    left, right = checked(check.left), checked(check.right)
    if check.rule == "equal":
        return f"{left} == {right}", "GC_ERR_LENGTH"
    if check.rule == "index":
        return f"{left} >= 0 && {left} < {right}", "GC_ERR_INDEX"
    if check.rule == "natural":
        return f"{left} >= 0", "GC_ERR_SIZE"
    if check.rule == "at_most":
        return f"{left} <= {right}", "GC_ERR_SIZE"
    return f"{left} > 0 || {right} == 0", "GC_ERR_SIZE"


def _length_lines(program: Program, number: int) -> list[str]:
    """The lengths of the outs of a segment, neighbours in one statement."""
    runs: list[tuple[int, list[str]]] = []
    shapes = {b.index: b.shape for b in program.buffers if b.place == "out"}
    start = 0
    for k, port in enumerate(program.interface.outs):
        if port.segment == number and port.ndim:
            if not runs or runs[-1][0] + len(runs[-1][1]) != start:
                runs.append((start, []))
            runs[-1][1].extend(checked(length) for length in shapes[k])
        start += port.ndim
    statements = [f"GC_LENGTHS({first}, {', '.join(lengths)});" for first, lengths in runs]
    return [line for each in statements for line in wrapped(each)]


def _workspace_lines(memory: Memory, number: int) -> list[str]:
    slots = memory.slots[number]
    if not slots:
        return [f"frame->work_bytes[{number}] = 0;"]
    lines = ["int64_t bytes = 0;"]
    for slot in slots:
        copies = "frame->workers" if slot.per_worker else "1"
        take = f"gc_take(&bytes, {checked(slot.elements)}, {slot.itemsize}, {copies});"
        target = f"@{number}.{slot.number}@ = " if slot.number else ""
        lines += wrapped(f"{target}{take}")
    return [
        *lines,
        "GC_CHECK(bytes < GC_HUGE, GC_ERR_SIZE, -1, bytes, 0);",
        f"frame->work_bytes[{number}] = bytes;",
    ]
