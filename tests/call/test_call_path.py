"""Calls: what is taken as it is, what is brought to form, whose memory results lie in."""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Callable

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import ArgumentError, ArgumentTypeError

pytestmark = pytest.mark.usefixtures("quickly")

Mode = str
MODES = ["FAST_RUN", "REFERENCE"]


def affine(mode: Mode = "FAST_RUN", **options: object) -> gradc.Function:
    """a * b + c, of matrices and a scalar; compiled once an option set by the cache."""
    a, b, c = T.matrix("a"), T.matrix("b"), T.scalar("c")
    return gradc.function([a, b, c], a * b + c, mode=mode, **options)


def unaligned(array: np.ndarray) -> np.ndarray:
    memory = np.zeros(array.nbytes + 1, "u1")[1:]
    copy = memory.view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


LAYOUTS: dict[str, Callable[[np.ndarray], object]] = {
    "plain": lambda x: x,
    "fortran": np.asfortranarray,
    "reversed": lambda x: x[::-1, ::-1].copy()[::-1, ::-1],
    "strided": lambda x: np.repeat(x, 2, axis=1)[:, ::2],
    "broadcast": lambda x: np.broadcast_to(x[:1], x.shape),
    "unaligned": unaligned,
    "byte-swapped": lambda x: x.astype(">f8"),
    "read-only": lambda x: (x.setflags(write=False), x)[1],
    "list": lambda x: x.tolist(),
    "float32": lambda x: x.astype("float32"),
    "memmap-like": lambda x: x.view(np.recarray),
    "unmasked": np.ma.array,
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same(layout: str, mode: Mode) -> None:
    f = affine(mode)
    rng = np.random.default_rng(1)
    a, b = rng.standard_normal((2, 3, 4))
    given = LAYOUTS[layout](a.copy())
    a = np.asarray(given, "float64")
    before = np.array(a)
    np.testing.assert_allclose(f(given, b, 2.0), a * b + 2.0, rtol=1e-15)
    np.testing.assert_allclose(f(b, given, c=np.float64(2.0)), a * b + 2.0, rtol=1e-15)
    np.testing.assert_array_equal(np.asarray(given, "float64"), before)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("dtype", "given"),
    [
        ("float64", 2.5), ("float64", 2), ("float64", np.float64(2.5)), ("float64", np.int8(2)),
        ("float32", 0.5), ("float32", 2**24 + 2), ("float32", np.float32(2.5)),
        ("float32", float("inf")), ("float32", float("nan")), ("int64", 7), ("int64", True),
        ("int64", -(2**63)), ("int8", 100), ("bool", True), ("float64", 2**63),
    ],
)  # fmt: skip
def test_numbers_are_scalars(dtype: str, given: object, mode: Mode) -> None:
    x = T.scalar("x", dtype=dtype)
    f = gradc.function([x], T.switch(x > 0, x, x), mode=mode)
    result = f(given)
    assert (result.dtype, result.shape) == (np.dtype(dtype), ())
    np.testing.assert_array_equal(result, np.asarray(given).astype(dtype))


def test_numbers_that_do_not_fit_are_refused_as_before() -> None:
    whole = gradc.function([x := T.scalar("x", dtype="int64")], x + 1)
    for wrong in (2**63, 1.5, "1", None, 1j):
        with pytest.raises(ArgumentTypeError):
            whole(wrong)
    exact = gradc.function([gradc.In(y := T.scalar("y"), strict=True)], y + 1)
    assert exact(1.5) == 2.5
    with pytest.raises(ArgumentTypeError):
        exact(1)
    single = T.scalar("s", dtype="float32")
    with pytest.raises(ArgumentTypeError):
        gradc.function([single], single + 1, allow_input_downcast=False)(0.1)


