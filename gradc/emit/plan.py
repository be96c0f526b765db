"""The plan of a segment as a C function: sizes, checks, output lengths, workspace, cost.

Takes a Segment; gives Functions, the last of which is called.  Every sum and product is checked
here (gc_add, gc_mul), so that the run may compute with sizes as they are.  A long plan is cut into
functions, because compilers take more than linear time for a long one, and neighbouring pieces of
workspace of one size are dealt out by one call: 5,000 of them took gcc 7 s one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

from gradc.dtypes import dtype_info
from gradc.emit.memory import SIZE_NAME, C, Memory, wrapped
from gradc.emit.stage import ARGUMENTS, MOST, chain
from gradc.emit.views import Function, Lines
from gradc.kernel.cost import picoseconds
from gradc.kernel.program import Check, Program, Segment, SizeDef, Slot
from gradc.sizes import Atom, Call, Size, SizeLike, size
from gradc.value import replace, value

__all__ = ["check_lines", "checked", "plan_functions"]

_MOST_TERMS = 16  # of a sum in one statement
_RUN = 4  # neighbouring slots of one size that are dealt out by one call


def checked(value: SizeLike) -> str:
    """The size as an expression that saturates instead of overflowing."""
    return _sum([_term(monomial, number) for monomial, number in size(value).terms])


def _sum(terms: Sequence[str]) -> str:
    """The sum from left to right; a long one in halves: clang takes no more than 256 brackets."""
    if len(terms) > _MOST_TERMS:
        half = len(terms) // 2
        return f"{C}add({_sum(terms[:half])}, {_sum(terms[half:])})"
    text = terms[0] if terms else "0"
    for term in terms[1:]:
        text = f"{C}add({text}, {term})"
    return text


def _set(target: str, value: SizeLike) -> list[str]:
    """Statements that set a number to a size: one, or more for a sum of very many terms."""
    terms = [_term(monomial, number) for monomial, number in size(value).terms]
    first, *others = [terms[k : k + _MOST_TERMS] for k in range(0, len(terms), _MOST_TERMS)] or [[]]
    more = [f"{target} = {C}add({target}, {_sum(group)});" for group in others]
    return [f"{target} = {_sum(first)};", *more]


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


@value
class _Statement:
    """A statement of a plan, and the size that it sets, if it does."""

    text: str
    size: int | None = None


def plan_functions(memory: Memory, number: int) -> list[Function]:
    """The functions of `plan{number}`, which stands last."""
    program = memory.program
    segment = program.segments[number]
    statements = [
        *_sizes(memory, segment),
        *map(_Statement, check_lines(segment.checks)),
        *map(_Statement, _length_lines(program, number)),
        *map(_Statement, _workspace_lines(memory, number)),
        *map(_Statement, _set("frame->cost", picoseconds(segment))),
    ]
    unnamed = _unnamed(program)
    statements = [replace(each, text=unnamed(each.text)) for each in statements]
    name = f"plan{number}"
    pieces = _pieces(memory, statements)
    if len(pieces) == 1:
        return [_function(memory, name, number, statements)]
    names = [f"{name}_{k}" for k in range(len(pieces))]
    functions = [_function(memory, each, number, p) for each, p in zip(names, pieces, strict=True)]
    return [*functions, *chain(name, names)]


def _pieces(memory: Memory, statements: list[_Statement]) -> list[list[_Statement]]:
    """The statements in runs, each of a function's length with the sizes that it declares."""
    pieces: list[list[_Statement]] = []
    room = 0
    for each in statements:
        needs = 1 + len(memory.sizes_named([each.text]))
        if not pieces or room < needs:
            pieces.append([])
            room = 3 * MOST
        pieces[-1].append(each)
        room -= needs
    return pieces


