"""Complex numbers: every declaration that takes them, against numpy and against differences."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import CostTypeError, DTypeError, GradError
from gradc.graph.evaluate import evaluate
from gradc.graph.op import DECLARATIONS
from gradc.graph.variable import Variable
from gradc.ops.declare import COMPOSED
from gradc.ops.kinds import Elemwise
from tests.ops.cases import (
    COMPLEX,
    ELEMWISE,
    OTHERS,
    REDUCE,
    Array,
    Case,
    Values,
    case_of,
    elementwise_corners,
    function_of,
    is_native,
    reductions,
    sampled,
    takes,
)

TAKES = [name for name in ELEMWISE if takes(name, "complex128")]
_LOOSE = {"pow": 2e3}  # exp(y log(x)): the error grows with the exponent


def agree(got: Array, expected: Array, ulps: float, label: str, is_together: bool = False) -> None:
    """Finite numbers within `ulps` of their length; an infinity beside a nan has no sign.

    is_together: of the greatest length, as factorisations round: their sums are of all elements.
    """
    assert got.dtype == expected.dtype, label
    assert got.shape == expected.shape, label
    if expected.dtype.kind not in "fc":
        np.testing.assert_array_equal(got, expected, err_msg=label)
        return
    limits = np.finfo(expected.dtype)
    finite = np.isfinite(expected)
    with np.errstate(all="ignore"):
        length = np.abs(expected)
        if is_together:
            length = np.max(length, initial=0.0, where=finite)
        room = ulps * limits.eps * length + limits.tiny
        assert (~finite | (np.abs(got - expected) <= room)).all(), label
        has_nan = np.isnan(expected.real) | np.isnan(expected.imag)
        for one, other in ((got.real, expected.real), (got.imag, expected.imag)):
            same = (np.isnan(one) & np.isnan(other)) | (one == other)
            same |= has_nan & np.isinf(one) & np.isinf(other)
            same |= np.abs(one - other) <= ulps * limits.eps * np.abs(other)
            assert (finite | same).all(), (label, got[~(finite | same)][:3])


@pytest.mark.parametrize("dtype", COMPLEX)
def test_elementwise_c_agrees_at_corners(dtype: str) -> None:
    cases = [elementwise_corners(name, dtype) for name in TAKES if is_native(name, dtype)]
    values = {each: value for case in cases for each, value in case.values.items()}
    with gradc.config.override(level=1):
        f = gradc.function(list(values), [c.output for c in cases], on_unused_input="ignore")
    got, expected = f(*values.values()), evaluate([case.output for case in cases], values)
    for case, one, other in zip(cases, got, expected, strict=True):
        agree(one, other, _LOOSE.get(case.label.partition("[")[0], 8), case.label)


def moved(dtype: str) -> list[Case]:
    """The uses that declarations state themselves, on complex numbers, where they take those."""
    rng = np.random.default_rng(3)
    found: list[Case] = []
    for name in (*OTHERS, *COMPOSED):
        try:
            found.extend(sampled(np.random.default_rng(3), name, dtype))  # whatever else there is
        except DTypeError:  # it says that it takes real numbers
            continue
    for name in REDUCE:
        if DECLARATIONS[name].of_complex is not None:  # type: ignore[attr-defined]
            found.extend(reductions(rng, name, dtype))
    return found


@cache
def moved_in_double() -> list[Case]:
    return moved("complex128")


@pytest.mark.parametrize("dtype", COMPLEX)
def test_all_other_c_agrees(dtype: str, thorough: bool) -> None:
    cases = moved(dtype)
    names = {case.label.partition("[")[0] for case in cases}
    assert {"contract", "cumprod", "gather", "join", "scatter", "mean", "norm", "sum"} <= names
    values = {each: value for case in cases for each, value in case.values.items()}
    outputs = [case.output for case in cases]
    with gradc.config.override(level=1 if thorough else 0):
        f = gradc.function(list(values), outputs, on_unused_input="ignore")
    for case, one, other in zip(cases, f(*values.values()), evaluate(outputs, values), strict=True):
        name = case.label.partition("[")[0]
        agree(one, other, 100, case.label, name in OTHERS and DECLARATIONS[name].kind == "Routine")


# -- derivatives -------------------------------------------------------------------------------


def points(name: str) -> Case:
    rng = np.random.default_rng(5)
    rule = DECLARATIONS[name]
    assert isinstance(rule, Elemwise)
    shapes = [(2, 3), (1, 3), (2, 1)][: rule.arity]
    values: list[Array] = [rng.normal(size=n) + 1j * rng.normal(size=n) for n in shapes]
    if name == "switch":
        values[0] = values[0].real > 0
    return case_of(name, function_of(name), values)


def real_cost(output: Variable, seed: int, like: Array) -> Variable:
    weights = np.random.default_rng(seed).uniform(0.5, 2.0, (2, *np.shape(like)))
    return T.sum(T.real(output) * weights[0] + T.imag(output) * weights[1])


def directional(gradient: Array, way: Array) -> float:
    """What moving by `way` adds, by the convention: g = dC/dRe + i dC/dIm."""
    return float(np.sum(gradient.real * way.real + gradient.imag * way.imag))


def slope_agrees(cost: Variable, wrt: Sequence[Variable], at: Values, tolerance: float) -> None:
    """Reverse and forward mode against central differences along a complex way."""
    rng = np.random.default_rng(7)
    found = evaluate(T.grad(cost, list(wrt), disconnected_inputs="ignore"), at)
    for x, gradient in zip(wrt, found, strict=True):
        assert gradient.shape == at[x].shape
        assert gradient.dtype == x.dtype
        way: Any = rng.normal(size=at[x].shape)
        way = way + 1j * rng.normal(size=at[x].shape) if x.dtype.startswith("complex") else way
        step = 1e-6
        ahead, behind = (
            float(evaluate([cost], {**at, x: at[x] + s * step * way})[0]) for s in (1, -1)
        )
        expected = (ahead - behind) / (2 * step)
        scale = {"rtol": tolerance, "atol": tolerance}
        np.testing.assert_allclose(directional(gradient, way), expected, **scale)
        (pushed,) = evaluate([gradc.jvp(cost, x, T.constant(np.asarray(way, x.dtype)))], at)
        np.testing.assert_allclose(pushed, directional(gradient, way), rtol=1e-9, atol=1e-9)


def two_derivatives(case: Case) -> None:
    wrt = [x for x in case.inputs if np.dtype(x.dtype).kind in "fc"]
    (value,) = evaluate([case.output], case.values)
    cost = real_cost(case.output, 1, value)
    slope_agrees(cost, wrt, case.values, 1e-5)
    first = T.grad(cost, wrt, disconnected_inputs="ignore")
    terms = [real_cost(g, 2, case.values[x]) for g, x in zip(first, wrt, strict=True)]
    slope_agrees(T.add(*terms, 0.0), wrt, case.values, 1e-4)


_NO_SLOPE = {"eq", "neq", "isnan", "isinf", "isfinite", "disconnected_grad", "zero_grad",
             "undefined_grad", "consider_constant", "grad_scale"}  # fmt: skip


@pytest.mark.parametrize("name", [n for n in TAKES if n not in _NO_SLOPE])
def test_elementwise_derivatives(name: str) -> None:
    two_derivatives(points(name))


@pytest.mark.parametrize(
    "name", ["contract", "cumprod", "cumsum", "gather", "join", "mean", "norm", "prod", "scatter",
             "sum", "var", "subtensor", "dimshuffle", "reshape", "recur", "solve",
             "matrix_inverse"],
)  # fmt: skip
def test_other_derivatives(name: str) -> None:
    for case in moved_in_double():
        if case.label.partition("[")[0] == name:
            two_derivatives(case)


def test_parts_make_a_number_and_have_its_gradient() -> None:
    """Theano's formulas: real gives (1, 0), imag (0, 1), abs z / abs(z)."""
    z = T.zvector("z")
    at = {z: np.array([3 + 4j, -1j, 2.0])}
    costs = [T.sum(T.real(z)), T.sum(T.imag(z)), T.sum(abs(z)), T.sum(abs(z) ** 2)]
    found = evaluate([T.grad(cost, z) for cost in costs], at)
    np.testing.assert_allclose(found[0], [1, 1, 1])
    np.testing.assert_allclose(found[1], [1j, 1j, 1j])
    np.testing.assert_allclose(found[2], at[z] / np.abs(at[z]))
    np.testing.assert_allclose(found[3], 2 * at[z])


