"""gradc.scan: the forms it takes, what it gives, what it refuses."""

from __future__ import annotations

import os
import pickle
import re
import signal
import threading
import time

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.control import foldl, foldr, map, reduce
from gradc.errors import (
    ArgumentError,
    ArgumentTypeError,
    DTypeError,
    IndexBoundsError,
    MissingInputError,
    ShapeError,
    UpdateError,
    VectorizeError,
)
from gradc.graph.evaluate import evaluate

pytestmark = pytest.mark.usefixtures("quickly")

X = np.arange(12.0).reshape(4, 3)
RNG = np.random.default_rng(0)


def value(variable, values=None):
    return evaluate([variable], values or {})[0]


def test_theanos_tutorial():
    k, a = T.iscalar("k"), T.dvector("A")
    powers, updates = gradc.scan(
        lambda prior, a: prior * a, outputs_info=T.ones_like(a), non_sequences=a, n_steps=k
    )
    f = gradc.function([a, k], powers[-1], updates=updates)
    np.testing.assert_allclose(f(np.arange(10.0), 2), np.arange(10.0) ** 2)
    np.testing.assert_allclose(f(np.arange(10.0), 4), np.arange(10.0) ** 4)
    coefficients, x = T.vector("coefficients"), T.scalar("x")
    parts, _ = gradc.scan(
        lambda c, power, x: c * x**power, [coefficients, T.arange(10000)], None, x
    )
    g = gradc.function([coefficients, x], [parts.sum(), gradc.grad(parts.sum(), x)])
    total, slope = g(np.array([1.0, 0, 2]), 3)
    assert (total, slope) == (19, 12)
    limit = T.dscalar("limit")
    powers, _ = gradc.scan(
        lambda p, m: (p * 2, gradc.until(p * 2 > m)),
        outputs_info=T.constant(np.float64(1)), non_sequences=limit, n_steps=1024,
    )  # fmt: skip
    h = gradc.function([limit], powers)
    np.testing.assert_array_equal(h(45), [2, 4, 8, 16, 32, 64])


def test_shared_variables_change_in_the_step():
    count = gradc.shared(0, "count")
    none, updates = gradc.scan(lambda: {count: count + 1}, n_steps=5)
    assert none is None
    f = gradc.function([], [], updates=updates)
    f()
    f()
    assert count.get_value() == 10
    total = gradc.shared(1.0, "total")
    rows, updates = gradc.scan(
        lambda x: (x * total, [(total, total + x)], gradc.until(total > 4)), T.arange(9.0)
    )
    g = gradc.function([], rows, updates=updates)
    np.testing.assert_array_equal(g(), [0, 1, 4, 12, 28])
    assert total.get_value() == 11


def test_a_draw_among_non_sequences_is_drawn_once_a_call():
    """As in Theano: what is listed is computed once; what the step finds outside, in each step."""
    count = gradc.shared(np.int64(0), name="count")
    count.default_update = count + 1
    rows = gradc.shared(np.arange(10.0), name="rows")
    draw, x = rows[count], T.vector("x")
    listed, _ = gradc.scan(lambda a, d: a + d, sequences=[x], non_sequences=[draw])
    found, _ = gradc.scan(lambda a: a + draw, sequences=[x])
    once, anew = gradc.function([x], listed), gradc.function([x], found)
    np.testing.assert_array_equal(once(np.zeros(3)), [0.0, 0.0, 0.0])
    np.testing.assert_array_equal(once(np.zeros(3)), [1.0, 1.0, 1.0])
    np.testing.assert_array_equal(anew(np.zeros(3)), [2.0, 3.0, 4.0])
    kept, _ = gradc.scan_checkpoints(lambda a, d: a + d, x, [None], draw, save_every_N=1)
    before = count.get_value()
    np.testing.assert_array_equal(gradc.function([x], kept)(np.zeros(3)), [before] * 3)
    own = gradc.shared(1.0, name="own")  # listed, and changed by the step that reads it
    seen, updates = gradc.scan(
        lambda w, twice: (w * twice, {own: w + 1.0}), non_sequences=[own, own * 2], n_steps=3
    )
    step = gradc.function([], seen, updates=updates)
    np.testing.assert_array_equal(step(), [2.0, 4.0, 6.0])
    np.testing.assert_array_equal(step(), [32.0, 40.0, 48.0])


