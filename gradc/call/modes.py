"""Modes: how much is rewritten, what runs the result, and what is watched while it runs.

Takes the names and objects of `function(mode=...)` and config.mode; gives a Mode, which says which
of the three ways down a function goes (FAST_RUN, FAST_COMPILE, REFERENCE) and with which Options.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradc.call.given import kinds_of
from gradc.errors import ArgumentError, ArgumentTypeError, message, printable
from gradc.options import Options, config
from gradc.value import replace

__all__ = [
    "FUSION",
    "DebugMode",
    "Mode",
    "MonitorMode",
    "NanGuardMode",
    "as_mode",
    "get_default_mode",
    "get_mode",
    "register_mode",
]

_INTERPRETED = ("py", "py_nogc")
_COMPILED = ("c", "c|py", "vm", "cvm", "c|py_nogc", "vm_nogc", "cvm_nogc", "c_nogc")
FUSION = ("fusion", "local_elemwise_fusion", "elemwise_fusion")  # ours, and Theano's words
_LEVELS = {  # optimizer: way down, whether rules run at all
    "None": ("FAST_COMPILE", False),
    "merge": ("FAST_COMPILE", False),
    "o1": ("FAST_COMPILE", True),
    "fast_compile": ("FAST_COMPILE", True),
    "stabilize": ("FAST_COMPILE", True),
    "o2": ("FAST_RUN", True),
    "o3": ("FAST_RUN", True),
    "o4": ("FAST_RUN", True),
    "fast_run": ("FAST_RUN", True),
    "fast_run_stable": ("FAST_RUN", True),
    "unsafe": ("FAST_RUN", True),
}


class Mode:
    """Mode(linker, optimizer): how a function is made.

    linker: "cvm" and its kin compile, "py" interprets.  optimizer: "fast_run" (also o2 to o4),
    "fast_compile" (also o1, stabilize), None or "merge" for no rules at all (a graph is merged in
    any case); "unsafe" is fast_run without the assertions that you wrote.
    Frozen: including, excluding and requiring give a new one.
    Raises: ArgumentError for a name that is not known.
    """

    guards: tuple[str, ...] = ()
    passes: tuple[Any, ...] = ()
    asked: tuple[str, ...] = ()  # every name that was included

    def __init__(
        self,
        linker: str | None = None,
        optimizer: str | None = "fast_run",
        excluded: tuple[str, ...] = (),
    ) -> None:
        self.linker = linker or "cvm"
        self.optimizer = str(optimizer)
        self.excluded = excluded
        if self.linker not in (*_INTERPRETED, *_COMPILED):
            known = ", ".join((*_INTERPRETED, *_COMPILED))
            what = f"Mode: there is no linker {printable(repr(linker), 60)}."
            raise ArgumentError(message(what, fix=f"use one of {known}."))
        if self.optimizer not in _LEVELS:
            what = f"Mode: there is no optimizer {printable(repr(optimizer), 60)}."
            raise ArgumentError(message(what, fix=f"use one of {', '.join(_LEVELS)}."))

    def excluding(self, *names: str) -> Mode:
        """The mode without some rules or passes, by their names in `f.stages.trace`.

        "fusion" stands for the fusion of loops, "inplace" for operations in place of each other,
        which the interpreter of MonitorMode has none of.  A name that is none raises in
        gradc.function.
        """
        return self._with(tuple(dict.fromkeys((*self.excluded, *names))))

    def including(self, *names: Any) -> Mode:
        """The mode with what was excluded before back in, and with rules of your own.

        names: of rules and passes; or rules and passes themselves (gradc.rewrite.rule, Pass).
        Those run before gradc's, on what was written, in functions of this mode only; and no
        function that they make is taken from the cache by its graph.
        """
        words = [each for each in names if isinstance(each, str)]
        made = self._with(tuple(each for each in self.excluded if each not in words))
        made.asked = (*self.asked, *words)
        made.passes = (*self.passes, *(each for each in names if not isinstance(each, str)))
        return made

    requiring = including

    def _with(self, excluded: tuple[str, ...]) -> Mode:
        made = object.__new__(type(self))
        made.__dict__.update(self.__dict__ | {"excluded": excluded})
        return made

    @property
    def level(self) -> str:
        """Whose passes rewrite: those of FAST_RUN or of FAST_COMPILE."""
        return _LEVELS[self.optimizer][0]

    @property
    def way(self) -> str:
        """FAST_RUN, FAST_COMPILE or REFERENCE."""
        return "REFERENCE" if self.linker in _INTERPRETED else self.level

    def options(self, options: Options) -> Options:
        """The options of a function in this mode."""
        rules = tuple(each for each in self.excluded if each not in self._switches)
        return replace(
            options,
            rewrite=options.rewrite and _LEVELS[self.optimizer][1],
            fuse=options.fuse and not any(each in FUSION for each in self.excluded),
            excluding=(*options.excluding, *rules),
            assertions=self.optimizer != "unsafe",
            guards=self.guards,
            passes=self.passes,
        )

    @property
    def _switches(self) -> tuple[str, ...]:
        """Names that exclude something else than rules and passes."""
        return (*FUSION, "inplace") if self.way == "REFERENCE" else FUSION

    def __repr__(self) -> str:
        parts = [repr(self.linker), repr(self.optimizer), *(f"-{each}" for each in self.excluded)]
        parts += [f"+{each.name}" for each in self.passes]
        return f"{type(self).__name__}({', '.join(parts)})"


class NanGuardMode(Mode):
    """As FAST_RUN, but a call fails as soon as a value is nan, infinite or big (above 1e10).

    Every float that an operation of the optimised graph gives is checked, as are the inputs; the
    checks are part of the compiled loops.  The error names the first operation, its line, what it
    gave and what it got.  Shared variables are as before then.
    """

    def __init__(
        self,
        nan_is_error: bool = True,
        inf_is_error: bool = True,
        big_is_error: bool = True,
        optimizer: str | None = "fast_run",
        linker: str | None = None,
    ) -> None:
        super().__init__(linker, optimizer)
        flags = {"nan": nan_is_error, "inf": inf_is_error, "big": big_is_error}
        self.guards = tuple(word for word, flag in flags.items() if flag)
        if self.way == "REFERENCE":
            what = "NanGuardMode: its checks are compiled, the interpreter has none."
            raise ArgumentError(message(what, fix="leave linker= out, or use MonitorMode."))


Watcher = Callable[[int, Any, Any], None]


class MonitorMode(Mode):
    """The interpreter, calling pre_func(i, node, fn) before and post_func behind each operation.

    fn.inputs and fn.outputs are lists of one-element lists of arrays (outputs: None before).
    """

    def __init__(
        self,
        pre_func: Watcher | None = None,
        post_func: Watcher | None = None,
        optimizer: str | None = "fast_run",
        linker: str | None = None,
    ) -> None:
        super().__init__(linker, optimizer)
        self.pre_func, self.post_func = pre_func, post_func

    @property
    def _switches(self) -> tuple[str, ...]:
        return (*FUSION, "inplace")


class DebugMode(Mode):
    """Every call checks what gradc did: each rule on its values, each operation's C, the whole.

    stability_patience: how often the graph is rewritten again, to see that the same comes out.
    check_c_code: compile each operation by itself, and compare with the whole; False compiles
    nothing, and interprets.  check_py_code: compare each operation's C with its reference.
    check_isfinite: fail on values that are nan or infinite.
    check_preallocated_output: write the results into arrays that are given by out=, too.  Words
    with colons between them: initial (full of something else), previous (of the last call),
    c_contiguous; f_contiguous, strided, wrong_size, which must be refused untouched; or "ALL".
    require_matching_strides: whether arrays lie as references' do, in C order: 1 warns where they
    do not, 2 fails, 0 does not look.
    Slow.  Raises, from calls: BadOptimization naming the rule, BadThunkOutput naming the operation;
    from gradc.function: StochasticOrder; ArgumentError for options that leave nothing to check.
    """

    def __init__(
        self,
        optimizer: str | None = "fast_run",
        stability_patience: int = 2,
        check_c_code: bool = True,
        check_py_code: bool = True,
        check_isfinite: bool = False,
        check_preallocated_output: str | None = None,
        require_matching_strides: int = 1,
        linker: str | None = None,
    ) -> None:
        super().__init__(linker, optimizer)
        self.stability_patience = stability_patience
        self.check_c_code, self.check_py_code = check_c_code, check_py_code
        self.check_isfinite = check_isfinite
        self.check_preallocated_output = kinds_of(
            "" if check_preallocated_output is None else check_preallocated_output
        )
        self.require_matching_strides = int(require_matching_strides)
        if not check_c_code and (not check_py_code or self.check_preallocated_output):
            other = "check_preallocated_output" if check_py_code else "check_py_code=False"
            what = f"DebugMode: check_c_code=False compiles nothing, and {other} needs it."
            raise ArgumentError(message(what, fix="leave one of the two out."))
        if not isinstance(stability_patience, int) or stability_patience < 0:
            what = f"DebugMode: stability_patience={stability_patience!r} is no number of times."
            raise ArgumentError(message(what, fix="use 0, 1, 2 or more."))
        if self.require_matching_strides not in (0, 1, 2):
            what = f"DebugMode: require_matching_strides={require_matching_strides} says nothing."
            raise ArgumentError(message(what, fix="use 0, 1 or 2."))


_NAMED: dict[str, Mode] = {
    "FAST_RUN": Mode("cvm", "fast_run"),
    "FAST_COMPILE": Mode("cvm", "fast_compile"),
    "REFERENCE": Mode("py", None),
    "DebugMode": DebugMode(),
    "DEBUG_MODE": DebugMode(),
    "NanGuardMode": NanGuardMode(),
    "Mode": Mode(),
}


def register_mode(name: str, mode: Mode) -> None:
    """Give a mode a name for function(mode=name). Raises: ArgumentError if the name is taken."""
    if name in _NAMED:
        what = f"register_mode: {printable(name, 60)!r} is taken."
        raise ArgumentError(message(what, fix="choose another name."))
    _NAMED[name] = mode


def get_mode(mode: str | Mode | None = None) -> Mode:
    """The mode of that name, a Mode itself, or by default config.mode."""
    return as_mode(config.mode if mode is None else mode)


def get_default_mode() -> Mode:
    """What functions are made in: config.mode."""
    return as_mode(config.mode)


def as_mode(mode: Any) -> Mode:
    """A mode by name. Raises: ArgumentError, ArgumentTypeError."""
    if isinstance(mode, Mode):
        return mode
    if not isinstance(mode, str):
        what = f"function: {printable(repr(mode), 60)} is no mode."
        raise ArgumentTypeError(message(what, fix="pass a name, or a Mode."))
    if mode not in _NAMED:
        what = f"function: there is no mode {mode!r}."
        raise ArgumentError(message(what, fix=f"use one of {', '.join(_NAMED)}."))
    return _NAMED[mode]
