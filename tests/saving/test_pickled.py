"""Variables, graphs and functions in pickles and copies."""

from __future__ import annotations

import copy
import io
import multiprocessing
import pickle
import pickletools
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import AssertionFailed
from gradc.graph.walk import ancestors
from tests.extend.operations import Cube, Positive

pytestmark = pytest.mark.usefixtures("quickly")

WAYS = [
    lambda each: pickle.loads(pickle.dumps(each)),
    lambda each: pickle.loads(pickle.dumps(each, protocol=0)),
    lambda each: pickle._loads(pickle._dumps(each)),  # type: ignore[attr-defined]
    copy.deepcopy,
]


def chain(n: int) -> tuple[Any, Any]:
    x = y = T.dvector("x")
    for k in range(n):
        y = T.sin(y) if k % 2 else y + k
    return x, y


@pytest.mark.parametrize("way", WAYS)
def test_variables_keep_who_they_are(way: Any) -> None:
    x, w = T.dmatrix("x"), gradc.shared(np.arange(3.0), "w", shape=(3,))
    hidden = T.tanh(T.dot(x, w) + np.ones((2, 1), "float64"))
    hidden.name, hidden.tag.note = "hidden", ["n", x]
    first, second = Positive()(hidden[0])
    cost = hidden.sum() + first.sum()
    w.default_update = w - gradc.grad(cost, w)
    x2, w2, hidden2, second2, cost2 = way((x, w, hidden, second, cost))
    assert {x2, w2, hidden2, second2, cost2} <= {*ancestors([cost2, second2]), x2, w2}
    assert [each.name for each in (x2, w2, hidden2)] == ["x", "w", "hidden"]
    assert hidden2.tag.note == ["n", x2]
    first2, same = [v for v in ancestors([cost2]) if v.owner is second2.owner]
    assert same is second2
    assert [first2.index, second2.index] == [0, 1]
    assert w2.type == w.type
    assert x2.site.file == "test_pickled.py"
    f, g = (
        gradc.function([a], [c, s, gradc.grad(c, h)])
        for a, c, s, h in ((x, cost, second, hidden), (x2, cost2, second2, hidden2))
    )
    point = np.ones((2, 3))
    for got, want in zip(g(point), f(point), strict=True):
        np.testing.assert_array_equal(got, want)
    np.testing.assert_array_equal(w2.get_value(), w.get_value())
    assert not np.shares_memory(w2.get_value(borrow=True), w.get_value(borrow=True))


def test_types_constants_and_leaves() -> None:
    constant = T.constant(np.arange(3), "c")
    for way in WAYS:
        again = way(constant)
        assert again.data.tolist() == [0, 1, 2]
        assert not again.data.flags.writeable
        assert way(T.dmatrix().type) == T.dmatrix().type
        assert way(T.exp(constant).owner).op == T.exp(constant).owner.op
        assert way(gradc.In(constant, value=3.0)).value == 3.0
    x = T.dvector("x")
    assert copy.copy(x) is not x
    assert copy.copy(x).name == "x"
    y = x + 1
    assert copy.copy(y) is y
    w = gradc.shared(1.0)
    copy.copy(w).set_value(3.0)
    assert w.get_value() == 3.0  # as w.clone()


def test_deep_graphs_need_no_depth() -> None:
    x, y = chain(1000)
    f = gradc.function([x], y, mode="REFERENCE")
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(400)
    try:
        for way in WAYS:
            x2, y2 = way((x, y))
            assert set(ancestors([y2])) > {x2, y2}
            assert len(ancestors([y2])) == len(ancestors([y]))
        g = pickle.loads(pickle.dumps(f))
        again = copy.deepcopy(f)
    finally:
        sys.setrecursionlimit(before)
    assert g([1.0]).tolist() == again([1.0]).tolist() == f([1.0]).tolist()
    inner = ancestors([y])
    assert len(pickle.dumps(inner)) < 200 * len(inner)  # linear


