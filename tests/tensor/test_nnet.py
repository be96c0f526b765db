"""T.nnet: against numpy and scipy, at ordinary and at extreme values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.special as special

import gradc
import gradc.tensor as T
from gradc import testing

pytestmark = pytest.mark.usefixtures("quickly")

X = np.array([[0.5, -1.0, 2.0], [0.0, 3.0, -0.25]])
B = np.array([0.1, -0.2, 0.3])
Y = np.array([2, 1], "int32")
D = np.array([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]])
LOG = special.log_softmax(X, axis=1)
GELU = 0.5 * X * (1 + np.tanh(np.sqrt(2 / np.pi) * (X + 0.044715 * X**3)))
NORMAL = (X - X.mean(1, keepdims=True)) / np.sqrt(X.var(1, keepdims=True) + 1e-5)
LOG_B = special.log_softmax(X + B, axis=1)


def test_values() -> None:
    x, b, y, d = T.matrix("x"), T.vector("b"), T.ivector("y"), T.matrix("d")
    n, rows = T.nnet, np.arange(2)
    cases = [
        (n.softsign(x), X / (1 + np.abs(X))),
        (n.elu(x, 0.5), np.where(X > 0, X, 0.5 * np.expm1(X))),
        (n.selu(x), 1.0507009873554805 * np.where(X > 0, X, 1.6732632423543772 * np.expm1(X))),
        (n.hard_sigmoid(x), np.clip(0.2 * X + 0.5, 0, 1)),
        (n.ultra_fast_sigmoid(x), special.expit(X)),
        (n.gelu(x), X * special.ndtr(X)),
        (n.gelu(x, approximate=True), GELU),
        (n.swish(x), X * special.expit(X)),
        (n.swish(x, b), X * special.expit(B * X)),
        (n.layer_norm(x), NORMAL),
        (n.layer_norm(x, b, b + 1, epsilon=1e-5), NORMAL * B + B + 1),
        (n.layer_norm(x.T, axis=(0,), epsilon=1e-5), NORMAL.T),
        (n.layer_norm(x, axis=(0, 1), epsilon=0.1), (X - X.mean()) / np.sqrt(X.var() + 0.1)),
        (n.softmax(x, axis=0), special.softmax(X, axis=0)),
        (n.logsoftmax(x, axis=(0, 1)), special.log_softmax(X)),
        (n.softmax_with_bias(x, b), np.exp(LOG_B)),
        (n.categorical_crossentropy(n.softmax(x), d), -(D * LOG).sum(1)),
        (n.categorical_crossentropy(n.softmax(x), y), -LOG[rows, Y]),
        (n.crossentropy_categorical_1hot(n.softmax(x), y), -LOG[rows, Y]),
        (n.crossentropy_softmax_1hot(x, y)[0], -LOG[rows, Y]),
        (n.crossentropy_softmax_1hot_with_bias(x, b, y)[0], -LOG_B[rows, Y]),
        (n.crossentropy_softmax_argmax_1hot_with_bias(x, b, y)[2], LOG_B.argmax(1)),
        (n.crossentropy_softmax_max_and_argmax_1hot(x, y)[2], np.exp(LOG).max(1)),
        (n.crossentropy_softmax_max_and_argmax_1hot_with_bias(x, b, y)[1], np.exp(LOG_B)),
        (n.binary_crossentropy(n.sigmoid(x), d), np.logaddexp(0, X) - D * X),
        (n.sigmoid_binary_crossentropy(x, d), np.logaddexp(0, X) - D * X),
        (n.prepend_1_to_each_row(x), np.c_[[1, 1], X]),
        (n.prepend_0_to_each_row(x), np.c_[[0, 0], X]),
        (n.batch_normalization(x, b, 1.0, 0.5, 2.0), (X - 0.5) * B / 2 + 1),
        (
            n.batch_normalization_test(x, b, b, b, n.softplus(b), epsilon=0.1),
            (X - B) * B / np.sqrt(np.log1p(np.exp(B)) + 0.1) + B,
        ),
        (
            n.batch_normalization_test(x[:, :2], b[:2], b[:2], b[:2], b[:2] ** 2, "spatial"),
            (X[:, :2] - B[:2]) * B[:2] / np.sqrt(B[:2] ** 2 + 1e-4) + B[:2],
        ),
    ]
    f = gradc.function([x, b, y, d], [each for each, _ in cases])
    for (_, expected), found in zip(cases, f(X, B, Y, D), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


def test_confusion_matrix() -> None:
    a, p = T.ivector(), T.ivector()
    f = gradc.function([a, p], T.nnet.confusion_matrix(a, p))
    counts, order = f([2, 0, 2, 2, 0, 1], [0, 0, 2, 2, 0, 2])
    assert counts.tolist() == [[2, 0, 0], [0, 0, 1], [1, 0, 2]]
    assert order.tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="is no vector"):
        T.nnet.confusion_matrix(T.matrix(), p)


def test_hierarchical_softmax() -> None:
    random = np.random.default_rng(1)
    x, w1, b1 = random.normal(size=(2, 4)), random.normal(size=(4, 3)), random.normal(size=3)
    w2, b2 = random.normal(size=(3, 4, 2)), random.normal(size=(3, 2))
    t = T.ivector("t")
    every = T.nnet.h_softmax(x, 2, 5, 3, 2, w1, b1, w2, b2)
    one = T.nnet.h_softmax(x, 2, 5, 3, 2, w1, b1, w2, b2, t)
    all_of_them, chosen = gradc.function([t], [every, one])([4, 1])
    classes = special.softmax(x @ w1 + b1, axis=1)
    within = special.softmax(np.tensordot(x, w2, (1, 1)) + b2, axis=2)
    expected = (classes[:, :, None] * within).reshape(2, 6)
    np.testing.assert_allclose(all_of_them, expected[:, :5], rtol=1e-12)
    np.testing.assert_allclose(chosen, expected[[0, 1], [4, 1]], rtol=1e-12)
    probability = gradc.function([t], one)
    for wrong in (5, -1):  # 5 has a place, but is no output
        with pytest.raises(IndexError, match="target of h_softmax has a label that is no class"):
            probability([0, wrong])
    with pytest.raises(TypeError, match="target has to name classes by whole numbers"):
        T.nnet.h_softmax(x, 2, 5, 3, 2, w1, b1, w2, b2, T.vector("t"))


def test_extremes() -> None:
    x, t = T.vector("x"), T.vector("t")
    cost = T.nnet.sigmoid_binary_crossentropy(x, t)
    cost_2 = T.nnet.binary_crossentropy(T.nnet.sigmoid(x), t)
    rows = -T.log(T.nnet.softmax(T.stack([x, 0 * x], axis=1)))[:, 0]
    outputs = [cost, cost_2, rows, T.grad(cost.sum(), x)]
    at = np.array([1000.0, -1000.0, 40.0, 0.0]), np.array([1.0, 1.0, 1.0, 0.5])
    one, two, three, slope = gradc.function([x, t], outputs)(*at)
    expected = [0.0, 1000.0, np.log1p(np.exp(-40)), np.log(2)]
    for found in (one, two):
        np.testing.assert_allclose(found, expected, rtol=1e-14)
    np.testing.assert_allclose(three, expected, rtol=1e-14, atol=1e-16)
    np.testing.assert_allclose(slope, [0, -1, -special.expit(-40), 0], rtol=1e-13)


def test_gradients() -> None:
    n = T.nnet
    testing.verify_grad(
        lambda x, d: (
            n.softsign(x).sum() + n.selu(x).sum() + n.sigmoid_binary_crossentropy(x, d).sum()
            + n.crossentropy_softmax_1hot(x, Y)[0].sum() + n.prepend_1_to_each_row(x)[:, :2].sum()
            + (n.gelu(x) * d).sum() + n.gelu(x, True).sum() + n.swish(x, d).sum()
            + (n.layer_norm(x, d, epsilon=0.1) ** 3).sum() + n.hard_sigmoid(x).sum()
        ),
        [X[:, ::-1] + 0.1, D],
    )  # fmt: skip


def test_targets_of_another_rank() -> None:
    with pytest.raises(TypeError, match="are no distributions and targets"):
        T.nnet.categorical_crossentropy(T.matrix("p"), T.scalar("t"))


BN = np.arange(24.0).reshape(2, 3, 2, 2) ** 1.5
BN_CASES = [
    ("per-activation", (1, 3, 2, 2), (0,)),
    ("per-activation", (3, 2, 2), (0,)),
    ("spatial", (1, 3, 1, 1), (0, 2, 3)),
    ("spatial", (3,), (0, 2, 3)),
    ((0, 2), (1, 3, 1, 2), (0, 2)),
]


def numpy_batch_norm(x, gamma, beta, axes, epsilon, factor, old_mean, old_var):
    shape = [1 if k in axes else n for k, n in enumerate(x.shape)]
    g, b, m, v = (each.reshape(shape) for each in (gamma, beta, old_mean, old_var))
    mean, var = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    n = x.size / mean.size
    out = (x - mean) * g / np.sqrt(var + epsilon) + b
    rest = [mean, 1 / np.sqrt(var + epsilon), m * (1 - factor) + mean * factor,
            v * (1 - factor) + var * n / (n - 1) * factor]  # fmt: skip
    return [out, *(each.reshape(gamma.shape) for each in rest)]


def test_batch_normalization_in_training() -> None:
    x, outs, wanted, inputs, values, slopes = T.dtensor4("x"), [], [], [], [], []
    for axes, shape, taken in BN_CASES:
        params = [T.tensor("float64", shape=[1 if n == 1 else None for n in shape]) for _ in "gbmv"]
        first = np.linspace(1, 2, int(np.prod(shape))).reshape(shape)
        given = [first, first * 0.5, first * 3, first * 2]
        found = T.nnet.batch_normalization_train(x, *params[:2], axes, 1e-3, 0.2, *params[2:])
        outs += found
        wanted += numpy_batch_norm(BN, *given[:2], taken, 1e-3, 0.2, *given[2:])
        slopes.append(T.grad(T.sum(found[0] ** 3) + T.sum(found[3]), [x, *params[:3]]))
        inputs += params
        values += given
    f = gradc.function([x, *inputs], [*outs, *(g for row in slopes for g in row)])
    results = f(BN, *values)
    for got, want in zip(results, wanted, strict=False):
        np.testing.assert_allclose(got, want, rtol=1e-11, atol=1e-12)
    # Theano 1.0.5 says so of the first and the fourth
    sums = [18.0, 535.2620056552947, 0.41693665519398054, 150.25240113105897, 4374.743749718568]
    np.testing.assert_allclose([each.sum() for each in results[:5]], sums, rtol=1e-12)
    sums = [18.0, 133.81550141382368, 0.10194036657127478, 37.56310028276474, 648.2211170526632]
    np.testing.assert_allclose([each.sum() for each in results[15:20]], sums, rtol=1e-12)
    by_x = results[len(outs)]
    shape = BN_CASES[0][1]
    way, step = np.random.default_rng(0).normal(size=BN.shape), 1e-5

    def cost(a):
        out = numpy_batch_norm(a, *values[:2], (0,), 1e-3, 0.2, *values[2:4])
        return np.sum(out[0] ** 3) + np.sum(out[3])

    want = (cost(BN + step * way) - cost(BN - step * way)) / (2 * step)
    np.testing.assert_allclose(np.sum(by_x * way), want, rtol=1e-5)
    assert results[len(outs) + 1].shape == shape


def test_batch_normalization_as_updates() -> None:
    x = T.matrix("x", shape=(None, 3))
    mean, var = gradc.shared(np.zeros(3), name="mean"), gradc.shared(np.ones(3), name="var")
    found = T.nnet.batch_normalization_train(
        x, np.ones(3), np.zeros(3), running_mean=mean, running_var=var
    )
    step = gradc.function([x], found[0], updates=[(mean, found[3]), (var, found[4])])
    step(X)
    np.testing.assert_allclose(mean.get_value(), 0.1 * X.mean(0))
    np.testing.assert_allclose(var.get_value(), 0.9 + 0.1 * X.var(0, ddof=1))
    before = mean.get_value(), var.get_value()
    for rows in (0, 1):  # no unbiased variance: the averages would be nan for ever
        with pytest.raises(ValueError, match="inputs have fewer than two elements a statistic"):
            step(X[:rows])
    np.testing.assert_array_equal([mean.get_value(), var.get_value()], before)
    assert len(T.nnet.batch_normalization_train(x, np.ones(3), np.zeros(3))) == 3


def test_batch_normalization_that_does_not_fit() -> None:
    x, g = T.matrix("x"), T.vector("g")
    train = T.nnet.batch_normalization_train
    with pytest.raises(gradc.errors.ArgumentError, match="running_var only one is given"):
        train(x, g, g, running_mean=g)
    with pytest.raises(gradc.errors.ArgumentError, match="there are no axes 'per-channel'"):
        train(x, g, g, "per-channel")
    with pytest.raises(gradc.errors.ShapeError, match="gamma has 1 axes"):
        train(T.tensor4(), g, g)


def test_tails_of_gelu() -> None:
    x = T.vector("x")
    at = np.array([-40.0, -10.0, -6.0, 0.0, 6.0, 40.0])
    y, slope = gradc.function([x], [T.nnet.gelu(x), T.grad(T.nnet.gelu(x).sum(), x)])(at)
    np.testing.assert_allclose(y, at * special.ndtr(at), rtol=1e-13, atol=1e-320)
    density = np.exp(-(at**2) / 2) / np.sqrt(2 * np.pi)
    np.testing.assert_allclose(slope, special.ndtr(at) + at * density, rtol=1e-12, atol=1e-300)


def test_dropout() -> None:
    x, rate, train = T.matrix("x"), T.scalar("rate"), T.scalar("train", dtype="bool")
    key = gradc.random.key(3)
    stream = gradc.random.RandomStreams(1)
    y = T.nnet.dropout(x, 0.25, stream)
    z = T.nnet.dropout(x, rate, key, train)
    f = gradc.function(
        [x, rate, train], [y, T.grad(y.sum(), x), z, T.nnet.dropout(x, 0.5, key, False)]
    )
    ones = np.ones((100, 200))
    first, slope, other, same = f(ones, 0.5, True)
    assert set(np.unique(first)) == {0.0, 1 / 0.75}
    np.testing.assert_allclose((first == 0).mean(), 0.25, atol=0.01)
    np.testing.assert_array_equal(first, slope)
    np.testing.assert_allclose((other == 0).mean(), 0.5, atol=0.015)
    np.testing.assert_array_equal(same, ones)
    again = f(ones, 0.5, True)
    assert not np.array_equal(again[0], first)  # the stream goes on
    np.testing.assert_array_equal(again[2], other)  # the key does not
    np.testing.assert_array_equal(f(ones, 0.9, False)[2], ones)
    assert not f(ones, 1.0, True)[2].any()
    np.testing.assert_array_equal(f(ones, 0.0, True)[2], ones)
    for wrong, kind, text in [
        (lambda: T.nnet.dropout(x, 1.5, key), ValueError, "outside 0 to 1"),
        (lambda: T.nnet.dropout(T.lvector(), 0.5, key), TypeError, "has to be of floats"),
        (lambda: T.nnet.dropout(x, 0.5, 3), TypeError, "rng is no stream"),
    ]:
        with pytest.raises(kind, match=text):
            wrong()


def test_labels_that_are_none() -> None:
    n = T.nnet
    x, y, b = T.matrix("x"), T.lvector("y"), T.vector("b")
    w = gradc.shared(np.zeros(3), name="w")
    loss = n.crossentropy_softmax_1hot_with_bias(x, w, y)[0]
    cost = loss.sum()
    f = gradc.function([x, y], loss, updates=[(w, w - T.grad(cost, w))])
    g = gradc.function([x, y], n.categorical_crossentropy(n.softmax(x), y))
    for wrong in ([2, 3], [-1, 0]):
        for function, name in ((f, "y_idx"), (g, "true_dist")):
            with pytest.raises(IndexError, match=rf"{name} of .*(?s:.*)count classes from 0"):
                function(X, wrong)
    assert not w.get_value().any()
    with pytest.raises(gradc.errors.GradcError, match='"y" has length 3 where "x" has 2'):
        f(X, [0, 1, 2])
    for labels, text in [
        (T.vector("t"), "y_idx has to name classes by whole numbers, got float64"),
        (T.tensor("bool", (None,), "t"), "y_idx has to name classes by whole numbers, got bool"),
    ]:
        with pytest.raises(TypeError, match=text):
            n.crossentropy_softmax_1hot(x, labels)
    with pytest.raises(ValueError, match="y_idx has 2 axes, 1 are needed"):
        n.crossentropy_softmax_1hot(x, T.lmatrix())
    with pytest.raises(IndexError, match="y_idx has the label 5, there are 3 classes"):
        n.crossentropy_softmax_1hot(T.matrix("x", shape=(None, 3)), [0, 5])
    with pytest.raises(TypeError, match="true_dist has to name"):
        n.categorical_crossentropy(x, b)


@pytest.mark.parametrize("mode", [None, "REFERENCE"])
def test_labels_are_one_a_row(mode: str | None) -> None:
    """A row that was declared as one is not stretched, nor is a label; REFERENCE says the same."""
    row, y, x = T.row("row"), T.lvector("y"), T.matrix("x")
    one = T.tensor("int64", (1,), "one")

    def loss(z: Any, labels: Any) -> Any:
        return gradc.function(
            [z, labels], T.nnet.crossentropy_softmax_1hot(z, labels)[0], mode=mode
        )

    np.testing.assert_allclose(loss(row, y)(X[:1], [2]), -LOG[:1, 2])
    np.testing.assert_allclose(loss(x, one)(X[:1], [2]), -LOG[:1, 2])
    for function, given in ((loss(row, y), (X[:1], [0, 1])), (loss(x, one), (X, [0]))):
        with pytest.raises(gradc.errors.ShapeError, match=r"y_idx of .* has not one label a row"):
            function(*given)
    with pytest.raises(gradc.errors.ShapeError, match="axis 0 has length 1, of the rows 2"):
        loss(T.matrix("x", shape=(2, None)), one)
    with pytest.raises(gradc.errors.IndexBoundsError, match="a label that is no class"):
        loss(x, y)(X, [0, 3])


def test_integer_scores() -> None:
    """The minus of an unsigned number, of a bool and of -128 is none."""
    for dtype, values in (("uint8", [0, 1, 200]), ("bool", [0, 1, 1]), ("int8", [-128, 0, 127])):
        x, given = T.tensor(dtype, (None,), "x"), np.array(values).astype(dtype)
        leaky = gradc.function([x], T.nnet.relu(x, 0.1))(given)
        np.testing.assert_allclose(leaky, np.where(given < 0, 0.1 * given, given.astype(float)))
        if dtype != "bool":
            cost = T.nnet.sigmoid_binary_crossentropy(x, np.array([0.0, 0.3, 1.0]))
            p = special.log_expit(np.stack([given, -given.astype(float)]))
            expected = -(np.array([0.0, 0.3, 1.0]) * p[0] + np.array([1.0, 0.7, 0.0]) * p[1])
            np.testing.assert_allclose(gradc.function([x], cost)(given), expected, rtol=1e-12)


def test_labels_of_any_rank() -> None:
    p, y = T.tensor3("p"), T.lmatrix("y")
    f = gradc.function([p, y], T.nnet.categorical_crossentropy(T.nnet.softmax(p), y))
    scores = np.random.default_rng(2).normal(size=(2, 4, 3))
    labels = np.arange(8).reshape(2, 4) % 3
    rows = special.log_softmax(scores, axis=-1)
    expected = -np.take_along_axis(rows, labels[..., None], -1)[..., 0]
    np.testing.assert_allclose(f(scores, labels), expected, rtol=1e-13)
    v, k = T.vector("v"), T.lscalar("k")
    one = gradc.function([v, k], T.nnet.categorical_crossentropy(T.nnet.softmax(v), k))
    np.testing.assert_allclose(one(scores[0, 0], 1), -rows[0, 0, 1])
    assert f(scores[:0], labels[:0]).shape == (0, 4)
