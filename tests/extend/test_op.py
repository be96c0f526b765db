"""Operations of users in compiled functions, in every mode, and their derivatives."""

from __future__ import annotations

import copy
import gc
import itertools
import pickle
import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import (
    ArgumentError,
    ArgumentTypeError,
    DTypeError,
    GradError,
    ShapeError,
    VectorizeError,
)
from gradc.kernel.check import check_program
from tests.extend.operations import Cube, Given, Outer, Positive, Scale, halved

pytestmark = pytest.mark.usefixtures("quickly")

X = np.array([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]])


@pytest.mark.parametrize("mode", ["FAST_RUN", "FAST_COMPILE", "REFERENCE", "DebugMode"])
def test_all_of_it_in_every_mode(mode: str) -> None:
    x, v = T.dmatrix("x"), T.dvector("v")
    found, count = Positive()(v)
    outputs = [
        Scale(3.0)(x) + 1,
        gradc.grad(T.sum(Scale(3.0)(x) ** 2), x),
        Cube()(x).sum(axis=0),
        gradc.grad(T.sum(Cube()(x)), x),
        found * 2,
        count,
        gradc.grad(T.sum(found**2), v),
        Outer()(v, found),
        Outer()(v, found).shape[1] + 1,
        gradc.grad(T.sum(Outer()(v, found) ** 2), v),
        T.exp(Cube()(Scale()(v)[::2]) / 100),
    ]
    f = gradc.function([x, v], outputs, mode=mode)
    if mode == "FAST_RUN":
        check_program(f.stages.program)
        assert len(f.stages.program.segments) == 2
    for w in (np.array([1.0, -2.0, 3.0]), np.array([-1.0, -1.0])):
        p = w[w > 0]
        slope = 2 * w * (p**2).sum() + np.where(w > 0, 2 * w * (w**2).sum(), 0)
        wanted = [
            3 * X + 1, 18 * X, (X**3).sum(0), 3 * X**2, p * 2, len(p), np.where(w > 0, 2 * w, 0),
            np.outer(w, p), len(p) + 1, slope, np.exp((2 * w[::2]) ** 3 / 100),
        ]  # fmt: skip
        for k, (got, want) in enumerate(zip(f(X, w), wanted, strict=True)):
            np.testing.assert_allclose(got, want, err_msg=str(k))


def test_gradients_are_the_slopes_in_both_orders_and_modes() -> None:
    rng = np.random.default_rng(3)
    v, w = rng.uniform(0.5, 2.0, 3), rng.uniform(0.5, 2.0, 4)
    for build, points in ((Cube(), [v]), (Scale(3.0), [v]), (Outer(), [v, w])):
        gradc.verify_grad(build, points, rng=rng)
        gradc.verify_grad(lambda x, *y, f=build: gradc.grad(T.sum(f(x, *y) ** 2), x), points)
    x, y, t = T.dvector("x"), T.dvector("y"), T.dvector("t")
    ways = [gradc.jvp(f, x, t) for f in (Cube()(x), Scale(3.0)(x), Outer()(x, y))]
    f = gradc.function([x, y, t], ways)
    for got, want in zip(f(v, w, v), [3 * v**3, 3 * v, np.outer(v, w)], strict=True):
        np.testing.assert_allclose(got, want)


def test_performed_once_and_not_for_its_shape() -> None:
    x = T.dvector("x")
    scale, positive = Scale(5.0), Positive()
    shapes = gradc.function([x], [scale(x).shape, scale(x[1:]).shape[0]])
    assert [each.tolist() for each in shapes([1.0, 2.0])] == [[2], 1]
    assert scale.calls == 0
    f = gradc.function([x], [scale(x), Scale(5.0)(x) + 1, *positive(x)])
    f([1.0, -2.0])
    assert (scale.calls, positive.calls) == (1, 1)  # equal ones are one
    assert scale == Scale(5.0) != Scale(4.0)
    assert Cube() == Cube()
    assert Given(abs) != Given(abs)


def test_constants_are_folded_if_the_operation_allows() -> None:
    class Never(Scale):
        def do_constant_folding(self, node: Any) -> bool:
            return False

    for kind, calls in ((Scale, 0), (Never, 2)):
        op = kind(7.0)
        f = gradc.function([], op(np.ones(3)))
        op.calls = 0
        assert [f().tolist(), f().tolist()] == [[7.0] * 3] * 2
        assert op.calls == calls


