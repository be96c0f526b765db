"""Rewrites and types in Theano's forms: rules of local_optimizer, PatternSub, optdb; gof.Type."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import gradc.compat.theano as compat
import gradc.compat.theano.gof.optdb as databases
import gradc.compat.theano.tensor as T
from gradc.compat import theano
from gradc.errors import GradcWarning, RewriteError, UnsupportedError

gof = theano.gof


@pytest.fixture(autouse=True)
def installed() -> Iterator[None]:
    compat.install({})
    before = {word: dict(each._entries) for word, each in _databases().items()}
    yield
    compat.uninstall()
    for word, each in _databases().items():
        each._entries = before[word]


def _databases() -> dict[str, Any]:
    optdb = theano.compile.optdb
    inner = {w: e for w, (e, _) in optdb._entries.items() if isinstance(e, databases.DB)}
    return {"": optdb, **inner}


@gof.local_optimizer([T.true_div])
def cancelled(node: Any) -> Any:
    """x * y / y -> x, for y that is not 0."""
    if node.op == T.true_div:
        x, y = node.inputs
        if x.owner and x.owner.op == T.mul:
            a, b = x.owner.inputs
            return [a] if b is y else [b] if a is y else False
    return False


class Twice(gof.Op):
    """x + x, and x."""

    __props__ = ()

    def make_node(self, x: Any) -> Any:
        return gof.Apply(self, [x], [x.type(), x.type()])

    def perform(self, node: Any, inputs: Any, output_storage: Any) -> None:
        output_storage[0][0], output_storage[1][0] = 2 * inputs[0], inputs[0]


class Thrice(Twice):
    """x + x + x, and x."""

    def perform(self, node: Any, inputs: Any, output_storage: Any) -> None:
        output_storage[0][0], output_storage[1][0] = 3 * inputs[0], inputs[0]


def counts(f: Any) -> dict[str, int]:
    found: dict[str, int] = f.stages.trace.counts
    return found


def test_a_function_of_a_node_in_a_mode() -> None:
    x, y = T.dvectors("x", "y")
    mode = theano.compile.get_default_mode().including(*cancelled.rules())
    assert counts(theano.function([x, y], x * y / y, mode=mode))["cancelled"] == 1
    mode = theano.Mode("cvm", gof.TopoOptimizer(cancelled))
    f = theano.function([x, y], [x * y / y, y / x], mode=mode)
    assert counts(f) == {"cancelled": 1}
    assert f([2.0], [0.0])[0] == [2.0]


def test_registered_for_all_functions_of_a_tag() -> None:
    x, y = T.dvectors("x", "y")
    theano.compile.optdb["canonicalize"].register("cancelled", cancelled, "fast_run")
    expression = x * y / y
    assert counts(theano.function([x, y], expression))["cancelled"] == 1
    assert "cancelled" not in counts(theano.function([x, y], expression, "FAST_COMPILE"))
    for word in ("cancelled", "canonicalize", "fast_run"):
        mode = theano.compile.get_mode("FAST_RUN").excluding(word)
        assert "cancelled" not in counts(theano.function([x, y], expression, mode))
    mode = theano.compile.get_mode("FAST_COMPILE").including("cancelled")
    assert counts(theano.function([x, y], expression, mode))["cancelled"] == 1
    query = gof.Query(include=["fast_run"], exclude=["cancelled"])
    f = theano.function([x, y], expression, theano.Mode(optimizer=query))
    assert "cancelled" not in counts(f)
    with pytest.raises(ValueError, match="taken"):
        theano.compile.optdb["canonicalize"].register("cancelled", cancelled)
    with pytest.raises(KeyError):
        theano.compile.optdb["merge1"]


def test_names_of_theanos_own_rules() -> None:
    x = T.dvector("x")
    mode = theano.compile.get_default_mode()
    assert isinstance(mode, theano.Mode)
    theano.function([x], T.exp(x), mode.excluding("inplace", "fusion").including("specialize"))
    with pytest.warns(GradcWarning, match="'local_dot_to_dot22' to exclude"):
        theano.function([x], T.exp(x), mode.excluding("local_dot_to_dot22"))


def test_patterns() -> None:
    x, y = T.dvectors("x", "y")
    square = gof.PatternSub((T.mul, "a", "a"), (T.sqr, "a"))
    inner = gof.PatternSub(
        (T.exp, {"pattern": (T.log, "a"), "constraint": lambda v: v.ndim == 1}), "a"
    )
    half = gof.PatternSub((T.mul, 0.5, {"pattern": "a", "constraint": lambda v: v.ndim == 1}),
                          (T.true_div, "a", 2.0), name="half")  # fmt: skip
    mode = theano.Mode(optimizer=gof.EquilibriumOptimizer([square, inner, half], max_use_ratio=5))
    f = theano.function([x, y], [x * x, T.exp(T.log(y)), y * 0.5], mode)
    assert set(counts(f)) == {"mul(a, a) -> square(a)", "exp(log(a)) -> a", "half"}
    np.testing.assert_array_equal(f([3.0], [-1.0]), [[9.0], [-1.0], [-0.5]])
    other = theano.function([], T.exp(T.log(T.constant([[-1.0]]))), mode)
    assert "exp(log(a)) -> a" not in counts(other)
    with pytest.raises(TypeError, match="composed of others"):
        gof.PatternSub((T.mean, "a"), "a").rules()
    with pytest.raises(UnsupportedError):
        gof.PatternSub((T.exp, "a"), "a", get_nodes=print)


def test_operations_exchanged_and_taken_out() -> None:
    x = T.dvector("x")
    both = Twice()(x)
    mode = theano.Mode(optimizer=gof.in2out(gof.OpSub(Twice(), Thrice()), name="thrice"))
    np.testing.assert_array_equal(theano.function([x], both, mode)([1.0]), [[3.0], [1.0]])
    mode = theano.Mode(optimizer=gof.TopoOptimizer(gof.OpRemove(T.neg)))
    assert theano.function([x], -x, mode)([1.0]) == [1.0]
    with pytest.raises(RewriteError, match="1 operands, 2 results"):
        theano.function([x], both, theano.Mode(optimizer=gof.TopoOptimizer(gof.OpRemove(Twice()))))

    @gof.local_optimizer([Twice])
    def as_dict(node: Any) -> Any:
        return {node.outputs[0]: node.inputs[0] + node.inputs[0]}

    f = theano.function([x], both, theano.Mode(optimizer=gof.LocalOptGroup(as_dict)))
    np.testing.assert_array_equal(f([1.0]), [[2.0], [1.0]])
    assert counts(f) == {"as_dict": 1}

    @gof.local_optimizer(None)
    def elsewhere(node: Any) -> Any:
        return {node.inputs[0]: node.inputs[0]}

    with pytest.raises(UnsupportedError, match="no output of the node"):
        theano.function([x], -x, theano.Mode(optimizer=gof.TopoOptimizer(elsewhere)))


class Simplify(gof.Optimizer):
    """x * y / y -> x, in the whole graph."""

    def apply(self, fgraph: Any) -> None:
        for node in fgraph.toposort():
            if node.op == T.true_div:
                x, y = node.inputs
                if x.owner and x.owner.op == T.mul and x.owner.inputs[1] is y:
                    fgraph.replace_validate(node.outputs[0], x.owner.inputs[0])


def test_rewrites_of_whole_graphs() -> None:
    x, y, s = T.dscalar("x"), T.dscalar("y"), theano.shared(1.0)
    graph = gof.FunctionGraph([x, y], [x * y / y + 1], clone=False)
    Simplify().optimize(graph)
    assert [node.op.name for node in graph.toposort()] == ["add"]
    graph = gof.FunctionGraph([x, y], [x * y / y + 1], clone=False)
    gof.TopoOptimizer(cancelled).optimize(graph)
    assert [node.op.name for node in graph.toposort()] == ["add"]
    theano.compile.optdb.register("simplify", Simplify(), 1.5, "fast_run")
    f = theano.function([x, y], {"out": x * y / y}, updates=[(s, s + x * y / y)])
    assert f(2.0, 0.0)["out"] == 2.0
    assert s.get_value() == 3.0
    found = theano.compile.optdb.query("fast_run", "-simplify")
    assert not found.parts


class Double(gof.Type):
    """A Python float."""

    def filter(self, value: Any, strict: bool = False, allow_downcast: Any = None) -> Any:
        if strict and not isinstance(value, float):
            raise TypeError("expected a float")
        return float(value)

    def values_eq_approx(self, x: Any, y: Any, tolerance: float = 1e-4) -> bool:
        return abs(x - y) / (abs(x) + abs(y)) < tolerance


double = Double()


class Arithmetic(gof.Op):
    """A function of two floats."""

    __props__ = ("name", "fn")

    def __init__(self, name: str, fn: Any) -> None:
        self.name, self.fn = name, fn

    def make_node(self, x: Any, y: Any) -> Any:
        x, y = (gof.Constant(double, v) if isinstance(v, (int, float)) else v for v in (x, y))
        if x.type != double or y.type != double:
            raise TypeError(f"{self.name} only works on doubles")
        return gof.Apply(self, [x, y], [double()])

    def perform(self, node: Any, inputs: Any, output_storage: Any) -> None:
        output_storage[0][0] = self.fn(*inputs)


def test_a_type_of_floats() -> None:
    mul = Arithmetic("mul", lambda x, y: x * y)
    x, y = double("x"), double("y")
    z = mul(mul(x, y), 3)
    f = theano.function([x, y], z)
    assert (f(5, 6), f(5.6, 6.7)) == (90.0, 5.6 * 6.7 * 3)
    assert type(f(5, 6)) is float
    g = theano.function([x, y], [z], "DebugMode")
    assert g(1, 2) == [6.0]
    assert isinstance(x.type, gof.Type)
    assert isinstance(T.constant(2.0), gof.Constant)
    assert gof.Constant(T.dscalar, 2.0).data == 2.0
    with pytest.raises(TypeError, match="only works on doubles"):
        mul(x, T.dscalar())


def test_generic_and_shared_objects() -> None:
    stack = theano.shared([1, 2], "stack")
    assert stack.get_value() == [1, 2]

    @theano.compile.as_op([theano.generic, T.dscalar], [theano.generic])
    def pushed(items: Any, x: Any) -> Any:
        return [*items, float(x)]

    x = T.dscalar("x")
    f = theano.function([x], [], updates=[(stack, pushed(stack, x * 2))])
    f(3.0)
    assert stack.get_value() == [1, 2, 6.0]


def test_linkers_and_what_wraps_them() -> None:
    x, seen = T.dmatrix("x"), []

    def look(i: int, node: Any, thunk: Any) -> None:
        assert all(isinstance(cell[0], np.ndarray) for cell in thunk.inputs)
        thunk()
        seen.append((i, node.op.name, float(thunk.outputs[0][0].sum())))

    linker = gof.WrapLinkerMany([gof.OpWiseCLinker()], [look])
    f = theano.function([x], T.exp(x).sum() * 2, theano.Mode(linker, "fast_run"))
    assert f(np.zeros((2, 2))) == 8.0
    assert seen == [(0, "exp", 4.0), (1, "sum", 4.0), (2, "mul", 8.0)]

    class Watching(theano.Mode):  # as programs write it, with arguments of its own
        def __init__(self) -> None:
            super().__init__(linker, optimizer="fast_run")

    del seen[:]
    assert theano.function([x], T.exp(x).sum(), Watching())([[0.0]]) == 1.0
    assert [name for _, name, _ in seen] == ["exp", "sum"]
    for each in (gof.link.VM_Linker(allow_gc=False), gof.PerformLinker()):
        assert theano.function([x], T.exp(x), theano.Mode(each))([[0.0]]) == 1.0


def test_classes_and_modules_by_theanos_names() -> None:
    import theano as found  # type: ignore[import-not-found]
    from theano.tensor.inplace import exp_inplace  # type: ignore[import-not-found]
    from theano.tensor.opt import register_specialize  # type: ignore[import-not-found]
    from theano.tensor.xlogx import xlogx  # type: ignore[import-not-found]

    x, v = T.dmatrix("x"), T.lvector("v")
    assert exp_inplace is T.exp
    assert found.tensor.xlogx.xlogx is xlogx
    assert found.tensor.nnet.nnet.softmax_op(v.astype("float64")).ndim == 2
    with pytest.raises(AttributeError, match="no 'nothing_inplace'"):
        _ = found.tensor.inplace.nothing_inplace
    results = {
        "ARange": T.arange(v[0]), "AdvancedSubtensor1": x[v], "All": T.all(x > 0),
        "Argmax": T.argmax(x), "CumOp": T.cumsum(x), "SortOp": T.sort(x), "Prod": T.prod(x),
        "Shape_i": x.shape[0], "SpecifyShape": T.specify_shape(x, (2, 3)),
    }  # fmt: skip
    for word, variable in results.items():
        assert isinstance(variable.owner.op, getattr(T.basic, word)), word
    assert register_specialize(cancelled) is cancelled
    assert counts(theano.function([x], x * x / x))["cancelled"] == 1
    with pytest.raises(NotImplementedError, match="attach_feature"):
        found.gof.toolbox.History()