def test_a_complex_parameter_descends() -> None:
    """A complex least-squares problem, solved by descent on a shared complex vector."""
    rng = np.random.default_rng(0)
    a = rng.normal(size=(30, 3)) + 1j * rng.normal(size=(30, 3))
    truth = np.array([1 - 2j, 0.5j, -3.0])
    w = gradc.shared(np.zeros(3, "complex128"), "w")
    x, y = T.zmatrix("x"), T.zvector("y")
    cost = T.mean(abs(T.dot(x, w) - y) ** 2)
    f = gradc.function([x, y], cost, updates={w: w - 0.1 * T.grad(cost, w)})
    for _ in range(150):
        f(a, a @ truth)
    np.testing.assert_allclose(w.get_value(), truth, atol=1e-6)


def test_gradients_given_and_asked_for_are_of_one_convention() -> None:
    z = T.zvector("z")
    h, at = z * (1 - 2j), {z: np.array([1 + 1j, -2j])}
    cost = T.sum(abs(h) ** 2)
    whole = T.grad(cost, z)
    by_parts = T.grad(None, z, known_grads={h: T.grad(cost, h)})
    pulled = gradc.vjp(h, z, T.grad(cost, h))
    through = h.owner.op.bprop(h.owner.inputs, z, T.grad(cost, h))  # type: ignore[union-attr]
    for each in evaluate([by_parts, pulled, through], at):
        np.testing.assert_allclose(each, evaluate([whole], at)[0], rtol=1e-14)


