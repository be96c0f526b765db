"""Functions with equal bodies, written once.

Takes Drafts: functions whose buffers and sizes are still to be declared.  Gives Functions.

The layers of a deep network, the rounds of an unrolled loop, a long chain: their steps do the same
to different arrays, and their functions differ in the numbers of buffers and sizes only.  Then the
loops stand in one function that takes these as parameters, and what each step has of its own hands
them over: 200 equal blocks of ten operations took gcc 10 s one by one, and half a second so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from gradc.dtypes import dtype_info
from gradc.emit.memory import Memory, wrapped
from gradc.emit.views import Block, Function, Lines, Loop
from gradc.value import value

__all__ = ["Draft", "finished"]

_NAME = re.compile(r"\b[bn][0-9]+\b")  # a buffer or a size
_LOOPS = re.compile(r"^(?:simd )?for |_add\(", re.MULTILINE)  # a fold's _add is one
_WORTH = 12  # lines of a body that has none

# How a function of each kind is declared, what it is given, and what it says at its end.
_HEADS = {"step": "static int {}(GC_CHUNK)", "tail": "static void {}(gc_frame *frame)"}
_SHARED = {"step": "static GC_SHARED int {}(GC_CHUNK, {})", "tail": "static GC_SHARED void {}({})"}
_CALLS = {"step": "return {}(table, frame, chunk, worker, {});", "tail": "{}({});"}
_ENDS: dict[str, tuple[Block, ...]] = {"step": (Lines(("return GC_OK;",)),), "tail": ()}


@value
class Draft:
    """A function without declarations: a chunk of a step, or what joins the chunks' states.

    written: the buffers that are not const.
    """

    name: str
    kind: Literal["step", "tail"]
    body: tuple[Block, ...]
    written: frozenset[int]
    comment: tuple[str, ...] = ()
    nodes: tuple[int, ...] = ()


@value
class _Shape:
    """What equal bodies have in common: their text with names by place, and the types of these."""

    text: str
    types: tuple[str, ...]


def finished(drafts: Sequence[Draft | Function], memory: Memory) -> list[Function]:
    """The functions in the order of the drafts, a shared one before the first that calls it."""
    found = {k: _shape(draft, memory) for k, draft in enumerate(drafts) if isinstance(draft, Draft)}
    count = Counter(shape for shape, _ in found.values())
    shared: dict[_Shape, str] = {}
    functions: list[Function] = []
    for k, draft in enumerate(drafts):
        if isinstance(draft, Function):
            functions.append(draft)
            continue
        shape, names = found[k]
        if count[shape] == 1 or not names or not _is_worth_it(shape.text):
            functions.append(_function(draft, draft.body, memory, _ENDS[draft.kind]))
            continue
        if shape not in shared:
            shared[shape] = f"{draft.name}_body"
            functions.append(_shared(shared[shape], draft, shape, names, count[shape]))
        call = wrapped(_CALLS[draft.kind].format(shared[shape], ", ".join(names)))
        functions.append(_function(draft, (Lines(tuple(call)),), memory))
    return functions


def _function(
    draft: Draft, body: tuple[Block, ...], memory: Memory, end: tuple[Block, ...] = ()
) -> Function:
    declarations = Lines(tuple(memory.declare(body, set(draft.written))))
    head = _HEADS[draft.kind].format(draft.name)
    marker = " ".join(f"%{number}" for number in draft.nodes)
    return Function(head, draft.comment, marker, (declarations, *body, *end))


def _shared(name: str, draft: Draft, shape: _Shape, names: Sequence[str], count: int) -> Function:
    parameters = ", ".join(f"{kind}{each}" for kind, each in zip(shape.types, names, strict=True))
    head = "\n".join(wrapped(_SHARED[draft.kind].format(name, parameters)))
    comment = (f"{draft.name} and {count - 1} more, each on arrays of its own",)
    return Function(head, comment, "", (*draft.body, *_ENDS[draft.kind]))


def _shape(draft: Draft, memory: Memory) -> tuple[_Shape, tuple[str, ...]]:
    """The shape of a body, and its buffers and sizes by place."""
    places: dict[str, str] = {}
    text = _NAME.sub(
        lambda match: places.setdefault(match[0], f"{match[0][0]}@{len(places)}"),
        "\n".join([draft.kind, *_texts(draft.body)]),
    )
    names = sorted(places, key=lambda name: name[0], reverse=True)  # sizes, then buffers
    types = tuple(_type_of(name, draft, memory) for name in names)
    return _Shape(text, types), tuple(names)


def _type_of(name: str, draft: Draft, memory: Memory) -> str:
    if name.startswith("n"):
        return "const int64_t "
    number = int(name[1:])
    const = "" if number in draft.written else "const "
    return f"{const}{dtype_info(memory.dtypes[number]).c_type} *const "


def _texts(blocks: Iterable[Block]) -> Iterator[str]:
    """All of a body as lines."""
    for block in blocks:
        if isinstance(block, Lines):
            yield from block.lines
            continue
        if isinstance(block, Loop):
            simd = "simd " if block.simd else ""
            yield f"{simd}for {block.variable} {block.start}; {block.stop}; {block.advance} {{"
        else:
            yield f"if {block.condition} {{"
        yield from _texts(block.body)
        yield "}"


def _is_worth_it(text: str) -> bool:
    """Whether the compiler is spared more than handing over costs it."""
    return _LOOPS.search(text) is not None or text.count("\n") > _WORTH