def test_one_pickler_after_another_and_one_inside_another() -> None:
    x, y = chain(2000)
    buffer = io.BytesIO()
    living = pickle.Pickler(buffer)  # keeps its memo, and so the list of nodes
    living.dump(y)
    size = buffer.tell()
    living.dump([y, x])
    assert buffer.tell() - size < 100
    assert len(pickle.dumps(y + 1)) > 2000  # another one has all of it
    assert pickle.loads(pickle.dumps(y)).owner.op.name == y.owner.op.name


def test_a_pickle_holds_no_code_and_no_path() -> None:
    x, w = T.dvector("x"), gradc.shared(np.ones(2), "w")
    f = gradc.function([x], T.exp(x * w), updates=[(w, w + x)], name="step")
    data = pickle.dumps(f)
    words = [arg for _, arg, _ in pickletools.genops(data) if isinstance(arg, str)]
    assert not [each for each in words if "/" in each or "void" in each or ".so" in each]
    assert b"ELF" not in data
    assert "test_pickled.py" in words


@pytest.mark.parametrize("mode", ["FAST_RUN", "FAST_COMPILE", "REFERENCE", "DebugMode"])
def test_functions_go_on_where_they_were(mode: str) -> None:
    x, k = T.dvector("x"), T.dscalar("k")
    w = gradc.shared(np.zeros(2), "w")
    step = gradc.function(
        [gradc.In(x, name="point"), gradc.In(k, value=2.0)],
        {"w": w * 1, "x": x + k},
        updates=[(w, w + k * x)],
        mode=mode,
        name="step",
        allow_input_downcast=True,
    )
    read = gradc.function([], w * 1, mode=mode)
    step([1.0, 2.0])
    for way in WAYS[:1] if mode == "DebugMode" else WAYS:
        step2, read2, w2 = way((step, read, w))
        got = step2(point=np.array([1, 1], "float32"))
        assert {key: each.tolist() for key, each in got.items()} == {"w": [2, 4], "x": [3, 3]}
        assert read2().tolist() == w2.get_value().tolist() == [4, 6]
        assert read().tolist() == [2, 4]
        assert step2.name == "step"
        assert str(step2.signature) == str(step.signature)
        assert str(step2.stages.optimized) == str(step.stages.optimized)
    same = copy.copy(step)
    same([1.0, 1.0])
    assert same is not step
    assert read().tolist() == [4, 6]  # its shared variables are those of the first


def test_modes_go_along() -> None:
    x = T.dvector("x")
    mode = gradc.NanGuardMode().excluding("fusion")
    f = gradc.function([x], T.log(x) + Cube()(x), mode=mode, name="guarded")
    g = pickle.loads(pickle.dumps(f))
    assert g([1.0]).tolist() == [1.0]
    with pytest.raises(AssertionFailed, match="guarded: log"):
        g([-1.0])
    profiled = pickle.loads(pickle.dumps(gradc.function([x], x * 2, profile=True)))
    assert profiled.profile is not None


def _call(f: Any, point: Any) -> Any:
    return f(point)


def test_other_processes_get_functions() -> None:
    x, w = T.dvector("x"), gradc.shared(np.ones(2), "w")
    f = gradc.function([x], T.exp(x) * w, updates=[(w, w + 1)])
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:  # which says so if a child dies
        got = pool.submit(_call, f, np.zeros(2)).result(timeout=120)
    assert got.tolist() == [1, 1]
    assert w.get_value().tolist() == [1, 1]


READS = """
import sys, pickle, gradc
hits = []
gradc.config.on_compile = lambda lookup: hits.append(lookup.hit)
f, g = pickle.loads(sys.stdin.buffer.read())
f([1.0, 2.0])
print(g().tolist(), hits, "gradc.descent" in sys.modules)
"""


def test_unpickled_functions_are_found_in_the_cache() -> None:
    x, w = T.dvector("x"), gradc.shared(np.ones(2), "w")
    f = gradc.function([x], [], updates=[(w, w * x + 3)])
    g = gradc.function([], w + 1)
    done = subprocess.run(
        [sys.executable, "-c", READS], input=pickle.dumps((f, g)), capture_output=True, check=True
    )
    assert done.stdout == b"[5.0, 6.0] [True, True] False\n"
