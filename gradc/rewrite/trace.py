"""What rewriting did.

Takes applications of rules; gives a Trace that prints one line each: pass, rule, the expression
before and after, the user's line.  A pass that changed nothing says so.
"""

from __future__ import annotations

from collections import Counter

from gradc.errors import printable
from gradc.graph.site import Site
from gradc.graph.text import constant_text
from gradc.graph.variable import Constant, Variable
from gradc.value import frozen

__all__ = ["Application", "Trace", "short_text"]

_DEPTH = 4  # operations shown inside each other; a rule rarely looks deeper
_WIDTH = 6  # operands shown of one operation


@frozen
class Application:
    """One rule, applied once."""

    stage: str
    rule: str
    before: Variable
    after: Variable
    keeps: str = "exact"  # what the rule says it keeps

    @property
    def site(self) -> Site | None:
        """The user's line."""
        return self.before.site

    def __str__(self) -> str:
        text = f"{self.rule}  {short_text(self.before)} => {short_text(self.after)}"
        return text if self.site is None else f"{text}  [{printable(str(self.site))}]"


@frozen
class Trace:
    """Every application, in order; `stages` are the passes that ran."""

    stages: tuple[str, ...] = ()
    applications: tuple[Application, ...] = ()

    def __add__(self, other: Trace) -> Trace:
        return Trace(self.stages + other.stages, self.applications + other.applications)

    def __len__(self) -> int:
        return len(self.applications)

    @property
    def counts(self) -> dict[str, int]:
        """How often each rule was applied."""
        return dict(Counter(each.rule for each in self.applications))

    def __str__(self) -> str:
        lines = []
        for stage in self.stages:
            rows = [f"  {each}" for each in self.applications if each.stage == stage]
            lines.append(f"{stage}: {len(rows)} changes" if rows else f"{stage}: no change")
            lines.extend(rows)
        return "\n".join(lines)


def short_text(variable: Variable, depth: int = _DEPTH) -> str:
    """The expression as nested calls, cut below `depth`; what the user named stands by its name."""
    if isinstance(variable, Constant):
        return constant_text(variable)
    if variable.name is not None and (depth < _DEPTH or variable.owner is None):
        return printable(variable.name, 60)
    node = variable.owner
    if node is None:
        return str(variable.type)
    if depth == 0:
        return "..."
    shown = [short_text(each, depth - 1) for each in node.inputs[:_WIDTH]]
    if len(node.inputs) > _WIDTH:
        shown.append("...")
    suffix = f"[{variable.index}]" if len(node.outputs) > 1 else ""
    return f"{node.op}({', '.join(shown)}){suffix}"
