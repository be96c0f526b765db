"""numpy's further words on variables: signs, curves, sets, blocks, bins, order with nan."""

from __future__ import annotations

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import ArgumentError, ArgumentTypeError, AssertionFailed, ShapeError
from gradc.graph.evaluate import evaluate
from gradc.graph.variable import Variable
from gradc.tensor.numpy_words import REFUSED

pytestmark = pytest.mark.usefixtures("quickly")

A = np.array([[1.5, -2.0, 3.0, 0.0], [0.5, 4.0, -1.0, -0.0], [7.0, -2.5, 1.5, 2.0]])
B = np.array([[2.0, 3.0, -1.5, 0.5], [1.0, 0.5, 2.0, -4.0], [-2.0, 1.5, 0.25, 1.0]])
N = np.array([[np.nan, 2.0, -1.0, 4.0], [3.0, np.nan, np.nan, 1.0], [0.5, -2.0, 3.0, -6.0]])
I = np.array([3, -1, 4, 1, -5, 9, 2, 6])  # noqa: E741
V = np.array([-0.5, 0.25, 1.0, 1.75, 2.5, 9.0])
XP, FP = np.array([0.0, 0.5, 1.75, 3.0]), np.array([1.0, -2.0, 0.5, 4.0])

CALLS = {
    "hypot": lambda x, y: np.hypot(x, y),
    "cbrt": lambda x, y: np.cbrt(x),
    "fmod": lambda x, y: np.fmod(x, y),
    "copysign": lambda x, y: np.copysign(x, y),
    "signbit": lambda x, y: np.signbit(x),
    "heaviside": lambda x, y: np.heaviside(x, 0.5),
    "fmax": lambda x, y: np.fmax(x, np.where(y > 1, np.nan, y)),
    "fmin": lambda x, y: np.fmin(np.where(y > 1, np.nan, y), x),
    "isposinf": lambda x, y: np.isposinf(y / np.abs(x)),
    "isneginf": lambda x, y: np.isneginf(y / np.abs(x)),
    "ldexp": lambda x, y: np.ldexp(x, np.array([3, -1074, 1020, -2])),
    "modf": lambda x, y: np.stack(np.modf(x / 2)),
    "fix": lambda x, y: np.fix(y),
    "interp": lambda x, y: np.interp(x, XP, FP),
    "interp_ends": lambda x, y: np.interp(x, XP, FP, left=-7.0, right=8.0),
    "interp_period": lambda x, y: np.interp(x, XP[::-1] * 2, FP, period=2.5),
    "interp_one": lambda x, y: np.interp(x, [1.0], [2.5]),
    "gradient": lambda x, y: np.stack(np.gradient(x)),
    "gradient_axis": lambda x, y: np.gradient(x, 0.5, axis=1, edge_order=2),
    "gradient_uneven": lambda x, y: np.gradient(x, XP**2 + XP, axis=-1),
    "gradient_uneven_2": lambda x, y: np.gradient(x, XP**2 + XP, axis=-1, edge_order=2),
    "gradient_steps": lambda x, y: np.stack(np.gradient(x, 2.0, XP)),
    "trapezoid": lambda x, y: np.trapezoid(x),
    "trapezoid_x": lambda x, y: np.trapezoid(x, XP, axis=1),
    "trapezoid_xx": lambda x, y: np.trapezoid(x, y, axis=0),
    "ediff1d": lambda x, y: np.ediff1d(x, to_begin=-9.0, to_end=[8.0, 7.0]),
    "unwrap": lambda x, y: np.unwrap(x * 2, axis=1),
    "unwrap_period": lambda x, y: np.unwrap(x, axis=0, period=3, discont=2),
    "polyval": lambda x, y: np.polyval(FP, x),
    "polyval_symbolic": lambda x, y: np.polyval(x[0], y),
    "vander": lambda x, y: np.vander(x[0]),
    "vander_increasing": lambda x, y: np.vander(x[0], 3, increasing=True),
    "isin": lambda x, y: np.isin(x, y),
    "isin_numbers": lambda x, y: np.isin(x, [1.5, 0, 7]),
    "isin_none": lambda x, y: np.isin(x, []),
    "isin_inverted": lambda x, y: np.isin(x, y[0], invert=True),
    "union1d": lambda x, y: np.union1d(x, y),
    "intersect1d": lambda x, y: np.intersect1d(x, y),
    "setdiff1d": lambda x, y: np.setdiff1d(x, y),
    "setxor1d": lambda x, y: np.setxor1d(x, y),
    "array_equal": lambda x, y: np.array_equal(x, y) | np.array_equal(x, x + 0),
    "array_equal_shapes": lambda x, y: np.array_equal(x, x[:2]) | np.array_equal(x, x[0]),
    "array_equal_nan": lambda x, y: np.array_equal(x / (x * 0), x / (x * 0), equal_nan=True),
    "unique_values": lambda x, y: np.unique_values(x),
    "block": lambda x, y: np.block([[x, y], [y, x]]),
    "block_ranks": lambda x, y: np.block([x[0], 1.0, y[0]]),
    "block_deep": lambda x, y: np.block([[[x], [y]]]),
    "select": lambda x, y: np.select([x > 1, x < 0], [x, y], default=9.0),
    "append": lambda x, y: np.append(x, y, axis=1),
    "unstack": lambda x, y: np.stack(np.unstack(x, axis=1)[::-1]) if x.shape[1] == 4 else x,
    "delete": lambda x, y: np.delete(x, 1, axis=1),
    "delete_last": lambda x, y: np.delete(x, -1, axis=0),
    "delete_list": lambda x, y: np.delete(x, [0, -2, 0], axis=1),
    "delete_slice": lambda x, y: np.delete(x, slice(None, None, 2), axis=1),
    "delete_flat": lambda x, y: np.delete(x, [1, 5]),
    "delete_mask": lambda x, y: np.delete(x, np.array([True, False, False, True]), axis=1),
    "insert": lambda x, y: np.insert(x, 1, 5.0, axis=1),
    "insert_rows": lambda x, y: np.insert(x, 2, y, axis=0),
    "insert_row": lambda x, y: np.insert(x, -1, y[0], axis=0),
    "insert_columns": lambda x, y: np.insert(x, 3, y[:, 0], axis=1),
    "insert_list": lambda x, y: np.insert(x, [3, 1, 1], y[:, :3], axis=1),
    "insert_flat": lambda x, y: np.insert(x, [2, 5], [-1.0, -2.0]),
    "cov": lambda x, y: np.cov(x),
    "cov_y": lambda x, y: np.cov(x, y, rowvar=False),
    "cov_vector": lambda x, y: np.cov(x[0], ddof=0),
    "cov_weights": lambda x, y: np.cov(x, fweights=[1, 2, 3, 1], aweights=np.abs(B[0])),
    "cov_aweights": lambda x, y: np.cov(x, bias=True, aweights=np.abs(B[0])),
    "corrcoef": lambda x, y: np.corrcoef(x),
    "corrcoef_y": lambda x, y: np.corrcoef(x[0], y[0]),
    "cross": lambda x, y: np.cross(x[:, :3], y[:, 1:]),
    "cross_axis": lambda x, y: np.cross(x, y, axis=0),
    "linalg_cross": lambda x, y: np.linalg.cross(x[:, :3], y[:, 1:]),
    "digitize": lambda x, y: np.digitize(x, XP),
    "digitize_right": lambda x, y: np.digitize(x, XP, right=True),
    "digitize_down": lambda x, y: np.digitize(x, XP[::-1], right=True),
    "digitize_symbolic": lambda x, y: np.digitize(x, np.sort(y[0])[::-1]),
    "histogram": lambda x, y: np.histogram(x, 4)[0],
    "histogram_edges": lambda x, y: np.histogram(x, 4)[1],
    "histogram_range": lambda x, y: np.histogram(x, 3, range=(-1, 2))[0],
    "histogram_bins": lambda x, y: np.histogram(x, XP)[0],
    "histogram_weights": lambda x, y: np.histogram(x, XP, weights=y)[0],
    "histogram_density": lambda x, y: np.histogram(x, XP, density=True)[0],
    "sum_initial": lambda x, y: np.sum(x, axis=1, initial=2.5),
    "sum_where": lambda x, y: np.sum(x, axis=0, where=A > 0, keepdims=True),
    "sum_where_row": lambda x, y: np.sum(x, where=A[0] > 0, initial=-1.0),
    "prod_where": lambda x, y: np.prod(x, axis=1, where=A > 0, initial=3.0),
    "max_initial": lambda x, y: np.max(x, axis=0, initial=2.0, keepdims=True),
    "max_none": lambda x, y: np.max(x[:0], initial=2.0),
    "min_where": lambda x, y: np.min(x, axis=1, where=A > 0, initial=2.0),
    "any_where": lambda x, y: np.any(x > 3, axis=0, where=A > 1),
    "all_where": lambda x, y: np.all(x > 3, axis=0, where=A > 1),
    "mean_where": lambda x, y: np.mean(x, axis=1, where=A > 0),
    "std_where": lambda x, y: np.std(x, axis=1, where=A > 0, keepdims=True),
    "var_where": lambda x, y: np.var(x, ddof=1, where=A > 0),
    "reduce_where": lambda x, y: np.add.reduce(x, where=A > 0, initial=1.0),
    "cumulative_sum": lambda x, y: np.cumulative_sum(x, axis=1, include_initial=True),
    "cumulative_prod": lambda x, y: np.cumulative_prod(x, axis=0),
    "partition": lambda x, y: np.sort(np.partition(x, 2, axis=0)[:2], axis=0),
    "diagflat": lambda x, y: np.diagflat(x[:1], 1),
    "ix_": lambda x, y: x[np.ix_([2, 0], [1, 3])],
    "cond": lambda x, y: np.linalg.cond(x[:, :3]),
    "cond_fro": lambda x, y: np.linalg.cond(x[:, :3], "fro"),
    "norm_2": lambda x, y: np.linalg.norm(x, 2),
    "norm_nuc": lambda x, y: np.linalg.norm(x, "nuc"),
    "matrix_norm_1": lambda x, y: np.linalg.matrix_norm(x, ord=1),
    "roll": lambda x, y: np.roll(x, (1, -2), axis=(0, 1)),
    "around": lambda x, y: np.around(x / 7, decimals=2),
    "take_along_axis": lambda x, y: np.take_along_axis(x, np.argsort(A, axis=1), axis=1),
    "float_power": lambda x, y: np.float_power(np.abs(x), 1.5),
    "vdot": lambda x, y: np.vdot(x, y),
    "inner": lambda x, y: np.inner(x, y),
    "allclose": lambda x, y: np.allclose(x, y) | np.allclose(x, x + 1e-12),
    "nan_to_num": lambda x, y: np.nan_to_num(x / np.abs(x), nan=5.0),
}  # fmt: skip
NAN_CALLS = {
    "nanmedian": lambda x: np.nanmedian(x, axis=0),
    "nanmedian_all": lambda x: np.nanmedian(x, keepdims=True),
    "nanquantile": lambda x: np.nanquantile(x, [0.1, 0.5, 1.0], axis=1),
    "nanpercentile": lambda x: np.nanpercentile(x, 30, axis=0),
    "nanargmax": lambda x: np.nanargmax(x, axis=1),
    "nanargmin": lambda x: np.nanargmin(x),
    "nancumsum": lambda x: np.nancumsum(x, axis=1),
    "nancumprod": lambda x: np.nancumprod(x),
}