@pytest.mark.parametrize(
    ("result", "outputs", "updates", "ends"),
    [
        (lambda x, s: x, 1, 0, False),
        (lambda x, s: [x], 1, 0, False),
        (lambda x, s: (x, x), 2, 0, False),
        (lambda x, s: (x, gradc.until(x > 1)), 1, 0, True),
        (lambda x, s: ([x, x], {s: s + 1}), 2, 1, False),
        (lambda x, s: ([x], [(s, s + 1)], gradc.until(x > 1)), 1, 1, True),
        (lambda x, s: {s: s + 1}, 0, 1, False),
        (lambda x, s: [(s, s + 1)], 0, 1, False),
        (lambda x, s: ({s: s + 1}, gradc.until(x > 1)), 0, 1, True),
    ],
)
def test_what_a_step_may_return(result, outputs, updates, ends):
    s = gradc.shared(0.0, "s")
    found, new = gradc.scan(lambda x: result(x, s), T.arange(4.0), return_list=True)
    assert (len(found), len(new)) == (outputs, updates)
    steps = 3 if ends else 4
    for each in found:
        np.testing.assert_array_equal(value(each, {s: 0.0}), np.arange(float(steps)))
    for each in new.values():
        assert value(each, {s: 0.0}) == steps


def test_a_python_number_takes_the_dtype_of_the_step():
    x = T.fvector("x")
    total, _ = gradc.scan(lambda x, s: s + x, x, 0.0)
    assert total.dtype == "float32"
    total, _ = gradc.scan(lambda x, s: s + x, x, 0)
    assert total.dtype == "float32"
    count, _ = gradc.scan(lambda x, s: s + 1, x, 0)
    assert count.dtype == "int64"


def test_words_for_scans():
    x = T.dmatrix("x")
    squares, _ = map(lambda row, k: row**2 * k, x, T.constant(2.0))
    np.testing.assert_array_equal(value(squares, {x: X}), 2 * X**2)
    total, _ = reduce(lambda row, s: s + row, x, T.zeros_like(x[0]))
    np.testing.assert_array_equal(value(total, {x: X}), X.sum(axis=0))
    left, _ = foldl(lambda row, s: 2 * s + row, x, T.zeros_like(x[0]))
    right, _ = foldr(lambda row, s: 2 * s + row, x, T.zeros_like(x[0]))
    weights = 2.0 ** np.arange(4)
    np.testing.assert_array_equal(value(left, {x: X}), weights[::-1] @ X)
    np.testing.assert_array_equal(value(right, {x: X}), weights @ X)


def test_what_a_step_uses_besides_is_differentiated():
    """Computed outside, and not listed."""
    x, w = T.dvector("x"), T.dscalar("w")
    h = T.exp(w)
    rows, _ = gradc.scan(lambda x, s: s * h + x, x, T.zeros((), "float64"))
    slope = gradc.grad(rows[-1], [h, w])
    values = {x: np.array([1.0, 2.0, 3.0]), w: 0.5}
    e = np.exp(0.5)
    got = evaluate(slope, values)
    np.testing.assert_allclose(got, [2 * e + 2, (2 * e + 2) * e])


