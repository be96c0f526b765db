"""jit: Python functions become compiled ones, one for each signature, and give what numpy gives."""

from __future__ import annotations

import gc
import pickle
import sys
import weakref
from collections import namedtuple
from dataclasses import dataclass

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc import tree
from gradc.errors import ArgumentError, ArgumentTypeError
from gradc.runtime._native import Choice

pytestmark = pytest.mark.usefixtures("quickly")

A = np.arange(6.0).reshape(2, 3)
B = np.array([[0.5, 2.0, -1.0], [1.5, 0.25, 4.0]])
Pair = namedtuple("Pair", "x y")


@dataclass(frozen=True)
class Params:
    w: object
    b: object


def model(x, y):
    return np.sum(np.sin(x) * y, axis=0)


jitted = gradc.jit(model)


@gradc.jit
def decorated(x):
    """Twice x."""
    return 2 * x


def same(got, want) -> None:
    np.testing.assert_allclose(got, want, rtol=1e-6)
    assert got.dtype == np.asarray(want).dtype


def test_a_signature_is_dtypes_ranks_and_axes_of_length_1() -> None:
    f = gradc.jit(model)
    calls = [(A, B), (A, B[:1]), (A[:, :1], B), (A.astype("f4"), B.astype("f4")), (A[0], B[0])]
    for _ in range(2):
        for x, y in calls:
            same(f(x, y), model(x, y))
    assert len(f.functions) == len(calls)
    same(f(np.ones((5, 4)), np.ones((5, 4))), model(np.ones((5, 4)), np.ones((5, 4))))
    same(f(np.ones((1, 1)), np.ones((1, 1))), model(np.ones((1, 1)), np.ones((1, 1))))
    same(f(A.T[::-1], B.T), model(A.T[::-1], B.T))
    assert len(f.functions) == len(calls) + 1


def test_what_a_call_gives_depends_on_no_other_call() -> None:
    f = gradc.jit(lambda x, y: x * y)
    for x, y in [(A, 2.0), (A.astype("f4"), 2.0), (A, np.float32(2)), (A.astype("f4"), B)]:
        same(f(x, y), x * y)
        same(f(x, y), x * y)
    assert len(f.functions) == 4
    same(f(np.array(2), np.array(3)), np.array(6))
    same(f(A.astype(">f8"), B), A * B)
    with pytest.raises(ArgumentError, match='axis 1 of "y" has length 2 where "x" has 3'):
        f(A, B[:, :2])


def test_complex_python_numbers_are_weak() -> None:
    f = gradc.jit(lambda x, c: (x * c, x + c, c * 2))
    for dtype in ("float32", "complex64", "float64", "int64"):
        x = np.ones(2, dtype)
        for _ in range(2):  # compiled, and found again
            got = f(x, 1 + 2j)
            for one, want in zip(got[:2], (x * (1 + 2j), x + (1 + 2j)), strict=True):
                assert one.dtype == want.dtype
                np.testing.assert_array_equal(one, want)
            assert got[2] == 2 + 4j
    assert len(f.functions) == 4
    assert f(np.ones(2, "float32"), np.complex128(2j))[0].dtype == "complex128"


def test_python_numbers_are_weak_beside_floats() -> None:
    f = gradc.jit(
        lambda x, z, n, r: (x * n, x**r, z * r, n * 2, (x + n) * z, np.where(x > r, x, n))
    )
    x, z, n, r = A.astype("f4"), B, 3, 2.5
    wanted = (x * n, x**r, z * r, np.int64(n * 2), (x + n) * z, np.where(x > r, x, np.float32(n)))
    for got, want in zip(f(x, z, n, r), wanted, strict=True):
        same(got, want)
    slopes = gradc.grad(lambda x, r: np.sum(x * r**2), (0, 1))(x, 3.0)
    same(slopes[0], np.full_like(x, 9))
    same(slopes[1], np.float32(6 * np.sum(A)))
    small = gradc.jit(lambda k, n: k + n)(np.int8([1, 2]), 300)
    same(small, np.array([301, 302]))


def test_results_keep_their_form() -> None:
    f = gradc.jit(
        lambda x: {"a": x + 1, "b": [x, (x * 2, None)], "c": Pair(1.5, Params(x, {"d": x}))}
    )
    found = f(A)
    assert list(found) == ["a", "b", "c"]
    same(found["b"][1][0], A * 2)
    assert found["b"][1][1] is None
    assert isinstance(found["c"], Pair)
    same(found["c"].x, np.array(1.5))
    same(found["c"].y.b["d"], A)
    both = gradc.jit(lambda x: (x, x + 1))(A)
    assert isinstance(both, tuple)
    assert isinstance(gradc.jit(lambda x: [x, x + 1])(A), list)
    assert list(gradc.jit(lambda x: {"z": x, "a": x + 1})(A)) == ["z", "a"]
    assert gradc.jit(lambda x: None)(A) is None


