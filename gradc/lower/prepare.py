"""Put contractions into the forms that the machine side knows.

Takes a graph; gives a graph of the same value in which every Contract and Gemm is a product of
matrices: floats or complex numbers, something summed, something kept, each role in one run of axes.
What there is no routine for (an inner product, a batch of them, integers) becomes a product of
broadcast arrays, summed: loops that fuse with what stands around them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from gradc.control.closed import Closed, Lines, close
from gradc.control.loop import body_of
from gradc.control.sinking import sunk
from gradc.control.stepped import stepped
from gradc.control.subgraph import inlined
from gradc.control.trimming import trimmed
from gradc.dtypes import dtype_info
from gradc.graph.graph import Graph, seal
from gradc.graph.op import Apply, Op, apply
from gradc.graph.site import inherit
from gradc.graph.variable import Input, Variable
from gradc.graph.walk import rebuild, substitute, toposort
from gradc.lower.border import array_constants
from gradc.lower.products import Letters, letters_of
from gradc.ops.calls import op_of
from gradc.ops.kinds import Call, Contract, Gemm

__all__ = ["interpreted", "prepare"]


def prepare(graph: Graph) -> Graph:
    """The graph with its contractions expanded or put in order."""
    graph = trimmed(sunk(graph))
    values: dict[Variable, Variable] = {}
    for node in graph.nodes:
        inputs = [values.get(each, each) for each in node.inputs]
        values.update(zip(node.outputs, _node(node, inputs), strict=True))
    return graph.replaced([values.get(each, each) for each in graph.results])


def _node(node: Apply, inputs: Sequence[Variable]) -> tuple[Variable, ...]:
    if node.op.kind == "Scan":
        return _loop(node, inputs)
    if not isinstance(node.op.rule, Contract | Gemm):
        return rebuild(node, inputs)
    letters = letters_of(node)
    with inherit(node.site):
        if isinstance(node.op.rule, Contract) and not _is_product(node, letters):
            return (_expanded(node, letters, inputs[0], inputs[1]),)
        return (_ordered(node, letters, inputs),)


def _loop(node: Apply, inputs: Sequence[Variable]) -> tuple[Variable, ...]:
    """A loop whose step has no arrays of its own; one that calls Python is Python's."""
    graph: Closed = node.op.keywords["graph"]
    if _calls_python(graph):
        return stepped(node, inputs)
    made = rebuild(node, inputs)
    owner = made[0].owner
    assert owner is not None
    rows, outputs = body_of(owner)
    body = prepare(seal(rows, inlined(outputs)))
    constants = array_constants(body)
    if not constants:
        return made
    places: dict[Variable, Variable] = {each: Input(each.type) for each in constants}
    results = substitute(body.outputs, places)
    inner = [*rows, *places.values()]
    closed, _ = close(inner, results)
    sites = [each.site for each in toposort(results, stop=inner)]
    lines = Lines(sites, [each.name for each in inner])
    params = {**node.op.keywords, "graph": closed, "lines": lines}
    with inherit(node.site):
        return apply(op_of("scan", **params), [*inputs, *constants]).outputs


def _calls_python(graph: Closed) -> bool:
    stack = [graph]
    while stack:
        for call in stack.pop().calls:
            if isinstance(call.op.rule, Call):
                return True
            if call.op.kind in ("Scan", "Subgraph"):
                stack.append(call.op.keywords["graph"])
    return False


def interpreted(graph: Graph, loops: Collection[Apply]) -> Graph:
    """The graph with some of its loops run by Python, step by step."""
    values: dict[Variable, Variable] = {}
    for node in graph.nodes:
        inputs = [values.get(each, each) for each in node.inputs]
        made = stepped(node, inputs) if node in loops else rebuild(node, inputs)
        values.update(zip(node.outputs, made, strict=True))
    return graph.replaced([values.get(each, each) for each in graph.results])


def _is_product(node: Apply, letters: Letters) -> bool:
    if not dtype_info(node.outputs[0].dtype).is_inexact:
        return False
    return bool(letters.k) and bool(letters.m or letters.n)


def _expanded(node: Apply, letters: Letters, x: Variable, y: Variable) -> Variable:
    """Sum over k of x * y, both stretched over the axes of the other."""
    order = letters.out + letters.k
    product = _spread(x, letters.x, order) * _spread(y, letters.y, order)
    if not letters.k:
        return product
    axes = tuple(range(len(letters.out), len(order)))
    dtype = node.outputs[0].dtype
    return product.sum(axis=axes, dtype=dtype, acc_dtype=dtype)


def _spread(x: Variable, letters: str, order: str) -> Variable:
    """The operand with its axes in `order`, axes it lacks having length 1."""
    pattern = [letters.index(c) if c in letters else "x" for c in order]
    return x.dimshuffle(*pattern)


def _ordered(node: Apply, letters: Letters, inputs: Sequence[Variable]) -> Variable:
    """The product with every role in one run of axes, those of operands behind the stack's.

    What a Gemm adds to is a matrix, so its result's letters stay.
    """
    *first, x, y = inputs[:4] if isinstance(node.op.rule, Gemm) else inputs
    words_x, x = _in_order(x, letters.x, letters.batch, letters.m, letters.k)
    words_y, y = _in_order(y, letters.y, letters.batch, letters.k, letters.n)
    out = letters.out if _is_matrix(letters) else letters.batch + letters.m + letters.n
    changed = [*first, x, y, *inputs[len(first) + 2 :]]
    if (words_x, words_y, out) == (letters.x, letters.y, letters.out):
        return rebuild(node, changed)[0]
    op = Op(node.op.rule, (("x", words_x), ("y", words_y), ("out", out)))
    result: Variable = op(*changed)
    if out != letters.out:
        result = result.dimshuffle(*(out.index(c) for c in letters.out))
    return result


def _is_matrix(letters: Letters) -> bool:
    """Whether the result can be written where it lies: rows and columns each in one run of axes.

    The stack's axes may stand anywhere but last: one of the matrix's strides is 1.
    """
    out = letters.out
    return letters.m in out and letters.n in out and not (out and out[-1] in letters.batch)


def _in_order(
    x: Variable, letters: str, batch: str, first: str, second: str
) -> tuple[str, Variable]:
    """Letters and operand with the batch in front and each group's axes side by side."""
    rest = letters[len(batch) :]
    if letters.startswith(batch) and rest in (first + second, second + first):
        return letters, x
    wanted = batch + first + second
    return wanted, x.dimshuffle(*(letters.index(c) for c in wanted))
