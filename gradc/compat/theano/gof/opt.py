"""theano.gof.opt: rewrites in Theano's forms, as rules of gradc.rewrite.

Takes functions of a node (local_optimizer), patterns (PatternSub) and pairs of operations (OpSub);
gives rules, which a mode includes, a database registers, or an optimizer runs on a FunctionGraph.
They run before gradc's own rules, on what was written, until none fires; so containers that differ
in Theano by their order of walking are one here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gradc.compat.theano.gof.patterns import pattern_of, wildcards_in, written
from gradc.errors import ArgumentTypeError, RewriteError, UnsupportedError, message, printable
from gradc.graph.describe import where
from gradc.graph.functiongraph import FunctionGraph
from gradc.graph.op import AnyOp, Apply
from gradc.graph.variable import Variable
from gradc.rewrite.engine import Pass, run
from gradc.rewrite.match import roots
from gradc.rewrite.rule import EVERY, Rule

__all__ = [
    "EquilibriumOptimizer", "LocalOptGroup", "LocalOptimizer", "MergeOptimizer", "OpRemove",
    "OpSub", "Optimizer", "PatternSub", "SeqOptimizer", "TopoOptimizer", "copy_stack_trace",
    "in2out", "local_optimizer", "out2in", "rules_of",
]  # fmt: skip


class LocalOptimizer:
    """A rewrite of one node: subclass it, with transform, or use @local_optimizer.

    tracks(): the operations whose nodes it is tried on, by their functions (T.exp), classes or
        themselves; None for all.
    transform(node): None or False to decline; else what stands in the places of the node's outputs,
        a list, or a dict from these outputs.
    """

    def tracks(self) -> Sequence[Any] | None:
        """The operations it is tried on."""
        return None

    def transform(self, node: Apply) -> Any:
        """What stands in the places of a node's outputs."""
        raise NotImplementedError

    def add_requirements(self, fgraph: Any) -> None:
        """Theano asks for features of the graph; nothing needs them here."""

    @property
    def name(self) -> str:
        """What f.stages.trace calls it."""
        found: str = self.__dict__.get("name") or type(self).__name__
        return found

    @name.setter
    def name(self, word: str) -> None:
        self.__dict__["name"] = word

    def rules(self) -> list[Rule]:
        """It as a rule of gradc's."""
        tracks = self.tracks()
        wanted = None if tracks is None else [_tracked(self.name, each) for each in tracks]

        def body(out: Variable) -> Variable | None:
            node = out.owner
            assert node is not None
            if wanted is not None and not any(fits(node.op) for fits in wanted):
                return None
            return _chosen(self.name, self.transform(node), out)

        doc = (type(self).__doc__ or "").strip()
        return [Rule(self.name, doc, "stabilises", (), body, EVERY, frozenset(("out",)), True)]


def _tracked(name: str, given: Any) -> Callable[[AnyOp], bool]:
    """Whether an operation is one that a rewrite tracks."""
    if isinstance(given, type):
        if hasattr(given, "what"):  # of gradc.compat.theano.missing
            given()
        return lambda op: isinstance(op, given)
    if not isinstance(given, AnyOp) and not hasattr(given, "declaration"):
        what = f"{name}: {printable(repr(given), 60)} is no operation of a node."
        fix = "track operations, their classes, or functions that are one operation (T.exp)."
        raise ArgumentTypeError(message(what, fix=fix))
    return lambda op: bool(op == given)


def _chosen(name: str, found: Any, out: Variable) -> Variable | None:
    """The replacement of one output among those of its node."""
    node = out.owner
    assert node is not None
    if found is None or found is False:
        return None
    if isinstance(found, Mapping):
        extra = [each for each in found if each != "remove" and each not in node.outputs]
        if extra:
            what = f"{name}: it replaces {extra[0]}, which is no output of the node."
            fix = "replace outputs of the node that transform got."
            raise UnsupportedError(message(what, [where(each) for each in node.outputs], fix))
        chosen: Variable | None = found.get(out)
        return chosen
    listed = list(found) if isinstance(found, (list, tuple)) else [found]
    if len(listed) != len(node.outputs):
        what = f"{name}: gives {len(listed)} results for {len(node.outputs)} outputs."
        raise RewriteError(message(what, [where(each) for each in node.outputs]))
    replacement: Variable | None = listed[out.index]
    return replacement


