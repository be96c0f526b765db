"""What the user may choose, and what a compilation aims at.

Takes assignments to `config`, environment variables (GRADC_*, CC, OMP_NUM_THREADS, PATH and where
caches live) and ~/.config/gradc/config.toml, in this order of weight; gives frozen Options.  No
other module reads the environment (but for Theano's flags, which gradc.compat knows).  `config` is
the one mutable object: public entry points call `config.freeze()` once, and below them Options are
passed down.  Environment and file are read when a setting is first asked for, not at import.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Generic, TypeVar, overload

from gradc.errors import ArgumentError, ArgumentTypeError, message, printable
from gradc.value import value

__all__ = ["PRODUCTS", "Config", "Options", "Target", "config", "trusted_environment"]

T = TypeVar("T")

MODES = ("FAST_RUN", "FAST_COMPILE", "REFERENCE", "DebugMode", "NanGuardMode")
PRODUCTS = ("auto", "panels", "blas")  # in the order of csrc/runtime/runtime.h


@value
class Target:
    """The machine and compiler that C is written for.

    `vector_width` is in bytes.  `features` are sorted, as the kernel names them in /proc/cpuinfo;
    `flags` choose the machine (-march=...), the toolchain adds the rest.
    """

    arch: str
    features: tuple[str, ...]
    compiler: str
    compiler_version: str
    vector_width: int
    flags: tuple[str, ...]

    @classmethod
    def named(cls, name: str) -> Target:
        """A fixed target for goldens and exports: its C does not depend on the host.

        Names: x86-64 and its levels x86-64-v2 to v4 (System V ABI AMD64, micro-architecture
        levels), aarch64.
        Raises: ArgumentError naming those known.
        """
        if name not in _NAMED:
            known = ", ".join(_NAMED)
            what = f"Target.named: no target is called {printable(name)!r}."
            raise ArgumentError(message(what, fix=f"use one of {known}."))
        arch, width, march, features = _NAMED[name]
        return cls(arch, tuple(sorted(features.split())), "gcc", "", width, (f"-march={march}",))


_V2 = "sse sse2 cx16 lahf_lm popcnt sse4_1 sse4_2 ssse3 "
_V3 = _V2 + "avx avx2 bmi1 bmi2 f16c fma abm movbe xsave "
_V4 = _V3 + "avx512f avx512bw avx512cd avx512dq avx512vl"
_NAMED: Mapping[str, tuple[str, int, str, str]] = MappingProxyType(
    {
        "x86-64": ("x86_64", 16, "x86-64", "sse sse2"),
        "x86-64-v2": ("x86_64", 16, "x86-64-v2", _V2),
        "x86-64-v3": ("x86_64", 32, "x86-64-v3", _V3),
        "x86-64-v4": ("x86_64", 64, "x86-64-v4", _V4),
        "aarch64": ("aarch64", 16, "armv8-a", "fp asimd"),
    }
)


@value
class Options:
    """Everything a compilation may be told; a value, so that it can be hashed and passed on.

    Attributes:
        mode: FAST_RUN, FAST_COMPILE or REFERENCE; DebugMode, NanGuardMode (gradc.call.modes).
        floatX: dtype of `T.matrix()` and of Python floats where nothing else decides.
        on_unused_input: "raise", "warn" or "ignore".
        rewrite: False compiles the graph as it was written, without rules that simplify and
            stabilise: to see what they do to a value.
        fuse: False gives every operation loops of its own: to see what fusion does.
        level: optimisation level of the C compiler; None lets a budget of statements choose.
        threads: the most threads a call may use; None follows affinity, quota, omp_num_threads.
            It holds for the process: an assignment is felt by the next call of every function.
        omp_num_threads: what OMP_NUM_THREADS says, or "".
        cc: the C compiler, a name or path, with arguments if need be; "" searches for one.
        cflags: more flags for the C compiler, behind ours.
        compile_timeout: seconds the C compiler may take for one run.
        blas: path of a BLAS library; None takes the one that was brought along.
        products: who multiplies large matrices: "panels" (our kernels), "blas", or "auto", which
            takes panels on the processors they were measured to be faster on.
        cache_dir: where libraries are kept; None where there is no home for one.
        cache_size: bytes the cache may hold.
        cache_strict: an unsafe cache directory is an error, not a warning.
        fail_points: build code whose steps can be made to fail (GRADC_FAIL_AT).
        search_path: where compilers are searched, as PATH has it.
        excluding: rules and passes of rewriting to leave out, by name.
        assertions: False drops what users assert (the optimizer "unsafe").
        guards: what fails a call wherever a value is so: "nan", "inf", "big" (NanGuardMode).
        passes: rules and passes of the user's own, which run first (Mode.including).
        compute_test_value: "off"; else every node is evaluated as it is built, and this says what
            to do about inputs without tag.test_value: "ignore", "warn", "raise", "pdb".
        profile: functions keep an account of the time their steps take.
        profile_optimizer: profiles show what rewriting took, by pass and by rule.
        profile_memory: profiles show what of the workspace is in use while each step runs.
        on_compile: called with a gradc.call.lookup.Lookup for every function that is made.
    """

    mode: str = "FAST_RUN"
    floatX: str = "float64"  # noqa: N815  # Theano's spelling
    on_unused_input: str = "raise"
    rewrite: bool = True
    fuse: bool = True
    level: int | None = None
    threads: int | None = None
    omp_num_threads: str = ""
    cc: str = ""
    cflags: tuple[str, ...] = ()
    compile_timeout: int = 120
    blas: Path | None = None
    products: str = "auto"
    cache_dir: Path | None = None
    cache_size: int = 1 << 30
    cache_strict: bool = False
    fail_points: bool = False
    excluding: tuple[str, ...] = ()
    assertions: bool = True
    guards: tuple[str, ...] = ()
    passes: tuple[Any, ...] = ()
    compute_test_value: str = "off"
    profile: bool = False
    profile_optimizer: bool = False
    profile_memory: bool = False
    search_path: str = os.defpath
    on_compile: Callable[[Any], None] | None = None


def _fault(name: str, value: object, wanted: str, *, type_: bool = False) -> Exception:
    cls = ArgumentTypeError if type_ else ArgumentError
    text = f"{name}: {printable(repr(value))} is not {wanted}."
    return cls(message(text, fix=f"set it to {wanted}."))


def _one_of(*choices: str) -> Callable[[str, object], str]:
    def parse(name: str, value: object) -> str:
        wanted = "one of " + ", ".join(choices)
        if not isinstance(value, str):
            raise _fault(name, value, wanted, type_=True)
        if value not in choices:
            raise _fault(name, value, wanted)
        return value

    return parse


def _whole(low: int, high: int, *, none: bool) -> Callable[[str, object], Any]:
    wanted = f"a whole number from {low} to {high}" + (" or None" if none else "")

    def parse(name: str, value: object) -> int | None:
        if none and (value is None or value in ("", "auto")):
            return None
        if isinstance(value, str) and value.strip().isdecimal():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise _fault(name, value, wanted, type_=not isinstance(value, str))
        if not low <= value <= high:
            raise _fault(name, value, wanted)
        return value

    return parse


def _function(name: str, value: object) -> Callable[[Any], None] | None:
    if value is not None and not callable(value):
        raise _fault(name, value, "a function or None", type_=True)
    return value


def _truth(name: str, value: object) -> bool:
    words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    raise _fault(name, value, "True or False", type_=not isinstance(value, str))


def _text(name: str, value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, (str, os.PathLike)):
        raise _fault(name, value, "text", type_=True)
    text = os.fsdecode(value)
    if "\0" in text:
        raise _fault(name, text, "text without NUL")
    return text


def _path(name: str, value: object) -> Path | None:
    text = _text(name, value)
    return Path(os.path.abspath(os.path.expanduser(text))) if text else None


def _words(name: str, value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(value.split())
    if not isinstance(value, (list, tuple)):
        raise _fault(name, value, "a list of texts", type_=True)
    return tuple(_text(name, item) for item in value)


class _Setting(Generic[T]):
    """An attribute of Config: validated when it is set, looked up when it is read."""

    def __init__(self, default: T, parse: Callable[[str, object], T]) -> None:
        self.default = default
        self.parse = parse
        self.name = ""

    def __set_name__(self, owner: type[Config], name: str) -> None:
        self.name = name
        owner.settings[name] = self

    @overload
    def __get__(self, config: None, owner: type[Config]) -> _Setting[T]: ...
    @overload
    def __get__(self, config: Config, owner: type[Config]) -> T: ...
    def __get__(self, config: Config | None, owner: type[Config]) -> _Setting[T] | T:
        if config is None:
            return self
        assigned: T = config._values().get(self.name, self.default)
        return assigned

    def __set__(self, config: Config, value: object) -> None:
        config._assigned[self.name] = self.parse(f"config.{self.name}", value)
        config._tell_watchers()


class Config:
    """The defaults of a process: assign to change them, `freeze()` to use them.

    A misspelled name or a wrong value raises where it is assigned.  `override` changes settings
    for a block of code.  See Options for what each means.
    """

    __slots__ = ("_assigned", "_environ", "_found", "_rc_file", "_watchers")

    settings: ClassVar[dict[str, _Setting[Any]]] = {}

    mode = _Setting("FAST_RUN", _one_of(*MODES))
    floatX = _Setting("float64", _one_of("float32", "float64"))  # noqa: N815
    on_unused_input = _Setting("raise", _one_of("raise", "warn", "ignore"))
    rewrite = _Setting(True, _truth)
    fuse = _Setting(True, _truth)
    level: _Setting[int | None] = _Setting(None, _whole(0, 3, none=True))
    threads: _Setting[int | None] = _Setting(None, _whole(1, 4096, none=True))
    cc = _Setting("", _text)
    cflags: _Setting[tuple[str, ...]] = _Setting((), _words)
    compile_timeout: _Setting[int] = _Setting(120, _whole(1, 86_400, none=False))
    blas: _Setting[Path | None] = _Setting(None, _path)
    products = _Setting("auto", _one_of(*PRODUCTS))
    cache_dir: _Setting[Path | None] = _Setting(None, _path)
    cache_size: _Setting[int] = _Setting(1 << 30, _whole(1 << 20, 1 << 50, none=False))
    cache_strict = _Setting(False, _truth)
    fail_points = _Setting(False, _truth)
    excluding: _Setting[tuple[str, ...]] = _Setting((), _words)
    compute_test_value = _Setting("off", _one_of("off", "ignore", "warn", "raise", "pdb"))
    profile = _Setting(False, _truth)
    profile_optimizer = _Setting(False, _truth)
    profile_memory = _Setting(False, _truth)
    on_compile: _Setting[Callable[[Any], None] | None] = _Setting(None, _function)

    def __init__(
        self, environ: Mapping[str, str] | None = None, rc_file: Path | None = None
    ) -> None:
        """Give `environ` and `rc_file` to read those in place of the process's own (in tests)."""
        self._environ = environ
        self._rc_file = rc_file
        self._assigned: dict[str, Any] = {}
        self._found: dict[str, Any] | None = None
        self._watchers: list[Callable[[Options], None]] = []

    def _values(self) -> dict[str, Any]:
        if self._found is None:
            self._found = _look_around(self._surroundings(), self._rc_file)
        return self._found | self._assigned

    def _surroundings(self) -> Mapping[str, str]:
        return trusted_environment() if self._environ is None else self._environ

    def freeze(self) -> Options:
        """The settings as they are now."""
        values = {name: setting.default for name, setting in self.settings.items()}
        return Options(**(values | self._values()))

    def origin(self, name: str) -> str:
        """Where a setting's value comes from: code, a variable of the environment, a file."""
        found = _origins(self._surroundings(), self._rc_file).get(name, "default")
        return f"config.{name}" if name in self._assigned else found

    @contextmanager
    def override(self, **settings: object) -> Iterator[None]:
        """Change settings for a block of code."""
        before = dict(self._assigned)
        try:
            for name, value in settings.items():
                setattr(self, name, value)
            yield
        finally:
            self._assigned = before
            self._tell_watchers()

    def watch(self, watcher: Callable[[Options], None]) -> None:
        """Call `watcher` with the settings after each change from now on; once, if given twice."""
        if watcher not in self._watchers:
            self._watchers.append(watcher)

    def _tell_watchers(self) -> None:
        for watcher in self._watchers:
            watcher(self.freeze())

    def __setattr__(self, name: str, value: object) -> None:
        if name not in self.settings and name not in self.__slots__:
            what = f"config: there is no setting {printable(name)!r}."
            raise ArgumentError(message(what, fix=f"use one of {', '.join(self.settings)}."))
        object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        rows = (f"{name} = {getattr(self, name)!r}" for name in self.settings)
        return "\n".join(rows)


