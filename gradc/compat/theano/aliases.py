"""The modules under Theano's names, and `install` and `uninstall`, which put them into sys.modules.

Takes this package as it was imported; gives sys.modules entries "theano", "theano.tensor" and so
on.  Modules of Theano's that hold nothing of their own (theano.tensor.basic) are other names for
the one that has it all.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from gradc.compat.theano.flags import read_flags
from gradc.compat.theano.missing import fill
from gradc.compat.theano.settings import config
from gradc.errors import ArgumentError, message
from gradc.graph.symbolic import OPERATORS, bind
from gradc.graph.variable import Variable
from gradc.options import config as gradc_config

__all__ = ["install", "uninstall"]

_PACKAGE = "gradc.compat.theano"
_MACHINERY = frozenset(
    ("aliases", "converting", "flags", "missing", "python2", "retyping", "running", "settings")
)

# Names of Theano's for modules that stand here under another.
_SAME = {
    **dict.fromkeys(
        (
            "theano.tensor.basic", "theano.tensor.elemwise", "theano.tensor.extra_ops",
            "theano.tensor.sharedvar", "theano.tensor.sort",
            "theano.tensor.subtensor", "theano.tensor.type", "theano.tensor.utils",
            "theano.tensor.var", "theano.tensor.type_other",
        ),
        "theano.tensor",
    ),
    "theano.tensor.randomstreams": "theano.tensor.shared_randomstreams",
    **dict.fromkeys(
        ("theano.tensor.nnet.nnet", "theano.tensor.nnet.sigm", "theano.tensor.nnet.bn"),
        "theano.tensor.nnet",
    ),
    **dict.fromkeys(
        (
            "theano.compile.builders", "theano.compile.debugmode", "theano.compile.function",
            "theano.compile.function_module", "theano.compile.monitormode",
            "theano.compile.nanguardmode", "theano.compile.pfunc", "theano.compile.profiling",
            "theano.compile.sharedvalue",
        ),
        "theano.compile",
    ),
    **dict.fromkeys(
        ("theano.gof.fg", "theano.gof.op"), "theano.gof"
    ),
    "theano.sandbox.neighbours": "theano.tensor.nnet.neighbours",
    "theano.gof.vm": "theano.gof.link",
    "theano.gof.cmodule": "theano.gof.utils",
    "theano.gof.cc": "theano.gof.link",
    "theano.configdefaults": "theano.configparser",
    "theano.compat.python2x": "theano.compat",
}  # fmt: skip

_before: list[dict[str, Any]] = []  # what was assigned to gradc.config when install() was called


def _modules() -> dict[str, ModuleType]:
    """Every module under its name in Theano."""
    found = {
        "theano" + name.removeprefix(_PACKAGE): module
        for name, module in list(sys.modules.items())
        if name == _PACKAGE or name.startswith(f"{_PACKAGE}.")
    }
    found = {name: each for name, each in found.items() if not _is_machinery(each)}
    for name, same in _SAME.items():
        found[name] = found[same]
        owner, word = found[name.rpartition(".")[0]], name.rpartition(".")[2]
        if not hasattr(owner, word):
            setattr(owner, word, found[same])
    fill(found)
    setattr(found["theano"], "theano", found["theano"])  # noqa: B010  # `from theano import theano`
    return found


def _is_machinery(module: ModuleType) -> bool:
    rest = module.__name__.removeprefix(f"{_PACKAGE}.").split(".")
    return rest[0] in _MACHINERY or rest[-1].startswith("_")


def install(environ: Mapping[str, str] | None = None) -> None:
    """Have `import theano` give gradc.compat.theano from now on, in this process.

    THEANO_FLAGS and the files that THEANORC names (~/.theanorc) are read; what has a meaning here
    sets gradc.config, one warning names the rest.  environ: in place of the process's own.
    Again, it changes nothing.  Raises: ArgumentError if Theano itself is imported already.
    """
    modules = _modules()
    there = sys.modules.get("theano")
    if there is not None and there is not modules["theano"]:
        what = (
            f"install: theano is imported already, from {getattr(there, '__file__', 'somewhere')}."
        )
        raise ArgumentError(message(what, fix="call install() before `import theano`."))
    if there is None:
        _before.append(dict(gradc_config._assigned))
        config.load(read_flags(environ))
    bind(truth=_is_there)
    sys.modules.update(modules)


def _is_there(x: Variable) -> bool:
    """`if not input: ...` of Theano's programs asks whether there is one; comparisons are none."""
    return x.dtype != "bool"


def uninstall() -> None:
    """Take the names out of sys.modules again, and put gradc.config back to what it was."""
    OPERATORS.pop("truth", None)
    for name in [name for name in sys.modules if name == "theano" or name.startswith("theano.")]:
        del sys.modules[name]
    while _before:
        gradc_config._assigned = _before.pop()
        gradc_config._tell_watchers()
    config.reset()