def test_what_perform_raises_has_the_users_line_and_changes_nothing() -> None:
    def fails(x: Any) -> Any:
        if x[0] < 0:
            raise LookupError("negative")
        return x

    x, s = T.dvector("x"), gradc.shared(np.zeros(2), "s")
    for mode in ("FAST_RUN", "REFERENCE"):
        y = Given(fails)(x)  # the line
        f = gradc.function([x], y.sum(), updates=[(s, s + y)], mode=mode)
        f([1.0, 2.0])
        before = s.get_value()
        with pytest.raises(LookupError, match="negative") as raised:
            f([-1.0, 2.0])
        line = test_what_perform_raises_has_the_users_line_and_changes_nothing.__code__
        number = line.co_firstlineno + 8
        assert raised.value.__notes__[0] == f"gradc: raised by Given of test_op.py:{number}."
        assert s.get_value().tolist() == before.tolist()


@pytest.mark.parametrize("mode", ["FAST_RUN", "REFERENCE"])
@pytest.mark.parametrize(
    ("code", "error", "text"),
    [
        (lambda x: x.astype("float32"), DTypeError, "perform gave float32 for an output of float"),
        (lambda x: x[None], ShapeError, r"perform gave shape \(1, 2\) for an output of float64\["),
        (lambda x: None, ArgumentTypeError, "perform left the output 0 empty"),
        (lambda x: "text", DTypeError, "perform gave <U4"),
        (lambda x: np.array([None, 1]), DTypeError, "perform gave object"),
    ],
)
def test_results_that_are_not_as_announced(mode: str, code: Any, error: Any, text: str) -> None:
    x = T.dvector("x")
    f = gradc.function([x], Given(code)(x) * 2, mode=mode)
    with pytest.raises(error, match=f"^Given: {text}") as raised:
        f([1.0, 2.0])
    assert "made at test_op.py" in str(raised.value)


def test_lengths_that_are_not_as_announced() -> None:
    class Wrong(Given):
        def infer_shape(self, node: Any, shapes: Any) -> Any:
            return [(shapes[0][0] + 1,)]

    class Odd(Given):
        def infer_shape(self, node: Any, shapes: Any) -> Any:
            return [shapes[0], shapes[0]]

    x = T.dvector("x")
    f = gradc.function([x], Wrong(abs)(x))
    with pytest.raises(ShapeError, match=r"gave an array of shape \(2,\), announced \(3,\)"):
        f([1.0, 2.0])
    with pytest.raises(ArgumentTypeError, match="infer_shape gives 2 shapes for 1 outputs"):
        gradc.function([x], Odd(abs)(x))
    static = Given(lambda x: x[:2], T.TensorType("float64", (3,)))
    with pytest.raises(ShapeError, match=r"perform gave shape \(2,\) for an output of float64\[3"):
        gradc.function([x], static(x))([1.0, 2.0, 3.0])


def test_numbers_views_and_inputs_that_are_changed_or_kept() -> None:
    kept: list[Any] = []

    def changes(x: Any) -> Any:
        x += 1
        kept.append(x)
        return x

    class InPlace(Given):
        destroy_map = view_map = {0: [0]}  # noqa: RUF012

    x, s = T.dvector("x"), gradc.shared(np.arange(3.0), "s")
    number = Given(lambda x: 3, T.dscalar())(x)
    f = gradc.function([x], [InPlace(changes)(x) + x, InPlace(changes)(s), number, s * 1])
    got = [each.tolist() for each in f([1.0, 2.0])]
    assert got == [[3.0, 5.0], [1.0, 2.0, 3.0], 3.0, [0.0, 1.0, 2.0]]
    assert s.get_value().tolist() == [0.0, 1.0, 2.0]
    first = [each.copy() for each in kept]
    for _ in range(5):
        f(np.full(2, 9.0))
    gc.collect()
    assert [each.tolist() for each in kept[:2]] == [each.tolist() for each in first]


def test_as_op() -> None:
    @gradc.as_op([T.dmatrix, T.dvector], T.dvector)
    def solve(a: Any, b: Any) -> Any:
        """The solution of a x = b."""
        return np.linalg.solve(a, b)

    @gradc.as_op(T.dvector, [T.dvector, T.lscalar], infer_shape=lambda node, s: [s[0], ()])
    def both(x: Any) -> Any:
        return x + 1, x.argmax()

    a, b = T.dmatrix("a"), T.dvector("b")
    x = solve(a, b)
    f = gradc.function([a, b], [x * 2, *both(x), both(b)[0].shape[0]])
    check_program(f.stages.program)
    got = f(np.eye(2) * 2, [2.0, 4.0])
    assert [each.tolist() for each in got] == [[2, 4], [2, 3], 1, 2]
    assert str(x.owner.op) == "FromFunctionOp{solve}"
    with pytest.raises(np.linalg.LinAlgError) as raised:
        f(np.zeros((2, 2)), [2.0, 4.0])
    assert "raised by solve of test_op.py" in raised.value.__notes__[0]
    with pytest.raises(ArgumentTypeError, match=r"solve: an input is float64\[\?, \?\], got"):
        solve(b, b)
    with pytest.raises(GradError, match=r"FromFunctionOp\{solve\}: there is no grad"):
        gradc.grad(x.sum(), b)
    with pytest.raises(ArgumentTypeError, match="as_op: 'float64' is no type"):
        gradc.as_op("float64", T.dvector)