def trusted_environment() -> Mapping[str, str]:
    """The environment, or nothing where it belongs to another user than the process (AT_SECURE)."""
    return os.environ if os.geteuid() == os.getuid() else {}


_SPELLING = MappingProxyType({"fail_points": "GRADC_FAIL_AT"})


def _look_around(environ: Mapping[str, str], rc_file: Path | None) -> dict[str, Any]:
    home = _home(environ)
    found: dict[str, Any] = {
        "omp_num_threads": environ.get("OMP_NUM_THREADS", ""),
        "search_path": environ.get("PATH", os.defpath),
        "cc": environ.get("CC", ""),
        "cache_dir": _xdg(environ, "XDG_CACHE_HOME", home, ".cache"),
    }
    found |= _read_rc(rc_file or _usual_rc(environ))
    for name, variable in _variables(environ).items():
        found[name] = Config.settings[name].parse(variable, environ[variable])
    return found


def _origins(environ: Mapping[str, str], rc_file: Path | None) -> dict[str, str]:
    """What `_look_around` found, and where; nothing for defaults."""
    base = os.path.isabs(environ.get("XDG_CACHE_HOME", ""))
    found = {"cache_dir": "XDG_CACHE_HOME" if base else "the home directory"}
    found |= {"cc": "CC"} if environ.get("CC") else {}
    file = rc_file or _usual_rc(environ)
    return found | dict.fromkeys(_read_rc(file), str(file)) | _variables(environ)