def test_trees_and_keywords_as_arguments() -> None:
    @gradc.jit
    def f(params, *, scale=1.0, more=None):
        out = params["w"] @ params["b"][0] * scale
        return out if more is None else out + more.x - more.y.w

    given = {"w": A, "b": [B[0]]}
    same(f(given), A @ B[0])
    same(f(given, scale=2.0), A @ B[0] * 2)
    same(f(params=given, more=Pair(B[0, :2], Params(1.0, None))), A @ B[0] + B[0, :2] - 1)
    same(f({"w": B, "b": [A[0]]}), B @ A[0])
    assert len(f.functions) == 3


def test_trees_are_told_apart_in_c_too() -> None:
    @gradc.jit
    def f(p, q=None):
        total = p["a"] + 2 * p["b"][0] if isinstance(p, dict) else p[0] - p[1]
        return {"out": (total, [None, total * (1 if q is None else q["a"])])}

    first, second = {"a": A, "b": (B, 1.0)}, {"b": (A, 1.0), "a": B}
    calls = [
        ((first,), A + 2 * B, 1),
        ((second,), B + 2 * A, 1),
        (([A, B],), A - B, 1),
        (((B, A),), B - A, 1),
        ((first, None), A + 2 * B, 1),
        ((first, {"a": 3.0}), A + 2 * B, 3.0),
    ]
    for _ in range(3):
        for args, total, factor in calls:
            found = f(*args)
            assert list(found) == ["out"]
            one, (nothing, other) = found["out"]
            assert nothing is None
            same(one, total)
            same(other, total * factor)
    assert len(f.functions) == len(calls)
    with pytest.raises(TypeError):
        f({"a": A, "b": "text"})


def test_calls_keep_no_references() -> None:
    f = gradc.jit(lambda p, n: {"x": (p["a"] * n, [p["b"]])}, static_argnames="n")
    given, static = {"a": A.copy(), "b": B.copy()}, 2
    f(given, static)
    counts = [sys.getrefcount(each) for each in (given, given["a"], "x", None)]
    kept = [f(given, static) for _ in range(3)]
    for _ in range(1000):
        f(given, static)
    del kept
    after = [sys.getrefcount(each) for each in (given, given["a"], "x", None)]
    np.testing.assert_allclose(after, counts, atol=20)


def test_static_arguments_steer_python() -> None:
    @gradc.jit(static_argnames=("n", "kind"))
    def f(x, n, kind="double"):
        for _ in range(n):
            x = x * 2 if kind == "double" else x + 1
        return x

    same(f(A, 3), A * 8)
    same(f(A, n=3, kind="add"), A + 3)
    same(f(B, 3), B * 8)
    assert len(f.functions) == 2
    with pytest.raises(ArgumentTypeError, match="static argument kind cannot be hashed"):
        f(A, 1, [])
    with pytest.raises(ArgumentError, match=r"model has no parameter 'n'; its parameters are x, y"):
        gradc.jit(model, static_argnames="n")


def test_static_shapes_are_numbers_for_python() -> None:
    @gradc.jit(static_shapes=True)
    def f(x):
        rows = sum(x[k] * (k + 1) for k in range(x.shape[0]))
        return rows + T.arange(x.shape[1]) + np.zeros(x.shape)[0] + len(x)

    for x in (A, B, np.ones((3, 2))):
        want = x.T @ np.arange(1, len(x) + 1) + np.arange(x.shape[1]) + len(x)
        same(f(x), want)
    assert len(f.functions) == 2
    with pytest.raises(ArgumentTypeError, match="Python needs its number"):
        gradc.jit(lambda x: sum(x[k] for k in range(x.shape[0])))(B[0])
    with pytest.raises(TypeError) as info:
        gradc.jit(lambda x: np.zeros(x.shape[0]) + x)(B[0])
    assert "T.zeros" in info.value.__notes__[0]


def test_control_flow_on_values_is_refused_with_the_cure() -> None:
    @gradc.jit
    def f(x, n):
        return x if n > 0 else -x

    with pytest.raises(ArgumentTypeError, match=r"no truth value before") as info:
        f(A, 1)
    assert "T.switch" in str(info.value)
    assert "tracing f" in info.value.__notes__[0]
    assert "static_argnames" in info.value.__notes__[0]
    with pytest.raises(TypeError) as other:
        gradc.jit(lambda x, n: sum(x for _ in range(n)))(A, 3)
    assert "static_argnames" in other.value.__notes__[0]


