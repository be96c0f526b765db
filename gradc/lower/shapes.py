"""Lengths of every value, as size expressions over the lengths of the arguments.

Takes a graph; gives a Shapes: per variable its lengths and, for integer scalars, its value as a
size; the equations between lengths that the call must satisfy (each a Check with a Note naming the
two lines); and per variable the segment it can be computed in.  Lengths that must agree are
unified, so that equal lengths are equal values further down.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gradc.graph.describe import where
from gradc.graph.graph import Graph
from gradc.graph.op import Apply, Operand, Shape
from gradc.graph.variable import Constant, Variable
from gradc.kernel.loops import Check, Note
from gradc.ops.kinds import (
    Contract,
    Elemwise,
    Gather,
    Gemm,
    LengthOf,
    Reduce,
    Relabel,
    Scatter,
    View,
)
from gradc.sizes import Atom, Call, Length, Size, product, size

__all__ = ["Shapes", "analyse_shapes"]


@dataclass
class Shapes:
    """What is known of lengths; filled once by `analyse_shapes`, then only read.

    data: integer scalars whose value becomes a length only when they have been computed; the key
    of Length("data", k) is its position.
    """

    arguments: tuple[Variable, ...]
    shape: dict[Variable, Shape] = field(default_factory=dict)
    value: dict[Variable, Size] = field(default_factory=dict)
    segment: dict[Variable, int] = field(default_factory=dict)
    checks: list[tuple[int, Check]] = field(default_factory=list)  # (segment, check)
    notes: list[Note] = field(default_factory=list)
    data: list[Variable] = field(default_factory=list)
    _same: dict[Atom, Size] = field(default_factory=dict)

    def resolve(self, value: Size) -> Size:
        """The size with every unified length replaced by what stands for it."""
        while True:
            better = value.substitute(self._same)
            if better == value:
                return value
            value = better

    def lengths(self, variable: Variable) -> Shape:
        """The lengths of a variable, unified."""
        return tuple(self.resolve(n) for n in self.shape[variable])

    def elements(self, variable: Variable) -> Size:
        """How many numbers a variable holds."""
        return product(self.lengths(variable))

    def operands(self, node: Apply) -> list[Operand]:
        """What shape rules and index maps need of a node's inputs."""
        return [Operand(self.lengths(each), self._resolved_value(each)) for each in node.inputs]

    def _resolved_value(self, variable: Variable) -> Size | None:
        value = self.value.get(variable)
        return None if value is None else self.resolve(value)

    def level(self, value: Size) -> int:
        """The first segment whose plan can compute this size."""
        return max((self._atom_level(atom) for atom in value.atoms), default=0)

    def _atom_level(self, atom: Atom) -> int:
        if isinstance(atom, Call):
            return max((self.level(arg) for arg in atom.args), default=0)
        return self.segment[self.data[atom.index]] + 1 if atom.group == "data" else 0

    def require_equal(self, left: Size, right: Size, note: Note) -> None:
        """Left and right must agree at the call; from here on they are one length."""
        left, right = self.resolve(left), self.resolve(right)
        if left == right:
            return
        self.check("equal", left, right, note)
        for old, new in ((right, left), (left, right)):
            atom = _single_length(old)
            if atom is not None and atom not in _deep_atoms(new):
                self._same[atom] = new
                return

    def check(self, rule: str, left: Size, right: Size, note: Note) -> None:
        """Add a condition for the plan of the first segment that can verify it."""
        known = Check(rule, left, right, len(self.notes))  # type: ignore[arg-type]
        self.checks.append((max(self.level(left), self.level(right)), known))
        self.notes.append(note)


def _single_length(value: Size) -> Length | None:
    if len(value.terms) == 1 and value.terms[0][1] == 1 and len(value.terms[0][0]) == 1:
        atom = value.terms[0][0][0]
        return atom if isinstance(atom, Length) else None
    return None


def _deep_atoms(value: Size) -> set[Atom]:
    found: set[Atom] = set()
    stack = [value]
    while stack:
        for atom in stack.pop().atoms:
            found.add(atom)
            if isinstance(atom, Call):
                stack.extend(atom.args)
    return found


def analyse_shapes(graph: Graph, arguments: tuple[Variable, ...]) -> Shapes:
    """Lengths, checks and segments of every variable of the graph."""
    shapes = Shapes(arguments)
    for k, leaf in enumerate(arguments):
        _leaf(shapes, leaf, k)
    for node in graph.nodes:
        for each in node.inputs:
            if isinstance(each, Constant) and each not in shapes.shape:
                _constant(shapes, each)
        _node(shapes, node)
    for each in graph.results:
        if isinstance(each, Constant) and each not in shapes.shape:
            _constant(shapes, each)
    return shapes


def _leaf(shapes: Shapes, leaf: Variable, k: int) -> None:
    if isinstance(leaf, Constant):
        _constant(shapes, leaf)
        return
    shapes.shape[leaf] = tuple(
        size(Length("arg", k, axis)) if n is None else size(n)
        for axis, n in enumerate(leaf.type.shape)
    )
    shapes.segment[leaf] = 0
    if _is_integer_scalar(leaf):
        shapes.value[leaf] = size(Length("value", k))


