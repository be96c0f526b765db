"""verify_grad finds wrong gradients and passes right ones; numeric_grad; subgraph_grad."""

import pickle

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc import custom_gradient, function, grad, numeric_grad, subgraph_grad, verify_grad
from gradc.errors import ArgumentError, ArgumentTypeError, GradientError, NullTypeGradError
from gradc.graph.evaluate import evaluate

pytestmark = pytest.mark.usefixtures("quickly")

RNG = np.random.default_rng(1)


def test_right_gradients_pass():
    x, w = RNG.normal(size=(3, 2)), RNG.normal(size=(2, 4))
    verify_grad(lambda x, w: T.softmax(T.dot(x, w)), [x, w], rng=np.random.RandomState(3))
    verify_grad(lambda x: T.sum(x**2), [x.astype("float32")], n_tests=1)
    verify_grad(lambda x: x * T.exp(x[0, 0]), [x], mode="REFERENCE", n_tests=1)


def test_a_wrong_gradient_is_named():
    def wrong(x):
        return custom_gradient(T.tanh, vjp=lambda ct, out, x: ct * (1 - out))(x)

    with pytest.raises(GradientError, match=r"the gradient of input 0 at \(1,\) is") as found:
        verify_grad(lambda x: wrong(x), [np.array([0.0, -1.0])])
    assert "differences give" in str(found.value)
    nan = custom_gradient(lambda x: x * 2, vjp=lambda ct, out, x: ct * np.nan)
    with pytest.raises(GradientError):
        verify_grad(nan, [np.ones(2)])


def test_wrong_use():
    with pytest.raises(ArgumentTypeError, match=r"pt\[0\] is int64"):
        verify_grad(T.exp, [np.arange(3)])
    with pytest.raises(ArgumentError, match="not one variable of a float dtype"):
        verify_grad(T.argmax, [np.ones(3)])


def test_differences():
    found = numeric_grad(lambda x, y: np.sum(x**2) * y, [np.array([1.0, 2.0]), np.array(3.0)])
    np.testing.assert_allclose(found.gf[0], [6, 12], rtol=1e-6)
    np.testing.assert_allclose(found.gf[1], 5, rtol=1e-6)
    one = numeric_grad(lambda x: float(x) ** 2, np.array(2.0))
    np.testing.assert_allclose(one.gf, 4, rtol=1e-6)
    worst = found.max_err([np.array([6.0, 13.0]), np.array(5.0)], 1e-4, 1e-4)
    assert worst[:2] == (0, (1,))
    assert worst[2] == pytest.approx(1, rel=1e-5)
    assert numeric_grad.abs_rel_err(np.array(1.0), np.array(3.0)) == (2, 0.5)


def test_backpropagation_by_hand():
    """Theano's example: a net in two parts, the gradient handed from one to the other."""
    x, t = T.dvector("x"), T.dvector("t")
    w1 = gradc.shared(RNG.normal(size=(3, 4)), "w1")
    w2 = gradc.shared(RNG.normal(size=(4, 2)), "w2")
    a1 = T.tanh(T.dot(x, w1))
    a2 = T.tanh(T.dot(a1, w2))
    cost2 = T.sum((a2 - t) ** 2) + T.sum(w2**2)
    cost1 = T.sum(w1**2)
    (g2,), next_start = subgraph_grad(wrt=[w2], end=[a1], cost=cost2)
    (g1,), (gx,) = subgraph_grad(
        wrt=[w1], end=[x], start=dict(zip([a1], next_start, strict=True)), cost=cost1
    )
    whole = grad(cost1 + cost2, [w2, w1, x])
    f = gradc.function([x, t], [g2, g1, gx, *whole])
    got = f(RNG.normal(size=3), RNG.normal(size=2))
    for by_hand, expected in zip(got[:3], got[3:], strict=True):
        np.testing.assert_allclose(by_hand, expected, rtol=1e-12)
    details = subgraph_grad([w1], [x], start={a1: next_start[0]}, details=True)
    assert details[3] is None
    with pytest.raises(ArgumentError, match="neither a start nor a cost"):
        subgraph_grad([w1], [x])


def test_what_is_not_there_says_so():
    x = T.dscalar("x")

    def pullback(reason):
        return custom_gradient(T.exp, vjp=lambda ct, out, v: reason("mine", 0, v, "too hard"))

    with pytest.raises(NullTypeGradError, match="input 0 of mine: nobody has written it: too hard"):
        grad(pullback(gradc.grad_not_implemented)(x), x)
    with pytest.raises(NullTypeGradError, match="input 0 of mine: too hard"):
        grad(pullback(gradc.grad_undefined)(x), x)
    assert evaluate([pullback(gradc.grad_undefined)(x)], {x: 0.0}) == [1]


def test_pullbacks_may_speak_in_types():
    x, y = T.dscalar("x"), T.dscalar("y")

    def pull(ct, out, a, b):
        return gradc.DisconnectedType()(), gradc.NullType("rounded")()

    f = custom_gradient(lambda a, b: a * b, vjp=pull)
    assert grad(f(x, y), [x], disconnected_inputs="ignore", return_disconnected="None") == [None]
    with pytest.raises(NullTypeGradError, match="rounded"):
        grad(f(x, y), y)
    found = grad(f(x, y), y, null_gradients="return")
    assert isinstance(found.type, gradc.NullType)
    assert found.type.why_null == "rounded"
    assert pickle.loads(pickle.dumps(found.type)) == found.type


def test_weights_of_single_precision_on_demand(monkeypatch):
    made = []
    monkeypatch.setattr(
        gradc.testing, "function", lambda *a, **k: (made.append((a, k)), function(*a, **k))[1]
    )
    point = [np.array([0.5, -1.0], "float32")]
    verify_grad(T.tanh, point, n_tests=1, mode="REFERENCE")
    assert made[0][0][0][-1].dtype == "float64"
    made.clear()
    verify_grad(T.tanh, point, n_tests=1, mode="REFERENCE", cast_to_output_type=True)
    assert made[0][0][0][-1].dtype == "float32"
    made.clear()
    debug = gradc.DebugMode(check_c_code=False, stability_patience=0)
    verify_grad(T.tanh, point, n_tests=1, mode=debug)
    assert [keywords["mode"] for _, keywords in made] == [None, debug, None]
    made.clear()
    verify_grad(T.tanh, point, n_tests=1, mode=debug, no_debug_ref=False)
    assert [keywords["mode"] for _, keywords in made] == [debug] * 3


def test_complex_gradients():
    """Real and imaginary parts are moved, under the convention of grad."""
    z = RNG.normal(size=(2, 2)) + 1j * RNG.normal(size=(2, 2))
    verify_grad(lambda z, x: T.exp(z) * T.conj(T.det(z)) * x, [z, np.array([1.5, 2.0])], n_tests=1)
    verify_grad(lambda z: T.abs(z), [z.astype("complex64")], n_tests=1)
    verify_grad(lambda x: T.exp(1j * x), [np.array(0.3)], n_tests=1)
    wrong = custom_gradient(lambda z: z * z, vjp=lambda ct, out, z: ct * 2 * z)  # not conjugate
    with pytest.raises(GradientError, match=r"input 0 at \(0, 0\) is \(.*j\), differences give"):
        verify_grad(wrong, [z], n_tests=1)
    g = numeric_grad(lambda z: abs(z) ** 2, np.array(1 + 2j))
    np.testing.assert_allclose(g.gf, 2 * (1 + 2j), 1e-6)
