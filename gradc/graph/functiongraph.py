"""FunctionGraph: expressions between inputs and outputs, with parts exchanged one after the other.

Takes inputs and outputs; gives Theano's view of a graph: `toposort`, `clients`, `replace`, features
that hear of changes.  Nodes are immutable here, so a replacement makes new ones of all that depends
on it; the FunctionGraph remembers what became of each variable, and takes it under its old name.
A replacement walks the graph once: do many at once, by `replace_all`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from weakref import WeakKeyDictionary, ref

from gradc.errors import ArgumentTypeError, MissingInputError, message, printable
from gradc.graph.describe import where
from gradc.graph.methods import OPERATORS
from gradc.graph.op import Apply
from gradc.graph.parts import clone_get_equiv
from gradc.graph.replace import checked
from gradc.graph.variable import Input, Variable
from gradc.graph.walk import ancestors, consumers, images, leaves, rebuild, substitute, toposort

__all__ = ["Clients", "FunctionGraph"]

Client = tuple["Apply | str", int]


class Clients(dict[Variable, list[Client]]):
    """Who reads each variable: (node, position), or ("output", position).

    Theano's programs call it, PyTensor's subscript it: `clients(v)` is `clients[v]`.
    """

    def __call__(self, variable: Variable) -> list[Client]:
        """The readers of one variable; [] if there are none."""
        return self.get(variable, [])


_GRAPHS: WeakKeyDictionary[Variable, ref[FunctionGraph]] = WeakKeyDictionary()


def _clients(variable: Variable) -> list[Client]:
    """Who reads a variable, in the last graph that got it. Raises: AttributeError if there is none.

    Theano keeps the list at the variable.
    """
    place = _GRAPHS.get(variable)
    graph = None if place is None else place()
    if graph is None or variable not in graph.variables:
        what = f"{variable} is in no FunctionGraph, so nobody knows who reads it."
        fix = "make one of your inputs and outputs, and keep it: FunctionGraph(inputs, outputs)."
        raise AttributeError(message(what, [where(variable)], fix))
    return graph.clients[variable]


OPERATORS["clients"] = _clients


class FunctionGraph:
    """The graph between inputs and outputs, whose parts can be replaced.

    inputs, outputs: variables; what outputs depend on besides must be constant or shared.
    features: objects that are told of changes, see attach_feature.
    clone: True copies nodes and inputs, and `fg.inputs` are others than those given; False is about
        the variables given.  In either case what is given does not change.

    inputs, outputs: as they are now, lists.
    Raises: MissingInputError.
    """

    def __init__(
        self,
        inputs: Sequence[Variable],
        outputs: Sequence[Variable],
        features: Iterable[Any] = (),
        clone: bool = True,
    ) -> None:
        self.inputs, self.outputs = _listed("inputs", inputs), _listed("outputs", outputs)
        if clone:
            equivalent = clone_get_equiv(self.inputs, self.outputs)
            self.inputs = [equivalent[each] for each in self.inputs]
            self.outputs = [equivalent[each] for each in self.outputs]
        self._current: dict[Variable, Variable] = {}  # what became of those of before
        self._replaced: set[Variable] = set()
        self._check_leaves(self.outputs)
        self._remember()
        self.features: list[Any] = []
        for feature in features or ():
            self.attach_feature(feature)

    @property
    def variables(self) -> set[Variable]:
        """All that the outputs depend on, and the inputs."""
        return {*ancestors(self.outputs, stop=self.inputs), *self.inputs}

    @property
    def apply_nodes(self) -> set[Apply]:
        """The nodes."""
        return set(self.toposort())

    @property
    def clients(self) -> Clients:
        """For every variable who reads it."""
        found = Clients({each: [] for each in self.variables})
        for variable, readers in consumers(self.outputs, stop=self.inputs).items():
            found[variable] += readers
        for position, output in enumerate(self.outputs):
            found[output].append(("output", position))
        return found

    def toposort(self) -> list[Apply]:
        """The nodes, each after those it reads from."""
        return toposort(self.outputs, stop=self.inputs)

    def current(self, variable: Variable) -> Variable:
        """What a variable of this graph has become: itself, unless something was replaced."""
        return variable if variable in self.variables else self._current.get(variable, variable)

    def replace(self, r: Variable, new_r: Variable, reason: Any = None) -> None:
        """Let all who read r read new_r, which may read r itself.

        A variable that is not in the graph (any more) changes nothing, as in Theano.
        reason: what features are told.
        Raises: ArgumentTypeError for another dtype or rank; MissingInputError.
        """
        self.replace_all([(r, new_r)], reason)

    def replace_all(self, pairs: Iterable[tuple[Variable, Variable]], reason: Any = None) -> None:
        """Several replacements at once, none of which looks through another."""
        there, listed = self.variables, list(pairs)
        moved = {old: new for old, new in self._current.items() if old not in there}
        news = substitute([new for _, new in listed], moved)
        asked = {
            old if old in there else self._current.get(old, old): new
            for (old, _), new in zip(listed, news, strict=True)
            if old in there or old not in self._replaced
        }
        replace = checked("replace", {old: new for old, new in asked.items() if old in there})
        self._check_leaves(list(replace.values()))
        if replace:
            self._exchange(replace, reason)

    replace_all_validate, replace_validate = replace_all, replace  # types are always checked

    def change_input(self, node: Apply | str, i: int, new_r: Variable, reason: Any = None) -> None:
        """Let one reader read something else: operand i of a node, or output i ("output").

        Raises: ArgumentTypeError for another dtype or rank, or a node that is not in the graph.
        """
        if isinstance(node, str):
            (replacement,) = checked("change_input", {self.outputs[i]: new_r}).values()
            self._check_leaves([replacement])
            self._tell("on_change_input", node, i, self.outputs[i], replacement, reason)
            self.outputs[i] = replacement
            self._remember()
            return
        now = self.current(node.outputs[0]).owner
        if now is None or now not in self.apply_nodes:
            what = f"change_input: {node} is not in this graph."
            raise ArgumentTypeError(message(what, fix="take one of fg.toposort()."))
        checked("change_input", {now.inputs[i]: new_r})
        made = rebuild(now, [*now.inputs[:i], new_r, *now.inputs[i + 1 :]])
        self.replace_all(zip(now.outputs, made, strict=True), reason)

    def attach_feature(self, feature: Any) -> None:
        """Tell an object of changes, by those of these methods that it has.

        on_attach(fgraph), on_detach(fgraph), on_import(fgraph, node, reason),
        on_prune(fgraph, node, reason), on_change_input(fgraph, node, i, r, new_r, reason): node is
        the one that reads new_r now, or "output".
        """
        if feature not in self.features:
            self.features.append(feature)
            _call(feature, "on_attach", self)

    def remove_feature(self, feature: Any) -> None:
        """Tell it no more."""
        if feature in self.features:
            self.features.remove(feature)
            _call(feature, "on_detach", self)

    def clone(self) -> FunctionGraph:
        """A copy with inputs of its own, and without features."""
        return FunctionGraph(self.inputs, self.outputs)

    def _exchange(self, replace: dict[Variable, Variable], reason: Any) -> None:
        before, readers = self.toposort(), self.clients
        found = images(self.outputs, replace, self.inputs)
        self.outputs = [found.get(each, each) for each in self.outputs]
        for old, new in self._current.items():
            self._current[old] = found.get(new, new)
            if new in replace:
                self._replaced.add(old)
        self._current |= found
        self._replaced |= replace.keys()
        self._remember()
        after = self.toposort()
        gone, fresh = set(before).difference(after), set(after).difference(before)
        for node in after:
            if node in fresh:
                self._tell("on_import", node, reason)
        for old, new in replace.items():
            for reader, i in readers(old):
                now = reader if isinstance(reader, str) else self.current(reader.outputs[0]).owner
                self._tell("on_change_input", now, i, old, new, reason)
        for node in before:
            if node in gone:
                self._tell("on_prune", node, reason)

    def _remember(self) -> None:
        for each in self.variables:
            _GRAPHS[each] = ref(self)

    def _tell(self, method: str, *args: Any) -> None:
        for feature in self.features:
            _call(feature, method, self, *args)

    def _check_leaves(self, variables: Sequence[Variable]) -> None:
        for leaf in leaves(variables, stop=self.inputs):
            if isinstance(leaf, Input) and leaf not in self.inputs:
                what = f'FunctionGraph: "{leaf}" is needed and is not an input.'
                raise MissingInputError(message(what, [where(leaf)], "add it to the inputs."))

    def __repr__(self) -> str:
        return f"FunctionGraph({', '.join(map(str, self.inputs))} -> {self.outputs})"


def _call(feature: Any, method: str, *args: Any) -> None:
    hook = getattr(feature, method, None)
    if hook is not None:
        hook(*args)


def _listed(word: str, given: Any) -> list[Variable]:
    """Variables as a list; raises for anything else."""
    is_one = isinstance(given, Variable)
    found: list[Any] = [given] if is_one else list(given)
    wrong = [each for each in found if is_one or not isinstance(each, Variable)]
    if wrong:
        what = f"FunctionGraph: {word} is a list of variables, got {printable(repr(wrong[0]), 60)}."
        raise ArgumentTypeError(message(what, fix=f"pass {word}=[x, y]."))
    return found