def _constant(shapes: Shapes, constant: Constant) -> None:
    shapes.shape[constant] = tuple(size(n) for n in constant.data.shape)
    shapes.segment[constant] = 0
    if _is_integer_scalar(constant):
        shapes.value[constant] = size(int(constant.data))


def _is_integer_scalar(variable: Variable) -> bool:
    return variable.ndim == 0 and variable.dtype.startswith(("int", "uint"))


def _node(shapes: Shapes, node: Apply) -> None:
    rule = node.op.rule
    segment = max((shapes.segment[each] for each in node.inputs), default=0)
    if isinstance(rule, (View, Relabel)) or node.op.kind == "Iota":
        first = 0 if node.op.kind == "Iota" else 1
        for each in node.inputs[first:]:
            _as_length(shapes, each)
    _equations(shapes, node)
    lengths = rule.lengths(shapes.operands(node), node.op.keywords)
    for output, shape in zip(node.outputs, lengths, strict=True):
        known = tuple(
            n if static is None else size(static)
            for n, static in zip(shape, output.type.shape, strict=True)
        )
        shapes.shape[output] = known
        shapes.segment[output] = max([segment, *(shapes.level(n) for n in known)])
    if isinstance(rule, View):
        _view_bounds(shapes, node, rule)
    if _is_integer_scalar(node.outputs[0]):
        _scalar_value(shapes, node)


def _as_length(shapes: Shapes, variable: Variable) -> None:
    """Make sure an integer scalar has a value as a size: computed ones cut the program here."""
    if variable not in shapes.value:
        shapes.value[variable] = size(Length("data", len(shapes.data)))
        shapes.data.append(variable)


def _scalar_value(shapes: Shapes, node: Apply) -> None:
    rule, output = node.op.rule, node.outputs[0]
    if isinstance(rule, LengthOf):
        shapes.value[output] = shapes.lengths(node.inputs[0])[node.op.keywords["axis"]]
        shapes.segment[output] = shapes.level(shapes.value[output])
    elif isinstance(rule, Elemwise) and rule.on_sizes is not None:
        values = [shapes.value.get(each) for each in node.inputs]
        if all(value is not None for value in values):
            shapes.value[output] = rule.on_sizes(*values)
            shapes.segment[output] = shapes.level(shapes.value[output])


# -- equations that the call must satisfy --------------------------------------------------------


def _equations(shapes: Shapes, node: Apply) -> None:
    rule = node.op.rule
    if isinstance(rule, Elemwise):
        _broadcast_equations(shapes, node, node.inputs)
    elif isinstance(rule, (Gather, Scatter)) and node.op.keywords.get("through") is None:
        first = 1 if isinstance(rule, Gather) else 2
        _broadcast_equations(shapes, node, node.inputs[first:])
        if isinstance(rule, Scatter):
            _scatter_equations(shapes, node)
    elif isinstance(rule, Scatter):
        _scatter_view_equations(shapes, node)
    elif isinstance(rule, (Contract, Gemm)):
        _contract_equations(shapes, node)
    elif isinstance(rule, Reduce) and rule.needs_elements:
        _reduce_check(shapes, node)
    elif isinstance(rule, Relabel):
        _relabel_equation(shapes, node)


def _broadcast_equations(shapes: Shapes, node: Apply, inputs: tuple[Variable, ...]) -> None:
    if not inputs:
        return
    for axis in range(inputs[0].ndim):
        real = [each for each in inputs if each.type.shape[axis] != 1]
        for other in real[1:]:
            left, right = shapes.shape[real[0]][axis], shapes.shape[other][axis]
            shapes.require_equal(left, right, _axis_note(shapes, node, axis, real[0], other))


def _place(node: Apply) -> str:
    """Where the user wrote the node; a Note's text is a template, so braces are doubled."""
    return _braces(f" ({node.site})") if node.site else ""


def _braces(text: object) -> str:
    return str(text).replace("{", "{{").replace("}", "}}")


def _origin(shapes: Shapes, variable: Variable, axis: int) -> tuple[Variable, int]:
    """The argument that has this length, and on which axis; else the variable itself."""
    atom = _single_length(shapes.shape[variable][axis])
    if variable.owner is None or atom is None or atom.group != "arg":
        return variable, axis
    return shapes.arguments[atom.index], atom.axis


def _axis_note(shapes: Shapes, node: Apply, axis: int, left: Variable, right: Variable) -> Note:
    (one, i), (other, j) = _origin(shapes, left, axis), _origin(shapes, right, axis)
    rows = (where(one), where(other))
    if one.owner is None and other.owner is None:
        first = f'"{_braces(one)}"' if i == j else f'axis {i} of "{_braces(one)}"'
        what = (
            f'{{function}}: axis {j} of "{_braces(other)}" has length {{v1}} where {first} '
            f"has {{v0}}; {node.op.name}{_place(node)} needs them equal."
        )
    else:
        what = (
            f"{{function}}: {node.op.name}{_place(node)} needs axis {axis} of its operands equal, "
            "got lengths {v0} and {v1}."
        )
    fix = "pass arrays of one length."
    if other is right:
        fix = f'{fix[:-1]}, or declare axis {j} of "{other}" as 1 if it should broadcast.'
    return Note("ArgumentError", what, rows, fix)