def test_for_each_element_of_a_batch() -> None:
    rows, shared = T.dmatrix("rows"), T.dvector("shared")
    square = gradc.vectorize(lambda row: gradc.grad(T.sum(Scale()(row) ** 3), row))(rows)
    cubes = gradc.function([rows], gradc.vectorize(Cube())(rows))
    np.testing.assert_allclose(cubes(X), X**3)
    with pytest.raises(VectorizeError, match="empty batch does not say how long its results are"):
        cubes(X[:0])
    outer = gradc.vectorize(lambda row: Outer()(row, shared), in_axes=0)(rows)
    grads = gradc.grad(T.sum(outer**2), [rows, shared])
    moved = gradc.jvp(outer, rows, T.ones_like(rows))
    inner = gradc.vectorize(gradc.vectorize(Scale(2.0)))(rows)
    outputs = [square, outer, *grads, moved, inner]
    modes = [gradc.function([rows, shared], outputs, mode=m) for m in ("FAST_RUN", "REFERENCE")]
    for x, f in itertools.product((X, X[:0]), modes):
        w = np.array([1.0, -2.0])
        product = x[:, :, None] * w
        wanted = [
            24 * x**2, product, 2 * (product * w).sum(2), 2 * (product * x[:, :, None]).sum((0, 1)),
            np.broadcast_to(w, product.shape), 2 * x,
        ]  # fmt: skip
        for k, (got, want) in enumerate(zip(f(x, w), wanted, strict=True)):
            np.testing.assert_allclose(got, want, err_msg=str(k))
    ragged = gradc.function([rows], gradc.vectorize(lambda row: Positive()(row)[0])(rows))
    assert ragged([[1.0, -1.0], [-2.0, 2.0]]).tolist() == [[1.0], [2.0]]
    with pytest.raises(VectorizeError, match="Positive: its results have other lengths"):
        ragged([[1.0, 1.0], [-2.0, 2.0]])


def test_calls_inside_calls_and_from_threads() -> None:
    x = T.dvector("x")
    inner = gradc.function([x], Positive()(x)[0] * 10)

    def calls(v: Any) -> Any:
        if len(v) > 1:
            return np.concatenate([outer(v[1:]), inner(v[:1])])
        return inner(v)

    y = Given(calls)(x)
    outer = gradc.function([x], Positive()(y)[0])
    wanted = outer(np.array([1.0, 2.0, -3.0, 4.0]))
    failures: list[Any] = []

    def work() -> None:
        for _ in range(20):
            got = outer(np.array([1.0, 2.0, -3.0, 4.0]))
            if got.tolist() != wanted.tolist():
                failures.append(got)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not failures
    assert wanted.tolist() == [40.0, 20.0, 10.0]


def test_names_of_ours_and_names_that_are_hostile() -> None:
    with pytest.raises(ArgumentError, match="'kind' is an attribute that gradc keeps for itself"):
        type("Bad", (Scale,), {"kind": 3})
    with pytest.raises(ArgumentError, match="call it otherwise, for example params_"):
        Scale().params = 3
    hostile = type("*/ exit(1); /*", (Scale,), {})()
    named = type("exp", (Scale,), {})(3.0)
    worded = type("Worded", (Scale,), {"name": "log"})(4.0)
    x = T.dvector("x")
    assert named.name == "tests.extend.test_op.exp"
    assert worded.name == "tests.extend.operations.log" or worded.name.endswith(".log")
    # exp and log of the user's are not ours: T.log(exp(x)) stays what it is
    f = gradc.function([x], [hostile(x), T.log(named(x)), T.exp(worded(x))])
    got = f([1.0, 2.0])
    np.testing.assert_allclose(got, [[2, 4], np.log([3, 6]), np.exp([4.0, 8.0])])
    assert "exit" not in f.stages.source.text
    assert "*/ exit" not in str(f.stages.source)


