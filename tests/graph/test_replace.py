"""clone, graph_replace, equal_computations and the parts of graphs."""

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import ArgumentError, ArgumentTypeError
from gradc.graph import (
    ancestors,
    clone,
    consumers,
    equal_computations,
    explicit_graph_inputs,
    graph_inputs,
    graph_replace,
    io_toposort,
    is_same_graph,
    toposort,
    truncated_graph_inputs,
    variable_depends_on,
    variables_between,
)
from gradc.graph.evaluate import evaluate


def graph():
    x, y = T.dvector("x"), T.dvector("y")
    h = T.exp(x)
    out = h * y + h
    return x, y, h, out


def test_replacing_a_part():
    x, y, h, out = graph()
    z = T.dvector("z")
    found = graph_replace(out, {h: z})
    assert evaluate([found], {y: [2.0], z: [3.0]})[0].tolist() == [9]
    both = graph_replace([out, h], [(x, y), (y, x)])
    got = evaluate(both, {x: [0.0], y: [1.0]})
    np.testing.assert_allclose(got, [[np.e], [np.e]])
    assert isinstance(graph_replace((out,), {x: y}), tuple)
    with pytest.raises(ArgumentError, match="the outputs do not depend on z"):
        graph_replace(out, {z: x})
    assert graph_replace(out, {z: x}, strict=False) is out


def test_a_replacement_fits():
    x, _, _, out = graph()
    with pytest.raises(ArgumentTypeError, match="x is float64"):
        graph_replace(out, {x: T.fvector("f")})
    with pytest.raises(ArgumentTypeError, match="is not a variable"):
        clone(out, {"x": x})
    v = T.vector("v", dtype="float64", shape=(3,))
    with pytest.raises(ArgumentTypeError):
        clone(T.exp(v), {v: x})
    assert clone(T.exp(v), {v: x}, strict=False).type.shape == (None,)


def test_a_clone_has_nodes_of_its_own():
    x, _, _, out = graph()
    copy = clone(out)
    assert copy is not out
    assert not set(toposort([copy])) & set(toposort([out]))
    assert set(explicit_graph_inputs([copy])) == set(explicit_graph_inputs([out]))
    assert equal_computations([copy], [out])
    fresh = clone([out], share_inputs=False)
    assert x not in ancestors(fresh)
    assert [each.name for each in explicit_graph_inputs(fresh)] == ["x", "y"]
    s = gradc.shared(1.0, "s")
    assert s in ancestors([clone(x * s, share_inputs=False)])
    assert clone(x, {x: out}) is out
    assert evaluate([clone(out, {x: np.zeros(1)})], {graph_inputs([out])[1]: [2.0]})[0] == 3


def test_equal_computations():
    x, y, _, out = graph()
    assert equal_computations([out], [T.exp(x) * y + T.exp(x)])
    assert not equal_computations([out], [T.exp(x) * x + T.exp(x)])
    assert not equal_computations([out], [out, out])
    a, b = T.dvector("a"), T.dvector("b")
    other = T.exp(a) * b + T.exp(a)
    assert not equal_computations([out], [other])
    assert equal_computations([out], [other], [x, y], [a, b])
    assert not equal_computations([out], [other], [x, y], [b, a])
    assert not equal_computations([x], [a], [x], [T.fvector()])
    assert not equal_computations([x * 1], [x * 2])
    assert is_same_graph(out, other, {x: a, y: b})
    assert is_same_graph(x + 0.0, x + 0.0)
    assert not is_same_graph(x + 0.0, x + (-0.0))
    with pytest.raises(ArgumentError, match="in_xs has 1 variables"):
        equal_computations([x], [x], [x], [])


def test_parts():
    x, y, h, out = graph()
    assert set(graph_inputs([out])) == {x, y}
    assert set(graph_inputs([out], [h])) == {h, y}
    assert explicit_graph_inputs([out * 2]) == [x, y]
    assert set(truncated_graph_inputs([out * 2], [h])) == {h, y}
    assert [node.op.name for node in io_toposort([h], [out])] == ["mul", "add"]
    assert set(variables_between([h], [out])) == {h, y, out, *out.owner.inputs}
    assert variable_depends_on(out, x)
    assert variable_depends_on(out, [h])
    assert not variable_depends_on(h, y)
    assert len(consumers([out])[h]) == 2


def test_deep_graphs_do_not_recurse():
    x = T.dscalar("x")
    a, b = x, x
    for _ in range(2000):
        a, b = T.sin(a), T.sin(b)
    assert equal_computations([a], [b])
    assert len(toposort([clone(a)])) == 2000
    assert gradc.vectorize_graph(a, {x: T.dvector("v")}).ndim == 1