def _plain_note(node: Apply, what: str, fix: str, inputs: tuple[Variable, ...]) -> Note:
    place = _place(node)
    rows = tuple(where(each) for each in inputs)
    return Note("ArgumentError", f"{{function}}: {node.op.name}{place}: {what}", rows, fix)


def _contract_equations(shapes: Shapes, node: Apply) -> None:
    keywords = node.op.keywords
    operands = [(node.inputs[0], keywords["x"]), (node.inputs[1], keywords["y"])]
    if isinstance(node.op.rule, Gemm):
        operands = [
            (node.inputs[2], keywords["x"]),
            (node.inputs[3], keywords["y"]),
            (node.inputs[0], keywords["out"]),
        ]
    seen: dict[str, tuple[Variable, int]] = {}
    for variable, letters in operands:
        for axis, letter in enumerate(letters):
            if letter in seen:
                _contract_equation(shapes, node, seen[letter], (variable, axis))
            else:
                seen[letter] = (variable, axis)


def _contract_equation(
    shapes: Shapes, node: Apply, left: tuple[Variable, int], right: tuple[Variable, int]
) -> None:
    note = Note(
        "ArgumentError",
        f"{{function}}: matrix product{_place(node)}: axis {left[1]} of the left operand has "
        f"length {{v0}}, axis {right[1]} of the right one {{v1}}.",
        (where(left[0]), where(right[0])),
        "pass arrays whose lengths agree; a transpose (x.T) may be missing.",
    )
    lengths = shapes.shape[left[0]][left[1]], shapes.shape[right[0]][right[1]]
    shapes.require_equal(*lengths, note)


def _scatter_equations(shapes: Shapes, node: Apply) -> None:
    base, values, *indices = node.inputs
    index_shape = [
        next((shapes.shape[i][axis] for i in indices if i.type.shape[axis] != 1), size(1))
        for axis in range(indices[0].ndim)
    ]
    expected = (*index_shape, *shapes.shape[base][len(indices) :])
    _values_equations(shapes, node, values, expected)


def _scatter_view_equations(shapes: Shapes, node: Apply) -> None:
    through = node.op.keywords["through"]
    values, scalars = node.inputs[1], node.inputs[2:]
    for each in scalars:
        _as_length(shapes, each)
    operands = shapes.operands(node)
    inner = [operands[0], *operands[2:]]
    (expected,) = through.rule.lengths(inner, through.keywords)
    _values_equations(shapes, node, values, expected)


def _values_equations(
    shapes: Shapes, node: Apply, values: Variable, expected: tuple[Size, ...]
) -> None:
    for axis, (left, right) in enumerate(zip(expected, shapes.shape[values], strict=True)):
        note = _plain_note(
            node,
            f"axis {axis} of the values has length {{v1}}, the places have {{v0}}.",
            "pass values of the shape of what they replace.",
            (values,),
        )
        shapes.require_equal(left, right, note)


def _reduce_check(shapes: Shapes, node: Apply) -> None:
    shape, axes = shapes.lengths(node.inputs[0]), node.op.keywords["axes"]
    folded = product([shape[axis] for axis in axes])
    kept = product([n for axis, n in enumerate(shape) if axis not in axes])
    if folded.constant is not None and folded.constant > 0:
        return
    note = _plain_note(
        node,
        "an empty axis has no such value (zero elements to reduce).",
        "pass arrays with at least one element along the reduced axes.",
        (node.inputs[0],),
    )
    shapes.check("positive", folded, kept, note)


def _relabel_equation(shapes: Shapes, node: Apply) -> None:
    (new,) = node.op.rule.lengths(shapes.operands(node), node.op.keywords)
    before, after = product(shapes.lengths(node.inputs[0])), product(new)
    if before == after:
        return
    note = _plain_note(
        node,
        "{v0} elements cannot take a shape of {v1}.",
        "give lengths whose product is the number of elements; -1 stands for what is left.",
        (node.inputs[0],),
    )
    shapes.check("equal", before, after, note)


def _view_bounds(shapes: Shapes, node: Apply, rule: View) -> None:
    operands = shapes.operands(node)
    values = [operand.value for operand in operands[1:]]
    if rule.bounds is None:
        return
    for index, length, axis in rule.bounds(operands[0].shape, *values, **node.op.keywords):
        if _surely_inside(index, length):
            continue
        place = _place(node)
        note = Note(
            "IndexBoundsError",
            f"{{function}}: indexing{place}: index {{v0}} is out of bounds for axis {axis} "
            "with length {v1}.",
            (where(node.inputs[0]),),
            "pass an index between -length and length - 1.",
        )
        shapes.check("index", index, length, note)


def _surely_inside(index: Size, length: Size) -> bool:
    if index.constant is None or length.constant is None:
        return False
    return 0 <= index.constant < length.constant
