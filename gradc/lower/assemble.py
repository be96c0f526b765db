"""Put the Program together: buffers, steps, workspace and named lengths.

Takes ordered tasks; gives a Program.  Buffers are made when a step first asks for them.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradc.graph.op import Apply
from gradc.graph.variable import Variable
from gradc.kernel.loops import Buffer, Segment, Step
from gradc.kernel.notes import Note
from gradc.kernel.program import Program
from gradc.lower.border import Border
from gradc.lower.calls import callbacks, plan_call, plan_check
from gradc.lower.drafts import FoldPlan, Memory
from gradc.lower.layout import Layout, finish_nest
from gradc.lower.memory import plan_memory, uses_of
from gradc.lower.names import Namer
from gradc.lower.nests import draft_nest
from gradc.lower.products import plan_product, shared_panels
from gradc.lower.routines import plan_routine
from gradc.lower.scatter import draft_places, draft_scatter, writes_apart
from gradc.lower.tasks import Item, Task, nest_of
from gradc.lower.titles import Titles
from gradc.lower.updates import Placed
from gradc.lower.values import Values
from gradc.sizes import Size
from gradc.value import replace

__all__ = ["assemble"]


class _Assembly:
    """The buffers and steps of a function in the making."""

    def __init__(
        self,
        values: Values,
        border: Border,
        placed: Placed,
        tasks: Sequence[Task],
    ) -> None:
        self.values, self.border, self.placed = values, border, placed
        self.titles = Titles(values.shapes.number, values.inside)
        self.buffers: list[Buffer] = []
        self.number: dict[Variable, int] = {}
        self.notes: list[Note] = list(values.shapes.notes)
        self.note_number = {note: k for k, note in reversed(list(enumerate(self.notes)))}
        self.segment = 0
        self.callback = {node: k for k, node in enumerate(callbacks(values.graph))}
        self.escaping = self._escaping(tasks)
        for k, each in enumerate(border.arguments):
            self.number[each] = self.add(each.dtype, values.shapes.lengths(each), "arg", k, each)

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
    ) -> int:
        number = len(self.buffers)
        word = self.titles.word(of)
        self.buffers.append(
            Buffer(number, dtype, tuple(shape), place, index, self.segment, word)  # type: ignore[arg-type]
        )
        return number

    def buffer(self, variable: Variable) -> int:
        """The buffer a value lives in."""
        root = self.values.memory(variable)
        if root not in self.number:
            out = self.placed.outs.get(root)
            place = "work" if out is None else "out"
            shown = root if out is None else self.border.results[out]  # it may be reshaped
            lengths = self.values.shapes.lengths(shown)
            self.number[root] = self.add(root.dtype, lengths, place, out or 0, shown)
        return self.number[root]

    def memory(self) -> Memory:
        return Memory(
            self.buffer,
            lambda variable: variable in self.escaping,
            lambda dtype, shape: self.add(dtype, shape, "scratch"),
            lambda dtype, shape: self.add(dtype, shape, "work"),
            self._note,
        )

    def _note(self, note: Note) -> int:
        if note not in self.note_number:
            self.note_number[note] = len(self.notes)
            self.notes.append(note)
        return self.note_number[note]

    # -- steps -----------------------------------------------------------------------------------

    def steps(self, task: Task) -> list[Step]:
        """The steps of one task."""
        self.segment = task.segment
        if task.kind == "product":
            assert task.node is not None
            return self._product(task.node)
        if task.kind == "scatter":
            return self._scatter(task)
        if task.kind == "routine":
            assert task.node is not None
            title, nodes = self.titles.node(task.node)
            return [plan_routine(self.values, task.node, self.memory(), title, nodes)]
        if task.kind == "places":
            return [self._places(task)]
        if task.kind == "join":
            return []
        if task.node is not None and task.kind in ("call", "check"):
            return [self._call(task.node)]
        return self._nest(task)

    def _call(self, node: Apply) -> Step:
        """A step of Python's, or a condition."""
        title, nodes = self.titles.node(node)
        if node in self.callback:
            return plan_call(self.values, node, self.buffer, self.callback[node], title, nodes)
        return plan_check(self.values, node, self.buffer, self._note, title, nodes)

    def _product(self, node: Apply) -> list[Step]:
        """A product, behind the step that packs its right operand where it has one."""
        title, nodes = self.titles.node(node)
        step = plan_product(self.values, node, self.buffer, title, nodes)
        shared = shared_panels(step, lambda dtype, shape: self.add(dtype, shape, "work"))
        return [step] if shared is None else [*shared]

    def _layout(self, serial: bool = False) -> Layout:
        return Layout(
            lambda dtype, shape: self.add(dtype, shape, "partial"), self._fold_out, serial=serial
        )

    def _fold_out(self, plan: FoldPlan) -> int:
        return self.buffer(plan.item.out)

    def _nest(self, task: Task) -> list[Step]:
        layout = self._layout()
        first: list[Step] = []
        if task.product is not None:
            assert task.product.node is not None
            *first, layout.rows = self._product(task.product.node)  # type: ignore[assignment]
        draft = draft_nest(task, self.values, self.memory())
        title, nodes = self.titles.nest(task, self.escaping)
        return [*first, finish_nest(draft, layout, title, nodes)]

    def _places(self, task: Task) -> Step:
        """The places of a scatter that runs behind the commit, tested ahead of it."""
        assert task.node is not None
        _, nodes = self.titles.node(task.node)
        draft = draft_places(task.node, self.values, self.memory())
        title = f"places of {self.titles.word(task.node.outputs[0])}"
        return finish_nest(draft, self._layout(), title, nodes)

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