def test_states_that_send_to_each_other_by_turns():
    """The gradient of one's last row skips every other step: none gets what it begins with."""
    a, b = T.matrix("a"), T.vector("b")
    start = [{"initial": a, "taps": [-2]}, b]
    (_, rows), _ = gradc.scan(
        lambda u, v: [T.tanh(v), T.tanh(1.5 * u)], outputs_info=start, n_steps=5
    )
    cost = T.sum(rows[-1] ** 2)
    f = gradc.function([a, b], [cost, *T.grad(cost, [a, b])])
    at, other = np.array([[0.3, -0.2], [0.7, 0.1]]), np.array([0.5, -0.4])
    last = lambda x: np.tanh(1.5 * np.tanh(np.tanh(1.5 * x)))  # noqa: E731
    value, of_a, of_b = f(at, other)
    np.testing.assert_allclose(value, (last(at[1]) ** 2).sum(), rtol=1e-14)
    slopes = ((last(at[1] + 1e-6) ** 2) - (last(at[1] - 1e-6) ** 2)) / 2e-6
    np.testing.assert_allclose(of_a, [[0, 0], slopes], rtol=1e-8)
    np.testing.assert_array_equal(of_b, [0, 0])


def test_equal_loops_are_one_node():
    x = T.dvector("x")

    def build():
        return gradc.scan(lambda x, s: T.tanh(s + x), x, T.zeros((), "float64"))[0]

    f = gradc.function([x], [build(), build() * 2], mode="REFERENCE")
    assert [n.op.kind for n in f.stages.graph.nodes].count("Scan") == 1


def test_batches_and_second_order():
    x, w = T.dmatrix("x"), T.dvector("w")

    def cost(x, w):
        h, _ = gradc.scan(lambda row, h: T.tanh(row + h * w), x, T.zeros_like(w))
        return T.sum(h[-1])

    stack = T.dtensor3("stack")
    rng = np.random.default_rng(4)
    many, one = rng.normal(size=(5, 4, 3)), rng.normal(size=3)
    batch = gradc.vectorize(lambda each: gradc.grad(cost(each, w), w))(stack)
    got = value(batch, {stack: many, w: one})
    single = gradc.grad(cost(x, w), w)
    for k in range(5):
        np.testing.assert_allclose(got[k], value(single, {x: many[k], w: one}))
    second = gradc.hessian(cost(x, w), w)
    numbers, step = np.zeros((3, 3)), 1e-6
    for k in range(3):
        up, down = one.copy(), one.copy()
        up[k], down[k] = one[k] + step, one[k] - step
        numbers[k] = value(single, {x: many[0], w: up}) - value(single, {x: many[0], w: down})
    np.testing.assert_allclose(
        value(second, {x: many[0], w: one}), numbers / (2 * step), rtol=1e-6, atol=1e-8
    )


# -- what is refused -------------------------------------------------------------------------------


def refused(error, text, *args, **options):
    with pytest.raises(error) as caught:
        gradc.scan(*args, **options)
    assert text in str(caught.value)
    return str(caught.value)


def test_steps_that_cannot_be():
    x = T.dvector("x")
    refused(ArgumentError, "says how many steps", lambda s: s, outputs_info=[x])
    refused(ArgumentError, "n_steps is -3", lambda x: x, x, n_steps=-3)
    refused(ArgumentTypeError, "n_steps is float64[]", lambda x: x, x, n_steps=T.dscalar())
    fixed = T.TensorType("float64", (5,))("fixed")
    refused(ArgumentError, "n_steps is 6", lambda x: x, fixed, n_steps=6)
    refused(ArgumentError, "reach beyond", lambda a, b: a, {"input": fixed, "taps": [-3, 3]})
    refused(ArgumentError, "truncate_gradient is 0", lambda x: x, x, truncate_gradient=0)
    refused(ShapeError, "is a scalar", lambda x: x, T.dscalar())
    n = T.lscalar("n")
    rows, _ = gradc.scan(lambda x: x, x, n_steps=n)
    f = gradc.function([x, n], rows)
    for count in (-1, 5):
        with pytest.raises((ArgumentError, ValueError)):
            f(np.zeros(4), count)


