"""Put the Program together: buffers, steps, workspace and named lengths.

Takes ordered tasks; gives a Program.  Buffers are made when a step first asks for them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from gradc.control.frame import frame_of
from gradc.graph.op import Apply
from gradc.graph.variable import Constant, Variable
from gradc.kernel.loops import Buffer, Check, Product, Routine, Segment, Step
from gradc.kernel.notes import Note
from gradc.kernel.program import Program
from gradc.lower.border import Border
from gradc.lower.calls import callbacks, plan_call, plan_check
from gradc.lower.drafts import FoldPlan, Memory
from gradc.lower.items import copy_of
from gradc.lower.layout import Layout, finish_nest, has_rows
from gradc.lower.memory import lasting_buffers, plan_memory
from gradc.lower.names import Namer
from gradc.lower.nests import draft_nest
from gradc.lower.packs import packed_once
from gradc.lower.products import plan_product, shared_panels
from gradc.lower.repeats import Unplanned, bounded, plan_repeat
from gradc.lower.routines import plan_routine
from gradc.lower.scatter import draft_places, draft_scatter, writes_apart
from gradc.lower.tasks import Item, Task, nest_of
from gradc.lower.titles import Titles
from gradc.lower.updates import Placed
from gradc.lower.values import Values
from gradc.ops.kinds import Routine as RoutineKind
from gradc.sizes import Size, size
from gradc.value import replace

__all__ = ["Assembly", "StepAssembly", "assemble"]


_START = size(0)


class Assembly:
    """The buffers and steps of a function, or of the step of a loop in it, in the making.

    nested: lowers the step of a loop; segments: the steps so far.
    """

    def __init__(
        self,
        values: Values,
        border: Border,
        placed: Placed,
        tasks: Sequence[Task],
        nested: Callable[..., Assembly],
    ) -> None:
        self.values, self.border, self.placed = values, border, placed
        self.titles = Titles(values)
        self.buffers: list[Buffer] = []
        self.number: dict[Variable, int] = {}
        self.notes: list[Note] = list(values.shapes.notes)
        self.note_number = {note: k for k, note in reversed(list(enumerate(self.notes)))}
        self.segment = 0
        self.nested = nested
        self.segments: list[list[Step]] = [[] for _ in range(placed.last + 1)]
        self.callback = {node: k for k, node in enumerate(callbacks(values.graph))}
        self.escaping = self._escaping(tasks)
        self._arguments()

    def _arguments(self) -> None:
        for k, each in enumerate(self.border.arguments):
            lengths = self.values.shapes.lengths(each)
            self.number[each] = self.add(each.dtype, lengths, "arg", k, each)

    def is_read(self, variable: Variable) -> bool:
        """Whether somebody reads a value, or the call returns it."""
        return variable in self.escaping

    def _escaping(self, tasks: Sequence[Task]) -> set[Variable]:
        """Values that another task than their own reads, or that the call returns."""
        found = set(self.placed.outs) | set(self.values.shapes.data)
        for task in tasks:
            inside = {item.out for item in task.items}
            found |= task.reads - inside
        return found

    def add(
        self,
        dtype: str,
        shape: Sequence[Size],
        place: str,
        index: int = 0,
        of: Variable | None = None,
        offset: Size = _START,
    ) -> int:
        """A new buffer."""
        number = len(self.buffers)
        word = self.titles.word(of)
        self.buffers.append(
            Buffer(number, dtype, tuple(shape), place, index, self.segment, word, offset)  # type: ignore[arg-type]
        )
        return number

    def window(self, buffer: int, offset: Size, dtype: str, shape: Sequence[Size]) -> int:
        """A buffer that is a part of another one."""
        outside = self.buffers[buffer]
        if outside.place == "window":
            buffer, offset = outside.index, outside.offset + offset
        return self.add(dtype, shape, "window", buffer, offset=offset)

    def buffer(self, variable: Variable) -> int:
        """The buffer a value lives in."""
        root = self.values.memory(variable)
        if root not in self.number:
            out = self.placed.outs.get(root)
            if out is None:
                lengths = self.values.shapes.lengths(root)
                ring = self.values.rings.get(root)
                lengths = lengths if ring is None else (size(ring.rows), *lengths[1:])
                self.number[root] = self.add(root.dtype, lengths, "work", 0, root)
            else:
                self.number[root] = self.result(out, root)
        return self.number[root]

    def result(self, out: int, root: Variable) -> int:
        """The buffer of a result."""
        shown = self.border.results[out]  # it may be reshaped
        lengths = self.values.shapes.lengths(shown)
        return self.add(root.dtype, lengths, "out", out, shown)

    def memory(self) -> Memory:
        """What a nest asks of memory."""
        return Memory(
            self.buffer,
            lambda variable: variable in self.escaping,
            lambda dtype, shape: self.add(dtype, shape, "scratch"),
            lambda dtype, shape: self.add(dtype, shape, "work"),
            self.note,
        )

    def note(self, note: Note) -> int:
        """The number of a note."""
        if note not in self.note_number:
            self.note_number[note] = len(self.notes)
            self.notes.append(note)
        return self.note_number[note]

    # -- steps -----------------------------------------------------------------------------------

    def steps(self, task: Task) -> list[Step]:
        """The steps of one task."""
        self.enter(task.segment)
        if task.kind == "product":
            assert task.node is not None
            return self._product(task.node)
        if task.kind == "scatter":
            return self._scatter(task)
        if task.kind == "routine":
            assert task.node is not None
            return [self._routine(task.node)]
        if task.kind == "places":
            return [self._places(task)]
        if task.kind == "join":
            return []
        if task.kind == "loop":
            assert task.node is not None
            return self._loop(task.node)
        if task.node is not None and task.kind in ("call", "check"):
            return [self._call(task.node)]
        return self._nest(task)

    def _call(self, node: Apply) -> Step:
        """A step of Python's, or a condition."""
        title, nodes = self.titles.node(node)
        if node in self.callback:
            return plan_call(self.values, node, self.buffer, self.callback[node], title, nodes)
        return plan_check(self.values, node, self.buffer, self.note, title, nodes)

    def enter(self, segment: int) -> None:
        """From here on buffers belong to a segment."""
        self.segment = segment

    def run(self, order: Sequence[Task]) -> None:
        """Write the steps of all tasks."""
        for task in order:
            self.segments[task.segment].extend(self.steps(task))

    def _loop(self, node: Apply) -> list[Step]:
        """A loop, behind the copies of where its states begin."""
        title, nodes = self.titles.node(node)
        _, _, firsts, _ = frame_of(node.op.keywords).apart(node.inputs)
        steps = plan_repeat(self, node, self.nested, title, nodes)
        copies: list[Step] = []
        for trace, first in zip(node.outputs, firsts, strict=False):
            if self.values.memory(trace) in self.number:
                copies.append(self._copied(first, self.buffer(trace)))
        return [*copies, *steps]

    def _copied(self, x: Variable, into: int) -> Step:
        """The step that copies an array into a buffer."""
        copy = copy_of(self.values, x)
        self.number[copy] = into
        self.escaping.add(copy)
        first = nest_of(-1, self.values, Item(copy, None, copy, (x,)))
        draft = draft_nest(first, self.values, self.memory())
        return finish_nest(draft, self._layout(), "first rows", ())

    def _product(self, node: Apply) -> list[Step]:
        """A product, behind the step that packs its right operand where it has one."""
        title, nodes = self.titles.node(node)
        step = plan_product(self.values, node, self.buffer, title, nodes)
        shared = shared_panels(step, lambda dtype, shape: self.add(dtype, shape, "work"))
        return [step] if shared is None else [*shared]

    def _routine(self, node: Apply) -> Routine:
        title, nodes = self.titles.node(node)
        return plan_routine(self.values, node, self.memory(), title, nodes)

    def _images(self, node: Apply, task: Task) -> Step:
        """A routine with the nest that runs behind each of its images."""
        if task.into is not None:
            self.number[node.outputs[0]] = self.buffer(task.into)
        step = self._routine(node)
        layout = self._layout()
        layout.cut = 1
        title, nodes = self.titles.nest(task, self.escaping)
        nest = finish_nest(draft_nest(task, self.values, self.memory()), layout, title, nodes)
        return replace(step, after=nest)

    def _layout(self, serial: bool = False) -> Layout:
        return Layout(
            lambda dtype, shape: self.add(dtype, shape, "partial"), self._fold_out, serial=serial
        )

    def _fold_out(self, plan: FoldPlan) -> int:
        return self.buffer(plan.item.out)

    def _nest(self, task: Task) -> list[Step]:
        layout = self._layout()
        node = None if task.product is None else task.product.node
        if node is not None and isinstance(node.op.rule, RoutineKind):
            return [self._images(node, task)]
        first = [] if node is None else self._product(node)
        draft = draft_nest(task, self.values, self.memory())
        rows = first[-1] if first else None
        if isinstance(rows, Product) and has_rows(rows, draft):
            layout.rows = rows
            del first[-1]
        title, nodes = self.titles.nest(task, self.escaping)
        return [*first, finish_nest(draft, layout, title, nodes)]

    def _places(self, task: Task) -> Step:
        """The places of a scatter or gather, tested ahead of it."""
        assert task.node is not None
        _, nodes = self.titles.node(task.node)
        draft = draft_places(task.node, self.values, self.memory(), task.idle)
        title = f"places of {self.titles.word(task.node.outputs[0])}"
        title += "" if task.idle is None else ", where no loop tests them"
        return finish_nest(draft, self._layout(serial=task.idle is not None), title, nodes)

    def _scatter(self, task: Task) -> list[Step]:
        assert task.node is not None
        out, base = task.node.outputs[0], task.node.inputs[0]
        title, nodes = self.titles.node(task.node)
        draft = draft_scatter(task.node, self.values, self.memory(), task.is_tested)
        apart = task.base is None and writes_apart(task.node, self.values)
        layout = self._layout(serial=not apart)
        if task.base is not None:
            layout.base = self.buffer(task.base)
        put = finish_nest(draft, layout, title, nodes)
        if task.base is not None or self.values.root(base) in self.values.becomes:
            return [put]
        first = nest_of(-1, self.values, Item(out, None, out, (base,)))
        start = finish_nest(
            draft_nest(first, self.values, self.memory()), self._layout(), "copy of the base", nodes
        )
        return [start, put]