class _OfFunction(LocalOptimizer):
    def __init__(self, function: Callable[[Apply], Any], tracks: Sequence[Any] | None) -> None:
        self._function, self._tracks = function, tracks
        self.name = function.__name__
        self.__doc__ = function.__doc__

    def tracks(self) -> Sequence[Any] | None:
        return self._tracks

    def transform(self, node: Apply) -> Any:
        return self._function(node)


def local_optimizer(
    tracks: Sequence[Any] | None, inplace: bool = False, requirements: Sequence[Any] = ()
) -> Callable[[Callable[[Apply], Any]], LocalOptimizer]:
    """A decorator: makes a function of a node a rewrite of the nodes of some operations.

    inplace and requirements change nothing: nothing is done in place, and graphs have no features.
    """
    if tracks is not None and not tracks:
        raise ValueError("local_optimizer: tracks is empty; give None for all operations.")
    return lambda function: _OfFunction(function, tracks)


class PatternSub(LocalOptimizer):
    """Puts one expression in the place of another.

    in_pattern, out_pattern: (operation, argument, ...), of patterns, numbers, and names that stand
        for anything; in_pattern also {"pattern": p, "constraint": function of the variable}.
    Sums and products match in any order.  allow_multiple_clients changes nothing: what others read
    stays.  The rest is for looking at Theano's work.
    """

    def __init__(
        self, in_pattern: Any, out_pattern: Any, allow_multiple_clients: bool = False,
        skip_identities_fn: Any = None, name: str | None = None, pdb: bool = False,
        tracks: Any = (), get_nodes: Any = None, values_eq_approx: Any = None,
    ) -> None:  # fmt: skip
        if skip_identities_fn is not None or get_nodes is not None:
            what = "PatternSub: skip_identities_fn and get_nodes have no meaning here."
            fix = "leave them out; patterns see through casts and added axes."
            raise UnsupportedError(message(what, fix=fix))
        self.in_pattern, self.out_pattern = in_pattern, out_pattern
        self.name = name or f"{written(in_pattern)} -> {written(out_pattern)}"

    def rules(self) -> list[Rule]:
        """It as a rule of gradc's."""
        constraints: dict[str, list[Callable[[Variable], Any]]] = {}
        pattern = pattern_of(self.in_pattern, constraints)
        names = wildcards_in(pattern)

        def body(**found: Variable) -> Variable | None:
            for name, asked in constraints.items():
                if not all(holds(found[name]) for holds in asked):
                    return None
            made: Variable = _built(self.out_pattern, found)
            return made

        doc, wants = f"{self.name}.", frozenset(names)
        return [
            Rule(self.name, doc, "stabilises", (pattern,), body, roots(pattern) or EVERY, wants)
        ]


def _built(pattern: Any, found: Mapping[str, Variable]) -> Any:
    """An expression by a pattern."""
    if isinstance(pattern, str):
        return found[pattern]
    if isinstance(pattern, (tuple, list)):
        return pattern[0](*(_built(each, found) for each in pattern[1:]))
    return pattern


class OpSub(LocalOptimizer):
    """Puts one operation in the place of another, on the same operands."""

    def __init__(self, op1: Any, op2: Any, transferrable: bool = True) -> None:
        self.op1, self.op2 = op1, op2
        self.name = f"{written(op1)} -> {written(op2)}"

    def tracks(self) -> Sequence[Any]:
        """The first operation."""
        return [self.op1]

    def transform(self, node: Apply) -> Any:
        """The second one, applied."""
        return self.op2(*node.inputs)


class OpRemove(LocalOptimizer):
    """Takes an operation out: its operands stand in the places of its results."""

    def __init__(self, op: Any) -> None:
        self.op = op
        self.name = f"{written(op)} removed"

    def tracks(self) -> Sequence[Any]:
        """The operation."""
        return [self.op]

    def transform(self, node: Apply) -> Any:
        """The operands."""
        if len(node.inputs) != len(node.outputs):
            what = f"{self.name}: it has {len(node.inputs)} operands, {len(node.outputs)} results."
            raise RewriteError(message(what, [where(each) for each in node.outputs]))
        return list(node.inputs)


