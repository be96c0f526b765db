"""Every law against scipy.stats, with fixed seeds; slopes, keys, batches, dtypes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import special, stats

import gradc
import gradc.random as R
import gradc.tensor as T
from gradc.errors import ArgumentTypeError, DTypeError, NullTypeGradError, ShapeError

pytestmark = pytest.mark.usefixtures("quickly")

N = 60_000
LEAST = 1e-4  # p values of fixed seeds: each law is tried once

CONTINUOUS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "uniform": (lambda k: R.uniform(k, (N,), minval=-2.0, maxval=3.0), stats.uniform(-2, 5)),
    "normal": (lambda k: R.normal(k, (N,)), stats.norm()),
    "truncated": (lambda k: R.truncated_normal(k, -0.5, 2.0, (N,)), stats.truncnorm(-0.5, 2)),
    "tail": (lambda k: R.truncated_normal(k, 6.0, 8.0, (N,)), stats.truncnorm(6, 8)),
    "exponential": (lambda k: R.exponential(k, (N,)), stats.expon()),
    "laplace": (lambda k: R.laplace(k, (N,)), stats.laplace()),
    "logistic": (lambda k: R.logistic(k, (N,)), stats.logistic()),
    "gumbel": (lambda k: R.gumbel(k, (N,)), stats.gumbel_r()),
    "cauchy": (lambda k: R.cauchy(k, (N,)), stats.cauchy()),
    "gamma": (lambda k: R.gamma(k, 3.7, (N,)), stats.gamma(3.7)),
    "small gamma": (lambda k: R.gamma(k, 0.2, (N,)), stats.gamma(0.2)),
    "beta": (lambda k: R.beta(k, 0.7, 2.5, (N,)), stats.beta(0.7, 2.5)),
    "student_t": (lambda k: R.student_t(k, 3.0, (N,)), stats.t(3)),
    "dirichlet": (lambda k: R.dirichlet(k, [1.0, 2.0, 4.0], (N,))[:, 1], stats.beta(2, 5)),
}
COUNTS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "poisson": (lambda k: R.poisson(k, 3.2, (N,)), stats.poisson(3.2)),
    "large poisson": (lambda k: R.poisson(k, 40.0, (N,)), stats.poisson(40)),
    "binomial": (lambda k: R.binomial(k, 12, 0.3, (N,)), stats.binom(12, 0.3)),
    "large binomial": (lambda k: R.binomial(k, 200, 0.7, (N,)), stats.binom(200, 0.7)),
    "multinomial": (lambda k: R.multinomial(k, 30, [1.0, 2.0, 1.0], (N,))[:, 1],
                    stats.binom(30, 0.5)),
    "bernoulli": (lambda k: R.bernoulli(k, 0.3, (N,)), stats.bernoulli(0.3)),
    "randint": (lambda k: R.randint(k, (N,), -3, 9), stats.randint(-3, 9)),
    "choice": (lambda k: R.choice(k, 7, (N,)), stats.randint(0, 7)),
    "categorical": (lambda k: R.categorical(k, np.log([0.25, 0.75]), shape=(N,)),
                    stats.bernoulli(0.75)),
    "weighted": (lambda k: R.choice(k, 2, (N,), p=[1.0, 3.0]), stats.bernoulli(0.75)),
}  # fmt: skip


def a_key() -> Any:
    return T.TensorType("uint64", (2,))("key")


@pytest.fixture(scope="module")
def drawn() -> dict[str, np.ndarray]:
    key = a_key()
    laws = {**CONTINUOUS, **COUNTS}
    keys = {name: R.fold_in(key, k) for k, name in enumerate(laws)}
    outputs = [law(keys[name]) for name, (law, _) in laws.items()]
    numbers = gradc.function([key], outputs)(R.key(2026))
    return dict(zip(laws, numbers, strict=True))


@pytest.mark.parametrize("name", CONTINUOUS)
def test_kolmogorov_smirnov(name: str, drawn: dict[str, np.ndarray]) -> None:
    assert stats.kstest(drawn[name], CONTINUOUS[name][1].cdf).pvalue > LEAST


@pytest.mark.parametrize("name", COUNTS)
def test_chi_square(name: str, drawn: dict[str, np.ndarray]) -> None:
    law, numbers = COUNTS[name][1], drawn[name].astype(int)
    low, high = int(law.ppf(1e-3)), int(law.ppf(1 - 1e-3))
    inner = [np.sum(numbers == k) for k in range(low + 1, high)]
    seen = np.array([np.sum(numbers <= low), *inner, np.sum(numbers >= high)])
    chances = [law.cdf(low), *(law.pmf(k) for k in range(low + 1, high)), law.sf(high - 1)]
    assert stats.chisquare(seen, np.array(chances) / np.sum(chances) * N).pvalue > LEAST


def test_moments_of_both_floats() -> None:
    key = a_key()
    f = gradc.function(
        [key],
        [law(key, (N,), dtype) for law in (R.normal, R.uniform) for dtype in ("float32", "float64")]
        + [R.bits(key, (N,), "uint32")],
    )
    *floats, bits = f(R.key(1))
    for x, mean, std in zip(floats, (0, 0, 0.5, 0.5), (1, 1, 12**-0.5, 12**-0.5), strict=True):
        assert abs(x.mean() - mean) < 4 * std / N**0.5
        assert abs(x.std() / std - 1) < 4 / (2 * N) ** 0.5
        assert abs(np.corrcoef(x[1:], x[:-1])[0, 1]) < 4 / N**0.5
    assert [x.dtype.name for x in floats] == ["float32", "float64"] * 2
    ones = np.unpackbits(bits.view("uint8")).mean()
    assert abs(ones - 0.5) < 4 * 0.5 / (32 * N) ** 0.5


def test_permutations_and_choices_without_replacement() -> None:
    key = a_key()
    many = R.permutation(key, 3, (6000,))
    taken = R.choice(key, 4, (3,), replace=False, p=[0.1, 0.2, 0.3, 0.4])
    rows = R.permutation(key, np.arange(10.0).reshape(5, 2))
    f = gradc.function([key], [many, taken, rows, R.choice(key, 5, (2, 2), replace=False)])
    orders, some, shuffled, square = f(R.key(4))
    _, seen = np.unique(orders @ [9, 3, 1], return_counts=True)
    assert len(seen) == 6
    assert stats.chisquare(seen).pvalue > LEAST
    assert len(set(some.tolist())) == 3
    np.testing.assert_array_equal(np.sort(shuffled[:, 0]), np.arange(0, 10, 2))
    np.testing.assert_array_equal(shuffled[:, 1], shuffled[:, 0] + 1)
    assert len(set(square.ravel().tolist())) == 4
    first = [f(R.key(seed))[1][0] for seed in range(600)]
    counts = np.bincount(first, minlength=4)
    assert stats.chisquare(counts, 600 * np.array([0.1, 0.2, 0.3, 0.4])).pvalue > LEAST


def test_keys_of_numbers_and_of_variables_agree() -> None:
    key, step = a_key(), T.lscalar("step")
    f = gradc.function([key, step], [R.split(key, 3), R.fold_in(key, step), R.key(step)])
    start = R.key(-3)
    children, folded, made = f(start, 41)
    np.testing.assert_array_equal(children, R.split(start, 3))
    np.testing.assert_array_equal(folded, R.fold_in(start, 41))
    np.testing.assert_array_equal(made, R.key(41))
    everything = np.vstack([children, folded, R.split(children[0]), R.fold_in(start, 42)])
    assert len(np.unique(everything, axis=0)) == 7


def test_slopes_are_those_of_the_formula() -> None:
    key = a_key()
    mean, std, low = T.dvector("mean"), T.dscalar("std"), T.dscalar("low")
    z = mean + std * R.normal(key, mean.shape)
    u = R.uniform(key, (3,), minval=low, maxval=2.0)
    cost = T.sum(z**2)
    gradients = T.grad(cost, [mean, std]) + T.grad(T.sum(u), [low])
    f = gradc.function([key, mean, std, low], [z, u, *gradients])
    got_z, got_u, *slopes = f(R.key(0), np.array([1.0, 2.0, 3.0]), 0.5, -1.0)
    noise = (got_z - [1, 2, 3]) / 0.5
    np.testing.assert_allclose(slopes[0], 2 * got_z)
    np.testing.assert_allclose(slopes[1], np.sum(2 * got_z * noise))
    np.testing.assert_allclose(slopes[2], np.sum(1 - (got_u + 1) / 3))


def quantile_slope(a: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The slope of scipy's quantile at the chance of x, by differences of logarithms."""
    step = 1e-4 * a
    ends = []
    for sign in (-1, 1):
        low = special.gammaincinv(a + sign * step, special.gammainc(a, x))
        high = special.gammainccinv(a + sign * step, special.gammaincc(a, x))
        ends.append(np.log(np.where(x < a, low, high)))
    return x * (ends[1] - ends[0]) / (2 * step)