def same(got, want) -> None:
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-13)
    assert got.dtype == np.asarray(want).dtype
    assert got.shape == np.shape(want)


@pytest.mark.parametrize("name", CALLS)
def test_words(name: str) -> None:
    x, y = T.tensor("float64", shape=(None, 4), name="x"), T.dmatrix("y")
    with np.errstate(all="ignore"):
        if name == "unstack":
            out, want = T.stack(np.unstack(x, axis=1)[::-1]), A.T[::-1]
        else:
            out, want = CALLS[name](x, y), CALLS[name](A, B)
        assert isinstance(out, Variable)
        same(evaluate([out], {x: A, y: B})[0], want)


@pytest.mark.parametrize("name", NAN_CALLS)
def test_words_that_leave_nan_out(name: str) -> None:
    x = T.dmatrix("x")
    same(evaluate([NAN_CALLS[name](x)], {x: N})[0], NAN_CALLS[name](N))


def test_all_of_them_compiled(thorough: bool) -> None:
    """The same numbers by the C, in one function, and of gradients."""
    x, y = T.tensor("float64", shape=(None, 4), name="x"), T.dmatrix("y")
    made = {name: call(x, y) for name, call in CALLS.items() if name != "unstack"}
    smooth = [name for name, out in made.items() if out.dtype == "float64"]
    total = T.add(*(T.sum(made[n] * 0.5) for n in smooth if n not in ("ldexp", "isposinf")))
    slopes = T.grad(total, [x, y])
    outputs = [*made.values(), *slopes]
    with gradc.config.override(level=1 if thorough else 0), np.errstate(all="ignore"):
        f = gradc.function([x, y], outputs)
        for one, other in zip(f(A, B), evaluate(outputs, {x: A, y: B}), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-11)


