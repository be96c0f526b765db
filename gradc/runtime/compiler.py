"""One C compiler: who it is, which flags it takes, and the conditions it runs under.

Takes a command and Conditions; gives a Compiler.  A compiler is what its files hold (driver,
compiler proper, assembler, linker) and what it says of itself.  The environment of the caller does
not reach it: with CPATH set to a folder that has a math.h of its own, plain gcc computes
exp(1) = 42.  Zig's clang keeps what it builds (a C library for linking, 50 MB, some seconds once)
in our cache directory, never in a home directory.
"""

from __future__ import annotations

import importlib
import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gradc.errors import CompileError, CompilerNotFound, message
from gradc.errors import printable as show
from gradc.options import Options
from gradc.runtime.keys import FileDigests
from gradc.runtime.sealed import canonical
from gradc.runtime.store import LIBRARY_FILE, SOURCE_FILE, ZIG, Store, digest_of
from gradc.value import value

if TYPE_CHECKING:
    from gradc.runtime.process import Finished

__all__ = [
    "CODE",
    "TRIED",
    "ZIG_LOCAL",
    "Compiler",
    "Conditions",
    "call",
    "compile_error",
    "describe",
    "identity_of",
]

ZIG_LOCAL = ".zig"  # beside what is compiled; gone with it

CODE = (
    "-std=c11",
    "-shared",
    "-fPIC",
    "-fvisibility=hidden",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-ffp-contract=off",
    "-fwrapv",
    "-fopenmp-simd",
)
_LINK = ("-Wl,-Bsymbolic", "-Wl,-z,relro,-z,now", "-Wl,-z,noexecstack", "-Wl,--as-needed")
_MACHINE = ("-march=native", "-mcpu=native", "")  # x86 and new Arm; old Arm; neither
# Of gcc on x86, from 12 on: 12.2 for AVX-512 moves constants of 256 bits and more by a broadcast
# when all their words but the zeros at their end are equal (12, 12, 12, 0 becomes four times 12).
_NARROW_MOVES = ("-mmove-max=128", "-mstore-max=128")
TRIED = (*_MACHINE, *_NARROW_MOVES, *_LINK)
_PARTS = ("cc1", "as", "ld")  # programs that the driver runs
# clang has a warning for a loop that stays scalar; zig adds traps and debug information unasked.
_OF_KIND = {
    "gcc": (),
    "clang": ("-Wno-pass-failed",),
    "zig": ("-Wno-pass-failed", "-fno-sanitize=undefined", "-g0"),
}
_TRIAL = "#include <math.h>\n#include <stdint.h>\ndouble gc_trial(double x) { return exp(x); }\n"


@value
class Compiler:
    """A C compiler that has been tried.

    `command` is what to run: an absolute path, then arguments of the user's choice.  `kind` is
    gcc, clang or zig.  `parts` are the files that make it up; `identity` is the digest of their
    bytes and of `version`.  `own_flags` are what this kind needs beside those all take.
    `available`: it is there now; one that has gone still names what it compiled.
    """

    command: tuple[str, ...]
    kind: str
    version: str
    parts: tuple[str, ...]
    identity: str
    machine_flags: tuple[str, ...]
    link_flags: tuple[str, ...]
    own_flags: tuple[str, ...] = ()
    available: bool = True

    def __str__(self) -> str:
        return f"{shlex.join(self.command)} ({self.version.splitlines()[0]})"


@value
class Conditions:
    """What a compiler is given: where its own programs are, how long it may take, a cache (zig).

    `at_once` is how many may run together.
    """

    search_path: str
    seconds: float
    zig_cache: Path
    at_once: int = 1

    @classmethod
    def of(cls, options: Options, store: Store) -> Conditions:
        """As the options say; only absolute folders: `.` would run what lies there by chance."""
        path = [part for part in options.search_path.split(os.pathsep) if os.path.isabs(part)]
        zig_cache = store.path / ZIG
        return cls(os.pathsep.join(path), options.compile_timeout, zig_cache, _processors())

    def environment(self, folder: Path) -> dict[str, str]:
        """All that a compiler sees of the environment; temporary files are made in `folder`."""
        return {
            "PATH": self.search_path,
            "LC_ALL": "C",
            "TMPDIR": str(folder),
            "ZIG_LOCAL_CACHE_DIR": str(folder / ZIG_LOCAL),
            "ZIG_GLOBAL_CACHE_DIR": str(self.zig_cache),
        }