def test_a_gamma_draw_moves_as_its_quantile() -> None:
    key, a, b = a_key(), T.dvector("a"), T.dvector("b")
    x, single = R.gamma(key, a), R.gamma(key, T.cast(a, "float32"))
    ways = R.beta(key, a, b), R.dirichlet(key, a)[0], R.student_t(key, a + 1)
    outs = [x, T.grad(x.sum(), a), T.grad(single.sum(), a), single]
    outs += [each for way in ways for each in (way, *T.grad(way.sum(), [a]))]
    push = T.Rop(x, a, T.ones_like(a))
    f = gradc.function([key, a, b], [*outs, push])
    orders = np.repeat([0.02, 0.3, 0.9, 1.0, 2.5, 20.0, 390.0, 1e4], 40)
    got = f(R.key(3), orders, orders[::-1] + 0.5)
    large = got[0] > 1e-290
    wanted = quantile_slope(orders, got[0])
    np.testing.assert_allclose(got[1][large], wanted[large], rtol=1e-6)
    np.testing.assert_allclose(got[2][got[3] > 1e-30], got[1][got[3] > 1e-30], rtol=1e-4)
    np.testing.assert_array_equal(got[1], got[-1])
    assert all(np.isfinite(each).all() for each in got)
    with pytest.raises(NullTypeGradError, match="one derivative by its shape"):
        T.grad(T.grad(x.sum(), a).sum(), a)