# -- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "use",
    [lambda z: T.maximum(z, 1.0), lambda z: z < 1, T.floor, T.max, T.argmax, T.sort, T.erf,
     lambda z: z % 2, lambda z: T.clip(z, 0, 1), T.nnet.softmax,
     lambda z: z.astype("float64"), lambda z: T.arctan2(z, 1.0)],
)  # fmt: skip
def test_what_takes_real_numbers_names_the_variable_and_the_cure(use: Any) -> None:
    with pytest.raises(DTypeError) as caught:
        use(T.zmatrix("z"))
    assert "z : complex128" in str(caught.value).replace("     ", "")
    assert "T.real(x)" in str(caught.value)


def test_a_complex_cost_has_no_gradient() -> None:
    z = T.zvector("z")
    with pytest.raises(CostTypeError, match=r"the cost must be real, got complex128\[\]"):
        T.grad(z.sum(), z)
    with pytest.raises(GradError, match="the expression must be real"):
        gradc.jacobian(z, z)
    x = T.dvector("x")
    with pytest.raises(gradc.errors.ShapeError):
        gradc.jvp(x, x, T.constant(np.array([1j])))


# -- the border ----------------------------------------------------------------------------------


def test_arguments_and_constants() -> None:
    z, x = T.cvector("z"), T.fvector("x")
    f = gradc.function([z, x], [z + x, z * 1j, x + 1j, T.constant(2j) * z])
    found = f(np.array([1, 2j], "complex64"), np.array([1, 2], "float32"))
    assert [each.dtype.name for each in found[:3]] == ["complex64"] * 3
    np.testing.assert_allclose(found[1], [1j, -2])
    strided = np.zeros((2, 2), "complex64")[:, ::-1].T[0]
    assert f(strided, np.ones(2, "float32"))[0].shape == (2,)
    with pytest.raises(gradc.errors.ArgumentTypeError, match="wrong dtype"):
        f(np.array([1j]), np.ones(1, "float32"))
    with pytest.raises(gradc.errors.ArgumentTypeError, match="wrong dtype"):
        f(np.array([1j], "complex64"), np.array([1j], "complex64"))
    s = T.zscalar("s")
    assert gradc.function([s], s * s)(1 + 2j) == (1 + 2j) ** 2
    assert gradc.function([s], s * s)(3) == 9


def test_complex_values_stay_in_their_shared_variable() -> None:
    w = gradc.shared(np.array([1j, 2]), "w")
    with pytest.raises(gradc.errors.GradcError):
        gradc.shared(np.array([1.0, 2.0]), "r").set_value(np.array([1j, 2]))
    w.set_value(np.array([1.0, 2.0]))
    assert w.get_value().dtype == np.complex128


def test_pickles_and_numpy_words(tmp_path: Any) -> None:
    import pickle

    z = T.zvector("z")
    f = gradc.function([z], [np.conj(z), np.real(z), np.imag(z), np.exp(z), np.angle(z), np.abs(z)])
    at = np.array([1 + 2j, -0.5j])
    for each in (f, pickle.loads(pickle.dumps(f))):
        found = each(at)
        for one, word in zip(
            found, (np.conj, np.real, np.imag, np.exp, np.angle, np.abs), strict=True
        ):
            np.testing.assert_allclose(one, word(at), rtol=1e-14)
    gradc.save(tmp_path / "w.npz", {"w": gradc.shared(at, "w")})
    assert gradc.load(tmp_path / "w.npz")["w"].dtype == np.complex128