def _processors() -> int:
    """Those this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def call(commands: Sequence[list[str]], folder: Path, conditions: Conditions) -> list[Finished]:
    """Run compilers in `folder`, their own temporary files included.

    Raises: CompilerNotFound, CompileError if one cannot be started.
    """
    program = show(commands[0][0])
    process = importlib.import_module("gradc.runtime.process")  # most starts compile nothing
    try:
        found: list[Finished] = process.run_all(
            commands,
            cwd=folder,
            env=conditions.environment(folder),
            seconds=conditions.seconds,
            at_once=conditions.at_once,
        )
        return found
    except FileNotFoundError:
        what = f"the compiler {program} has gone."
        raise CompilerNotFound(message(what, fix="install it again, or set config.cc.")) from None
    except OSError as error:
        what = f"the compiler {program} cannot be started: {error}."
        raise CompileError(message(what, fix="see `gradc doctor`.")) from None


def describe(command: tuple[str, ...], conditions: Conditions, digests: FileDigests) -> Compiler:
    """Ask a compiler who it is, and try which flags it takes.

    Raises: CompileError if it cannot compile a trivial file.
    """
    import shutil  # heavy
    import tempfile  # heavy

    with tempfile.TemporaryDirectory(prefix="gradc-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        ask = [[*command, "--version"]]
        ask += [[*command, f"-print-prog-name={part}"] for part in _PARTS]
        version, *answers = call(ask, folder, conditions)
        if version.status or version.timed_out:
            raise compile_error([*command, "--version"], version, conditions)
        parts = [os.path.realpath(command[0])]
        for answer in answers:
            path = shutil.which(answer.output.strip(), path=conditions.search_path)
            if answer.status == 0 and path is not None:
                parts.append(os.path.realpath(path))
        kind = _kind(command, version.output)
        taken = _try_flags(command, kind, folder, conditions)
    identity = identity_of(version.output, tuple(parts), digests)
    return Compiler(command, kind, version.output, tuple(parts), identity, *taken)


def identity_of(version: str, parts: tuple[str, ...], digests: FileDigests) -> str:
    """The digest of what a compiler says and holds."""
    return digest_of(canonical([version, [[part, _content(part, digests)] for part in parts]]))


def compile_error(argv: list[str], finished: Finished, conditions: Conditions) -> CompileError:
    """What went wrong, with the end of what the compiler said."""
    fix = "see `gradc doctor`; config.cc names another compiler."
    if finished.timed_out:
        how = f"was stopped after {conditions.seconds:g} seconds"
        fix = (
            f"see `gradc doctor`; config.compile_timeout ({conditions.seconds:g}) gives it longer."
        )
    elif finished.status < 0:
        how = f"was killed by signal {-finished.status}"
    elif finished.status:
        how = f"ended with {finished.status}"
    else:
        how = "said nothing wrong and wrote no library"
    said = [f"    {show(line)}" for line in finished.output.splitlines()[-10:]]
    what = "\n".join([f"the C compiler {show(argv[0])} {how}.", *said])
    return CompileError(message(what, fix=fix))


def _kind(command: tuple[str, ...], version: str) -> str:
    if Path(command[0]).name == "zig" or "zig-bootstrap" in version:
        return "zig"
    return "clang" if "clang" in version else "gcc"


def _content(part: str, digests: FileDigests) -> str:
    try:
        return digests.digest(Path(part))
    except OSError:  # it may be run, not read
        pass
    try:
        status = os.stat(part)
    except OSError:
        return "gone"
    return f"unread {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"


def _try_flags(
    command: tuple[str, ...], kind: str, folder: Path, conditions: Conditions
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """The machine, link and own flags that this compiler takes; one trial where it takes all."""
    (folder / SOURCE_FILE).write_text(_TRIAL)

    def trial(*flags: str) -> tuple[list[str], Finished]:
        own = (*CODE, *_OF_KIND[kind], *flags)
        argv = [*command, "-O1", *own, SOURCE_FILE, "-o", LIBRARY_FILE, "-lm"]
        return argv, call([argv], folder, conditions)[0]

    moves = _NARROW_MOVES if kind == "gcc" else ()
    if trial(_MACHINE[0], *moves, *_LINK)[1].status == 0:
        return _MACHINE[:1], _LINK, _OF_KIND[kind] + moves
    argv, plain = trial()
    if plain.status or plain.timed_out:
        raise compile_error(argv, plain, conditions)

    def taken(flags: Sequence[str]) -> tuple[str, ...]:
        return tuple(flag for flag in flags if trial(flag)[1].status == 0)

    machine = next((flag for flag in _MACHINE if flag and taken([flag])), "")
    return ((machine,) if machine else ()), taken(_LINK), _OF_KIND[kind] + taken(moves)