def assemble(
    values: Values,
    border: Border,
    placed: Placed,
    order: Sequence[Task],
    commit: dict[int, int],
) -> Program:
    """The Program of tasks in order; `commit` counts the tasks before the commit a segment."""
    assembly = _Assembly(values, border, placed, order)
    count = placed.last + 1
    steps: list[list[Step]] = [[] for _ in range(count)]
    commits = [-1] * count
    seen = [0] * count
    for task in order:
        k = task.segment
        if commit.get(k) == seen[k]:
            commits[k] = len(steps[k])
        seen[k] += 1
        steps[k].extend(assembly.steps(task))
    return _finish(assembly, steps, commits)


def _result_segments(values: Values, border: Border) -> list[int]:
    """The segment whose plan knows the lengths of each result."""
    shapes = values.shapes
    return [max([0, *(shapes.level(n) for n in shapes.lengths(each))]) for each in border.results]


def _finish(assembly: _Assembly, steps: list[list[Step]], commits: list[int]) -> Program:
    values, border = assembly.values, assembly.border
    shapes = values.shapes
    data = {k: assembly.buffer(each) for k, each in enumerate(shapes.data)}
    lasting = _lasting(steps) | set(data.values())
    slots = []
    for k, segment_steps in enumerate(steps):
        slots.append(plan_memory(assembly.buffers, segment_steps, lasting, k))
    namer = Namer(shapes, data)
    named_steps = [tuple(namer.part(step) for step in each) for each in steps]
    named_slots = [tuple(namer.part(slot) for slot in each) for each in slots]
    buffers = tuple(namer.part(buffer) for buffer in assembly.buffers)
    checks = [(k, namer.check(check)) for k, check in shapes.checks]
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
    interface = border.interface(_result_segments(values, border), len(namer.entries), values.loose)
    interface = replace(interface, segments=len(steps))
    return Program(interface, buffers, segments, tuple(assembly.notes))


def _lasting(steps: list[list[Step]]) -> set[int]:
    """Buffers that a later segment reads."""
    written: dict[int, int] = {}
    found: set[int] = set()
    for k, segment in enumerate(steps):
        for step in segment:
            uses = uses_of(step)
            found |= {b for b in uses.reads if written.get(b, k) < k}
            for b in uses.writes:
                written.setdefault(b, k)
    return found