def test_what_cannot_be_says_so() -> None:
    class Unhashable(Scale):
        __props__ = ("calls", "things")

        def __init__(self) -> None:
            self.calls, self.things = 0, [1]

    class NoNode(Scale):
        def make_node(self, x: Any) -> Any:
            return x

    class NoPerform(gradc.Op):
        itypes = otypes = (T.dvector,)

    class Grads(Cube):
        def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> Any:
            return [output_grads[0].sum()]

    class Counts(Cube):
        def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> Any:
            return []

    x = T.dvector("x")
    for op, text in (
        (Unhashable(), "it has no hash"),
        (NoNode(), "make_node gives <x : float64.*>, not an Apply"),
        (gradc.Op(), "there is no make_node, and no itypes and otypes"),
    ):
        with pytest.raises(ArgumentTypeError, match=text):
            op(x)
    with pytest.raises(ArgumentTypeError, match="NoPerform: there is no perform"):
        gradc.function([x], NoPerform()(x))([1.0])
    with pytest.raises(GradError, match=r"Grads: grad gives float64\[\] for float64\[\?\]"):
        gradc.grad(Grads()(x).sum(), x)
    with pytest.raises(GradError, match="Counts: grad gives 0 results for 1 variables"):
        gradc.grad(Counts()(x).sum(), x)
    with pytest.raises(GradError, match="NoPerform: there is no grad"):
        gradc.jvp(NoPerform()(x), x, x)


def test_its_own_default_output_and_list() -> None:
    class First(Positive):
        default_output = 0

    x = T.dvector("x")
    assert First()(x).type == T.dvector().type
    assert [len(First()(x, return_list=True)), len(Positive()(x))] == [2, 2]
    assert isinstance(Scale()(x, return_list=True), list)
    y = Scale(9.0)(x)
    assert isinstance(y.owner, gradc.Apply)
    assert (y.owner.op.factor, y.owner.inputs[0], str(y.owner.op)) == (9.0, x, "Scale{factor=9.0}")
    assert gradc.function([x], y.owner.op.bprop([x], x, T.ones_like(x)))([1.0]).tolist() == [9.0]


def test_in_a_graph_that_is_an_operation() -> None:
    x = T.dvector("x")
    closed = gradc.OpFromGraph([x], [Cube()(x) + Positive()(x)[0].sum()])
    y = T.dvector("y")
    f = gradc.function([y], [closed(y), gradc.grad(closed(y).sum(), y)])
    got = f([1.0, -2.0])
    np.testing.assert_allclose(got, [[2.0, -7.0], [5.0, 12.0]])


def test_copies_are_equal_operations() -> None:
    for op in (Scale(3.0), Cube(), Outer(), halved):
        again = [pickle.loads(pickle.dumps(op)), copy.copy(op), copy.deepcopy(op)]
        assert all(each == op and hash(each) == hash(op) for each in again)


def test_functions_as_operations_stand_where_the_function_stood() -> None:
    x = T.dvector("x")
    assert pickle.loads(pickle.dumps(halved)) is halved  # found by name, as functions are
    f = pickle.loads(pickle.dumps(gradc.function([x], halved(x))))
    np.testing.assert_array_equal(f([2.0, 4.0]), [1.0, 2.0])
    with pytest.raises(
        GradError, match=r"there is no grad, as_op takes none[\s\S]*Fix: subclass gradc\.Op"
    ):
        gradc.grad(halved(x).sum(), x)


PROGRAM = """
import sys, numpy as np, gradc, gradc.tensor as T
asked = []
gradc.config.on_compile = lambda lookup: asked.append((lookup.slot is None, lookup.hit))
class Add(gradc.Op):
    __props__ = ()
    def make_node(self, x): return gradc.Apply(self, [x], [x.type()])
    def perform(self, node, inputs, out): out[0][0] = inputs[0] + float(sys.argv[1])
x = T.dvector("x")
print(gradc.function([x], Add()(x))([1.0]).tolist(), asked)
"""


def test_another_process_never_takes_it_by_the_graphs_key() -> None:
    for number in ("1", "2"):
        got = subprocess.run(
            [sys.executable, "-c", PROGRAM, number], capture_output=True, text=True, check=True
        )
        assert got.stdout == f"[{1.0 + float(number)}] [(True, False)]\n"


def test_an_op_without_perform_is_refused_when_the_function_is_made() -> None:
    class Nothing(gradc.Op):
        def make_node(self, x):
            return gradc.Apply(self, [x], [x.type()])

    x = T.dvector("x")
    y = Nothing()(x)
    with pytest.raises(ArgumentTypeError, match="there is no perform"):
        gradc.function([x], y)
