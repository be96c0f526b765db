"""Apply rules until none fires.

Takes outputs, rules and walls; gives new outputs, what stands for each old variable, and the
applications.  One walk, inputs first, on a worklist of its own: nodes are immutable, so when a node
is looked at all below it is settled and need not be looked at again; what a rule makes is settled
before it is used.  The work is linear in nodes plus applications.

The engine, not the rule, checks that a new type refines the old, gives new nodes the call site of
what they replace, interns, counts, and stops at a budget.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping, Sequence

from gradc.errors import RewriteError, message
from gradc.graph.describe import where
from gradc.graph.graph import Interner
from gradc.graph.site import inherit
from gradc.graph.variable import Variable
from gradc.rewrite.facts import Facts
from gradc.rewrite.rule import EVERY, Rule
from gradc.rewrite.timings import Timings
from gradc.rewrite.trace import Application, Trace
from gradc.value import frozen, value

__all__ = ["Pass", "Rewritten", "run"]

_BUDGET = 40  # applications a node; the busiest expression of the tests needs 6
_SHOWN = 10  # applications that the message about a loop shows


@value
class Pass:
    """Rules under one name, in the order they are tried.

    tidy: rules of an earlier pass, tried after these on what they make.
    """

    name: str
    rules: tuple[Rule, ...]
    tidy: tuple[Rule, ...] = ()


@frozen
class Rewritten:
    """New outputs, and for every variable that was looked at what stands for it now.

    tries: how often a rule was tried, which grows with the graph and not faster.
    """

    outputs: tuple[Variable, ...]
    image: Mapping[Variable, Variable]
    trace: Trace
    tries: int


def run(
    stage: Pass,
    outputs: Sequence[Variable],
    walls: Collection[Variable] = (),
    tidied: Collection[Variable] = (),
    timings: Timings | None = None,
) -> Rewritten:
    """Apply the pass's rules below `outputs`, but not through or below `walls`.

    tidied: variables at which all tidy rules have declined; those that look at nothing else than
    the expression need not be asked again.  timings: what is to be measured is written there.
    Raises: RewriteError if rules undo each other, or if one changes a type.
    """
    start = time.perf_counter()
    work = _Work(stage, outputs, frozenset(walls), tidied, timings)
    settled = tuple(work.settle(output) for output in outputs)
    if timings is not None:
        timings.passes[stage.name] = time.perf_counter() - start
    return Rewritten(settled, work.image, Trace((stage.name,), tuple(work.done)), work.tries)


class _Work:
    def __init__(
        self,
        stage: Pass,
        outputs: Sequence[Variable],
        walls: frozenset[Variable],
        tidied: Collection[Variable],
        timings: Timings | None,
    ) -> None:
        self._stage = stage
        self._walls = walls
        self._tidied = tidied
        self._timings = timings
        self._facts = Facts(outputs, walls)
        self._by_op: dict[tuple[str, bool], list[Rule]] = {}
        self._interner = Interner()
        self._budget = _BUDGET * (self._facts.size + 25)
        self._next: dict[Variable, Variable] = {}  # what to look at instead
        self._open: set[Variable] = set()
        self.image = self._facts.image
        self.done: list[Application] = []
        self.tries = 0

    def settle(self, root: Variable) -> Variable:
        """What stands for `root` once no rule fires in it."""
        stack = [root]
        while stack:
            variable = stack[-1]
            if variable in self.image:
                stack.pop()
            elif variable in self._next:
                self._follow(variable, stack)
            elif variable.owner is None or variable in self._walls:
                self.image[variable] = self._interner.leaf(variable)
            else:
                waiting = [each for each in variable.owner.inputs if each not in self.image]
                if waiting:
                    stack.extend(reversed(waiting))
                else:
                    self._look(variable)
        return self.image[root]

    def _follow(self, variable: Variable, stack: list[Variable]) -> None:
        target = self._next[variable]
        if target in self.image:
            self._keep(variable, self.image[target])
            self._open.discard(variable)
        elif variable in self._open:
            raise RewriteError(self._loop())
        else:
            self._open.add(variable)
            stack.append(target)

    def _look(self, variable: Variable) -> None:
        """Rebuild on settled inputs, then try the rules."""
        node = variable.owner
        assert node is not None
        inputs = [self.image[each] for each in node.inputs]
        with inherit(node.site):
            fresh = self._interner.node(node, inputs)[variable.index]
            if fresh is not variable:
                self._facts.stands_for(variable, fresh)
                self._next[variable] = fresh
                return
            result = self._apply(variable)
        if result is None:
            self._keep(variable, variable)
        else:
            self._facts.stands_for(variable, result)
            self._next[variable] = result

    def _keep(self, variable: Variable, image: Variable) -> None:
        self.image[variable] = image

    def _apply(self, variable: Variable) -> Variable | None:
        assert variable.owner is not None
        is_part = len(variable.owner.outputs) != 1
        for rule in self._rules_for(variable.owner.op.name, variable in self._tidied):
            if is_part and not rule.takes_parts:
                continue
            self.tries += 1
            for result in self._results(rule, variable):
                if result is variable or not _refines(rule, variable, result):
                    continue
                self.done.append(
                    Application(self._stage.name, rule.name, variable, result, rule.keeps)
                )
                if len(self.done) > self._budget:
                    raise RewriteError(self._loop())
                if self._timings is not None:
                    self._timings.rules[self._stage.name, rule.name].applied += 1
                return result
        return None

    def _results(self, rule: Rule, variable: Variable) -> Iterable[Variable]:
        if self._timings is None:
            return rule.results(variable, self._facts)
        return self._timings.results(self._stage.name, rule, variable, self._facts)

    def _rules_for(self, op: str, is_tidy: bool) -> list[Rule]:
        found = self._by_op.get((op, is_tidy))
        if found is None:
            tidy = [r for r in self._stage.tidy if not (is_tidy and r.is_local)]
            rules = (*self._stage.rules, *tidy)
            found = self._by_op[op, is_tidy] = [r for r in rules if op in r.ops or r.ops == EVERY]
        return found

    def _loop(self) -> str:
        last = self.done[-_SHOWN:]
        names = ", ".join(dict.fromkeys(each.rule for each in last))
        lines = "\n".join(f"    {each}" for each in last)
        what = (
            f"{self._stage.name}: rules undo each other: {names}. The last applications:\n{lines}"
        )
        return message(what, fix="let one of these rules decline what the other makes.")


def _refines(rule: Rule, old: Variable, new: Variable) -> bool:
    """Whether the new type may stand for the old; a length forgotten declines.

    Raises: RewriteError if the dtype, the rank or a known length differs.
    """
    if old.type.accepts(new.type):
        return True
    lengths = zip(old.type.shape, new.type.shape, strict=False)
    if (
        old.dtype != new.dtype
        or old.ndim != new.ndim
        or any(a is not None and b is not None and a != b for a, b in lengths)
    ):
        what = f"rule {rule.name}: gives {new.type} in place of {old.type}."
        raise RewriteError(message(what, [where(old)]))
    return False
