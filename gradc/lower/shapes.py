"""What is known of lengths while lowering.

A Shapes holds, per variable, its lengths and, for integer scalars, its value as a size; the
conditions the call must satisfy, each with a Note in the user's words; and the segment a variable
can be computed in.  Lengths that must agree are unified, so that equal lengths are equal values.
`gradc.lower.analysis` fills it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from gradc.graph.op import Apply, Operand, Shape
from gradc.graph.variable import Variable
from gradc.kernel.loops import Check
from gradc.kernel.notes import Note
from gradc.sizes import Atom, Call, Length, Size, deep_atoms, product

__all__ = ["Shapes", "single_length"]


@dataclass
class Shapes:
    """What is known of lengths; filled once by `analyse`, then only read.

    number: of each variable in the printed graph; notes speak of variables by it.
    data: integer scalars whose value becomes a length only when they have been computed; the key
    of Length("data", k) is its position.  word: what that group is called, inside a loop another.
    """

    arguments: tuple[Variable, ...]
    number: dict[Variable, int] = field(default_factory=dict)
    shape: dict[Variable, Shape] = field(default_factory=dict)
    value: dict[Variable, Size] = field(default_factory=dict)
    segment: dict[Variable, int] = field(default_factory=dict)
    checks: list[tuple[int, Check]] = field(default_factory=list)  # (segment, check)
    notes: list[Note] = field(default_factory=list)
    data: list[Variable] = field(default_factory=list)
    word: str = "data"
    _same: dict[Atom, Size] = field(default_factory=dict)
    _known: set[tuple[str, Size, Size]] = field(default_factory=set)  # conditions
    _resolved: dict[Size, Size] = field(default_factory=dict)  # since the last unification
    _lengths: dict[Variable, Shape] = field(default_factory=dict)  # since the last unification

    def resolve(self, value: Size) -> Size:
        """The size with every unified length replaced by what stands for it."""
        if not self._same or value.constant is not None:
            return value
        found = self._resolved.get(value)
        if found is None:
            found = value
            while (better := found.substitute(self._same)) != found:
                found = better
            self._resolved[value] = found
            atom = single_length(value)
            if atom in self._same:
                self._same[atom] = found  # a long way is walked once
        return found

    def lengths(self, variable: Variable) -> Shape:
        """The lengths of a variable, unified."""
        found = self._lengths.get(variable)
        if found is None:
            found = self._lengths[variable] = tuple(map(self.resolve, self.shape[variable]))
        return found

    def elements(self, variable: Variable) -> Size:
        """How many numbers a variable holds."""
        return product(self.lengths(variable))

    def operands(self, node: Apply) -> list[Operand]:
        """What shape rules and index maps need of a node's inputs."""
        return [Operand(self.lengths(each), self._resolved_value(each)) for each in node.inputs]

    def _resolved_value(self, variable: Variable) -> Size | None:
        value = self.value.get(variable)
        return None if value is None else self.resolve(value)

    def is_size(self, variable: Variable) -> bool:
        """Whether the value is known as a size: loops need not read it from memory."""
        return variable in self.value and variable not in self.data

    def level(self, value: Size) -> int:
        """The first segment whose plan can compute this size."""
        return max((self._atom_level(atom) for atom in value.atoms), default=0)

    def _atom_level(self, atom: Atom) -> int:
        if isinstance(atom, Call):
            return max((self.level(arg) for arg in atom.args), default=0)
        return self.segment[self.data[atom.index]] + 1 if atom.group == self.word else 0

    def require_equal(self, left: Size, right: Size, note: Note) -> None:
        """Left and right must agree at the call; from here on they are one length."""
        left, right = self.resolve(left), self.resolve(right)
        if left == right:
            return
        self.check("equal", left, right, note)
        for old, new in ((right, left), (left, right)):
            atom = single_length(old)
            if atom is None or atom in deep_atoms(new):
                continue
            if self.level(new) <= self.level(old):  # never wait for what a later segment plans
                self._same[atom] = new
                self._resolved.clear()
                self._lengths.clear()
                return

    def inside(self, word: str) -> Shapes:
        """What is known of lengths inside a loop, before anything of its step is looked at."""
        inner = Shapes(self.arguments, self.number, word=word)
        inner._same.update(self._same)
        return inner

    def segments(self, results: Iterable[Variable]) -> int:
        """How many segments the function has, `results` being what it computes."""
        levels = [0, *(level for level, _ in self.checks)]
        for each in results:
            levels += [self.segment[each], *(self.level(n) for n in self.lengths(each))]
        return 1 + max(levels)

    def note(
        self, error: str, what: str, where: Sequence[Variable], fix: str, about: Apply | None = None
    ) -> Note:
        """A Note about variables: {x0}, {x1}... are their names, {at} is the line of a node."""
        rows = tuple(self.number[each] for each in where)
        return Note(
            error, what, rows, fix, None if about is None else self.number[about.outputs[0]]
        )

    def check(self, rule: str, left: Size, right: Size, note: Note) -> None:
        """Add a condition for the plan of the first segment that can verify it."""
        if (rule, left, right) in self._known:
            return
        self._known.add((rule, left, right))
        known = Check(rule, left, right, len(self.notes))  # type: ignore[arg-type]
        self.checks.append((max(self.level(left), self.level(right)), known))
        self.notes.append(note)


def single_length(value: Size) -> Length | None:
    """The length, if the size is just that."""
    if len(value.terms) == 1 and value.terms[0][1] == 1 and len(value.terms[0][0]) == 1:
        atom = value.terms[0][0][0]
        return atom if isinstance(atom, Length) else None
    return None
