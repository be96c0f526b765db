"""Find the lengths of every value, as size expressions over the lengths of the arguments.

Takes a graph; gives its Shapes.  An integer scalar that becomes a length is a size itself where it
follows from lengths and integer arguments; computed from data it cuts the function: what needs
it is planned in the next segment.
"""

from __future__ import annotations

from collections.abc import Mapping

from gradc.control.loop import Scan
from gradc.control.stepped import Stepped
from gradc.errors import UnsupportedError, message
from gradc.graph.describe import where
from gradc.graph.graph import Graph
from gradc.graph.op import Apply, Operand
from gradc.graph.variable import Constant, Variable
from gradc.lower.bodies import numbers_of
from gradc.lower.equations import add_conditions, add_result_conditions, view_conditions
from gradc.lower.shapes import Shapes
from gradc.ops.kinds import Call, Elemwise, LengthOf, Relabel, Routine, Scatter, View, signature_of
from gradc.sizes import Length, is_known, size

__all__ = ["analyse", "analyse_step"]

_MOST_LENGTH = 2**63 - 1  # sizes are int64


def analyse(graph: Graph, arguments: tuple[Variable, ...]) -> Shapes:
    """Lengths, checks and segments of every variable of the graph."""
    shapes = Shapes(arguments, numbers_of(graph))
    for k, leaf in enumerate(arguments):
        _leaf(shapes, leaf, k)
    _nodes(shapes, graph)
    for old, new in graph.updates:
        add_result_conditions(shapes, old, new)
    return shapes


def analyse_step(shapes: Shapes, graph: Graph, leaves: Mapping[Variable, Operand]) -> None:
    """The same for the step of a loop, of whose leaves lengths and values are known."""
    for leaf, known in leaves.items():
        shapes.shape[leaf] = tuple(
            n if static is None else size(static)
            for n, static in zip(known.shape, leaf.type.shape, strict=True)
        )
        shapes.segment[leaf] = 0
        if known.value is not None:
            shapes.value[leaf] = known.value
    _nodes(shapes, graph)


def _nodes(shapes: Shapes, graph: Graph) -> None:
    idle = _measured(graph)
    for node in graph.nodes:
        for each in node.inputs:
            if isinstance(each, Constant) and each not in shapes.shape:
                _constant(shapes, each)
        _node(shapes, node, node not in idle)
    for each in graph.results:
        if isinstance(each, Constant) and each not in shapes.shape:
            _constant(shapes, each)


def _measured(graph: Graph) -> set[Apply]:
    """The nodes of which only lengths are asked, where branches may compute them, or nobody.

    So what must hold for a branch is asked where the branch is taken.
    """
    nodes = graph.nodes
    if not any(isinstance(node.op.rule, Elemwise) and node.op.rule.counts for node in nodes):
        return set()
    idle, needed = set(), set(graph.results)
    for node in reversed(nodes):
        if node.op.kind == "LengthOf":
            continue
        if needed.intersection(node.outputs):
            needed.update(node.inputs)
        else:
            idle.add(node)
            needed.update(each for each in node.inputs if _is_integer_scalar(each))
    return idle


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
    if _is_integer_scalar(constant) and int(constant.data) <= _MOST_LENGTH:
        shapes.value[constant] = size(int(constant.data))


def _is_integer_scalar(variable: Variable) -> bool:
    return variable.ndim == 0 and variable.dtype.startswith(("int", "uint"))


def _node(shapes: Shapes, node: Apply, is_computed: bool = True) -> None:
    rule = node.op.rule
    segment = max((shapes.segment[each] for each in node.inputs), default=0)
    for each in _length_operands(node):
        _as_length(shapes, each)
        segment = max(segment, shapes.level(shapes.value[each]))
    if isinstance(rule, (Scan, Stepped)):
        segment = max(segment, _step_lengths(shapes, node))
    if is_computed:
        add_conditions(shapes, node)
    lengths = rule.lengths(shapes.operands(node), node.op.keywords)
    for output, shape in zip(node.outputs, lengths, strict=True):
        known = tuple(
            n if static is None else size(static)
            for n, static in zip(shape, output.type.shape, strict=True)
        )
        shapes.shape[output] = known
        shapes.segment[output] = max([segment, *(shapes.level(n) for n in known)])
    if is_computed:
        view_conditions(shapes, node)
    if _is_integer_scalar(node.outputs[0]):
        _scalar_value(shapes, node)


def _step_lengths(shapes: Shapes, node: Apply) -> int:
    """Make those numbers lengths that say how long a loop's rows are; the segment they need.

    Raises: UnsupportedError where a step alone knows.
    """
    level = 0
    numbers = [each for each in node.inputs if _is_integer_scalar(each)]
    for each in [None, *(each for each in numbers if each not in shapes.value)]:
        if each is not None:
            _as_length(shapes, each)
            level = max(level, shapes.level(shapes.value[each]))
        lengths = node.op.rule.lengths(shapes.operands(node), node.op.keywords)
        pairs = [
            (n, static)
            for shape, out in zip(lengths, node.outputs, strict=True)
            for n, static in zip(shape, out.type.shape, strict=True)
        ]
        if all(is_known(n) or static is not None for n, static in pairs):
            return level
    word = node.op.keywords["word"]
    what = f"{word}: the shape of a step's row follows from its own numbers."
    fix = "let every step give arrays of the same shapes, say them with T.specify_shape."
    if word == "ifelse":
        what = "ifelse: the shape of what a branch gives follows from numbers that it computes."
        fix = "reduce it in the branch (T.sum), or let T.switch or T.set_subtensor keep the shape."
    raise UnsupportedError(message(what, [where(node.outputs[0])], fix))


def _length_operands(node: Apply) -> tuple[Variable, ...]:
    """The integer scalars that say how long or where something is."""
    if node.op.kind == "Iota":
        return node.inputs
    if node.op.kind == "Scan":
        return node.inputs[:1]
    if isinstance(node.op.rule, (View, Relabel)):
        return node.inputs[1:]
    if isinstance(node.op.rule, Elemwise):
        return node.inputs if node.op.rule.counts and not node.outputs[0].ndim else ()
    if isinstance(node.op.rule, Routine):
        return tuple(node.inputs[k] for k, _ in signature_of(node.op.rule.signature).lengths)
    if isinstance(node.op.rule, Call):
        return node.op.rule.length_operands(node)
    is_through = isinstance(node.op.rule, Scatter) and node.op.keywords.get("through")
    return node.inputs[2:] if is_through else ()


def _as_length(shapes: Shapes, variable: Variable) -> None:
    """Make sure an integer scalar has a value as a size: computed ones cut the program here."""
    if variable not in shapes.value:
        shapes.value[variable] = size(Length(shapes.word, len(shapes.data)))
        shapes.data.append(variable)


def _scalar_value(shapes: Shapes, node: Apply) -> None:
    rule, output = node.op.rule, node.outputs[0]
    if isinstance(rule, LengthOf):
        shapes.value[output] = shapes.lengths(node.inputs[0])[node.op.keywords["axis"]]
        shapes.segment[output] = shapes.level(shapes.value[output])
    elif isinstance(rule, Elemwise) and rule.on_sizes is not None and output.dtype == "int64":
        # other integers wrap around elsewhere than sizes do
        values = [shapes.value.get(each) for each in node.inputs]
        if all(value is not None for value in values):
            shapes.value[output] = rule.on_sizes(*values)
            shapes.segment[output] = shapes.level(shapes.value[output])
