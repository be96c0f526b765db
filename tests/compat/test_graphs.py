"""Theano's tools for graphs: copies in other dtypes, searches, texts, clients, test values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import gradc.compat.theano as compat
import gradc.compat.theano.tensor as T
from gradc.compat import theano

gof = theano.gof


@pytest.fixture(autouse=True)
def installed() -> Iterator[None]:
    compat.install({})
    yield
    compat.uninstall()


def test_a_clone_in_another_dtype() -> None:
    x, y = T.dmatrix("x"), T.dmatrix("y")
    alone, both = T.exp(x * 2) + x, T.dot(T.exp(x * 2) + y, y.T).sum(axis=0)
    small = T.fmatrix("small")
    assert theano.clone(alone, {x: small}, strict=False).dtype == "float32"
    value = np.ones((2, 3))
    (wanted,) = theano.function([x, y], [both])(value, value)
    others = [T.fmatrix(), T.imatrix(), T.matrix(dtype="complex64")]
    found = [theano.clone(both, {x: each}, strict=False) for each in others]
    assert [each.dtype for each in found] == ["float64", "float64", "complex128"]
    f = theano.function([*others, y], found)
    for result in f(*(value.astype(each.dtype) for each in others), value):
        np.testing.assert_allclose(result, wanted, rtol=1e-6)
    with pytest.raises(TypeError):
        theano.clone(alone, {x: small})
    i = T.imatrix("i")
    with pytest.raises(TypeError, match="float32, where whole numbers are wanted"):
        theano.clone(x[i[0]], {i: small}, strict=False)
    with pytest.raises(TypeError, match="maximum"):
        theano.clone(T.maximum(x, 0), {x: others[2]}, strict=False)
    with pytest.raises(TypeError):
        theano.clone(alone, {x: T.dvector()}, strict=False)
    fresh = theano.clone([alone], {y: small}, strict=False, copy_inputs=False)
    assert x not in gof.graph.inputs(fresh)


def test_a_loop_in_a_clone_reads_what_it_was_made_for() -> None:
    x, small = T.dvector("x"), T.fvector("small")
    sums, _ = theano.scan(lambda row, total: total + row, [x], [np.float64(0)])
    f = theano.function([small], theano.clone(sums, {x: small}, strict=False))
    np.testing.assert_array_equal(f(np.ones(3, "float32")), [1, 2, 3])


def test_a_diagonal_is_allocated() -> None:
    x, rows = T.dvector("x"), T.dmatrix("rows")
    made = [T.nlinalg.AllocDiag()(x), T.AllocDiag(1)(x), T.AllocDiag(-2)(x)]
    f = theano.function([x, rows], [*made, T.AllocDiag(1, 0, 2)(rows)])
    values, stack = np.arange(3.0) + 1, np.arange(6.0).reshape(2, 3) + 1
    *found, last = f(values, stack)
    for offset, each in zip((0, 1, -2), found, strict=True):
        np.testing.assert_array_equal(each, np.diag(values, offset))
    squares = np.stack([np.diag(row, 1) for row in stack])
    np.testing.assert_array_equal(last, np.moveaxis(squares, (1, 2), (0, 2)))


def test_every_variable_is_mapped() -> None:
    a, b = T.dvector("a"), T.dvector("b")
    scan_utils = theano.scan_module.scan_utils
    rows, _ = theano.scan(lambda each: each * b.sum(), sequences=a)
    (found,) = scan_utils.map_variables(lambda v: v * 3 if v.name == "b" else v, [rows])
    np.testing.assert_array_equal(theano.function([a, b], found)([1, 2], [1, 1]), [6, 12])
    assert scan_utils.equal_computations([a + 1], [b + 1], in_xs=[a], in_ys=[b])
    with pytest.raises(ValueError, match="replacer gives"):
        scan_utils.map_variables(lambda v: v.sum(), [a + b])


def test_searches_and_texts() -> None:
    x, graph = T.dscalar("x"), gof.graph
    y = T.exp(x)
    z = y + y * x
    assert graph.as_string([x], [z]) == ["add(*1 -> exp(x), mul(*1, x))"]
    assert graph.op_as_string([x], z.owner) == graph.as_string([x], [z])[0]
    links: dict[str, list[str]] = {"top": ["left", "right"], "left": ["low"], "right": ["low"]}
    assert graph.general_toposort(["top"], links.get) == ["low", "left", "right", "top"]
    assert graph.stack_search(["top"], links.get) == ["top", "left", "right", "low"]
    assert graph.stack_search(["top"], links.get, "dfs") == ["top", "right", "low", "left"]
    assert graph.stack_search(["top"], links.get, "bfs", True)[1]["low"] == ["left", "right"]
    with pytest.raises(ValueError, match="circle"):
        graph.general_toposort(["a"], {"a": ["b"], "b": ["a"]}.get)
    with pytest.raises(ValueError, match="bfs or dfs"):
        graph.stack_search([], links.get, "both")
    w = T.dscalar("w")
    assert graph.io_connection_pattern([x, w], [z, w]) == [[True, False], [False, True]]
    assert graph.clone_get_equiv([x], [z])[x] is not x
    assert graph.clone_get_equiv([x], [z], copy_inputs=False)[x] is x


def test_clients_of_a_variable() -> None:
    x = T.dscalar("x")
    y = T.exp(x)
    with pytest.raises(AttributeError, match="in no FunctionGraph"):
        print(x.clients)
    graph = gof.FunctionGraph([x], [y * x], clone=False)
    assert [(str(node.op), k) for node, k in x.clients] == [("exp", 0), ("mul", 1)]
    assert graph.outputs[0].clients == [("output", 0)]
    f = theano.function([x], y + x)
    assert len(f.maker.fgraph.inputs[0].clients) == 2


def test_test_values_under_theanos_names() -> None:
    x = T.dvector("x")
    with pytest.raises(AttributeError, match="no test value"):
        gof.op.get_test_value(x)
    assert gof.op.get_test_value(2.0) == 2
    with theano.change_flags(compute_test_value="ignore"):
        assert gof.op.get_debug_values(x) == []
        with pytest.raises(AssertionError, match="wrong"):
            gof.op.debug_assert(False, "wrong")
        x.tag.test_value = np.ones(2)
        ((found, other),) = gof.op.get_debug_values(x, 1.0)
        assert [each.shape for each in gof.op.get_debug_values(x)] == [found.shape]
        assert (found.shape, other) == ((2,), 1)


class Scaled(gof.Op):
    """x times a parameter."""

    __props__ = ("factor",)

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def make_node(self, x: Any) -> Any:
        x = T.as_tensor_variable(x)
        return gof.Apply(self, [x], [x.type()])

    def perform(self, node: Any, inputs: Any, outputs: Any, params: Any) -> None:
        outputs[0][0] = inputs[0] * getattr(params, "factor", params)


class Given(Scaled):
    """Its parameter by a method."""

    params_type = gof.generic

    def get_params(self, node: Any) -> float:
        """The factor."""
        return self.factor


def test_parameters_reach_perform() -> None:
    class Declared(Scaled):
        """Its parameters by ParamsType; of scalars in C there are none here."""

        params_type = gof.ParamsType(factor=theano.scalar.float64, word=gof.generic)
        word = "any"

    x = T.dvector("x")
    f = theano.function([x], [Declared(3.0)(x), Given(2.0)(x)])
    np.testing.assert_array_equal(f([1.0, 2.0]), [[3, 6], [2, 4]])
    with pytest.raises(TypeError, match="nothing has the parameter 'k'"):
        gof.ParamsType(k=gof.generic).get_params(x)
    assert gof.ParamsType(k=gof.generic) == gof.ParamsType(k=gof.generic)


def test_settings_are_read_before_they_are_set() -> None:
    config = theano.config
    assert config.compiledir_format.startswith("compiledir_%(short_platform)s")
    assert (config.compile.wait, config.NanGuardMode.nan_is_error, config.vm.lazy) == (
        5,
        True,
        None,
    )
    assert config.compiledir == config.base_compiledir != ""
    mode = theano.compile.mode
    assert {"py", "c|py", "cvm"} < set(mode.predefined_linkers)
    assert {None, "merge", "fast_run"} < set(mode.predefined_optimizers)
    made = theano.Mode(mode.predefined_linkers["py"], mode.predefined_optimizers["fast_run"])
    assert theano.function([], T.constant(2.0) * 3, mode=made)() == 6


def test_small_tools() -> None:
    utils = gof.utils
    assert utils.hash_from_code("abc") == utils.hash_from_code(b"abc") == (
        "mba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # Theano 1.0.5's
    )  # fmt: skip
    assert utils.hash_from_file(__file__)[0] == "m"
    assert utils.uniq([1, 2, 1]) == utils.difference([1, 2, 3], [3]) == [1, 2]
    assert utils.flatten([1, (2, [3])]) == [1, 2, 3]
    assert utils.give_variables_names([T.dscalar(), T.dscalar("x"), T.dscalar("x")]) == (
        ["_0", "x", "x_"]
    )  # fmt: skip
    calls: list[int] = []
    twice = utils.memoize(lambda n: calls.append(n) or 2 * n)
    assert (twice(3), twice(3), calls) == (6, 6, [3])