class Optimizer:
    """A rewrite of a whole graph: subclass it, with apply(fgraph), which calls fgraph.replace.

    Registered, or given to a mode, it runs on what theano.function got, before everything else.
    """

    name: str | None = None

    def add_requirements(self, fgraph: FunctionGraph) -> None:
        """Attach features that apply needs."""

    def apply(self, fgraph: FunctionGraph, *args: Any, **kwargs: Any) -> Any:
        """Change the graph."""

    def optimize(self, fgraph: FunctionGraph, *args: Any, **kwargs: Any) -> Any:
        """Change the graph, with what that needs."""
        self.add_requirements(fgraph)
        return self.apply(fgraph, *args, **kwargs)

    __call__ = optimize


class _OfRules(Optimizer):
    """Rules, run until none fires."""

    def __init__(self, name: str, parts: Sequence[Any]) -> None:
        self.name = name
        self.parts = list(parts)

    def apply(self, fgraph: FunctionGraph, *args: Any, **kwargs: Any) -> Any:
        """Rewrite the graph."""
        for each in self.parts:
            if isinstance(each, Optimizer):
                each.optimize(fgraph)
        rules = [rule for each in self.parts for rule in rules_of(each)]
        if rules:
            outputs = list(fgraph.outputs)
            done = run(Pass(self.name or "user", tuple(rules)), outputs, fgraph.inputs)
            changed = [(a, b) for a, b in zip(outputs, done.outputs, strict=True) if a is not b]
            fgraph.replace_all(changed, self.name)


def rules_of(given: Any) -> list[Rule]:
    """The rules of a rewrite in any form; [] for one of whole graphs."""
    if isinstance(given, Rule):
        return [given]
    if isinstance(given, Pass):
        return list(given.rules)
    if isinstance(given, LocalOptimizer):
        return given.rules()
    if isinstance(given, _OfRules):
        return [rule for each in given.parts for rule in rules_of(each)]
    if isinstance(given, Optimizer):
        return []
    what = f"{printable(repr(given), 60)} is no rewrite."
    raise ArgumentTypeError(message(what, fix="use local_optimizer, PatternSub or OpSub."))


def wholes_of(given: Any) -> list[Optimizer]:
    """The rewrites of whole graphs in a rewrite of any form."""
    if isinstance(given, _OfRules):
        return [whole for each in given.parts for whole in wholes_of(each)]
    return [given] if isinstance(given, Optimizer) else []


def _parts(given: Sequence[Any]) -> list[Any]:
    return list(given[0]) if len(given) == 1 and isinstance(given[0], (list, tuple)) else [*given]


def TopoOptimizer(  # noqa: N802  # Theano's name
    local_opt: Any, order: str = "in_to_out", ignore_newtrees: bool = False,
    failure_callback: Any = None, name: str | None = None,
) -> Optimizer:  # fmt: skip
    """A rewrite of nodes, for a whole graph; order changes nothing: it goes on until none fires."""
    return _OfRules(name or getattr(local_opt, "name", None) or "user", [local_opt])


def in2out(*local_opts: Any, **kwargs: Any) -> Optimizer:
    """Rewrites of nodes, for a whole graph; name= is what it is called."""
    return _OfRules(kwargs.get("name") or "user", _parts(local_opts))


out2in = in2out


def EquilibriumOptimizer(  # noqa: N802  # Theano's name
    optimizers: Sequence[Any], failure_callback: Any = None, ignore_newtrees: bool = True,
    tracks_on_change_inputs: bool = False, max_use_ratio: float | None = None,
    final_optimizers: Sequence[Any] = (), cleanup_optimizers: Sequence[Any] = (),
) -> Optimizer:  # fmt: skip
    """Rewrites that run until none fires; those that undo each other raise RewriteError."""
    return _OfRules("user", [*optimizers, *cleanup_optimizers, *final_optimizers])


def SeqOptimizer(*opts: Any, **kwargs: Any) -> Optimizer:  # noqa: N802  # Theano's name
    """Rewrites after each other; those of nodes run as one, until none fires."""
    return _OfRules(kwargs.get("name") or "user", _parts(opts))


def LocalOptGroup(*optimizers: Any, **kwargs: Any) -> Optimizer:  # noqa: N802  # Theano's name
    """Rewrites of nodes under one name."""
    return _OfRules(kwargs.get("name") or "user", _parts(optimizers))


class MergeOptimizer(Optimizer):
    """Makes equal expressions one: gradc.function does, so there is nothing to do."""


def copy_stack_trace(from_var: Any, to_var: Any) -> Any:
    """to_var: lines are carried over by themselves."""
    return to_var