def test_states_that_do_not_fit():
    x, m = T.dvector("x"), T.dmatrix("m")
    text = refused(DTypeError, "float32", lambda x, s: s + x, x, T.fscalar("start"))
    assert "test_scan.py" in text
    assert "start" in text
    refused(ShapeError, "0 axes", lambda x, s: s + x, m, 0.0)
    wide = T.TensorType("float64", (3,))("wide")
    refused(ShapeError, "length 3", lambda s: T.concatenate([s, s]), None, wide, n_steps=2)
    refused(ArgumentError, "taps", lambda s: s, None, {"initial": x, "taps": [0]}, n_steps=2)
    refused(ArgumentError, "no initial", lambda s: s, None, {"taps": [-1]}, n_steps=2)
    short = {"initial": wide, "taps": [-5]}
    refused(ShapeError, "need 5", lambda s: s, None, short, n_steps=2)
    refused(ArgumentError, "2 output(s)", lambda x, s: (s, s), x, [x])


def test_other_things_refused():
    x, w = T.dvector("x"), gradc.shared(1.0, "w")
    refused(MissingInputError, '"w"', lambda x: x * w, x, strict=True)
    gradc.scan(lambda x, w: x * w, x, non_sequences=w, strict=True)
    refused(ArgumentTypeError, "the step returned", lambda x: "row", x)
    refused(UpdateError, "only shared variables", lambda x: {x: x}, x)
    with pytest.raises(ArgumentTypeError, match="scalar"):
        gradc.until(x > 1)
    ends, _ = gradc.scan(lambda a, s: (s + a, gradc.until(s > 3)), x, 0.0)
    with pytest.raises(VectorizeError, match="condition"):
        gradc.vectorize_graph(ends, {x: T.dmatrix()})


def test_what_a_call_refuses():
    """Natively, and with the line inside the step."""
    x, n, y, s = T.dvector("x"), T.lscalar("n"), T.dmatrix("y"), T.dvector("s")
    places, start = T.lvector("places"), T.dmatrix("start")
    rows, _ = gradc.scan(lambda x, s: 0.9 * s + x, x, 0.0, n_steps=n, name="decay")

    def longer(row, s):
        return T.concatenate([s[1:], s])

    def pick(i, table):
        return table[i] * 2

    back = {"initial": start, "taps": [-3]}
    outs = [
        rows,
        gradc.scan(longer, y, s)[0],
        gradc.scan(pick, places, None, y)[0],
        gradc.scan(lambda s: T.tanh(s), None, back, n_steps=2)[0],
    ]
    f = gradc.function([x, n, y, s, places, start], outs)
    good = [np.ones(4), 3, np.ones((0, 2)), np.ones(1), np.zeros(0, int), np.ones((3, 2))]
    f(*good)
    wrong = [
        (1, 5, "decay", "5 steps over a sequence of length 4"),
        (1, -1, "decay", "the number of steps is -1"),
        (3, np.ones(4), "T.concatenate([s[1:], s])", "begins with length 4 on axis 0"),
        (5, np.ones((2, 2)), "taps [-3]", "2 rows"),
    ]
    for k, value, *words in wrong:
        with pytest.raises(ArgumentError) as caught:
            f(*good[:k], value, *good[k + 1 :])
        assert all(word in str(caught.value) for word in words), str(caught.value)
        assert "test_scan.py" in str(caught.value)
    g = gradc.function([places, y], outs[2])
    with pytest.raises(IndexBoundsError, match="index 7 is out of bounds for axis 0") as caught:
        g([0, 7], np.ones((3, 2)))
    assert "table" in str(caught.value) or "y" in str(caught.value)


