"""Special functions as users call them: scipy's values, gradients, names, errors."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.special
import scipy.stats

import gradc
import gradc.tensor as T

pytestmark = pytest.mark.usefixtures("quickly")


def test_composed_functions_are_scipys() -> None:
    x, p = T.dvector("x"), T.dvector("p")
    pairs = (T.log_ndtr(x), T.log_expit(x), T.ndtr(x), T.ndtri(p), T.logit(p), T.sinc(x))
    f = gradc.function([x, p], [*pairs, T.grad(T.sum(T.log_ndtr(x)), x)])
    a = np.array([-40.0, -8.0, -1.5, -0.5, 0.0, 0.5, 3.0, 9.0, 30.0])
    b = np.array([1e-300, 1e-10, 0.01, 0.2, 0.499, 0.5, 0.75, 0.999, 1 - 1e-12])
    got = f(a, b)
    words = (scipy.special.log_ndtr, scipy.special.log_expit, scipy.special.ndtr)
    expected = [word(a) for word in words]
    expected += [scipy.special.ndtri(b), scipy.special.logit(b), np.sinc(a)]
    for one, other in zip(got, expected, strict=False):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-15)
    slope = np.exp(-(a**2) / 2 - scipy.special.log_ndtr(a)) / np.sqrt(2 * np.pi)
    np.testing.assert_allclose(got[-1], slope, rtol=1e-10)


def test_names_of_theano_and_scipy() -> None:
    assert T.psi is T.digamma
    assert T.tri_gamma is T.trigamma
    assert T.expit is T.sigmoid


def test_orders_of_polygamma() -> None:
    x = T.dvector("x")
    assert T.polygamma(0, x).owner.op.name == "digamma"
    assert T.polygamma(1, x).owner.op.name == "trigamma"
    with pytest.raises(gradc.errors.ArgumentTypeError, match="the order is a whole number"):
        T.polygamma(1.5, x)
    with pytest.raises(gradc.errors.ArgumentError, match="outside 0 to 170"):
        T.polygamma(171, x)


def test_beta_is_scipys() -> None:
    a, b = T.dvector("a"), T.dvector("b")
    total = T.sum(T.betaln(a, b))
    f = gradc.function([a, b], [T.beta(a, b), T.betaln(a, b), *T.grad(total, [a, b])])
    x = np.array([1e-10, 0.3, 2.5, 3.0, 40.0, 1e6])
    y = np.array([0.5, 0.7, 1e5, 4.0, 0.1, 2e6])
    beta, betaln, by_a, by_b = f(x, y)
    np.testing.assert_allclose(beta, scipy.special.beta(x, y), rtol=1e-11)
    np.testing.assert_allclose(betaln, scipy.special.betaln(x, y), rtol=1e-12)
    psi = scipy.special.digamma
    np.testing.assert_allclose(by_a, psi(x) - psi(x + y), rtol=1e-12)
    np.testing.assert_allclose(by_b, psi(y) - psi(x + y), rtol=1e-6)


def test_bessel_functions_are_scipys() -> None:
    x = T.dvector("x")
    names = ("i0", "i1", "i0e", "i1e", "j0", "j1")
    values = [getattr(T, name)(x) for name in names]
    slopes = [T.grad(T.sum(value), x) for value in values]
    bends = [T.grad(T.sum(slope), x) for slope in (slopes[1], slopes[5])]
    a = np.array([-40.0, -9.0, -2.5, -1e-9, 0.0, 0.5, 3.0, 7.9, 8.1, 31.9, 32.1, 60.0, 600.0])
    got = gradc.function([x], [*values, *slopes, *bends])(a)
    words = [getattr(scipy.special, name) for name in names]
    for one, word in zip(got, words, strict=False):
        np.testing.assert_allclose(one, word(a), rtol=1e-12, atol=1e-15)
    ivp, jvp = scipy.special.ivp, scipy.special.jvp
    i0e, i1e = scipy.special.i0e(a), scipy.special.i1e(a)
    ratio = np.where(a == 0, 0.5, i1e / np.where(a == 0, 1, a))
    expected = [ivp(0, a), ivp(1, a), i1e - np.sign(a) * i0e, i0e - np.sign(a) * i1e - ratio]
    expected += [jvp(0, a), jvp(1, a)]
    for one, other in zip(got[6:], expected, strict=False):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-15)
    for one, other in zip(got[-2:], (ivp(1, a, 2), jvp(1, a, 2)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-15)
    np.testing.assert_allclose([each[3] for each in got[-2:]], [-3.75e-10, 3.75e-10], rtol=1e-12)


def test_incomplete_gamma_functions_are_scipys() -> None:
    a, x = T.dvector("a"), T.dvector("x")
    low, high = T.gammainc(a, x), T.gammaincc(a, x)
    slopes = T.grad(T.sum(low), [a, x])
    outputs = [low, high, T.chi2sf(x, a), *slopes, T.grad(T.sum(slopes[1]), x)]
    at = np.array([1e-3, 0.25, 1.0, 1.0, 2.5, 30.0, 390.0, 1e4, 1e4, 1e9])
    of = np.array([1e-6, 3.0, 0.0, 0.9, 0.1, 41.0, 380.0, 9.9e3, 1.2e4, 1e9 + 1e4])
    got = gradc.function([a, x], outputs)(at, of)
    words = [scipy.special.gammainc(at, of), scipy.special.gammaincc(at, of)]
    for one, other in zip(got, [*words, scipy.stats.chi2.sf(of, at)], strict=False):
        np.testing.assert_allclose(one, other, rtol=2e-12, atol=1e-300)
    density = scipy.stats.gamma.pdf(of, at)
    np.testing.assert_allclose(got[4], density, rtol=1e-6, atol=1e-200)
    np.testing.assert_allclose(
        got[5][3:8], (density[3:8] * ((at - 1)[3:8] / of[3:8] - 1)), rtol=1e-9
    )
    with pytest.raises(
        gradc.errors.NullTypeGradError, match="one derivative in their first operand"
    ):
        T.grad(T.sum(slopes[0]), a)