def _function(memory: Memory, name: str, number: int, statements: list[_Statement]) -> Function:
    """A plan or a piece of one: a size that nothing below needs goes to the frame only."""
    below: set[int] = set()
    pieces: list[list[str]] = []
    for each in reversed(statements):
        local = f"const int64_t n{each.size} = " if each.size in below else ""
        pieces.append(wrapped(f"{local}{each.text}"))
        below.update(memory.sizes_named([each.text]))
    lines = [line for piece in reversed(pieces) for line in piece]
    defined = {each.size for each in statements}
    known = [n for n in memory.sizes_named(lines) if n not in defined]
    text = "\n".join(lines)
    top = [] if "GC_CHECK" in text else ["(void)table;"]
    top += [f"const int64_t n{n} = frame->sizes[{n}];" for n in known]
    if "bytes" in text.replace("work_bytes", ""):
        top.append(f"int64_t *const bytes = &frame->work_bytes[{number}];")
    head = f"static int {name}{ARGUMENTS}"
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


def _sizes(memory: Memory, segment: Segment) -> list[_Statement]:
    """Sizes in order, but for those that only checks read."""
    found = []
    for each in segment.sizes:
        target = f"frame->sizes[{each.number}]"
        if each.source == "expression":
            *parts, last = _set(target, each.value if each.value is not None else 0)
            found += [*map(_Statement, parts), _Statement(last, each.number)]
        elif not each.only_checked:
            found.append(_Statement(f"{target} = {_definition(memory, each)};", each.number))
    return found


def _definition(memory: Memory, each: SizeDef) -> str:
    program = memory.program
    if each.source == "length":
        return f"frame->args[{each.index}].shape[{each.axis}]"
    if each.source == "stride":
        itemsize = dtype_info(program.interface.args[each.index].dtype).itemsize
        return f"frame->args[{each.index}].strides[{each.axis}] / {itemsize}"
    if each.source == "value":
        dtype, pointer = program.interface.args[each.index].dtype, f"frame->args[{each.index}].data"
    else:
        dtype, pointer = program.buffers[each.index].dtype, memory.pointer(each.index)
    c_type = dtype_info(dtype).c_type
    cast = "(int64_t)" if dtype == "uint64" else ""
    return f"{cast}*(const {c_type} *){pointer}"


def check_lines(checks: Sequence[Check]) -> list[str]:
    """Statements that leave the function where a condition does not hold."""
    lines = []
    for check in checks:
        condition, code = _condition(check)
        left, right = checked(check.left), checked(check.right)
        lines.append(f"GC_CHECK({condition}, {code}, {check.note}, {left}, {right});")
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
    """The lengths of the outs of a segment, those of one in a line.

    An assignment each: copied from an array of constants, 12, 12, 12, 0 came out as four times 12
    (gcc 12.2 for AVX-512: a wide integer's zeros at its end are not compared).
    """
    lines: list[str] = []
    shapes = {b.index: b.shape for b in program.buffers if b.place == "out"}
    start = 0
    for k, port in enumerate(program.interface.outs):
        if port.segment == number and port.ndim:
            own = (
                f"frame->out_shapes[{start + axis}] = {checked(length)}"
                for axis, length in enumerate(shapes[k])
            )
            lines.append(f"{', '.join(own)};")
        start += port.ndim
    return lines


def _workspace_lines(memory: Memory, number: int) -> list[str]:
    """Deal the workspace out; the first slot begins at 0, and needs no entry."""
    slots = memory.slots[number]
    if not slots:
        return [f"frame->work_bytes[{number}] = 0;"]
    lines = ["*bytes = 0;"]
    for (elements, itemsize, per_worker), run in groupby(slots, key=_size_of_slot):
        alike = list(run)
        copies = "frame->workers" if per_worker else "1"
        given = f"{checked(elements)}, {itemsize}, {copies}"
        if alike[0].number == 0:
            lines.append(f"gc_take(bytes, {given});")
            del alike[0]
        if len(alike) >= _RUN:
            first = f"&@{number}.{alike[0].number}@"
            lines.append(f"gc_take_equal(bytes, {given}, {len(alike)}, {first});")
        else:
            lines += [f"@{number}.{slot.number}@ = gc_take(bytes, {given});" for slot in alike]
    return [*lines, "GC_CHECK(*bytes < GC_HUGE, GC_ERR_SIZE, -1, *bytes, 0);"]


def _size_of_slot(slot: Slot) -> tuple[Size, int, bool]:
    return slot.elements, slot.itemsize, slot.per_worker