def _usual_rc(environ: Mapping[str, str]) -> Path | None:
    folder = _xdg(environ, "XDG_CONFIG_HOME", _home(environ), ".config")
    return folder / "config.toml" if folder is not None else None


def _variables(environ: Mapping[str, str]) -> dict[str, str]:
    spelled = {name: _SPELLING.get(name, f"GRADC_{name.upper()}") for name in Config.settings}
    return {name: variable for name, variable in spelled.items() if variable in environ}


def _home(environ: Mapping[str, str]) -> Path | None:
    home = environ.get("HOME", "")
    if not home or _is_anothers(home):
        import pwd  # not on every system

        try:
            home = pwd.getpwuid(os.geteuid()).pw_dir
        except KeyError:  # a container's uid that no passwd file knows
            return None
    return Path(home) if os.path.isabs(home) else None


def _is_anothers(home: str) -> bool:
    """Whether we are root with a user's HOME, as sudo leaves it: root has a home of its own."""
    try:
        return os.geteuid() == 0 and os.stat(home).st_uid != 0
    except OSError:
        return False


def _xdg(environ: Mapping[str, str], variable: str, home: Path | None, sub: str) -> Path | None:
    """XDG Base Directory Specification 0.8: a relative path counts as not set."""
    base = environ.get(variable, "")
    if os.path.isabs(base):
        return Path(base) / "gradc"
    return home / sub / "gradc" if home is not None else None


def _read_rc(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        text = file.read_bytes()
    except OSError:
        return {}
    import tomllib  # takes longer than all the rest; few have the file

    try:
        table = tomllib.loads(text.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        what = f"{printable(str(file))}: {printable(str(error))}."
        raise ArgumentError(message(what, fix="correct the file, or remove it.")) from None
    found = {}
    for name, given in table.items():
        if name not in Config.settings:
            what = f"{printable(str(file))}: there is no setting {printable(name)!r}."
            raise ArgumentError(message(what, fix=f"use some of {', '.join(Config.settings)}."))
        found[name] = Config.settings[name].parse(f"{file}: {name}", given)
    return found


config = Config()