class StepAssembly(Assembly):
    """That of the step of a loop: into the buffers of what the loop stands in.

    node: the loop.  places: the buffers of its leaves.  outs: those of its results.
    """

    def __init__(
        self,
        values: Values,
        border: Border,
        placed: Placed,
        tasks: Sequence[Task],
        outer: Assembly,
        node: Apply,
        places: Mapping[Variable, int],
        outs: Sequence[int],
    ) -> None:
        self.outer, self.node, self.places, self.outs = outer, node, places, outs
        super().__init__(values, border, placed, tasks, outer.nested)
        self.segment = outer.segment

    def _arguments(self) -> None:
        self.buffers = self.outer.buffers
        self.first = len(self.buffers)
        self.number.update(self.places)

    def enter(self, segment: int) -> None:
        """Turns of a loop run within one segment."""

    def result(self, out: int, root: Variable) -> int:
        """The buffer of a result is there."""
        return self.outs[out]

    def buffer(self, variable: Variable) -> int:
        """The buffer a value lives in; a leaf without one is a number that is asked for as array.

        Raises: Unplanned.
        """
        root = self.values.memory(variable)
        is_loose = isinstance(root, Constant) and root not in self.number
        if root in self.values.numbers or is_loose:
            raise Unplanned(self.node)
        return super().buffer(variable)

    def note(self, note: Note) -> int:
        """The number of a note, among those of the function."""
        return self.outer.note(note)

    def require_planned(self, is_fixed: Callable[[Size], bool]) -> None:
        """Let no buffer of the step have lengths that differ from turn to turn.

        Raises: Unplanned where one has no bound.
        """
        for number in range(self.first, len(self.buffers)):
            buffer = self.buffers[number]
            if buffer.place == "window" or all(map(is_fixed, buffer.shape)):
                continue
            shape = [bounded(n, is_fixed) for n in buffer.shape]
            known = tuple(n for n in shape if n is not None)
            if len(known) < len(shape):
                raise Unplanned(self.node)
            self.buffers[number] = replace(buffer, shape=known)


