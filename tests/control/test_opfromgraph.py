"""OpFromGraph and custom_gradient: values, derivatives that follow or are stated, nesting."""

import pickle

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.control import OpFromGraph, custom_gradient, inlined
from gradc.control.closed import close
from gradc.differentiate import grad, hessian, jvp
from gradc.errors import (
    ArgumentError,
    ArgumentTypeError,
    DisconnectedInputError,
    GradError,
    MissingInputError,
)
from gradc.graph.evaluate import evaluate
from gradc.graph.undefined import Disconnected
from gradc.graph.walk import toposort

pytestmark = pytest.mark.usefixtures("quickly")

RNG = np.random.default_rng(2)
X, Y = RNG.normal(size=(2, 3))


def value(variable, values):
    return evaluate([variable], values)[0]


def product():
    x, y = T.dvector("x"), T.dvector("y")
    return OpFromGraph([x, y], [T.sum(T.exp(x) * y)], name="product")


def test_theanos_example():
    x, y, z = T.dscalar("x"), T.dscalar("y"), T.dscalar("z")
    op = OpFromGraph([x, y, z], [x + y * z])
    fn = gradc.function([x, y, z], [op(x, y, z) + op(z, y, x)])
    assert fn(1.0, 2.0, 3.0)[0] == 12
    s = gradc.shared(2.0, "s")
    shifted = OpFromGraph([x, y, z], [x + y * z + s])
    both = gradc.function([x, y, z], [shifted(x, y, z), grad(shifted(x, y, z), s)])
    assert both(1.0, 2.0, 3.0) == [9, 1]


def test_one_node_in_the_graph_and_none_in_the_program():
    a, b = T.dvector("a"), T.dvector("b")
    out = product()(a, b)
    assert [node.op.kind for node in toposort([out])] == ["Subgraph"]
    f = gradc.function([a, b], [out, *grad(out, [a, b])])
    names = {node.op.name for node in f.stages.optimized.nodes}
    assert "subgraph" not in names
    got = f(X, Y)
    np.testing.assert_allclose(got[0], np.sum(np.exp(X) * Y))
    np.testing.assert_allclose(got[1], np.exp(X) * Y)
    np.testing.assert_allclose(got[2], np.exp(X))
    plain = OpFromGraph([a, b], [a * b], inline=True)
    assert plain(a, b).owner.op.name == "mul"


def test_what_follows_from_the_graph():
    a, b = T.dvector("a"), T.dvector("b")
    out = product()(a, b) ** 2
    plain = T.sum(T.exp(a) * b) ** 2
    at = {a: X, b: Y}
    for made, expected in (
        (grad(out, a), grad(plain, a)),
        (hessian(out, a), hessian(plain, a)),
        (jvp(out, [a, b], [Y, X]), jvp(plain, [a, b], [Y, X])),
    ):
        np.testing.assert_allclose(value(made, at), value(expected, at), rtol=1e-12)
    batch = T.dmatrix("batch")
    rows = value(gradc.vectorize_graph(out, {a: batch}), {batch: np.stack([X, Y]), b: Y})
    np.testing.assert_allclose(rows, [value(plain, {a: row, b: Y}) for row in (X, Y)])


def test_several_outputs_and_what_is_not_connected():
    x, y = T.dvector("x"), T.dvector("y")
    op = OpFromGraph([x, y], [x * 2, T.sum(y), T.floor(x)])
    a, b = T.dvector("a"), T.dvector("b")
    double, total, steps = op(a, b)
    assert value(grad(T.sum(double), a), {a: X, b: Y}).tolist() == [2, 2, 2]
    with pytest.raises(DisconnectedInputError):
        grad(total, a)
    assert value(grad(T.sum(steps), a), {a: X, b: Y}).tolist() == [0, 0, 0]
    moved = jvp([double, total], b, np.ones(3))
    assert [each.tolist() for each in evaluate(moved, {a: X, b: Y})] == [[0, 0, 0], 3]


def test_nested_and_deep():
    x, y = T.dvector("x"), T.dvector("y")
    outer = OpFromGraph([x, y], [product()(x * 2, y) + T.sum(x)])
    a, b = T.dvector("a"), T.dvector("b")
    expected = T.sum(T.exp(a * 2) * b) + T.sum(a)
    at = {a: X, b: Y}
    for made, want in ((outer(a, b), expected), (grad(outer(a, b), a), grad(expected, a))):
        np.testing.assert_allclose(value(made, at), value(want, at), rtol=1e-12)
    assert all(node.op.kind != "Subgraph" for node in toposort(inlined([outer(a, b)])))
    chain = x
    for _ in range(1000):
        chain = T.sin(chain)
    long = pickle.loads(pickle.dumps(OpFromGraph([x], [chain])))
    assert np.isfinite(value(grad(T.sum(long(a)), a), at)).all()