def test_means_move_as_expectations() -> None:
    """Of functions of Gamma, Beta, Dirichlet and Student numbers whose means are known."""
    key, p = a_key(), T.dscalar("p")
    pair = R.dirichlet(key, p * np.array([1.0, 2.0]), (N,))
    laws = [
        (T.log(R.gamma(key, p, (N,))), special.polygamma(1, 2.0)),
        (R.beta(key, p, 3.0, (N,)), 3 / 25),
        (pair[:, 0] ** 2, -2 / 147),
        (1 / (1 + R.student_t(key, p, (N,)) ** 2 / p), 1 / 9),
    ]
    f = gradc.function([key, p], [T.grad(T.mean(law), p) for law, _ in laws])
    np.testing.assert_allclose(f(R.key(11), 2.0), [slope for _, slope in laws], atol=3e-3)


def test_what_has_no_slope() -> None:
    key, p = a_key(), T.dscalar("p")
    coins = T.cast(R.bernoulli(key, p, (3,)), "float64") + R.poisson(key, p, (3,))
    assert T.grad(coins.sum(), p).eval() == 0


def test_a_batch_of_keys() -> None:
    f = gradc.vmap(lambda key: R.normal(key, (4,)))
    keys = R.split(R.key(5), 3)
    one = gradc.function([k := a_key()], R.normal(k, (4,)))
    np.testing.assert_array_equal(f(keys), np.stack([one(each) for each in keys]))
    same = gradc.vmap(lambda x: x + R.normal(R.key(1), (2,)))(np.zeros((3, 2)))
    np.testing.assert_array_equal(same[0], same[2])


def test_parameters_stretch() -> None:
    key, low, p = a_key(), T.dmatrix("low"), T.dvector("p")
    f = gradc.function(
        [key, low, p],
        [R.uniform(key, None, None, low, low + 1), R.bernoulli(key, p), R.poisson(key, p, (2, 3))],
    )
    u, coins, counts = f(R.key(3), np.arange(6.0).reshape(2, 3) * 10, np.array([0.0, 1.0, 0.5]))
    np.testing.assert_array_equal(np.floor(u / 10) * 10, np.arange(6).reshape(2, 3) * 10)
    assert coins.tolist()[:2] == [False, True]
    assert counts.shape == (2, 3)
    assert not counts[:, 0].any()


def test_errors() -> None:
    key = R.key(0)
    with pytest.raises(ArgumentTypeError, match="a key is a uint64 vector of two, got 3"):
        R.normal(3, (2,))
    with pytest.raises(DTypeError, match="the numbers are float32 or float64, int32 was asked for"):
        R.uniform(key, (2,), "int32")
    with pytest.raises(ShapeError, match="a parameter has 2 axes, the size"):
        R.bernoulli(key, np.zeros((2, 2)), (2,))
    with pytest.raises(ShapeError, match="axis 0 of a parameter has length 3"):
        R.poisson(key, np.ones(3), (2,))
    with pytest.raises(ArgumentTypeError, match="a seed is a whole number"):
        R.key(0.5)
    with pytest.raises(gradc.errors.ArgumentError, match="outside 0 to"):
        R.fold_in(key, -1)


def test_a_constant_key_gives_the_bits_of_any_other() -> None:
    key = a_key()

    def draws(k: Any) -> list[Any]:
        small = [R.normal(k, (40,)), R.normal(k), R.exponential(k, (3,)), R.gamma(k, 1.5, (5,))]
        return [*small, R.normal(k, (9,), "float32"), R.fold_in(k, T.constant(3))]

    fixed = gradc.function([], draws(R.key(8)))()
    for one, other in zip(fixed, gradc.function([key], draws(key))(R.key(8)), strict=True):
        assert one.tobytes() == other.tobytes()


def test_draws_inside_loops() -> None:
    srng = R.RandomStreams(3)
    start = T.dvector("start")
    path, updates = gradc.scan(lambda x: x + srng.normal(x.shape), outputs_info=start, n_steps=4)
    f = gradc.function([start], path, updates=updates)
    one, other = f(np.zeros(3)), f(np.zeros(3))
    steps = np.diff(np.vstack([np.zeros((1, 3)), one]), axis=0)
    assert len(np.unique(steps)) == 12
    assert not np.isin(other, one).any()