def test_integers() -> None:
    i, j = T.lvector("i"), T.lvector("j")
    words = (np.fmod, np.hypot, np.copysign, np.isin, np.fmax)
    calls = [*(lambda a, b, w=w: w(a, b) for w in words), lambda a, b: np.gradient(a),
             lambda a, b: np.trapezoid(a), lambda a, b: np.cov(a, b), lambda a, b: np.median(a),
             lambda a, b: np.polyval([1, 2], a), lambda a, b: np.sum(a, initial=3, where=b > 0),
             lambda a, b: np.delete(a, 2), lambda a, b: np.insert(a, 0, 2.7),
             lambda a, b: np.histogram(a, 3)[0], lambda a, b: np.cumulative_sum(a)]  # fmt: skip
    other = np.array([2, 0, -3, 4, 3, -1, 2, 5])
    found = evaluate([call(i, j) for call in calls], {i: I, j: other})
    for got, call in zip(found, calls, strict=True):
        with np.errstate(all="ignore"):
            same(got, call(I, other))


def test_ldexp_where_the_power_is_no_float() -> None:
    x, i = T.dvector("x"), T.lvector("i")
    a = np.array([5e-324, 1.5, 1.5, 1e308, 1.0, np.inf, -0.0, np.nan])
    b = np.array([1100, -1000, 5000, -2000, -1074, -5000, 3, 4])
    with np.errstate(all="ignore"):
        got, want = T.ldexp(x, i).eval({x: a, i: b}), np.ldexp(a, b)
    np.testing.assert_array_equal(got, want)
    with pytest.raises(ArgumentTypeError, match="the power is a whole number"):
        T.ldexp(x, x)