def test_equal_graphs_are_equal_operations():
    a, b = T.dvector("a"), T.dvector("b")
    one, other = product()(a, b), product()(a, b)
    assert one.owner.op == other.owner.op
    assert one.owner.op != OpFromGraph([a, b], [T.sum(T.exp(b) * a)], name="product")(a, b).owner.op
    copy = pickle.loads(pickle.dumps(product()))
    assert copy(a, b).owner.op == one.owner.op


def test_a_large_constant_is_an_operand():
    x = T.dvector("x")
    table = T.constant(RNG.normal(size=100))
    closed, captured = close([x], [x + table, x + 1.0])
    assert captured == (table,)
    assert len(closed.constants) == 1
    op = OpFromGraph([x], [T.sum(x * table)])
    a = T.dvector("a")
    np.testing.assert_array_equal(value(grad(op(a), a), {a: np.zeros(100)}), table.data)


# -- stated derivatives ------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["lop_overrides", "grad_overrides"])
def test_a_stated_gradient(word):
    x, y = T.dvector("x"), T.dvector("y")

    def stated(inputs, *rest):
        (ct,) = rest[-1]
        return [ct * inputs[1] * 10, ct * 0.5]

    a, b = T.dvector("a"), T.dvector("b")
    out = OpFromGraph([x, y], [x * y], **{word: stated})(a, b)
    got = evaluate(grad(T.sum(out * 2), [a, b]), {a: X, b: Y})
    np.testing.assert_allclose(got, [Y * 20, np.ones(3)])
    (tangent,) = evaluate([jvp(out, [a, b], [X, Y])], {a: X, b: Y})  # its transpose
    np.testing.assert_allclose(tangent, X * Y * 10 + Y * 0.5)


def test_a_gradient_stated_for_one_input():
    x, y = T.dscalar("x"), T.dscalar("y")
    rules = [lambda inputs, outputs, cts: cts[0] * 7, "default"]
    a, b = T.dscalar("a"), T.dscalar("b")
    out = OpFromGraph([x, y], [x * y], lop_overrides=rules)(a, b)
    assert evaluate(grad(out, [a, b]), {a: 3.0, b: 5.0}) == [7, 3]
    cut = OpFromGraph([x, y], [x * y], lop_overrides=[None, "default"])(a, b)
    with pytest.raises(DisconnectedInputError):
        grad(cut, a)
    gone = OpFromGraph(
        [x, y], [x * y], grad_overrides=lambda inputs, cts: [Disconnected(a), cts[0]]
    )(a, b)
    assert value(grad(gone, b), {a: 3.0, b: 5.0}) == 1
    with pytest.raises(GradError, match="state a jvp too"):
        jvp(out, [a, b], [1.0, 1.0])


def test_a_stated_forward_mode():
    x = T.dvector("x")
    op = OpFromGraph([x], [T.exp(x)], rop_overrides=lambda inputs, points: [points[0] * 3])
    a = T.dvector("a")
    assert value(jvp(op(a), a, np.ones(3)), {a: X}).tolist() == [3, 3, 3]
    assert value(grad(T.sum(op(a)), a), {a: X}).tolist() == [3, 3, 3]  # its transpose


def test_shared_variables_keep_their_gradient():
    x = T.dscalar("x")
    w = gradc.shared(3.0, "w")
    op = OpFromGraph([x], [w * x], lop_overrides=lambda inputs, outputs, cts: [cts[0] * 100])
    a = T.dscalar("a")
    f = gradc.function([a], grad(op(a), [a, w]))
    assert f(2.0) == [100, 2]
    g = gradc.function([a], jvp(op(a), w, 1.0))
    assert g(2.0) == 2


@custom_gradient(vjp=lambda ct, out, x: T.clip(ct, -1, 1))
def limited(x):
    """x with a limited gradient."""
    return x * 1.0


@custom_gradient(jvp=lambda tangents, outs, x, y: (tangents[0] * y, tangents[1]))
def pair(x, y):
    return x * y, y * 1.0


