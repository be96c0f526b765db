"""Signatures, defaults, kinds of results and errors of Theano 1.0.5, where gradc's differ."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import gradc.compat.theano as compat
import gradc.compat.theano.tensor as T
from gradc.compat import theano
from gradc.errors import GradcWarning

pytestmark = pytest.mark.usefixtures("quickly")


@pytest.fixture(autouse=True)
def installed() -> Iterator[None]:
    compat.install({})
    yield
    compat.uninstall()


def test_kinds_of_results() -> None:
    x = T.dscalar("x")
    assert isinstance(theano.function([x], x)(1.0), np.ndarray)
    assert theano.function([x], [x])(1.0) == [1.0]
    assert theano.function([x], {"y": x})(1.0) == {"y": 1.0}
    assert theano.function([], [])() == []
    assert theano.function([])() == []


def test_the_third_argument_is_the_mode() -> None:
    x, w = T.dscalar(), theano.shared(1.0)
    f = theano.function([x], x * w, "FAST_COMPILE", [(w, w + x)], {}, name="f")
    assert (f(2.0), w.get_value(), f.name) == (2.0, 3.0, "f")


def test_arguments_are_taken_as_theano_took_them() -> None:
    i, x = T.ivector("i"), T.fvector("x")
    f = theano.function([i, x], [i, x])
    np.testing.assert_array_equal(f([1, 2], [1, 0.5]), [[1, 2], [1, 0.5]])
    with pytest.raises(TypeError):
        f([1.5], [1])
    with pytest.raises(TypeError):
        f([1], np.array([0.1]))
    loose = theano.function([x], x, allow_input_downcast=True)
    assert loose(np.array([0.1]))[0] == np.float32(0.1)
    a = T.dscalar("a")
    with_default = theano.function([x, theano.In(a, value=3.0)], x.sum() * a)
    assert (with_default([1.0]), with_default([1.0], a=2.0)) == (3.0, 2.0)


def test_errors_under_theanos_names() -> None:
    x, y = T.dscalar("x"), T.dscalar("y")
    with pytest.raises(theano.gof.MissingInputError):
        theano.function([x], x + y)
    with pytest.raises(theano.compile.UnusedInputError):
        theano.function([x, y], x)
    with pytest.raises(theano.gradient.DisconnectedInputError):
        theano.grad(x, y)
    with pytest.raises(TypeError):
        theano.grad(T.dvector(), x)
    with pytest.raises(T.NotScalarConstantError):
        T.get_scalar_constant_value(x)
    with pytest.raises(NotImplementedError, match="variables that functions share"):
        theano.In(x, value=1.0, shared=True)


def test_a_float64_update_of_a_float32_variable_is_cast() -> None:
    w = theano.shared(np.float32(1))
    with pytest.warns(GradcWarning, match="is float64, and is cast to float32"):
        f = theano.function([], [], updates=[(w, w + T.constant(0.1, dtype="float64"))])
    f()
    assert w.get_value() == np.float32(1.1)
    with pytest.raises(TypeError):
        theano.function([], [], updates=[(theano.shared(1), T.constant(0.5))])


@pytest.mark.parametrize(
    ("value", "dtype"),
    [(2, "int8"), (300, "int16"), (70000, "int32"), (0.5, "float32"), (0.1, "float64"),
     (np.float64(0.5), "float64"), ([1, 2], "int64")],
)  # fmt: skip
def test_constants_are_small(value: Any, dtype: str) -> None:
    assert T.constant(value).dtype == dtype
    assert T.as_tensor_variable(value).dtype == dtype


def test_shared_floats_are_float64_whatever_floatx_says() -> None:
    with theano.change_flags(floatX="float32"):
        assert theano.shared(0.1).dtype == "float64"
        assert T.constant(0.1).dtype == "float32"


def test_types_make_variables() -> None:
    assert T.dmatrix.broadcastable == (False, False)
    assert T.fcol("c").broadcastable == (False, True)
    assert T.TensorType("float32", (False,) * 3)("x").type == T.ftensor3
    assert T.imatrix("x").name == "x"


def test_a_compiled_function_is_looked_at() -> None:
    x, w, v = T.dvector("x"), theano.shared(2.0, "w"), theano.shared(5.0, "v")
    f = theano.function([x], T.exp(x * w), updates=[(w, w + 1)])
    nodes = f.maker.fgraph.toposort()
    assert all(isinstance(node.op, (T.Elemwise, T.DimShuffle)) for node in nodes)
    assert f.maker.fgraph.outputs[0].dtype == "float64"
    assert f.get_shared() == [w]
    g = f.copy(swap={w: v})
    np.testing.assert_allclose(g([1.0]), np.exp([5.0]))
    assert (v.get_value(), w.get_value()) == (6.0, 2.0)
    f.copy(delete_updates=True)([1.0])
    assert w.get_value() == 2.0


def test_walking_graphs() -> None:
    x, y = T.dscalars("x", "y")
    h = x * y
    z = T.exp(h) + x
    graph = theano.gof.graph
    assert set(graph.inputs([z])) == {x, y}
    assert h in graph.ancestors([z])
    assert graph.ancestors([z], [h])
    assert y not in graph.ancestors([z], [h])
    assert [node.outputs[0] for node in graph.io_toposort([h, x], [z])][-1] is z
    assert graph.orphans([x], [z]) == [y]
    assert graph.is_same_graph(x + y, x + y)
    (copied,), (result,) = graph.clone([x], [x * 2])
    assert copied is not x
    assert result.eval({copied: 3.0}) == 6.0
    fgraph = theano.gof.FunctionGraph([x, y], [z], clone=False)
    assert (z.owner, 1) in fgraph.clients(x)
    assert fgraph.clients(z) == [("output", 0)]


def test_parameters_come_in_theanos_order() -> None:
    x, a, b, c = T.dvector("x"), *(theano.shared(np.ones(2), name) for name in "abc")
    z = T.tanh(x * a + b) * c
    ins = theano.gof.graph.inputs
    assert [each.name for each in ins([z])] == ["x", "a", "b", "c"]
    assert [each.name for each in ins(reversed([b * c, a]))] == ["b", "c", "a"]


def test_a_gradient_uses_what_its_cost_does() -> None:
    x, y, v = T.dvectors("x", "y", "v")
    linear = (2 * x + y).sum()
    gradient = T.grad(linear, x)
    assert theano.function([x, y], gradient)([0.0], [0.0]) == [2.0]
    second = T.grad((gradient * v).sum(), v)
    assert theano.function([x, y, v], [second])([0], [0], [0])[0] == [2.0]
    W, V, u = T.dmatrix("W"), T.dmatrix("V"), T.dvector("u")
    product = theano.function([W, V, u], T.Rop(T.dot(u, W), W, V))
    np.testing.assert_array_equal(product(np.eye(2), 2 * np.eye(2), [0, 1]), [0, 2])
    with pytest.raises(theano.compile.UnusedInputError):
        theano.function([x, y, u], gradient)
    assert gradient.eval({x: [1.0], y: [1.0], v: [3.0]}) == [2.0]


def test_old_keywords() -> None:
    x = T.dmatrix("x")
    values = np.arange(6.0).reshape(2, 3)
    outputs = [
        T.mean(input=x, axis=0),
        T.flatten(x, outdim=1),
        T.dot(a=x, b=x.T),
        T.alloc(0, 2, x.shape[0]),
        T.stack(x[0], x[1]),
        T.round(x / 4),
        T.sort(x, kind="mergesort"),
        x.flatten(1),
        T.sum(input=x, keepdims=True),
    ]
    found = theano.function([x], outputs)(values)
    expected = [
        values.mean(0), values.ravel(), values @ values.T, np.zeros((2, 2)), values,
        np.round(values / 4), values, values.ravel(), [[15.0]],
    ]  # fmt: skip
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b)


def test_softmax_of_a_vector_is_a_row() -> None:
    v = T.dvector("v")
    assert T.nnet.softmax(v).broadcastable == (True, False)
    assert T.nnet.softmax(v).eval({v: [1.0, 1.0]}).tolist() == [[0.5, 0.5]]
    assert T.nnet.logsoftmax(v).ndim == 2


def test_gradients_by_differences() -> None:
    tools = theano.tests.unittest_tools
    tools.verify_grad(lambda x: T.tanh(x) ** 2, [np.array([0.3, 1.0])])
    with pytest.raises(tools.verify_grad.E_grad):
        tools.verify_grad(lambda x: theano.gradient.grad_scale(x, 2.0), [np.array([0.3])])
    theano.gradient.verify_grad(T.exp, [np.array(0.5)], cast_to_output_type=True)
    with pytest.raises(tools.WrongValue):
        tools.assert_allclose(np.ones(2), np.zeros(2))


def test_updates_that_contradict() -> None:
    v, w = theano.shared(1.0), theano.shared(2.0)
    joined = theano.OrderedUpdates([(v, v + 1)]) + {w: w + 1}
    assert list(joined) == [v, w]
    with pytest.raises(KeyError, match="two updates"):
        joined + {v: v * 2}
    with pytest.raises(TypeError, match="no shared variable"):
        theano.OrderedUpdates([(T.dscalar(), w)])


def test_printing(capsys: pytest.CaptureFixture[str]) -> None:
    x = T.dscalar("x")
    theano.printing.debugprint(x + 1)
    assert theano.pp(x * 2) == theano.printing.pp(x * 2)
    assert "x" in capsys.readouterr().out
    assert theano.function([x], theano.printing.Print("value")(x))(3.0) == 3.0
    assert "value" in capsys.readouterr().out
    assert sys.modules["theano"] is compat


def test_averages_that_follow_a_layer() -> None:
    """As Lasagne's batch normalisation keeps them: default updates of a clone, of one storage."""
    x = T.dvector("x")
    mean = theano.shared(np.asarray(1.0), "mean")
    running = theano.clone(mean, share_inputs=False)
    assert running is not mean
    running.default_update = 0.5 * running + 0.5 * T.mean(x)
    train = theano.function([x], T.sum(x - T.mean(x)) + 0 * running)
    test = theano.function([x], T.sum(x - mean))
    train(np.full(2, 5.0))
    assert mean.get_value() == running.get_value() == 3.0
    assert test(np.zeros(2)) == -6.0
    assert mean.get_value() == 3.0  # which only training changes
    assert theano.clone(T.exp(mean)).owner.inputs[0] is mean


