"""Find a C compiler, know it by content, and run it.

Takes Options and a Store that remembers; gives a Compiler, the host's Target, and libraries.  A
compiler is what its files hold (driver, compiler proper, assembler, linker) and what it says of
itself; it is looked at once a machine, afterwards its files' time stamps are enough.  The
environment of the caller does not reach it: with CPATH set to a folder that has a math.h of its
own, plain gcc computes exp(1) = 42.
"""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import stat
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gradc.errors import ArgumentError, CompileError, CompilerNotFound, message
from gradc.errors import printable as show
from gradc.options import Options, Target
from gradc.runtime.cpu import cpu_features, vector_width
from gradc.runtime.keys import FileDigests
from gradc.runtime.process import Finished, run
from gradc.runtime.sealed import canonical
from gradc.runtime.store import LIBRARY_FILE, SOURCE_FILE, Store, digest_of

__all__ = ["Compiler", "compile_library", "find_compiler", "flags_for", "host_target"]

_SECONDS = 120.0
_CODE = (
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
_UNSOUND = ("-ffast-math", "-Ofast", "-funsafe-math-optimizations", "-ffinite-math-only")
_PARTS = ("cc1", "as", "ld")  # programs that the driver runs
_TRIAL = "#include <math.h>\n#include <stdint.h>\ndouble gc_trial(double x) { return exp(x); }\n"


@dataclass(frozen=True, slots=True)
class Compiler:
    """A C compiler that has been tried.

    `command` is what to run: an absolute path, then arguments of the user's choice.  `parts` are
    the files that make it up; `identity` is the digest of their bytes and of `version`.
    `available`: it is there now; one that has gone still names what it compiled.
    """

    command: tuple[str, ...]
    kind: str
    version: str
    parts: tuple[str, ...]
    identity: str
    machine_flags: tuple[str, ...]
    link_flags: tuple[str, ...]
    available: bool = True

    def __str__(self) -> str:
        return f"{shlex.join(self.command)} ({self.version.splitlines()[0]})"


def find_compiler(options: Options, store: Store) -> Compiler:
    """The compiler that the options name, or the first of cc, gcc, clang on the search path.

    Raises: CompilerNotFound if there is none; CompileError if it cannot compile a trivial file.
    """
    asked = digest_of(canonical([options.cc, options.search_path]))[:16]
    note = store.get_note(f"compiler-{asked}")
    command = _locate(options)
    digests = FileDigests(store)
    if command is None:
        if note is None:
            raise _not_found(options)
        return _remembered(note, available=False)
    if note is not None and tuple(note["command"]) == command:
        known = _remembered(note)
        if _identity(known.version, known.parts, digests) == known.identity:
            return known
    found = _describe(command, options, digests)
    store.put_note(f"compiler-{asked}", asdict(found))
    digests.save()
    return found


def host_target(compiler: Compiler | None = None) -> Target:
    """This machine, and the compiler if there is one."""
    features = cpu_features()
    return Target(
        arch=platform.machine(),
        features=features,
        compiler=compiler.kind if compiler else "",
        compiler_version=compiler.version if compiler else "",
        vector_width=vector_width(features),
        flags=compiler.machine_flags if compiler else (),
    )


def flags_for(compiler: Compiler, target: Target, level: int, options: Options) -> tuple[str, ...]:
    """All flags that decide the code; places of files are not among them.

    Raises: ArgumentError for flags that would break the promises about nan, inf and denormals.
    """
    for flag in options.cflags:
        if flag in _UNSOUND:
            what = f"config.cflags: {flag} breaks isnan, and denormals in the whole process."
            raise ArgumentError(message(what, fix="leave it out."))
    fail = ("-DGRADC_FAIL_AT=1",) if options.fail_points else ()
    own = (f"-O{level}", *target.flags, *_CODE, *compiler.link_flags)
    return (*compiler.command[1:], *own, *fail, *options.cflags)


def compile_library(
    compiler: Compiler, flags: tuple[str, ...], folder: Path, include: Path, search_path: str
) -> list[str]:
    """Compile kernel.c in `folder` to kernel.so; gives the command.

    A compiler that crashes, or finds no end, gets a second chance at -O1.
    Raises: CompilerNotFound if it has gone, CompileError with the end of what it said.
    """
    places = [f"-I{include}", SOURCE_FILE, "-o", LIBRARY_FILE, "-lm"]
    argv = [compiler.command[0], *flags, *places]
    finished = _run(argv, folder, search_path)
    if _crashed(finished):
        gentle = [flag for flag in flags if flag not in ("-O2", "-O3")]
        argv = [compiler.command[0], "-O1", *gentle, *places]
        finished = _run(argv, folder, search_path)
    if finished.status or finished.timed_out or not _is_library(folder / LIBRARY_FILE):
        raise _compile_error(argv, finished)
    return argv


def _crashed(finished: Finished) -> bool:
    words = ("internal compiler error", "terminated program", "clang frontend command failed")
    said = any(word in finished.output for word in words)
    return finished.timed_out or finished.status < 0 or (finished.status != 0 and said)


def _locate(options: Options) -> tuple[str, ...] | None:
    """The absolute path of the compiler, and the words behind it."""
    path = _search_path(options.search_path)
    for name, *arguments in [shlex.split(options.cc)] if options.cc.strip() else _NAMES:
        spelled = os.path.abspath(os.path.expanduser(name)) if "/" in name else name
        found = shutil.which(spelled, path=path)
        if found is not None:
            return (_checked(found), *arguments)
    return None


_NAMES = [["cc"], ["gcc"], ["clang"]]


def _search_path(path: str) -> str:
    """Only absolute folders: `.` would run what lies in the current directory."""
    return os.pathsep.join(part for part in path.split(os.pathsep) if os.path.isabs(part))


def _checked(path: str) -> str:
    """The real path, or the given one for a link to a wrapper that looks at its name (ccache).

    Raises: CompilerNotFound if others could replace the file.
    """
    real = os.path.realpath(path)
    status = os.stat(real)
    if status.st_uid not in (0, os.geteuid()) or status.st_mode & stat.S_IWOTH:
        what = f"the compiler {show(real)} belongs to another user or is writable by everybody."
        raise CompilerNotFound(message(what, fix="name another one in config.cc."))
    same = {Path(path).name, Path(real).name}
    plain = any(word in Path(real).name for word in ("gcc", "clang", "cc", "zig"))
    return real if plain and not any("ccache" in name for name in same) else os.path.abspath(path)


def _remembered(note: dict[str, Any], *, available: bool = True) -> Compiler:
    fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in note.items()}
    return Compiler(**(fields | {"available": available}))