def test_custom_gradient():
    assert limited.__doc__ == "x with a limited gradient."
    x, y = T.dvector("x"), T.dvector("y")
    got = value(grad(T.sum(limited(x) ** 2), x), {x: [-4.0, 0.25, 4.0]})
    assert got.tolist() == [-1, 0.5, 1]
    product, kept = pair(x, y)
    at = {x: X, y: Y}
    moved = evaluate(jvp([product, kept], [x, y], [Y, X]), at)
    np.testing.assert_allclose(moved, [Y * Y, X])
    pulled = evaluate(grad(T.sum(product * 2 + kept * 3), [x, y]), at)
    np.testing.assert_allclose(pulled, [Y * 2, [3, 3, 3]])


def test_a_stable_gradient_in_one_call():
    log1pexp = custom_gradient(
        lambda x: T.log1p(T.exp(x)), vjp=lambda ct, out, x: ct * (1 - 1 / (1 + T.exp(x)))
    )
    x = T.dscalar("x")
    assert value(grad(log1pexp(x), x), {x: 100.0}) == 1


def test_a_stated_gradient_in_a_batch():
    scaled = custom_gradient(lambda x, w: x * w, vjp=lambda ct, out, x, w: (ct * 2, ct * x))
    a, w = T.dmatrix("a"), T.dvector("w")
    rows = gradc.vmap(scaled, in_axes=(0, None))(a, w)
    at = {a: RNG.normal(size=(4, 3)), w: Y}
    np.testing.assert_allclose(value(rows, at), at[a] * Y)
    got = evaluate(grad(T.sum(rows), [a, w]), at)
    np.testing.assert_allclose(got[0], np.full((4, 3), 2.0))
    np.testing.assert_allclose(got[1], at[a].sum(axis=0))
    per_row = gradc.vmap(lambda row: grad(T.sum(scaled(row, w) ** 2), row))(a)
    np.testing.assert_allclose(value(per_row, at), 4 * at[a] * Y)
    f = gradc.function([a, w], [rows, *grad(T.sum(rows), [a, w])])
    np.testing.assert_allclose(f(at[a], Y)[2], at[a].sum(axis=0))


def test_wrong_use_is_explained():
    x, y = T.dvector("x"), T.dvector("y")
    with pytest.raises(MissingInputError, match="the outputs read y, which is neither"):
        OpFromGraph([x], [x * y], name="mine")
    with pytest.raises(ArgumentTypeError, match=r"product: takes 2 input\(s\), got 1"):
        product()(x)
    with pytest.raises(ArgumentTypeError, match="product: x is float64"):
        product()(T.fvector(), y)
    with pytest.raises(ArgumentError, match="both state the gradient"):
        OpFromGraph([x], [x], lop_overrides=len, grad_overrides=len)
    with pytest.raises(ArgumentError, match="stated for 1 of 2 variables"):
        OpFromGraph([x, y], [x * y], lop_overrides=[len])
    with pytest.raises(ArgumentError, match="neither vjp nor jvp is stated"):
        custom_gradient(T.exp)
    short = OpFromGraph([x, y], [x * y], name="mine", lop_overrides=lambda i, o, g: [g[0]])
    with pytest.raises(GradError, match="mine: its vjp gives 1 results for 2 variables"):
        grad(T.sum(short(x, y)), x)
    flat = OpFromGraph([x], [x * 2], name="mine", lop_overrides=lambda i, o, g: [T.sum(g[0])])
    with pytest.raises(GradError, match="mine: its vjp gives"):
        grad(T.sum(flat(x)), x)


def test_updates_and_default_updates_go_through():
    x = T.dscalar("x")
    count = gradc.shared(0.0, "count")
    op = OpFromGraph([x], [x + count])
    f = gradc.function([x], op(x), updates={count: op(count)})
    assert [float(f(1.0)) for _ in range(2)] == [1, 1]
    count.set_value(1.0)
    f(0.0)
    assert count.get_value() == 2


def test_a_default_gradient_where_one_input_depends_on_another() -> None:
    z, w = T.dvector("z"), T.dvector("w")
    half = gradc.OpFromGraph(
        [z, w], [z * w], grad_overrides=[lambda inputs, gs: inputs[1] * gs[0], "default"]
    )
    f = gradc.function([w], [gradc.grad(half(w**2, w).sum(), w), gradc.grad(half(w, w).sum(), w)])
    v = np.array([1.0, -2.0, 3.0])
    np.testing.assert_allclose(f(v), [3 * v**2, 2 * v])
