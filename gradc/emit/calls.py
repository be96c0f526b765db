"""Steps that are neither loops nor products: callbacks, and conditions that must hold.

Takes a Callback or a Require; gives its Function.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradc.emit.memory import C, Memory, wrapped
from gradc.emit.views import Branch, Function, Lines
from gradc.kernel.formula import formula
from gradc.kernel.program import Callback, Lent, Require

__all__ = ["callback_function", "require_function"]


def callback_function(step: Callback, name: str, memory: Memory) -> Function:
    """Describe the arrays, and call the caller."""
    lengths = [formula(n, C) for each in (*step.ins, *step.outs) for n in each.shape]
    lines = wrapped(f"const int64_t lengths[] = {{{', '.join(lengths)}}};") if lengths else []
    start = 0
    words = []
    for word, lent in (("ins", step.ins), ("outs", step.outs)):
        if lent:
            arrays = ", ".join(_arrays(lent, start))
            const = "const " if word == "ins" else ""
            lines += wrapped(f"{const}gc_array {word}[] = {{{arrays}}};")
        start += sum(len(each.shape) for each in lent)
        words.append(f"{word}, {len(lent)}" if lent else "NULL, 0")
    lines.append(f"return table->callback(frame, {step.number}, {', '.join(words)});")
    body = (Lines(tuple(lines)),)
    everything = {each.buffer for each in (*step.ins, *step.outs)}
    top = Lines(tuple(memory.declare(body, everything)))
    return _function(step, name, (top, *body))


def _arrays(lent: Sequence[Lent], start: int) -> list[str]:
    """Initialisers of gc_array; `start` counts the lengths of those before."""
    texts = []
    for each in lent:
        shape = f", .shape = lengths + {start}" if start else ", .shape = lengths"
        texts.append(f"{{.data = b{each.buffer}{shape if each.shape else ''}}}")
        start += len(each.shape)
    return texts


def require_function(step: Require, name: str, memory: Memory) -> Function:
    """Fail unless the number is true."""
    fail = f"return gc_fail(table, frame, GC_ERR_ASSERT, {step.note}, 0, 0, 0, 0);"
    test = Branch(f"GC_UNLIKELY(!b{step.source}[0])", (Lines((fail,)),))
    last = Lines((f"b{step.out}[0] = true;", "return GC_OK;"))
    top = Lines(tuple(memory.declare((test, last), {step.out})))
    return _function(step, name, (top, test, last))


def _function(step: Callback | Require, name: str, body: tuple[Lines | Branch, ...]) -> Function:
    marker = " ".join(f"%{number}" for number in step.nodes)
    title = (step.title.replace("*/", "* /"),) if step.title else ()
    return Function(f"static int {name}(GC_CHUNK)", title, marker, body)
