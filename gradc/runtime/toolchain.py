"""Find C compilers, choose one, and have it make a library.

Takes Options and a Store that remembers; gives a Compiler, the host's Target, and libraries.  The
first that works is used, of: the one that config.cc names; cc, gcc, clang, versions of them
(clang-19); the zig of the package ziglang.  Each is looked at once a machine, afterwards its files'
time stamps are enough.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradc.errors import ArgumentError, CompileError, CompilerNotFound, message
from gradc.errors import printable as show
from gradc.options import Options, Target
from gradc.runtime.compiler import (
    CODE,
    TRIED,
    ZIG_LOCAL,
    Compiler,
    Conditions,
    call,
    compile_error,
    describe,
    identity_of,
)
from gradc.runtime.cpu import cpu_features, vector_width
from gradc.runtime.keys import FileDigests
from gradc.runtime.sealed import canonical
from gradc.runtime.store import LIBRARY_FILE, SOURCE_FILE, Store, digest_of
from gradc.value import fields_of, value

if TYPE_CHECKING:
    from gradc.runtime.process import Finished

__all__ = [
    "Candidate",
    "compile_library",
    "find_compiler",
    "find_compilers",
    "flags_for",
    "host_target",
    "was_asked",
]

_UNSOUND = ("-ffast-math", "-Ofast", "-funsafe-math-optimizations", "-ffinite-math-only")
_NAMES = ("cc", "gcc", "clang")
_VERSIONED = re.compile(r"(gcc|clang)-(\d+)")
_PARTS = re.compile(rb"^#define GC_PARTS (\d+)$", re.MULTILINE)


@value
class Candidate:
    """A compiler that was found: where, and what it is or why it is of no use."""

    command: tuple[str, ...]
    origin: str
    compiler: Compiler | None
    fault: str = ""


def find_compiler(options: Options, store: Store) -> Compiler:
    """The compiler that the options name, or the first that works.

    Raises: CompilerNotFound if there is none; CompileError if none can compile a trivial file.
    """
    asked = _asked(options)
    answer: dict[str, Any] = store.get_note(asked) or {"command": [], "failed": []}
    digests, failed, fault = FileDigests(store), list(answer["failed"]), None
    for command, _ in _candidates(options):
        if list(command) in failed and not options.cc:
            continue
        try:
            found = _look(command, options, store, digests)
        except CompileError as error:
            if options.cc:
                raise
            failed.append(list(command))
            fault = fault or error
            continue
        now = {"command": list(command), "failed": failed}
        if now != answer:
            store.put_note(asked, now)
        digests.save()
        return found
    if fault is not None:
        raise fault
    note = store.get_note(_note_name(tuple(answer["command"]), options))
    if note is None:
        raise _not_found(options)
    return _remembered(note, available=False)


def was_asked(options: Options, store: Store) -> bool:
    """Whether this cache knows an answer of `find_compiler`, so that it gives one at once."""
    return store.get_note(_asked(options)) is not None


def _asked(options: Options) -> str:
    return "asked-" + digest_of(canonical([options.cc, options.search_path]))[:16]


def find_compilers(options: Options, store: Store) -> tuple[Candidate, ...]:
    """Every compiler there is, in order of preference, broken ones too."""
    found: dict[tuple[str, ...], Candidate] = {}
    digests = FileDigests(store)
    everything = [*_candidates(options), *(_candidates(_unnamed(options)) if options.cc else ())]
    for command, origin in everything:
        if command in found:
            continue
        try:
            compiler, fault = _look(command, options, store, digests), ""
        except (CompileError, CompilerNotFound) as error:
            compiler, fault = None, str(error)
        found[command] = Candidate(command, origin, compiler, fault)
    digests.save()
    return tuple(found.values())


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
    clock = ("-DGRADC_PROFILE=1",) if options.profile else ()
    # The lanes of a fold become registers only when their loop is unrolled; gcc does so at -O3,
    # and else when told: sums take 1.4 times as long without.
    peel = ("-fpeel-loops",) if compiler.kind == "gcc" and level in (1, 2) else ()
    own = (f"-O{level}", *peel, *target.flags, *CODE, *compiler.own_flags, *compiler.link_flags)
    return (*compiler.command[1:], *own, *fail, *clock, *options.cflags)


def compile_library(
    compiler: Compiler,
    flags: tuple[str, ...],
    folder: Path,
    include: Path,
    conditions: Conditions,
) -> list[str]:
    """Compile kernel.c in `folder` to kernel.so; gives the command.

    A file that says it has parts (GC_PARTS) is compiled part by part, several of them together.
    A compiler that crashes, or finds no end, gets a second chance at -O1.
    Raises: CompilerNotFound if it has gone, CompileError with the end of what it said.
    """
    import shutil  # heavy

    parts = _PARTS.search((folder / SOURCE_FILE).read_bytes())
    is_quick = "-O0" in flags  # reading the file takes as long as making its code
    count = int(parts[1]) if parts and conditions.at_once > 1 and not is_quick else 1
    head = [compiler.command[0], *flags, f"-I{include}"]
    argv, finished = _compile(head, count, folder, conditions)
    if _crashed(finished):
        gentle = [flag for flag in flags if flag not in ("-O2", "-O3")]
        head = [compiler.command[0], "-O1", *gentle, f"-I{include}"]
        argv, finished = _compile(head, count, folder, conditions)
    shutil.rmtree(folder / ZIG_LOCAL, ignore_errors=True)
    if finished.status or finished.timed_out or not _is_library(folder / LIBRARY_FILE):
        raise compile_error(argv, finished, conditions)
    return argv


def _compile(
    head: list[str], count: int, folder: Path, conditions: Conditions
) -> tuple[list[str], Finished]:
    """One run for a file of one part; else one a part, and one that links."""
    tail = ["-o", LIBRARY_FILE, "-lm"]
    if count == 1:
        whole = [*head, SOURCE_FILE, *tail]
        return whole, call([whole], folder, conditions)[0]
    names = [f"part{k}.o" for k in range(count)]
    runs = [
        [*head, f"-DGC_PART={k}", "-c", SOURCE_FILE, "-o", name] for k, name in enumerate(names)
    ]
    for argv, finished in zip(runs, call(runs, folder, conditions), strict=True):
        if finished.status or finished.timed_out:
            return argv, finished
    link = [*head, *names, *tail]
    finished = call([link], folder, conditions)[0]
    for name in names:
        (folder / name).unlink(missing_ok=True)
    return link, finished


def _crashed(finished: Finished) -> bool:
    words = ("internal compiler error", "terminated program", "clang frontend command failed")
    said = any(word in finished.output for word in words)
    return finished.timed_out or finished.status < 0 or (finished.status != 0 and said)


def _look(
    command: tuple[str, ...], options: Options, store: Store, digests: FileDigests
) -> Compiler:
    """A compiler as it was described before, if it is still the same; else described now."""
    name = _note_name(command, options)
    note = store.get_note(name)
    if note is not None:
        known = _remembered(note)
        if identity_of(known.version, known.parts, digests) == known.identity:
            return known
    found = describe(command, Conditions.of(options, store), digests)
    store.put_note(name, fields_of(found))
    return found


def _note_name(command: tuple[str, ...], options: Options) -> str:
    asked = [list(command), options.search_path, list(TRIED)]
    return "compiler-" + digest_of(canonical(asked))[:16]


def _remembered(note: dict[str, Any], *, available: bool = True) -> Compiler:
    fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in note.items()}
    return Compiler(**(fields | {"available": available}))


def _unnamed(options: Options) -> Options:
    return Options(search_path=options.search_path)


def _candidates(options: Options) -> Iterator[tuple[tuple[str, ...], str]]:
    """Commands, the best first, and where each was found."""
    import shutil  # heavy

    folders = [part for part in options.search_path.split(os.pathsep) if os.path.isabs(part)]
    path = os.pathsep.join(folders)
    if options.cc.strip():
        name, *arguments = shlex.split(options.cc)
        spelled = os.path.abspath(os.path.expanduser(name)) if "/" in name else name
        found = shutil.which(spelled, path=path)
        if found is not None:
            yield (_checked(found), *arguments), "named by config.cc"
        return
    for name in _NAMES:
        found = shutil.which(name, path=path)
        if found is not None:
            yield (_checked(found),), f"{name} on the search path"
    for name in _versions_in(folders):
        found = shutil.which(name, path=path)
        if found is not None:
            yield (_checked(found),), f"{name} on the search path"
    wheel = importlib.util.find_spec("ziglang")
    for home in (wheel.submodule_search_locations or ()) if wheel else ():
        if os.access(os.path.join(home, "zig"), os.X_OK):
            yield (_checked(os.path.join(home, "zig")), "cc"), "the package ziglang"


def _versions_in(folders: list[str]) -> list[str]:
    """Names like clang-19, the newest first; looked for only where no plain name is there."""
    names: set[str] = set()
    for folder in folders:
        try:
            names.update(name for name in os.listdir(folder) if _VERSIONED.fullmatch(name))
        except OSError:
            continue
    return sorted(names, key=lambda name: int(name.rpartition("-")[2]), reverse=True)


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


def _is_library(path: Path) -> bool:
    """A compiler may claim success and leave nothing."""
    try:
        return path.stat().st_size > 0
    except OSError:
        return False


def _not_found(options: Options) -> CompilerNotFound:
    wanted = f"{show(options.cc)!r} is not there" if options.cc else "no cc, gcc or clang is there"
    what = f"no C compiler: {wanted} (searched {show(options.search_path)})."
    fix = (
        "install one (Debian, Ubuntu: apt install gcc libc6-dev; any system: pip install "
        "gradc[zig]), or name it in config.cc."
    )
    return CompilerNotFound(message(what, fix=fix))