def test_floats_are_rounded_to_float_x_only() -> None:
    """Theano's rule; what a dtype holds exactly is taken in any case."""
    s, n = T.fscalar("s"), T.iscalar("n")
    f = gradc.function([s, n], [s, n])
    for given, whole in ((1.5, 3.0), (3, np.int64(3)), (np.float64(0.5), 2), (-np.inf, True)):
        assert [float(each) for each in f(given, whole)] == [given, whole]
    for wrong in (0.1, 2**24 + 1, 1e300, np.float64(0.1)):
        with pytest.raises(ArgumentTypeError, match='argument 0 "s"'):
            f(wrong, 1)
    with pytest.raises(ArgumentTypeError, match=r"has no number 0.1") as error:
        f(0.1, 1)
    assert "pass np.float32(0.1), or build the function with allow_input" in str(error.value)
    gradc.config.floatX = "float32"
    rounding = gradc.function([s], s)
    assert rounding(0.1) == np.float32(0.1)
    for wrong in (1e300, np.float64(0.1)):
        with pytest.raises(ArgumentTypeError):
            rounding(wrong)


def test_long_long_is_int64() -> None:
    x = T.vector("x", dtype="int64")
    f = gradc.function([x], x + 1)
    given = np.arange(3, dtype=np.longlong)
    assert given.dtype.num != np.dtype("int64").num
    np.testing.assert_array_equal(f(given), [1, 2, 3])
    w = gradc.shared(given)
    g = gradc.function([], w + 1, updates={w: w + 1})
    g()
    w.set_value(given)
    np.testing.assert_array_equal(g(), [1, 2, 3])


def test_static_lengths_are_checked_in_both_ways() -> None:
    x = T.matrix("x", shape=(None, 3))
    f = gradc.function([x], x + 1)
    for wrong in (np.zeros((2, 4)), np.zeros((2, 4)).T, [[1.0, 2.0]]):
        with pytest.raises(ArgumentError, match="length on axis 1"):
            f(wrong)
    with pytest.raises(ArgumentError, match="rank"):
        f(np.zeros(3))


def test_arguments_of_one_name_are_told_apart() -> None:
    x, y = T.vector("x"), T.vector("x")
    with pytest.raises(ArgumentError) as error:
        gradc.function([x, y], x + y)(np.ones(3), np.ones(2))
    assert "got float64[3]" in str(error.value)
    assert "got float64[2]" in str(error.value)


def test_results_have_their_own_memory() -> None:
    x, w = T.vector("x"), gradc.shared(np.zeros(3))
    f = gradc.function([x], [x, w, x + w, x], updates={w: x})
    given = np.arange(3.0)
    outs = f(given)
    arrays = [given, w.get_value(borrow=True), *outs]
    for k, each in enumerate(arrays):
        assert not any(np.shares_memory(each, other) for other in arrays[:k])
    assert not any(np.shares_memory(a, b) for a in f(given) for b in outs)


@pytest.mark.parametrize("mode", MODES)
def test_forms_of_results(mode: Mode) -> None:
    x = T.vector("x")
    given = np.arange(3.0)
    assert gradc.function([x], None, mode=mode, on_unused_input="ignore")(given) == []
    assert gradc.function([x], [], mode=mode, on_unused_input="ignore")(given) == []
    (only,) = gradc.function([x], [x + 1], mode=mode)(given)
    np.testing.assert_array_equal(only, given + 1)
    named = gradc.function([x], {"b": x + 1, "a": x * 2}, mode=mode)(given)
    assert list(named) == ["b", "a"]
    np.testing.assert_array_equal(named["a"], given * 2)


# -- out= and borrow= ---------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_out_takes_the_result(mode: Mode) -> None:
    f = affine(mode)
    a, b = np.random.default_rng(2).standard_normal((2, 3, 4))
    out = np.zeros((3, 4))
    assert f(a, b, 1.0, out=out) is out
    np.testing.assert_allclose(out, a * b + 1)
    assert f(a, b, 1.0) is not out
    assert f(a, b, 1.0, out=None) is not out