def test_convolutions_and_pools_as_operations() -> None:
    x, w, y = T.dtensor4("x"), T.dtensor4("w"), T.dtensor4("y")
    own, abstract = T.TensorType("float64", (False,) * 6)("own"), T.nnet.abstract_conv
    options = {"border_mode": "half", "subsample": (2, 2)}
    downsample = sys.modules["theano.tensor.signal.downsample"]
    pairs = [
        (abstract.AbstractConv2d(None, (3, 2, 3, 3), **options)(x, w),
         T.nnet.conv2d(x, w, **options, unroll_batch=4)),
        (abstract.AbstractConv2d_gradInputs((None, 2, 6, 6), (3, 2, 3, 3), **options)(w, y, (6, 6)),
         abstract.conv2d_grad_wrt_inputs(y, w, (None, 2, 6, 6), **options)),
        (abstract.AbstractConv2d_gradWeights(None, None, **options)(x, y, w.shape[2:]),
         abstract.conv2d_grad_wrt_weights(x, y, (None, None, 3, 3), **options)),
        (abstract.AbstractConv2d(None, None, unshared=True, **options)(x, own),
         T.nnet.conv2d(x, own, unshared=True, **options)),
        (abstract.AbstractConv2d_gradInputs(unshared=True, **options)(own, y, (6, 6)),
         abstract.conv2d_grad_wrt_inputs(y, own, x.shape, unshared=True, **options)),
        (abstract.AbstractConv2d_gradWeights(unshared=True, **options)(x, y, (3, 3)),
         T.grad((T.nnet.conv2d(x, own, unshared=True, **options) * y).sum(), own)),
        (T.signal.pool.Pool(True, "sum")(x, (2, 3), (1, 1), (1, 0)),
         T.signal.pool.pool_2d(x, (2, 3), True, (1, 1), (1, 0), "sum")),
        (downsample.DownsampleFactorMax((4, 4))(x), T.signal.pool.pool_2d(x, (4, 4), False)),
        (sys.modules["theano.sandbox.neighbours"].images2neibs(x, (3, 2)),
         T.nnet.neighbours.images2neibs(x, (3, 2))),
    ]  # fmt: skip
    f = theano.function([x, w, y, own], [each for pair in pairs for each in pair])
    shapes = ((2, 2, 6, 6), (3, 2, 3, 3), (2, 3, 3, 3), (3, 3, 3, 2, 3, 3))
    rng = np.random.RandomState(1)
    found = f(*(rng.rand(*shape) for shape in shapes))
    for one, other in zip(found[::2], found[1::2], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-13)
    with pytest.raises(ValueError, match="AbstractConv3d: unshared filters are along rows and col"):
        abstract.AbstractConv3d(unshared=True)
    with pytest.raises(TypeError, match="conv2d: takes no kshp_logical"):
        T.nnet.conv2d(x, w, kshp_logical=(1, 1))
    with pytest.raises(ValueError, match="Pool: ndim=4"):
        T.signal.pool.Pool(ndim=4)