INVERSES = ("arcsin", "arccos", "arctan", "arcsinh", "arccosh", "arctanh", "log1p", "expm1")


def near_branch_points(kind: np.dtype[Any]) -> Array:
    """Points around those where roots and logarithms vanish, at distances down to an ulp."""
    rng = np.random.default_rng(11)
    found = [np.array([1 + 1e-30j, -1 + 1e-20j, 0.3 + 0.3j])]
    for centre in (0, 1, -1, 1j, -1j, 0.5, 3j):
        for far in (1, 1e-3, 1e-6, 10 * np.finfo(kind).eps):
            for flat in (1, 1e-6):
                found.append(centre + far * (rng.normal(size=3) + 1j * flat * rng.normal(size=3)))
                found.append(centre + far * (flat * rng.normal(size=3) + 1j * rng.normal(size=3)))
    found += [far * (rng.normal(size=4) + 1j * rng.normal(size=4)) for far in (1e5, 1e10, 1e30)]
    return np.concatenate(found).astype(kind)


@pytest.mark.parametrize("dtype", COMPLEX)
def test_inverses_keep_their_digits(dtype: str) -> None:
    """Within 2 ulp of the length of what mpmath has, away from where sines overflow."""
    mpmath = pytest.importorskip("mpmath")
    kind: np.dtype[Any] = np.dtype(dtype)
    z = T.vector("z", dtype=dtype)
    at = near_branch_points(kind)
    found = gradc.function([z], {name: getattr(T, name)(z) for name in INVERSES})(at)
    with mpmath.workprec(300):
        judges = {name: getattr(mpmath, name.replace("arc", "a"), None) for name in INVERSES[:6]}
        judges |= {"log1p": lambda x: mpmath.log(1 + x), "expm1": lambda x: mpmath.exp(x) - 1}
        for name, judge in judges.items():
            for x, y in zip(at, found[name], strict=True):
                if name == "expm1" and abs(x) > 80:
                    continue
                expected = judge(mpmath.mpc(float(x.real), float(x.imag)))
                error = abs(mpmath.mpc(float(y.real), float(y.imag)) - expected)
                assert error <= 2 * np.finfo(kind).eps * abs(expected), (name, x, y)


def test_inverses_have_numpys_cuts() -> None:
    sides, ends = (0.0, -0.0), (2.0, -2.0, 0.5, -0.5, 0.0, -0.0, 1.0, -1.0, 1e20, -1e20)
    at = np.array([complex(a, b) for a in ends for b in sides if np.isfinite(a)])
    at = np.concatenate([at, np.array([complex(b, a) for a in ends for b in sides])])
    z = T.zvector("z")
    found = gradc.function([z], {name: getattr(T, name)(z) for name in INVERSES[:7]})(at)
    with np.errstate(all="ignore"):
        for name, got in found.items():
            expected = getattr(np, name)(at)
            for one, other in ((got.real, expected.real), (got.imag, expected.imag)):
                np.testing.assert_allclose(one, other, rtol=1e-14, err_msg=name)
                np.testing.assert_array_equal(np.signbit(one), np.signbit(other), err_msg=name)


def test_complex_systems() -> None:
    """Of stacks, of a real matrix, transposed."""
    rng = np.random.default_rng(2)
    a, b = T.zmatrix("a"), T.zvector("b")
    stack = T.tensor("complex64", (None, None, None), "stack")
    outs = [T.solve(a, b, transposed=True), T.solve(stack, a), T.solve(T.real(a), b)]
    f = gradc.function([a, b, stack], [*outs, T.matrix_inverse(stack)])
    at: Any = rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4))
    many: Any = (rng.normal(size=(3, 4, 4)) + 1j * rng.normal(size=(3, 4, 4))).astype("complex64")
    found = f(at, at[0], many)
    solved = np.linalg.solve
    expected = [solved(at.T, at[0]), solved(many, at), solved(at.real, at[0]), np.linalg.inv(many)]
    for one, other, tolerance in zip(found, expected, (1e-12, 1e-4, 1e-12, 1e-4), strict=True):
        np.testing.assert_allclose(one, other, tolerance, tolerance)
    with pytest.raises(np.linalg.LinAlgError, match="singular"):
        f(np.ones((4, 4), complex), at[0], many)