def test_lengths_that_differ_from_step_to_step():
    """Parts of an array, sorted: memory for the longest; what depends on data is interpreted."""
    y, idx = T.dvector("y"), T.lvector("idx")
    count = T.arange(y.shape[0])
    parts, _ = gradc.scan(lambda i, y: T.sort(y[: i + 1])[0] + y[:i].sum(), count, None, y)
    places, _ = gradc.scan(lambda i, y: y[T.argmax(y[i:]) + i], idx, None, y)
    found, _ = gradc.scan(lambda i, y: T.sort(y[y > y[i]]).sum(), idx, None, y)
    f = gradc.function([y, idx], [parts, places, found])
    assert str(f.stages.program).count("= callback") == 1
    values, where = np.array([3.0, 1.0, 4.0, 1.5, 5.0]), np.array([0, 3, 1])
    got = f(values, where)
    first = [np.sort(values[: k + 1])[0] + values[:k].sum() for k in range(5)]
    np.testing.assert_allclose(got[0], first)
    np.testing.assert_allclose(got[1], [values[i:].max() for i in where])
    np.testing.assert_allclose(got[2], [values[values > values[i]].sum() for i in where])


def test_only_last_rows_are_kept():
    """A long loop over a state needs memory for two of it."""
    s = T.dvector("s")
    last, _ = gradc.scan(
        lambda s: T.sin(s) * 0.4 + 0.3 * s[::-1] + 0.2, outputs_info=s, n_steps=1000
    )
    f = gradc.function([s], last[-1])
    assert "float64[2, n" in str(f.stages.program)
    value = np.linspace(0, 1, 7)
    expected = value
    for _ in range(1000):
        expected = np.sin(expected) * 0.4 + 0.3 * expected[::-1] + 0.2
    np.testing.assert_allclose(f(value), expected, rtol=1e-9)


def test_whoever_reads_last_rows_finds_them():
    x, w, v, n = T.dmatrix("x"), T.dmatrix("w"), T.dvector("v"), T.iscalar("n")

    def last(steps, taps=1, stop=None):
        def step(*rows):
            new = T.tanh(sum(rows))
            return (new, gradc.until(stop(new))) if stop else new

        start = x if taps == 1 else {"initial": T.stack([x, x / 2]), "taps": [-1, -2]}
        return gradc.scan(step, outputs_info=[start], n_steps=steps)[0][-1]

    states = [last(3), last(4), last(n), last(5, taps=2), last(9, stop=lambda row: row.sum() < 3.9)]
    narrow, _ = gradc.scan(lambda row: T.tanh(row), outputs_info=[x[:1, :1]], n_steps=3)
    found = [z @ w for z in states] + [v @ states[0], states[1] @ v, narrow[-1] @ w[:1]]
    found += [T.linalg.inv(states[0]), T.sort(states[1]), gradc.scan(T.exp, [states[2]])[0]]
    found += [gradc.scan(lambda row, z: z @ row, [w.T], non_sequences=[z])[0] for z in states[:2]]
    rng = np.random.default_rng(0)
    values = {x: np.eye(3) + rng.uniform(0, 0.1, (3, 3)), w: rng.normal(size=(3, 5)),
              v: rng.normal(size=3), n: np.int32(6)}  # fmt: skip
    f = gradc.function(list(values), found)
    for one, wanted in zip(f(*values.values()), evaluate(found, values), strict=True):
        np.testing.assert_allclose(one, wanted, rtol=1e-12)


def test_a_loop_of_products_alone_leaves_no_loop():
    x, w, n = T.tensor3("x", shape=(None, 1, 3)), T.dmatrix("w"), T.lscalar("n")
    states = gradc.scan(
        lambda old, w: T.tanh(T.dot(old, w)), None, {"initial": x, "taps": [-2]}, [w], n_steps=n
    )[0]  # fmt: skip
    plain = gradc.scan(lambda row, w: T.dot(row, w), [x[:n]], non_sequences=[w], n_steps=n)[0]
    outputs = [plain, *(T.grad(T.sum(T.sin(y)[-1] ** 2), w) for y in (plain, states))]
    values = {x: RNG.normal(size=(2, 1, 3)), w: RNG.normal(size=(3, 3)), n: np.int64(1)}
    f = gradc.function([*values], outputs)
    for one, wanted in zip(f(*values.values()), evaluate(outputs, values), strict=True):
        np.testing.assert_allclose(one, wanted, rtol=1e-12)


