"""FunctionGraph: parts exchanged one after the other, and who hears of it."""

from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import ArgumentTypeError, MissingInputError
from gradc.graph import clone_get_equiv, list_of_nodes, map_variables, variables
from gradc.graph.evaluate import evaluate

pytestmark = pytest.mark.usefixtures("quickly")


def test_all_who_read_a_variable_read_its_replacement() -> None:
    x, y = T.dvector("x"), T.dvector("y")
    out = T.neg(T.exp(x + y))
    graph = gradc.FunctionGraph([x, y], [out], clone=False)
    add, exp, neg = graph.toposort()
    assert graph.clients(add.outputs[0]) == graph.clients[add.outputs[0]] == [(exp, 0)]
    assert graph.clients(neg.outputs[0]) == [("output", 0)]
    graph.replace(add.outputs[0], x * y, reason="a test")
    graph.replace(exp.outputs[0], T.sin(exp.inputs[0]))  # both by names of before
    graph.replace(exp.outputs[0], x)  # which is not there any more
    f = gradc.function(graph.inputs, graph.outputs, mode="REFERENCE")
    np.testing.assert_allclose(f([1.0, 2.0], [3.0, 4.0])[0], -np.sin([3.0, 8.0]))
    assert "sin" in gradc.debugprint(graph, file="str")
    assert len(graph.apply_nodes) == 3
    assert graph.variables == variables(graph.inputs, graph.outputs)


def test_a_copy_has_inputs_of_its_own() -> None:
    x, w = T.dvector("x"), gradc.shared(np.ones(2), "w")
    graph = gradc.FunctionGraph([x], [x * w])
    (mine,) = graph.inputs
    assert mine is not x
    assert mine.name == "x"
    assert w in graph.variables
    graph.replace(mine, mine + 1)  # itself read by what replaces it
    assert evaluate(graph.outputs, {mine: [1.0, 2.0], w: np.ones(2)})[0].tolist() == [2, 3]
    assert graph.clone().inputs[0] is not mine


def test_one_reader_changes() -> None:
    x, y = T.dvector("x"), T.dvector("y")
    h = T.exp(x)
    graph = gradc.FunctionGraph([x, y], [h + h * y, h], clone=False)
    product = (h * y).owner
    product = next(node for node in graph.toposort() if node.op == product.op)
    graph.change_input(product, 0, y)
    graph.change_input("output", 1, y)
    values = {x: np.zeros(1), y: np.array([3.0])}
    assert [each.item() for each in evaluate(graph.outputs, values)] == [10, 3]
    with pytest.raises(ArgumentTypeError, match="not in this graph"):
        graph.change_input((x + y).owner, 0, y)


class Listener:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def on_attach(self, fgraph: Any) -> None:
        self.heard.append("attach")

    def on_import(self, fgraph: Any, node: Any, reason: Any) -> None:
        self.heard.append(("import", node.op.name))

    def on_prune(self, fgraph: Any, node: Any, reason: Any) -> None:
        self.heard.append(("prune", node.op.name))

    def on_change_input(
        self, fgraph: Any, node: Any, i: int, r: Any, new_r: Any, reason: Any
    ) -> None:
        assert node == "output" or node.inputs[i] is new_r
        self.heard.append(("change", i, reason))


def test_features_hear_of_changes() -> None:
    x = T.dvector("x")
    h = T.exp(x)
    listener = Listener()
    graph = gradc.FunctionGraph([x], [T.neg(h)], [listener], clone=False)
    graph.replace(h, T.sin(x), "why")
    assert listener.heard == [
        "attach",
        ("import", "sin"),
        ("import", "neg"),
        ("change", 0, "why"),
        ("prune", "exp"),
        ("prune", "neg"),
    ]
    graph.remove_feature(listener)
    graph.replace(x, x + 1)
    assert len(listener.heard) == 6


def test_what_does_not_fit() -> None:
    x, y = T.dvector("x"), T.dvector("y")
    with pytest.raises(MissingInputError, match='"y" is needed'):
        gradc.FunctionGraph([x], [x + y])
    with pytest.raises(ArgumentTypeError, match=r"outputs is a list.*\n.*outputs=\[x, y\]"):
        gradc.FunctionGraph([x], T.exp(x))  # type: ignore[arg-type]
    with pytest.raises(ArgumentTypeError, match="inputs is a list of variables, got 1"):
        gradc.FunctionGraph([1], [x])  # type: ignore[list-item]
    graph = gradc.FunctionGraph([x], [T.exp(x)], clone=False)
    with pytest.raises(MissingInputError, match='"y" is needed'):
        graph.replace(graph.outputs[0], x + y)
    with pytest.raises(ArgumentTypeError, match="its replacement"):
        graph.replace(x, T.fvector())


def test_copies_and_maps() -> None:
    x, y = T.dvector("x"), T.dvector("y")
    out = T.exp(x) * y
    found = clone_get_equiv([x, y], [out])
    assert found[x] is not x
    assert found[x].name == "x"
    assert found[out].owner is not out.owner
    kept = clone_get_equiv([x, y], [out], copy_inputs=False, memo={y: x})
    assert kept[out].owner.inputs[1] is x
    assert kept[x] is x
    assert [node.op.name for node in list_of_nodes([x, y], [out])] == ["exp", "mul"]
    (doubled,) = map_variables(lambda v: v * 2 if v.owner is None else v, [out])
    assert evaluate([doubled], {x: np.zeros(1), y: np.ones(1)})[0].tolist() == [2]