def _identity(version: str, parts: tuple[str, ...], digests: FileDigests) -> str:
    return digest_of(canonical([version, [[part, _content(part, digests)] for part in parts]]))


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


def _describe(command: tuple[str, ...], options: Options, digests: FileDigests) -> Compiler:
    """Ask a compiler who it is, and try which flags it takes."""
    with tempfile.TemporaryDirectory(prefix="gradc-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        version = _run([*command, "--version"], folder, options.search_path)
        if version.status or version.timed_out:
            raise _compile_error([*command, "--version"], version)
        parts = [os.path.realpath(command[0])]
        for part in _PARTS:
            answer = _run([*command, f"-print-prog-name={part}"], folder, options.search_path)
            path = shutil.which(answer.output.strip(), path=_search_path(options.search_path))
            if answer.status == 0 and path is not None:
                parts.append(os.path.realpath(path))
        machine, link = _try_flags(command, folder, options.search_path)
    kind = "clang" if "clang" in version.output else "gcc"
    identity = _identity(version.output, tuple(parts), digests)
    return Compiler(command, kind, version.output, tuple(parts), identity, machine, link)


def _try_flags(
    command: tuple[str, ...], folder: Path, search_path: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The machine and link flags that this compiler takes; one trial where it takes all."""
    (folder / SOURCE_FILE).write_text(_TRIAL)

    def trial(*flags: str) -> tuple[list[str], Finished]:
        argv = [*command, "-O1", *_CODE, *flags, SOURCE_FILE, "-o", LIBRARY_FILE, "-lm"]
        return argv, _run(argv, folder, search_path)

    if trial(_MACHINE[0], *_LINK)[1].status == 0:
        return _MACHINE[:1], _LINK
    argv, plain = trial()
    if plain.status or plain.timed_out:
        raise _compile_error(argv, plain)
    machine = next((flag for flag in _MACHINE if flag and trial(flag)[1].status == 0), "")
    link = tuple(flag for flag in _LINK if trial(flag)[1].status == 0)
    return ((machine,) if machine else ()), link


def _run(argv: list[str], folder: Path, search_path: str) -> Finished:
    """Run a compiler in `folder`, its own temporary files included."""
    environment = {"PATH": _search_path(search_path), "LC_ALL": "C", "TMPDIR": str(folder)}
    try:
        return run(argv, cwd=folder, env=environment, seconds=_SECONDS)
    except FileNotFoundError:
        what = f"the compiler {show(argv[0])} has gone."
        raise CompilerNotFound(message(what, fix="install it again, or set config.cc.")) from None
    except OSError as error:
        what = f"the compiler {show(argv[0])} cannot be started: {error}."
        raise CompileError(message(what, fix="see `gradc doctor`.")) from None


def _is_library(path: Path) -> bool:
    """A compiler may claim success and leave nothing."""
    try:
        return path.stat().st_size > 0
    except OSError:
        return False


def _not_found(options: Options) -> CompilerNotFound:
    wanted = f"{show(options.cc)!r} is not there" if options.cc else "no cc, gcc or clang is there"
    what = f"no C compiler: {wanted} (searched {show(options.search_path)})."
    fix = "install one (Debian, Ubuntu: apt install gcc libc6-dev), or name it in config.cc."
    return CompilerNotFound(message(what, fix=fix))


def _compile_error(argv: list[str], finished: Finished) -> CompileError:
    if finished.timed_out:
        how = f"was stopped after {_SECONDS:.0f} seconds"
    elif finished.status < 0:
        how = f"was killed by signal {-finished.status}"
    elif finished.status:
        how = f"ended with {finished.status}"
    else:
        how = "said nothing wrong and wrote no library"
    said = [f"    {show(line)}" for line in finished.output.splitlines()[-10:]]
    what = "\n".join([f"the C compiler {show(argv[0])} {how}.", *said])
    return CompileError(message(what, fix="see `gradc doctor`; config.cc names another compiler."))