ENDLESS = {
    "rows": lambda s: T.tanh(s) + 0.1,  # in parts, on all threads
    "numbers": lambda s: s * 0.5 + 0.1,  # turns that stand in the loop, without a call
    "loops": lambda s: gradc.scan(lambda r: r * 0.5, None, s, n_steps=50)[0][-1] + 0.1,
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_a_loop_ends_on_ctrl_c_and_leaves_shared_variables(kind):
    """Within 100 ms, of which 50 are the time between two questions; with room for a busy machine.

    How long it is between two turns that ask is measured apart.
    """
    start = np.float64(1) if kind == "numbers" else np.ones(50)
    s, n = gradc.shared(start, "s"), T.lscalar("n")
    last, updates = gradc.scan(lambda: {s: ENDLESS[kind](s)}, n_steps=n)
    f = gradc.function([n], last or [], updates=updates)
    asks = re.findall(r"turn % (\d+) == 0\)\s+GC_DO\(gc_next", str(f.stages.source))
    every = int(asks[0]) if asks else 1
    assert (kind == "numbers") == bool(asks)
    f(1)
    times = []
    for _ in range(5):
        began = time.perf_counter()
        f(every)
        times.append(time.perf_counter() - began)
    assert min(times) < 0.01
    s.set_value(start)
    sent = []

    def interrupt() -> None:
        sent.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    threading.Timer(0.1, interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        f(10**11)
    assert time.perf_counter() - sent[0] < 1.0
    np.testing.assert_array_equal(s.get_value(), start)


def test_functions_and_graphs_with_loops_pickle():
    x = T.dvector("x")
    rows, _ = gradc.scan(lambda x, s: s * 0.5 + x, x, 0.0)
    f = gradc.function([x], [rows, gradc.grad(rows[-1], x)])
    for got, expected in zip(pickle.loads(pickle.dumps(f))(X[0]), f(X[0]), strict=True):
        np.testing.assert_array_equal(got, expected)
    y, again = pickle.loads(pickle.dumps((x, rows)))
    np.testing.assert_array_equal(gradc.function([y], again)(X[0]), f(X[0])[0])


def test_a_gradient_of_the_last_row_begins_there():
    """The loop backwards reads no zeros for the steps before; other terms come beside it."""
    x, w, h = T.dmatrix("x"), T.dmatrix("w"), T.dvector("h")
    rows, _ = gradc.scan(lambda x, h: T.tanh(x + T.dot(h, w)), x, h)
    outs = T.grad(T.sum(rows[-1] ** 2), [w, h, x])
    f = gradc.function([x, w, h], outs)
    kinds = [node.op.kind for node in f.stages.optimized.nodes]
    assert "Scatter" not in kinds
    more = T.grad(T.sum(rows[-1] ** 2) + T.sum(rows[1]) + T.sum(rows * rows), [w, h, x])
    states = [h]
    for k in range(4):
        states.append(T.tanh(x[k] + T.dot(states[-1], w)))
    flat = T.grad(T.sum(states[-1] ** 2), [w, h, x])
    cost = T.sum(states[-1] ** 2) + T.sum(states[2])
    flat += T.grad(cost + sum(T.sum(each * each) for each in states[1:]), [w, h, x])
    rng = np.random.default_rng(0)
    values = [rng.normal(size=shape) for shape in ((4, 3), (3, 3), (3,))]
    g = gradc.function([x, w, h], [*outs, *more, *flat])
    got = g(*values)
    for one, two in zip(got[:6], got[6:], strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-11)