@pytest.mark.parametrize("mode", MODES)
def test_out_of_lists_and_dicts(mode: Mode) -> None:
    x = T.vector("x")
    given, out = np.arange(3.0), np.zeros(3)
    first, second = gradc.function([x], [x + 1, x * 2], mode=mode)(given, out=[None, out])
    assert second is out
    np.testing.assert_array_equal(first, given + 1)
    np.testing.assert_array_equal(out, given * 2)
    named = gradc.function([x], {"p": x - 1, "q": x}, mode=mode)(given, out={"p": out, "q": None})
    assert named["p"] is out
    np.testing.assert_array_equal(out, given - 1)


@pytest.mark.parametrize("mode", MODES)
def test_out_may_share_memory_with_what_is_read(mode: Mode) -> None:
    """As if it did not: reversed, shifted, the argument itself, a shared variable's storage."""
    x = T.vector("x")
    w = gradc.shared(np.arange(5.0))
    f = gradc.function([x], x[::-1] + w, updates={w: w * 2}, mode=mode)
    memory = np.arange(7.0)
    for out, given in (
        (memory[:5], memory[:5]),
        (memory[1:6], memory[:5]),
        (memory[:5], memory[2:]),
    ):
        w.set_value(np.arange(5.0))
        memory[:] = np.arange(7.0)
        expected = given[::-1] + np.arange(5.0)
        assert f(given, out=out) is out
        np.testing.assert_array_equal(out, expected)
        np.testing.assert_array_equal(w.get_value(), np.arange(5.0) * 2)
    w.set_value(np.arange(5.0))
    given = np.ones(5)
    out = w.get_value(borrow=True)
    np.testing.assert_array_equal(f(given, out=out), 1 + np.arange(5.0))
    np.testing.assert_array_equal(w.get_value(), np.arange(5.0) * 2)


@pytest.mark.parametrize("mode", MODES)
def test_out_that_does_not_fit_is_refused(mode: Mode) -> None:
    f = affine(mode)
    a = np.ones((3, 4))
    readonly = np.zeros((3, 4))
    readonly.flags.writeable = False
    for wrong, words in (
        (np.zeros((3, 5)), "axis 1 of out= for output 0 has length 5, the output has 4"),
        (np.zeros((2, 4)), "axis 0 of out= for output 0 has length 2, the output has 3"),
        (np.zeros((4, 3)).T, "no array that a result can be written into"),
        (np.zeros((3, 4), "float32"), "writeable, C-contiguous array of type float64"),
        (np.zeros((3, 4, 1)), "no array that a result can be written into"),
        (readonly, "no array that a result can be written into"),
        ([1.0], "an array or None for each output"),
        (3, "an array or None for each output"),
    ):
        with pytest.raises((ArgumentError, ArgumentTypeError), match="out=") as caught:
            f(a, a, 1.0, out=wrong)
        assert words in str(caught.value)
    x = T.vector("x")
    g = gradc.function([x], [x + 1, x * 2], mode=mode)
    out = np.zeros(3)
    with pytest.raises(ArgumentError, match="share memory"):
        g(np.ones(3), out=[out, out])
    with pytest.raises(ArgumentTypeError, match="a list of 2"):
        g(np.ones(3), out=[out])
    np.testing.assert_array_equal(out, 0)


def test_a_parameter_called_out_is_a_parameter() -> None:
    x = T.vector("out")
    np.testing.assert_array_equal(gradc.function([x], x + 1)(out=np.ones(2)), [2, 2])


def test_a_borrowed_output_is_used_again() -> None:
    x = T.vector("x")
    f = gradc.function([x], [gradc.Out(x + 1, borrow=True), x * 2])
    first, other = f(np.ones(3))
    again, another = f(np.full(3, 2.0))
    assert again is first
    assert another is not other
    np.testing.assert_array_equal(first, [3, 3, 3])
    longer, _ = f(np.ones(4))
    assert longer is not first
    np.testing.assert_array_equal(first, [3, 3, 3])
    fed, _ = f(longer)  # its own last result as an argument
    assert fed is not longer
    np.testing.assert_array_equal(fed, [3, 3, 3, 3])
    own = np.zeros(4)
    assert f(np.zeros(4), out=[own, None])[0] is own
    with pytest.raises(ArgumentError):
        f(np.zeros((4, 1)))
    assert f(np.zeros(4))[0] is fed


