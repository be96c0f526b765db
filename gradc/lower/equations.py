"""The conditions that lengths must satisfy, each with what an error says.

Takes Shapes and a node; adds checks, and unifies lengths that must agree.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradc.control.frame import depth_of, frame_of
from gradc.graph.op import AnyOp, Apply
from gradc.graph.variable import Variable
from gradc.kernel.notes import Note
from gradc.lower.shapes import Shapes, single_length
from gradc.ops.kinds import (
    Contract,
    Elemwise,
    Gather,
    Gemm,
    Iota,
    Join,
    LengthOf,
    Reduce,
    Relabel,
    Routine,
    Scatter,
    Unequal,
    View,
    indexed_axes,
    kept_axes,
    signature_of,
)
from gradc.sizes import Call, Size, is_natural, product, size

__all__ = ["add_conditions", "add_result_conditions", "row_conditions", "view_conditions"]


def add_conditions(shapes: Shapes, node: Apply) -> None:
    """What must hold so that the node can be computed; unifies lengths."""
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
    elif isinstance(rule, Routine):
        _routine_equations(shapes, node, rule)
    elif isinstance(rule, Join):
        _join_equations(shapes, node)
    elif node.op.kind == "Scan":
        _loop_conditions(shapes, node)


def _loop_conditions(shapes: Shapes, node: Apply) -> None:
    """As many rows of each sequence as there are steps, and of each state as its taps need."""
    frame, word = frame_of(node.op.keywords), node.op.keywords["word"]
    n, sequences, firsts, _ = frame.apart(node.inputs)
    steps = shapes.resolve(shapes.value[n])
    if not is_natural(steps):
        what, fix = "the number of steps is {v0}.", "pass n_steps of at least 0."
        shapes.check("natural", steps, size(0), _plain_note(shapes, node, what, fix, (n,), word))
    for each in sequences:
        rows = shapes.lengths(each)[0]
        if not _surely_at_most(steps, rows):
            what = "{v0} steps over a sequence of length {v1}."
            fix = "pass fewer n_steps, or a longer sequence."
            shapes.check(
                "at_most", steps, rows, _plain_note(shapes, node, what, fix, (each,), word)
            )
    for each, taps in zip(firsts, frame.taps, strict=True):
        depth = depth_of(taps)
        what = f"the initial state has {{v0}} rows, taps {list(taps)} need {{v1}}."
        fix = "pass one row a step before."
        note = _plain_note(shapes, node, what, fix, (each,), word)
        shapes.require_equal(shapes.shape[each][0], size(depth), note)


def _surely_at_most(steps: Size, rows: Size) -> bool:
    if is_natural(rows - steps):
        return True
    atom = next(iter(steps.atoms), None)
    if not isinstance(atom, Call) or atom.name != "minimum" or steps != Size((((atom,), 1),)):
        return False
    return any(_surely_at_most(each, rows) for each in atom.args)


def row_conditions(
    shapes: Shapes, node: Apply, new: Variable, row: tuple[Size, ...], is_state: bool
) -> None:
    """A step gives a state of the lengths that it began with, a row of those that all have."""
    word = str(node.op.keywords["word"])
    for axis, (old, length) in enumerate(zip(row, shapes.shape[new], strict=True)):
        what = f"rows have length {{v1}} on axis {axis}, a step{{at}} gives {{v0}}."
        fix = "let every step give an array of the same shape, whichever branch of ifelse it takes."
        if is_state:
            what = f"a state begins with length {{v1}} on axis {axis}, a step{{at}} gives {{v0}}."
            fix = "begin with an array of the shape that a step gives."
        about = node if new.owner is None else new.owner
        note = shapes.note("ArgumentError", f"{{function}}: {word}: {what}", (new,), fix, about)
        shapes.require_equal(length, old, note)


def _broadcast_equations(shapes: Shapes, node: Apply, inputs: tuple[Variable, ...]) -> None:
    if not inputs:
        return
    for axis in range(inputs[0].ndim):
        real = [each for each in inputs if each.type.shape[axis] != 1]
        for other in real[1:]:
            left, right = shapes.shape[real[0]][axis], shapes.shape[other][axis]
            shapes.require_equal(left, right, _axis_note(shapes, node, axis, real[0], other))


def _origin(shapes: Shapes, variable: Variable, axis: int) -> tuple[Variable, int]:
    """The argument that has this length, and on which axis; else the variable itself."""
    atom = single_length(shapes.shape[variable][axis])
    if variable.owner is None or atom is None or atom.group != "arg":
        return variable, axis
    return shapes.arguments[atom.index], atom.axis


def _axis_note(shapes: Shapes, node: Apply, axis: int, left: Variable, right: Variable) -> Note:
    (one, i), (other, j) = _origin(shapes, left, axis), _origin(shapes, right, axis)
    name = "indexing" if isinstance(node.op.rule, (Gather, Scatter)) else node.op.name
    if one.owner is None and other.owner is None:
        first = '"{x0}"' if i == j else f'axis {i} of "{{x0}}"'
        what = (
            f'{{function}}: axis {j} of "{{x1}}" has length {{v1}} where {first} has {{v0}}; '
            f"{name}{{at}} needs them equal."
        )
    else:
        what = (
            f"{{function}}: {name}{{at}} needs axis {axis} of its operands equal, got lengths "
            "{v0} and {v1}."
        )
    fix = "pass arrays of one length."
    if other is right:
        fix = f'{fix[:-1]}, or declare axis {j} of "{{x1}}" as 1 if it should broadcast.'
    return shapes.note("ArgumentError", what, (one, other), fix, about=node)


def _plain_note(
    shapes: Shapes, node: Apply, what: str, fix: str, inputs: Sequence[Variable], word: str = ""
) -> Note:
    what = f"{{function}}: {word or node.op.name}{{at}}: {what}"
    return shapes.note("ArgumentError", what, inputs, fix, about=node)


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
    note = shapes.note(
        "ArgumentError",
        f"{{function}}: matrix product{{at}}: axis {left[1]} of the left operand has length "
        f"{{v0}}, axis {right[1]} of the right one {{v1}}.",
        (left[0], right[0]),
        "pass arrays whose lengths agree; a transpose (x.T) may be missing.",
        about=node,
    )
    lengths = shapes.shape[left[0]][left[1]], shapes.shape[right[0]][right[1]]
    shapes.require_equal(*lengths, note)


def _scatter_equations(shapes: Shapes, node: Apply) -> None:
    base, values, *indices = node.inputs
    index_shape = [
        next((shapes.shape[i][axis] for i in indices if i.type.shape[axis] != 1), size(1))
        for axis in range(indices[0].ndim)
    ]
    rest = kept_axes(base.ndim, indexed_axes(node.op.keywords, len(indices)))
    expected = (*index_shape, *(shapes.shape[base][k] for k in rest))
    _values_equations(shapes, node, values, expected)


def _scatter_view_equations(shapes: Shapes, node: Apply) -> None:
    through = node.op.keywords["through"]
    values = node.inputs[1]
    base, _, *scalars = shapes.operands(node)
    inner = [base, *scalars]
    (expected,) = through.rule.lengths(inner, through.keywords)
    _values_equations(shapes, node, values, expected)


def _values_equations(
    shapes: Shapes, node: Apply, values: Variable, expected: tuple[Size, ...]
) -> None:
    for axis, (left, right) in enumerate(zip(expected, shapes.shape[values], strict=True)):
        note = _plain_note(
            shapes,
            node,
            f"axis {axis} of the values has length {{v1}}, the places have {{v0}}.",
            "pass values of the shape of what they replace.",
            (values,),
            "set_subtensor" if node.op.keywords["mode"] == "set" else "inc_subtensor",
        )
        shapes.require_equal(left, right, note)


def _routine_equations(shapes: Shapes, node: Apply, rule: Routine) -> None:
    for (one, i), (other, j) in rule.equal_axes(node.inputs):
        left, right = node.inputs[one], node.inputs[other]
        what = f"axis {i} of one operand has length {{v0}}, axis {j} of another {{v1}}."
        fix = "pass arrays whose lengths agree."
        if one == other:
            what = f"axes {i} and {j} have lengths {{v0}} and {{v1}} where a square is needed."
            fix = "pass square matrices."
        origins = _origin(shapes, left, i)[0], _origin(shapes, right, j)[0]
        note = _plain_note(shapes, node, what, fix, tuple(dict.fromkeys(origins)), rule.word)
        shapes.require_equal(shapes.shape[left][i], shapes.shape[right][j], note)
    shown = [node.inputs[k] for k in signature_of(rule.signature).arrays]
    for each in rule.conditions(shapes.operands(node), node.op.keywords):
        note = _plain_note(shapes, node, each.what, each.fix, shown, rule.word)
        if each.rule == "equal":
            shapes.require_equal(each.left, each.right, note)
        elif not _surely_at_most(each.left, each.right):
            shapes.check("at_most", each.left, each.right, note)


def _reduce_check(shapes: Shapes, node: Apply) -> None:
    shape, axes = shapes.lengths(node.inputs[0]), node.op.keywords["axes"]
    folded = product([shape[axis] for axis in axes])
    kept = product([n for axis, n in enumerate(shape) if axis not in axes])
    if folded.constant is not None and folded.constant > 0:
        return
    note = _plain_note(
        shapes,
        node,
        "an empty axis has no such value (zero elements to reduce).",
        "pass arrays with at least one element along the reduced axes.",
        (node.inputs[0],),
    )
    shapes.check("positive", folded, kept, note)


def _join_equations(shapes: Shapes, node: Apply) -> None:
    first, *others = node.inputs
    for axis in range(first.ndim):
        if axis == node.op.keywords["axis"]:
            continue
        for other in others:
            (one, i), (two, j) = _origin(shapes, first, axis), _origin(shapes, other, axis)
            note = shapes.note(
                "ArgumentError",
                f'{{function}}: join{{at}}: axis {j} of "{{x1}}" has length {{v1}}, axis {i} of '
                '"{x0}" has {v0}; all but the axis that is joined must agree.',
                (one, two),
                "pass arrays whose other lengths are equal; none of them is stretched.",
                about=node,
            )
            shapes.require_equal(shapes.shape[first][axis], shapes.shape[other][axis], note)


def _relabel_equation(shapes: Shapes, node: Apply) -> None:
    (new,) = node.op.rule.lengths(shapes.operands(node), node.op.keywords)
    before, after = product(shapes.lengths(node.inputs[0])), product(new)
    if before == after:
        return
    note = _plain_note(
        shapes,
        node,
        "{v0} elements cannot take a shape of {v1}.",
        "give lengths whose product is the number of elements; -1 stands for what is left.",
        (node.inputs[0],),
    )
    shapes.check("equal", before, after, note)


def view_conditions(shapes: Shapes, node: Apply) -> None:
    """What must hold so that a view, or a scatter through one, stays inside its array."""
    operands = shapes.operands(node)
    view: AnyOp | None = node.op
    if isinstance(node.op.rule, Scatter):
        view = node.op.keywords.get("through")
        operands = [operands[0], *operands[2:]]
    _natural_lengths(shapes, node)
    if view is None or not isinstance(view.rule, View):
        return
    array, values = operands[0].shape, [operand.value for operand in operands[1:]]
    bounds = view.rule.bounds(array, *values, **view.keywords) if view.rule.bounds else ()
    for index, length, axis in bounds:
        if not _surely_inside(index, length):
            shapes.check("index", index, length, _bounds_note(shapes, node, axis))
    equal = view.rule.equal(array, *values, **view.keywords) if view.rule.equal else ()
    for length, wanted, axis in equal:
        said = view.rule.complaint(view.keywords)
        shapes.require_equal(length, wanted, _unequal_note(shapes, node, view.rule, said, axis))


def _bounds_note(shapes: Shapes, node: Apply, axis: int) -> Note:
    return shapes.note(
        "IndexBoundsError",
        f"{{function}}: indexing{{at}}: index {{v0}} is out of bounds for axis {axis} with length "
        "{v1}.",
        node.inputs[:1],
        "pass an index between -length and length - 1.",
        about=node,
    )


def _unequal_note(shapes: Shapes, node: Apply, view: View, said: Unequal, axis: int) -> Note:
    what, fix = (text.replace("{axis}", str(axis)) for text in (said.what, said.fix))
    what = f"{{function}}: {said.word or view.name}{{at}}: {what}"
    owners = [each.owner for each in node.inputs[1:] if each.owner is not None]
    measured = [owner.inputs[0] for owner in owners if isinstance(owner.op.rule, LengthOf)]
    rows = dict.fromkeys(measured) if said.word and measured else node.inputs[:1]
    return shapes.note(said.error, what, tuple(rows), fix, about=node)


def _surely_inside(index: Size, length: Size) -> bool:
    return is_natural(index) and is_natural(length - index - 1)


def _natural_lengths(shapes: Shapes, node: Apply) -> None:
    """Lengths given as numbers must not be negative."""
    if not isinstance(node.op.rule, (View, Relabel, Iota, Routine)):
        return
    for axis, length in enumerate(shapes.lengths(node.outputs[0])):
        if not is_natural(length):
            note = _plain_note(
                shapes,
                node,
                f"axis {axis} would have the negative length {{v0}}.",
                "pass a length that is not below 0; a length of -1 must be written as that.",
                node.inputs[:1],
            )
            shapes.check("natural", length, size(0), note)


def add_result_conditions(shapes: Shapes, shared: Variable, new: Variable) -> None:
    """The new value of a shared variable must keep the lengths that were declared."""
    for axis, length in enumerate(shared.type.shape):
        if length is None:
            continue
        note = shapes.note(
            "ArgumentError",
            f'{{function}}: axis {axis} of "{{x0}}" was declared as {length}, its new value has '
            "length {v1}.",
            (shared, new),
            "leave the length out of shape= where the variable is made, or pass other arrays.",
        )
        shapes.require_equal(size(length), shapes.shape[new][axis], note)