def assemble(assembly: Assembly, order: Sequence[Task], commit: dict[int, int]) -> Program:
    """The Program of tasks in order; `commit` counts the tasks before the commit a segment."""
    commits = [-1] * len(assembly.segments)
    seen = [0] * len(assembly.segments)
    for task in order:
        k = task.segment
        if commit.get(k) == seen[k]:
            commits[k] = len(assembly.segments[k])
        seen[k] += 1
        assembly.segments[k].extend(assembly.steps(task))
    return _finish(assembly, assembly.segments, commits)


def _finish(assembly: Assembly, steps: list[list[Step]], commits: list[int]) -> Program:
    values, border = assembly.values, assembly.border
    shapes = values.shapes
    data = {k: assembly.buffer(each) for k, each in enumerate(shapes.data)}
    pairs = [packed_once(*each, assembly.buffers) for each in zip(steps, commits, strict=True)]
    steps, commits = [each for each, _ in pairs], [commit for _, commit in pairs]
    lasting = lasting_buffers(steps) | set(data.values())
    slots = []
    for k, segment_steps in enumerate(steps):
        slots.append(plan_memory(assembly.buffers, segment_steps, lasting, k))
    namer = Namer(shapes, data)
    named_steps = [tuple(namer.part(step) for step in each) for each in steps]
    named_slots = [tuple(namer.part(slot) for slot in each) for each in slots]
    buffers = tuple(namer.part(buffer) for buffer in assembly.buffers)
    checks = [(k, namer.check(_noted(assembly, check))) for k, check in shapes.checks]
    definitions = namer.defined()
    segments = tuple(
        Segment(
            tuple(d for level, d in definitions if level == k),
            tuple(check for level, check in checks if level == k),
            named_slots[k],
            named_steps[k],
            commits[k] if commits[k] >= 0 else len(named_steps[k]),
        )
        for k in range(len(steps))
    )
    interface = border.interface(border.levels(shapes), len(namer.entries), values.loose)
    interface = replace(interface, segments=len(steps))
    return Program(interface, buffers, segments, tuple(assembly.notes))


def _noted(assembly: Assembly, check: Check) -> Check:
    """A condition with its note's number among all; loops add conditions late."""
    note = assembly.values.shapes.notes[check.note]
    is_early = check.note < len(assembly.notes) and assembly.notes[check.note] == note
    return check if is_early else replace(check, note=assembly.note(note))
