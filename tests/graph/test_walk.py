"""Walks: order, neighbours, substitution, depth."""

import sys

import pytest

from gradc.graph.walk import ancestors, consumers, leaves, rebuild, substitute, toposort
from tests.graph.toys import ADD, EXP, MUL, SPLIT, chain, vector


def test_order_is_inputs_first_and_each_once():
    x = vector("x")
    a, b = EXP(x), EXP(x)
    c = ADD(MUL(a, b), a)
    order = toposort([c, a])
    assert [node.op for node in order] == [EXP, EXP, MUL, ADD]
    assert len(set(order)) == 4


def test_walks_end_at_stops():
    x = vector("x")
    a = EXP(x)
    b = EXP(a)
    assert [node.outputs[0] for node in toposort([b], stop=[a])] == [b]
    assert toposort([a], stop=[a]) == []
    assert ancestors([b], stop=[a]) == [a, b]
    assert leaves([b], stop=[a]) == [a]


def test_leaves_and_ancestors_are_in_order_of_use():
    x, y = vector("x"), vector("y")
    b = ADD(MUL(y, x), x)
    assert leaves([b]) == [y, x]
    assert ancestors([b]) == [y, x, b.owner.inputs[0], b]


def test_consumers_give_node_and_position():
    x = vector("x")
    a = MUL(x, x)
    b = ADD(a, x)
    found = consumers([b])
    assert found[x] == [(a.owner, 0), (a.owner, 1), (b.owner, 1)]
    assert found[a] == [(b.owner, 0)]
    assert b not in found


def test_substitution_keeps_what_does_not_depend():
    x, y, z = vector("x"), vector("y"), vector("z")
    a, b = EXP(x), EXP(y)
    b.name = "b"
    c = ADD(a, b)
    (replaced,) = substitute([c], {y: z})
    assert replaced.owner.inputs[0] is a
    fresh = replaced.owner.inputs[1]
    assert fresh.owner.inputs == (z,)
    assert fresh.name == "b"
    assert fresh.site == b.site
    assert substitute([c], {}) == [c]
    assert substitute([c], {c: x}) == [x]


def test_an_inner_variable_may_be_replaced():
    x, z = vector("x"), vector("z")
    a = EXP(x)
    (replaced,) = substitute([MUL(a, x)], {a: z})
    assert replaced.owner.inputs == (z, x)


def test_several_outputs():
    x, z = vector("x"), vector("z")
    first, second = SPLIT(x)
    assert second.index == 1
    assert len(toposort([first, second])) == 1
    swapped = substitute([second], {x: z})[0]
    assert swapped.index == 1
    assert rebuild(first.owner, [x]) is first.owner.outputs


@pytest.fixture
def low_recursion_limit():
    old = sys.getrecursionlimit()
    sys.setrecursionlimit(400)
    yield
    sys.setrecursionlimit(old)


@pytest.mark.usefixtures("low_recursion_limit")
def test_a_deep_chain_needs_no_recursion():
    x, z = vector("x"), vector("z")
    end = chain(x, 10_000)
    assert len(toposort([end])) == 10_000
    assert leaves([end]) == [x]
    (other,) = substitute([end], {x: z})
    assert leaves([other]) == [z]
    assert str(end) == "toy_exp"
    assert repr(end) == "<toy_exp : float64[?]>"
    del end, other  # freeing it must not recurse either
