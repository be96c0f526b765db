"""What the cache knew when a function was made: for `gradc why`, and config.on_compile."""

from __future__ import annotations

from gradc.graph.site import Site
from gradc.runtime.library import Library
from gradc.runtime.plans import PlanSlot
from gradc.value import value

__all__ = ["Lookup"]


@value
class Lookup:
    """One function.

    name, site: the function's name, and the user's line that made it.
    slot: where its plan is kept; None for a graph that no other process can know (it holds a Python
    callback or an operation of the user's own).
    hit: whether the plan was there, so that no pass ran.
    library: what was loaded; None where the graph is interpreted.
    """

    name: str
    site: Site | None
    slot: PlanSlot | None
    hit: bool
    library: Library | None
