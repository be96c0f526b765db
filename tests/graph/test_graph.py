"""Sealing: one value is one node."""

import sys

import numpy as np

from gradc.graph.graph import Interner, seal
from gradc.graph.variable import Constant, constant_key
from tests.graph.toys import ADD, DRAW, EXP, MUL, SPLIT, chain, shared, vector


def test_equal_expressions_become_one_node():
    x = vector("x")
    a, b = EXP(x), EXP(x)
    graph = seal([x], [ADD(a, b)])
    assert len(graph.nodes) == 2
    assert graph.image[b] is a
    assert graph.outputs[0].owner.inputs == (a, a)


def test_the_first_of_its_kind_stays_the_users_own():
    x = vector("x")
    a = EXP(x)
    c = MUL(a, x)
    graph = seal([x], [c])
    assert graph.outputs == (c,)


def test_draws_never_merge():
    x = vector("x")
    graph = seal([x], [ADD(DRAW(x), DRAW(x))])
    assert len(graph.nodes) == 3


def test_several_outputs_merge_together():
    x = vector("x")
    (a, _), (_, b) = SPLIT(x), SPLIT(x)
    graph = seal([x], [ADD(a, b)])
    assert len(graph.nodes) == 2
    assert graph.outputs[0].owner.inputs == a.owner.outputs


def test_constants_are_one_by_dtype_and_bytes():
    def key(value):
        return constant_key(Constant(value))

    assert key(np.float64(1)) == key(1.0)
    assert len({key(np.int64(1)), key(1.0), key(True), key(np.float32(1))}) == 4
    assert key(0.0) != key(-0.0)
    assert key(np.nan) == key(np.nan)
    assert key(np.zeros((2, 1))) != key(np.zeros((1, 2)))


def test_a_constant_is_read_only_and_its_own_copy():
    data = np.array([1.0, 2.0])
    constant = Constant(data)
    data[0] = 7
    assert constant.data[0] == 1.0
    assert not constant.data.flags.writeable


def test_updates_and_leaves():
    x, w, unused = vector("x"), shared("w"), shared("unused")
    graph = seal([x], [EXP(x)], [(w, ADD(w, EXP(x))), (unused, x)])
    assert graph.shared == (w, unused)
    assert graph.results == (*graph.outputs, graph.updates[0][1], x)
    assert len(graph.nodes) == 2


def test_replaced_keeps_the_border():
    x, w = vector("x"), shared("w")
    graph = seal([x], [EXP(x)], [(w, ADD(w, x))])
    other = graph.replaced([x, w])
    assert (other.inputs, other.outputs, other.updates) == ((x,), (x,), ((w, w),))


def test_an_interner_does_not_walk_twice():
    x = vector("x")
    interner = Interner()
    (a,) = interner.add([EXP(x)])
    (b,) = interner.add([MUL(EXP(x), x)])
    assert b.owner.inputs[0] is a


def test_a_deep_chain_is_sealed_and_printed():
    old = sys.getrecursionlimit()
    sys.setrecursionlimit(400)
    try:
        x = vector("x")
        graph = seal([x], [chain(x, 10_000)])
        assert str(graph).count("\n") == 10_001
    finally:
        sys.setrecursionlimit(old)