def test_what_is_no_number_is_refused_by_name() -> None:
    f = gradc.jit(lambda p, how: p["w"])
    with pytest.raises(ArgumentTypeError) as info:
        f({"w": A}, "fast")
    assert str(info.value) == (
        '<lambda>: argument "how" is no array of numbers: str (dtype <U4).\n'
        "  Fix: pass numbers, or name it in jit(..., static_argnames='how')."
    )
    with pytest.raises(ArgumentTypeError, match=r'argument "p\[\'w\'\]" is no array'):
        f({"w": object()}, 1.0)
    for dtype, cure in (
        ("longdouble", "convert it to float64"),
        ("clongdouble", "convert it to complex64"),
    ):
        with pytest.raises(ArgumentTypeError, match=rf"dtype \w+\)\.\n  Fix: .*{cure}"):
            f({"w": A.astype(dtype)}, 1.0)
    with pytest.raises(ArgumentTypeError, match="missing a required argument: 'how'"):
        f({"w": A})
    with pytest.raises(ArgumentTypeError, match="a Python function is wanted, got 3"):
        gradc.jit(3)


def test_closures_are_constants_and_shared_variables_are_read() -> None:
    large, state = np.arange(300.0).reshape(3, 100), gradc.shared(1.0)
    f = gradc.jit(lambda x: x @ large + state)
    want = A @ large
    same(f(A), want + 1)
    state.set_value(5.0)
    large[:] = 0
    same(f(A), want + 5)


def test_variables_go_through_jitted_functions() -> None:
    x = T.dmatrix("x")
    out = jitted(x, B)
    assert isinstance(out, T.Variable)
    same(out.preview({x: A}), model(A, B))
    f = gradc.jit(lambda a: jitted(a, a) + jitted(B, B))
    same(f(A), model(A, A) + model(B, B))


def test_it_is_still_a_function() -> None:
    assert decorated.__name__ == "decorated"
    assert decorated.__doc__ == "Twice x."
    assert "float64[?, ?]" in repr(decorated.compiled(A))
    assert repr(decorated) == "<gradc.jit decorated: 1 compiled>"
    again = pickle.loads(pickle.dumps(jitted))
    same(again(A, B), model(A, B))
    assert pickle.loads(pickle.dumps(decorated)) is decorated  # found by name, as functions are

    class Layer:
        @gradc.jit(static_argnames="self")
        def call(self, x):
            return x + 1

    same(Layer().call(A), A + 1)


def test_many_arguments_and_many_signatures() -> None:
    f = gradc.jit(lambda *xs: sum(xs[1:], xs[0]), mode="FAST_COMPILE")
    for _ in range(2):
        for count in range(1, 11):
            same(f(*[B] * count), B * count)
    assert len(f.functions) == 10
    assert f(3).dtype == np.int64
    assert f(2.5, 1).dtype == np.float64


def test_the_c_half_takes_compiled_functions_only_and_can_be_collected() -> None:
    f = gradc.jit(lambda x: x + 1)
    same(f(A), A + 1)
    with pytest.raises(TypeError, match="a tuple of choices is wanted"):
        f._offer((1,))
    function = f.functions[0]
    leaf, pair = tree.LEAF, tree.Branch(tuple, (0, 1))
    for wrong in [(pair,), (leaf, pair), (leaf, leaf), (), (tree.Branch(set, ()),)]:
        with pytest.raises((ValueError, TypeError)):
            Choice(function, wrong, None)
    with pytest.raises(TypeError, match="a compiled function is wanted"):
        Choice(1, (leaf, pair), None)
    same(f(A), A + 1)
    f.myself = f
    seen = weakref.ref(f)
    del f
    gc.collect()
    assert seen() is None


def test_static_arguments_by_position() -> None:
    @gradc.jit(static_argnums=(1, -1))
    def f(x, n, scale, word="sin"):
        return sum(getattr(np, word)(x) * scale for _ in range(n))

    same(f(A, 3, 2.0), np.sin(A) * 6)
    same(f(A, 3, 2.0, "cos"), np.cos(A) * 6)
    same(f(A, n=2, scale=1.0), np.sin(A) * 2)
    assert len(f.functions) == 3
    same(gradc.jit(lambda n, x: x * n, static_argnums=0)(2, A), A * 2)
    copy = pickle.loads(pickle.dumps(gradc.jit(model, static_argnums=(), name="again")))
    same(copy(A, B), model(A, B))
    with pytest.raises(ArgumentError, match="has no parameter at position 2; they are x, y"):
        gradc.jit(model, static_argnums=2)
