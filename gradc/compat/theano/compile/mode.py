"""theano.compile.mode: modes, and what of optdb a function in a mode takes.

Takes a mode as programs give it; gives one of gradc's that includes the rules which are registered
for it, and the rewrites of whole graphs that run before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from gradc.call import modes
from gradc.call.modes import get_default_mode, get_mode, register_mode
from gradc.compat.theano.gof.link import CLinker, PerformLinker, WrapLinker
from gradc.compat.theano.gof.opt import Optimizer, rules_of, wholes_of
from gradc.compat.theano.gof.optdb import DB, Query, optdb
from gradc.errors import message, warn_user
from gradc.rewrite.passes import PASSES, UNSAFE

__all__ = [
    "DB", "FAST_COMPILE", "FAST_RUN", "Mode", "Query", "get_default_mode", "get_mode", "optdb",
    "predefined_linkers", "predefined_modes", "predefined_optimizers", "register_mode", "resolved",
]  # fmt: skip

# By name of an optimizer: the tag that stands for it in the database.
_TAGS = {
    **dict.fromkeys(("o2", "o3", "o4", "unsafe", "fast_run", "fast_run_stable"), "fast_run"),
    **dict.fromkeys(("o1", "fast_compile", "stabilize"), "fast_compile"),
}


class _Modes(type):
    """Every mode of gradc's is one of Theano's, so that isinstance says so."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, modes.Mode)


class Mode(modes.Mode, metaclass=_Modes):
    """Mode(linker, optimizer): as gradc.Mode, where an optimizer may be more than a name.

    optimizer: a name; a Query, whose "fast_run" or "fast_compile" takes gradc's rules too; a
    rewrite (local_optimizer, PatternSub, Optimizer, ...), and then nothing else is rewritten.
    """

    whole: Sequence[Optimizer] = ()
    wrapping: WrapLinker | None = None

    def __init__(self, linker: Any = None, optimizer: Any = "default", **kwargs: Any) -> None:
        self.wrapping = linker if isinstance(linker, WrapLinker) else None
        linker = getattr(linker, "word", linker)
        word = "fast_run" if optimizer == "default" else optimizer
        if isinstance(word, Query):
            super().__init__(linker, _level(word), word.exclude)
            self.asked = word.include
        elif word is None or isinstance(word, str):
            super().__init__(linker, word)
        else:
            super().__init__(linker, None)
            self.passes, self.whole = tuple(rules_of(word)), tuple(wholes_of(word))


def _level(query: Query) -> str | None:
    for word in ("fast_run", "fast_compile"):
        if word in query.include:
            return word
    return None


def resolved(mode: Any) -> tuple[modes.Mode, list[Optimizer]]:
    """The mode with the rules that are registered for it, and what rewrites whole graphs before.

    A name among the excluded that gradc has no rule of is left out, with a warning: there is
    nothing to exclude.
    """
    chosen = get_mode(mode)
    asked = Query((_TAGS.get(chosen.optimizer, ""), *chosen.asked), (), chosen.excluded)
    objects = [obj for obj, tags in optdb.entries() if asked.takes(tags)]
    rules = [rule for each in objects for rule in rules_of(each)]
    whole = [each for obj in objects for each in wholes_of(obj)]
    made = _monitored(chosen.including(*rules) if rules else chosen)
    return _without_unknown(made), [*getattr(chosen, "whole", ()), *whole]


def _monitored(mode: modes.Mode) -> modes.Mode:
    """The mode itself; or, where its linker wraps each operation, the MonitorMode that does so."""
    wrapping = getattr(mode, "wrapping", None)
    if wrapping is None:
        return mode
    made = wrapping.mode(mode.optimizer).including(*mode.asked, *mode.passes)
    return cast(modes.Mode, made.excluding(*mode.excluded))


def _without_unknown(mode: modes.Mode) -> modes.Mode:
    passes = [*(each for group in PASSES.values() for each in group), UNSAFE]
    known = {name for each in passes for name in (each.name, *(r.name for r in each.rules))}
    known |= {rule.name for each in mode.passes for rule in rules_of(each)} | {*modes.FUSION}
    kept = tuple(each for each in mode.excluded if each in known)
    strange = [each for each in mode.excluded if each not in known | optdb.known() | _NOTHING]
    if strange:
        what = f"mode: gradc has no rule called {', '.join(map(repr, strange))} to exclude."
        fix = "leave it out; f.stages.trace shows which rules there are."
        warn_user(message(what, fix=fix))
    return mode if kept == mode.excluded else mode._with(kept)


_NOTHING = {"inplace", "inplace_opt"}  # operations in place of others: plans do that, unasked

FAST_RUN, FAST_COMPILE = get_mode("FAST_RUN"), get_mode("FAST_COMPILE")
predefined_linkers = {
    "py": PerformLinker(),
    **dict.fromkeys(
        ("c", "c|py", "c|py_nogc", "vm", "cvm", "vm_nogc", "cvm_nogc"), CLinker()
    ),
}  # fmt: skip
predefined_optimizers: dict[str | None, Query] = {
    None: Query(()),
    **{
        word: Query((_TAGS[word],) if word in _TAGS else ())
        for word in (
            "None", "merge", "o4", "o3", "o2", "o1", "unsafe", "fast_run", "fast_run_stable",
            "fast_compile", "stabilize",
        )
    },
}  # fmt: skip
predefined_modes = {
    "FAST_RUN": FAST_RUN, "FAST_COMPILE": FAST_COMPILE, "DEBUG_MODE": get_mode("DEBUG_MODE"),
}  # fmt: skip
