"""Streams: states, seeds, updates, and what one draw is when it is read twice."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import ArgumentError, AssertionFailed, ShapeError
from gradc.random import MRG_RandomStreams, RandomStreams

BOTH = pytest.mark.parametrize("streams", [RandomStreams, MRG_RandomStreams])


@BOTH
def test_calls_and_draws_differ_and_one_draw_is_one(streams: Any) -> None:
    srng = streams(234)
    u, v = srng.uniform((2, 2)), srng.uniform((2, 2))
    f = gradc.function([], [u, v, u + u - 2 * u])
    one, other, zero = f()
    again = f()
    assert not zero.any()
    assert not (one == other).any()
    assert not (one == again[0]).any()
    fixed = gradc.function([], u, no_default_updates=True)
    np.testing.assert_array_equal(fixed(), fixed())
    assert u.rng.get_value()[1] == streams(234).uniform((1,)).rng.get_value()[1] + 2


@BOTH
def test_seeds(streams: Any) -> None:
    srng = streams(7)
    f = gradc.function([], [srng.normal((3,)), srng.uniform((3,))])
    first = [f(), f()]
    srng.seed(7)
    np.testing.assert_array_equal([f(), f()], first)
    srng.seed(8)
    eight = f()
    fresh = streams(8)
    g = gradc.function([], [fresh.normal((3,)), fresh.uniform((3,))])
    np.testing.assert_array_equal(g(), eight)
    assert not np.isin(eight, first).any()
    srng.seed()
    np.testing.assert_array_equal(f(), first[0])


def test_states_are_read_written_and_carried_over() -> None:
    one, other = RandomStreams(1), MRG_RandomStreams(2)
    u, v = one.uniform((4,)), other.uniform((4,))
    f, g = gradc.function([], u), gradc.function([], v)
    f()
    for (mine, _), (theirs, _) in zip(one.state_updates, other.state_updates, strict=True):
        theirs.set_value(mine.get_value())
    np.testing.assert_array_equal(f(), g())
    saved = u.rng.get_value()
    first = f()
    u.rng.set_value(saved)
    np.testing.assert_array_equal(f(), first)
    assert one[u.rng].dtype == np.uint64
    assert u.rstate is u.rng


def test_explicit_updates_and_givens() -> None:
    srng = RandomStreams(5)
    u = srng.uniform((3,))
    f = gradc.function([], u, updates=srng.updates(), no_default_updates=True)
    assert not (f() == f()).any()
    state = T.TensorType("uint64", (2,))("state")
    g = gradc.function([state], u, givens=[(u.rng, state)], no_default_updates=True)
    np.testing.assert_array_equal(g(u.rng.get_value()), f())


def test_a_failing_call_advances_nothing() -> None:
    srng = RandomStreams(5)
    x, total = T.dvector("x"), gradc.shared(0.0)
    u = srng.uniform(x.shape)
    checked = gradc.assert_op(u + x, T.all(x > 0))
    f = gradc.function([x], checked, updates=[(total, total + T.sum(u))])
    f(np.ones(3))
    before, sum_before = u.rng.get_value(), total.get_value()
    with pytest.raises(AssertionFailed):
        f(-np.ones(3))
    np.testing.assert_array_equal(u.rng.get_value(), before)
    assert total.get_value() == sum_before


def test_same_bits_for_any_number_of_threads() -> None:
    srng = RandomStreams(11)
    n = T.lscalar("n")
    draws = [srng.normal((n, 7)), srng.uniform((n,), dtype="float32"), srng.poisson((n,), 3.0)]
    f = gradc.function([n], [*draws, T.sum(draws[0], axis=0)], no_default_updates=True)
    found = []
    for threads in (1, 2, 8):
        with gradc.config.override(threads=threads):
            found.append(f(40_000))
    for one, two, eight in zip(*found, strict=True):
        assert one.tobytes() == two.tobytes() == eight.tobytes()


def test_every_law_of_streams() -> None:
    srng, mrg = RandomStreams(3), MRG_RandomStreams(3)
    x, size = T.fmatrix("x"), T.lvector("size")
    p = np.array([[0.2, 0.8], [1.0, 0.0], [0.5, 0.5]])
    outputs = {
        "binomial": srng.binomial(x.shape, 1, 0.3, dtype="float32"),
        "counts": srng.binomial((5,), n=20, p=0.5),
        "vector": srng.uniform(size, ndim=3),
        "integers": srng.random_integers((50,), 3, 5),
        "choice": srng.choice((4,), a=[2.0, 4.0], p=[0.0, 1.0]),
        "subset": srng.choice((3,), a=3, replace=False),
        "permutation": srng.permutation((2, 2), n=5),
        "poisson": srng.poisson((3,), lam=2.5, dtype="float32"),
        "one of": srng.multinomial((6,), 1, [0.0, 0.3, 0.7]),
        "of rows": srng.multinomial(None, 10, p),
        "shuffled": srng.shuffle_row_elements(x),
        "normal": srng.normal((2,), avg=np.array([5.0, -5.0]), std=1e-3),
        "mrg rows": mrg.multinomial(pvals=p, dtype="float32"),
        "mrg choice": mrg.choice(2, replace=False, p=p + 0.01),
        "mrg again": mrg.choice(4, p=p),
        "truncated": mrg.truncated_normal((1000,), 1.0, 2.0),
        "cut": mrg.normal((1000,), 1.0, 2.0, truncate=True, nstreams=4),
        "scalar": srng.uniform(()),
        "stretched": srng.uniform(low=np.zeros((2, 1)), high=np.ones((1, 3))),
    }
    f = gradc.function([x, size], outputs)
    got = f(np.arange(12, dtype="float32").reshape(3, 4), [2, 1, 3])
    assert got["binomial"].dtype == np.float32
    assert set(np.unique(got["binomial"])) <= {0, 1}
    assert got["counts"].min() >= 0
    assert got["counts"].max() <= 20
    assert got["vector"].shape == (2, 1, 3)
    assert got["scalar"].shape == ()
    assert set(got["integers"].tolist()) == {3, 4, 5}
    assert got["choice"].tolist() == [4, 4, 4, 4]
    assert sorted(got["subset"]) == [0, 1, 2]
    np.testing.assert_array_equal(np.sort(got["permutation"], -1), np.tile(np.arange(5), (2, 2, 1)))
    assert got["poisson"].dtype == np.float32
    assert got["one of"].sum(1).tolist() == [1] * 6
    assert not got["one of"][:, 0].any()
    assert got["of rows"].sum(1).tolist() == [10] * 3
    assert got["of rows"][1].tolist() == [10, 0]
    np.testing.assert_array_equal(np.sort(got["shuffled"], 1), np.arange(12).reshape(3, 4))
    np.testing.assert_allclose(got["normal"], [5, -5], atol=0.01)
    assert got["mrg rows"].sum(1).tolist() == [1] * 3
    assert got["mrg rows"][1].tolist() == [1, 0]
    assert np.sort(got["mrg choice"], 1).tolist() == [[0, 1]] * 3
    assert got["mrg again"].shape == (3, 4)
    assert not got["mrg again"][1].any()
    assert got["truncated"].std() == pytest.approx(2, rel=0.1)
    assert np.abs(got["cut"] - 1).max() <= 4
    assert got["stretched"].shape == (2, 3)
    assert srng.shuffle_row_elements(x).permutation.ndim == 2


def test_a_dropout_mask_is_not_kept() -> None:
    x = T.fmatrix("x")
    mask = MRG_RandomStreams(1).binomial(x.shape, p=0.8, dtype="float32")
    f = gradc.function([x], x * mask / np.float32(0.8))
    assert "peak workspace: 0 bytes" in str(f.stages.program)
    assert len([line for line in str(f.stages.program).splitlines() if "nest" in line]) == 2
    source = str(f.stages.source)
    assert "d3[GC_TILE];" in source  # bits by the tile, in the first-level cache
    assert "gc_random_run_u64(v0, v1, (uint64_t)t, m, d3);" in source


def test_functions_and_streams_pickle() -> None:
    srng = RandomStreams(9)
    f = gradc.function([], srng.normal((3,)))
    f()
    g = pickle.loads(pickle.dumps(f))
    np.testing.assert_array_equal(f(), g())
    again = pickle.loads(pickle.dumps(srng))
    np.testing.assert_array_equal(
        again.state_updates[0][0].get_value(), srng.state_updates[0][0].get_value()
    )


def test_errors() -> None:
    srng, mrg = RandomStreams(1), MRG_RandomStreams(1)
    with pytest.raises(ShapeError, match="ndim is 3, the size has 2 axes"):
        srng.uniform((2, 2), ndim=3)
    with pytest.raises(ArgumentError, match="nstreams: a positive number"):
        mrg.uniform((2,), nstreams=0)
    with pytest.raises(ArgumentError, match="size has no meaning"):
        mrg.multinomial(size=(2,), pvals=np.ones((1, 2)))
    with pytest.raises(AttributeError, match="no random stream has made it"):
        T.dvector("x").rng  # noqa: B018


@BOTH
def test_one_draw_is_seeded_by_its_state(streams: Any) -> None:
    """As Theano's tutorial does it."""
    srng = streams(234)
    u, v = srng.uniform((2,)), srng.normal((2,))
    f = gradc.function([], [u, v])
    first = f()
    for _ in range(2):
        state = u.rng.get_value(borrow=True)
        state.seed(89234)
        u.rng.set_value(state, borrow=True)
        again = f()
        assert u.rng.get_value().tolist() == [89234, 1]
        assert not (again[0] == first[0]).any()
    assert pickle.loads(pickle.dumps(u.rng)).get_value().tolist() == u.rng.get_value().tolist()
