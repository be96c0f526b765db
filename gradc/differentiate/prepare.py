"""Stabilise before differentiating, and remember what that dissolved.

Takes the variables to differentiate and the walls, those the user names; gives roots that are
canonicalised and stabilised, and for each wall a definition: what the wall is computed by, also
rewritten.  A wall stands for itself above, so that "with respect to h" means this h and no other
spelled alike, and what lies below it is stabilised all the same.

Differentiating log(exp(2x) + 1) as it stands gives nan at x = 60, though the value is rewritten to
softplus later: the rule cannot fire any more in the gradient's own terms.

A variable that a rule dissolved is no longer there to be replaced or differentiated by.  The
results of `grad` remember (weakly) which variables those are; `require_intact` raises when one is
named later, and says to keep it.
"""

from __future__ import annotations

import importlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary, WeakSet

from gradc.differentiate.request import spelled
from gradc.errors import GradError, message
from gradc.graph.describe import where
from gradc.graph.op import Apply
from gradc.graph.variable import Variable
from gradc.graph.walk import ancestors
from gradc.value import value

if TYPE_CHECKING:
    from gradc.rewrite.engine import Rewritten
    from gradc.rewrite.trace import Application

__all__ = ["Prepared", "prepare", "remember", "require_intact"]

_DEPTH = 6  # operations from the root of the deepest pattern (softmax by hand) to its leaves
_DISSOLVED: WeakKeyDictionary[Variable, WeakSet[Variable]] = WeakKeyDictionary()


@value
class Prepared:
    """What reverse mode walks: roots, the walls' definitions, and what was dissolved."""

    roots: tuple[Variable, ...]
    definitions: Mapping[Variable, Variable] = MappingProxyType({})
    dissolved: frozenset[Variable] = frozenset()
    applications: tuple[Application, ...] = ()


def prepare(roots: Sequence[Variable], walls: Collection[Variable]) -> Prepared:
    """Canonicalise and stabilise everything below `roots`, between the walls."""
    known = ancestors(roots)
    inner = [v for v in known if v in walls and v.owner is not None]
    copies = [_copy(wall) for wall in inner]
    done = _stabilize([*roots, *copies], frozenset(walls))
    settled = done.outputs[: len(roots)]
    definitions = {
        wall: definition
        for wall, definition in zip(inner, done.outputs[len(roots) :], strict=True)
        if not _is_same(wall, definition)
    }
    below = [v for wall in inner for v in _read_by(wall, definitions)]
    alive = {*inner, *ancestors([*settled, *below], stop=inner)}
    applications = done.trace.applications
    passed = {v for each in applications for v in dissolved_by(each)}
    dissolved = (v for v in known if v not in walls and (v not in alive or v in passed))
    lost = frozenset(v for v in dissolved if v.owner is not None)
    return Prepared(settled, definitions, lost, applications)


def _stabilize(roots: Sequence[Variable], walls: frozenset[Variable]) -> Rewritten:
    """A door: the rules are loaded by the first gradient, not by `import gradc` (some 30 ms)."""
    passes = importlib.import_module("gradc.rewrite.passes")
    done: Rewritten = passes.run(passes.BEFORE_GRAD, roots, walls)
    return done


def dissolved_by(application: Application) -> set[Variable]:
    """The variables between what a rule replaced and what the replacement still reads."""
    kept = _near(application.after, frozenset())
    return _near(application.before, kept) - kept - {application.before}


def _near(variable: Variable, stops: Collection[Variable]) -> set[Variable]:
    level, found = [variable], {variable}
    for _ in range(_DEPTH):
        owners = [v.owner for v in level if v.owner is not None and v not in stops]
        level = [each for node in owners for each in node.inputs if each not in found]
        found.update(level)
    return found


def _read_by(wall: Variable, definitions: Mapping[Variable, Variable]) -> Sequence[Variable]:
    if wall in definitions:
        return (definitions[wall],)
    return () if wall.owner is None else wall.owner.inputs


def _copy(wall: Variable) -> Variable:
    """The wall's own expression, under no wall."""
    node = wall.owner
    assert node is not None
    types = [output.type for output in node.outputs]
    return Apply(node.op, node.inputs, types, node.site).outputs[wall.index]


def _is_same(wall: Variable, definition: Variable) -> bool:
    """Whether nothing was rewritten, so that the wall's own node will do."""
    node, other = wall.owner, definition.owner
    assert node is not None
    return (
        other is not None
        and other.op == node.op
        and definition.index == wall.index
        and all(a is b for a, b in zip(node.inputs, other.inputs, strict=True))
    )


def remember(
    results: Iterable[Variable], roots: Sequence[Variable], new: frozenset[Variable]
) -> None:
    """Note on fresh results what is dissolved in them, and what was in the roots already."""
    lost = set(new).union(*(_DISSOLVED.get(v, ()) for v in ancestors(roots)))
    if not lost:
        return
    record = WeakSet(lost)
    for result in results:
        _DISSOLVED[result] = record


def require_intact(
    named: Iterable[Variable], outputs: Sequence[Variable], caller: str, verb: str
) -> None:
    """Raise if one of `named` was dissolved by a gradient that `outputs` depend on.

    Raises: GradError, which points to grad(..., keep=[...]).
    """
    records = {id(r): r for v in ancestors(outputs) if (r := _DISSOLVED.get(v)) is not None}
    for variable in named:
        if any(variable in record for record in records.values()):
            name = spelled(variable, "h")
            raise GradError(
                message(
                    f"{caller}: {name} cannot be {verb}: a gradient that is used here was "
                    "stabilised and does not go through it.",
                    [where(variable)],
                    f"keep it when the gradient is taken: grad(..., keep=[{name}]).",
                )
            )
