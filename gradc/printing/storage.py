"""Where values lie: what debugprint shows with print_storage=True.

Takes an object that debugprint takes; gives a Storage, which knows for a variable its value (shared
variables, constants) and, in a compiled function, the buffer it is computed into, which other
values share that memory, and the steps that compute it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from gradc.graph.describe import elements
from gradc.graph.text import numbering
from gradc.graph.variable import Constant, Variable

if TYPE_CHECKING:  # a program that only runs functions does not load what they are made with
    from gradc.kernel.program import Buffer, Program

__all__ = ["Storage", "array_text", "storage_of"]

_FEW = 6  # elements of a constant whose value stands in its line


def array_text(array: Any) -> str:
    """dtype, shape and bytes, and the elements: all of a few, else the least and the largest."""
    array = np.asarray(array)
    shape = ", ".join(map(str, array.shape))
    text = f"{array.dtype}[{shape}], {array.nbytes} bytes"
    return f"{text}: {elements(array)}" if array.size else text


@dataclass(frozen=True)
class Storage:
    """number: of each variable in the compiled graph.  memory: per number, what is known."""

    number: Mapping[Variable, int] = field(default_factory=dict)
    memory: Mapping[int, str] = field(default_factory=dict)

    def text(self, variable: Variable) -> str:
        """` [...]` behind a line, or nothing."""
        words = []
        array = _value(variable)
        if array is not None:
            words.append(array_text(array))
        words += [found for k in (self.number.get(variable),) if (found := self.memory.get(k or 0))]
        if variable.owner is not None and variable in self.number and not words:
            words.append("not stored")
        return f" [{'; '.join(words)}]" if words else ""


def _value(variable: Variable) -> Any:
    if isinstance(variable, Constant):
        return variable.data if variable.data.size > _FEW else None
    get_value = getattr(variable, "get_value", None)
    return None if get_value is None else get_value()


def storage_of(obj: Any) -> Storage:
    """What is known of the memory of an object's values: most of it of a compiled function."""
    stages = getattr(obj, "stages", None)
    descent = None if stages is None else stages.descent
    if descent is None:
        return Storage()
    graph = descent.prepared
    number = numbering(graph.results, graph.inputs, graph.updates)
    return Storage(number, _memory(descent.program))


def _memory(program: Program) -> dict[int, str]:
    by_slot: dict[tuple[int, int], list[Buffer]] = {}
    for buffer in program.buffers:
        if buffer.place == "work" and buffer.comment:
            by_slot.setdefault((buffer.segment, buffer.index), []).append(buffer)
    steps = _steps(program)
    found = {}
    for buffer in program.buffers:
        if not buffer.comment.startswith("%"):
            continue
        number = int(buffer.comment[1:])
        words = [_place(program, buffer)]
        others = by_slot.get((buffer.segment, buffer.index), []) if buffer.place == "work" else []
        shared = [each.comment for each in others if each.number != buffer.number]
        words += [f"memory shared with {', '.join(shared)}"] if shared else []
        words += [f"step {k}" for k in steps.get(number, ())]
        found[number] = ", ".join(words)
    return found


def _place(program: Program, buffer: Buffer) -> str:
    name = f"{buffer.comment} b{buffer.number}"
    if buffer.place == "arg":
        return f"{name}: argument {buffer.index}, {program.interface.args[buffer.index].role}"
    if buffer.place == "out":
        port = program.interface.outs[buffer.index]
        word = f"{name}: {port.role} {buffer.index}"
        return word if port.shared is None else f"{word}, in place of argument {port.shared}"
    return f"{name}: workspace slot {buffer.index}"


def _steps(program: Program) -> dict[int, list[int]]:
    """Per node number the steps that compute it, counted over all segments."""
    found: dict[int, list[int]] = {}
    steps = [step for segment in program.segments for step in segment.steps]
    for k, step in enumerate(steps):
        product = getattr(step, "product", None)
        numbers = {*step.nodes, *(product.nodes if product is not None else ())}
        for number in sorted(numbers):
            found.setdefault(number, []).append(k)
    return found