def test_a_default_is_copied_unless_borrowed() -> None:
    x, y = T.vector("x"), T.vector("y")
    value = np.ones(2)
    for borrow, expected in ((False, 2.0), (True, 6.0)):
        value[:] = 1
        f = gradc.function([x, gradc.In(y, value=value, borrow=borrow)], x + y)
        np.testing.assert_array_equal(f(np.ones(2)), [2, 2])
        value[:] = 5
        np.testing.assert_array_equal(f(np.ones(2)), [expected, expected])
        np.testing.assert_array_equal(f(np.ones(2), np.zeros(2)), [1, 1])


def test_names_of_inputs() -> None:
    x, s = T.vector("x"), T.scalar("s")
    f = gradc.function([x, gradc.In(s, autoname=False, value=2.0)], x * s)
    np.testing.assert_array_equal(f(np.ones(2)), [2, 2])
    with pytest.raises(ArgumentTypeError, match='no argument "s"'):
        f(np.ones(2), s=1.0)


# -- a function is a Python object ----------------------------------------------------------------


def test_functions_are_collected_when_they_are_in_a_circle() -> None:
    f = affine()
    f.me = f  # type: ignore[attr-defined]
    f.stages_again = [f.stages, f]  # type: ignore[attr-defined]
    gone = weakref.ref(f)
    executable = weakref.ref(f._run)
    del f
    gc.collect()
    assert gone() is None
    assert executable() is None


def test_references_are_exact() -> None:
    w = gradc.shared(np.zeros((3, 4)))
    a, b = T.matrix("a"), T.matrix("b")
    f = gradc.function([a, b], {"s": a + b, "t": a - w}, updates={w: w + a})
    dtype = np.dtype(
        "float64", metadata={"of": "this test"}
    )  # others hold, and drop, the usual one
    x, wrong, out = np.ones((3, 4), dtype), np.ones((2, 2)), np.zeros((3, 4))
    storage = w.get_value(borrow=True)
    assert x.dtype is dtype
    watched = (x, wrong, out, storage, f, x.dtype, None)

    def calls() -> None:
        f(x, x)
        f(x.T.copy().T, b=x)
        f(x.tolist(), x, out={"s": out, "t": None})
        for args in ((x, wrong), (x,), (x, x, x), (x, "a")):
            with pytest.raises((ArgumentError, ArgumentTypeError, gradc.errors.ShapeError)):
                f(*args)

    calls()
    gc.collect()
    before = [sys.getrefcount(each) for each in watched[:-1]]
    usual = np.dtype("float64")
    of_usual = sys.getrefcount(usual)
    for _ in range(200):
        calls()
    gc.collect()
    assert [sys.getrefcount(each) for each in watched[:-1]] == before
    assert sys.getrefcount(usual) < of_usual + 100  # one that each call kept would be 200 more


def test_what_was_never_set_up_says_so() -> None:
    raw = gradc.Function.__new__(gradc.Function)
    with pytest.raises(RuntimeError, match="never set up"):
        raw(np.ones(3))
    f = affine()
    with pytest.raises(RuntimeError, match="set up once"):
        f.__init__(  # type: ignore[misc]
            f.name, f._signature, f._results, (), (), (), f._interface, f._run, None, f.stages
        )


def test_more_arrays_than_a_call_keeps_on_its_stack() -> None:
    xs = [T.vector(f"x{k}") for k in range(60)]
    f = gradc.function(xs, [x + k for k, x in enumerate(xs)])
    given = [np.full(3, 100.0 * k) for k in range(60)]
    for k, out in enumerate(f(*given)):
        np.testing.assert_array_equal(out, given[k] + k)