def test_lengths_that_are_not_known() -> None:
    x, i = T.dvector("x"), T.lscalar("i")
    k = T.lvector("k")
    outs = [T.delete(x, i), T.delete(x, k), T.delete(x, slice(1, 3)), T.insert(x, i, [7.0, 8.0]),
            T.array_equal(x, k), T.polyval(x, 0.5), T.histogram(x[:0], 2)[1]]  # fmt: skip
    got = evaluate(outs, {x: V, i: np.int64(-2), k: np.array([0, 4])})
    want = [np.delete(V, -2), np.delete(V, [0, 4]), np.delete(V, slice(1, 3)),
            np.insert(V, -2, [7.0, 8.0]), False, np.polyval(V, 0.5), [0, 0.5, 1]]  # fmt: skip
    for one, other in zip(got, want, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_gradients_at_the_edges() -> None:
    x, y = T.dscalar("x"), T.dscalar("y")
    slopes = T.grad(T.hypot(x, y), [x, y])
    assert [float(s.eval({x: 0.0, y: 0.0})) for s in slopes] == [0.0, 0.0]
    fp = T.dvector("fp")
    inside = T.grad(T.interp(x, XP, fp), [x, fp])
    got = [each.eval({x: 0.75, fp: FP}) for each in inside]
    np.testing.assert_allclose(got[0], 2.0)
    np.testing.assert_allclose(got[1], [0, 0.8, 0.2, 0])


WRONG = {
    "select: 1 conditions for 2 choices": lambda x: T.select([x > 1], [x, x]),
    "select: a condition is bool": lambda x: T.select([x], [x]),
    "block: lists are not nested alike": lambda x: T.block([[x], x]),
    "block: a list is empty": lambda x: T.block([]),
    "max: where= may leave no element": lambda x: T.max(x, where=x > 0),
    "sum: where= takes bools": lambda x: T.sum(x, where=x),
    "cross: a has vectors of 4 numbers": lambda x: T.cross(x, x),
    "unstack: the length of axis 0 is not known": lambda x: T.unstack(x),
    "gradient: 3 steps for 2 axes": lambda x: T.gradient(x, 1, 2, 3),
    "gradient: edge_order is 1 or 2": lambda x: T.gradient(x, edge_order=3),
    "gradient: axis 0 has length 1": lambda x: T.gradient(T.dmatrix(shape=(1, 4)), axis=0),
    "interp: xp has 2 axes": lambda x: T.interp(x, x, x[0]),
    "interp: the period is 0": lambda x: T.interp(x, XP, FP, period=0),
    "histogram: the rule 'auto'": lambda x: T.histogram(x, "auto"),
    "histogram: there is no histogram of 0 bins": lambda x: T.histogram(x, 0),
    "cov: takes vectors and matrices": lambda x: T.cov(x[None]),
    "ix_: takes vectors": lambda x: T.ix_(x),
    "nanquantile: q lies between 0 and 1": lambda x: T.nanquantile(x, 2.0),
    "insert: places are ints": lambda x: T.insert(x, [0.5], 1.0, axis=0),
    "delete: there is no place 7": lambda x: T.delete(x, 7, axis=1),
    "name the axis of an array of several": np.cumulative_sum,
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_says_so(text: str) -> None:
    x = T.tensor("float64", shape=(None, 4), name="x")
    with pytest.raises((ArgumentError, ArgumentTypeError, ShapeError), match=text):
        WRONG[text](x)


def test_slices_of_nan_have_no_greatest_element() -> None:
    x = T.dvector("x")
    f = gradc.function([x], T.nanargmax(x))
    assert f(np.array([np.nan, 2.0])) == 1
    with pytest.raises(AssertionFailed, match="a slice is nan throughout"):
        f(np.array([np.nan, np.nan]))


def test_what_is_refused_has_a_cure() -> None:
    x = T.dvector("x")
    with pytest.raises(ArgumentTypeError) as info:
        np.convolve(x, x)
    assert str(info.value) == (
        "np.convolve has no counterpart in gradc: it takes numbers, not variables.\n"
        "  Fix: convolutions of variables are not there yet; short kernels are sums of shifted "
        "slices."
    )
    for word in REFUSED:
        module, _, name = word.rpartition(".")
        assert hasattr(getattr(np, module) if module else np, name) or name == "trapz", word


def test_edges_of_a_histogram_and_polar_numbers() -> None:
    x, y = T.dvector("x"), T.dvector("y")
    f = gradc.function([x, y], [T.histogram_bin_edges(x, 4), T.complex_from_polar(x, y)])
    values, angles = np.array([1.0, 4.0, 2.5]), np.array([0.5, -1.0, 2.0])
    edges, numbers = f(values, angles)
    np.testing.assert_allclose(edges, np.histogram_bin_edges(values, 4), rtol=1e-15)
    np.testing.assert_allclose(numbers, values * np.exp(1j * angles), rtol=1e-15)
