"""Compilers: found, known by content, run under our conditions; stubs play the bad ones."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from gradc.errors import ArgumentError, CompileError, CompilerNotFound
from gradc.options import Options, Target
from gradc.runtime import process, toolchain
from gradc.runtime.build import target_meanwhile
from gradc.runtime.compiler import Conditions
from gradc.runtime.cpu import cpu_features, vector_width
from gradc.runtime.process import run
from gradc.runtime.store import LIBRARY_FILE, SOURCE_FILE, Store
from gradc.runtime.toolchain import (
    compile_library,
    find_compiler,
    find_compilers,
    flags_for,
    host_target,
)
from gradc.value import replace
from tests.runtime import cachelib

INCLUDE = Path(__file__).resolve().parents[2] / "csrc" / "inline"
TRIVIAL = "int gc_answer(void);\nint gc_answer(void) { return 42; }\n"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "cache")


def options(**changes: object) -> Options:
    return Options(search_path=os.environ["PATH"], **changes)  # type: ignore[arg-type]


def stub(folder: Path, name: str, body: str) -> Path:
    """A program that pretends to be a compiler; `body` is what it does when it compiles."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(
        "#!/bin/sh\n"
        'case "$1" in --version) echo "gcc (stub) 1"; exit 0;; -print-prog*) echo; exit 0;; esac\n'
        + textwrap.dedent(body)
    )
    path.chmod(0o755)
    return path


def compile_with(path: Path, tmp_path: Path, store: Store) -> list[str]:
    compiler = find_compiler(options(cc=str(path)), store)
    flags = flags_for(compiler, host_target(compiler), 3, options())
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / SOURCE_FILE).write_text(TRIVIAL)
    return compile_library(compiler, flags, folder, INCLUDE, Conditions.of(options(), store))


def test_the_compiler_of_this_machine(store: Store, tmp_path: Path) -> None:
    compiler = find_compiler(options(), store)
    assert os.path.isabs(compiler.command[0])
    assert compiler.available
    assert compiler.kind in ("gcc", "clang", "zig")
    target = host_target(compiler)
    assert target.compiler_version == compiler.version
    flags = flags_for(compiler, target, 2, options(cflags=("-g",)))
    assert flags[0] == "-O2"
    assert flags[-1] == "-g"
    assert {"-fwrapv", "-ffp-contract=off", "-fno-math-errno", "-fopenmp-simd"} < set(flags)
    (tmp_path / SOURCE_FILE).write_text(TRIVIAL)
    command = compile_library(compiler, flags, tmp_path, INCLUDE, Conditions.of(options(), store))
    assert command[0] == compiler.command[0]
    assert (tmp_path / LIBRARY_FILE).read_bytes()[:4] == b"\x7fELF"


def test_known_after_the_first_look(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    first = find_compiler(options(), store)
    monkeypatch.setattr(process, "run_all", lambda *_, **__: pytest.fail("ran a program"))
    assert find_compiler(options(), store) == first
    assert find_compiler(options(), Store(store.path)) == first


def test_gone_compilers_still_name_what_they_compiled(store: Store, tmp_path: Path) -> None:
    path = stub(tmp_path / "bin", "gcc-stub", 'touch kernel.so; exec gcc "$@"')
    asked = options(cc=str(path))
    found = find_compiler(asked, store)
    path.unlink()
    gone = find_compiler(asked, store)
    assert gone == replace(found, available=False)


@pytest.mark.parametrize("change", ["content", "version", "same times"])
def test_identity_follows_content(change: str, store: Store, tmp_path: Path) -> None:
    path = stub(tmp_path / "bin", "gcc-stub", 'exec gcc "$@"')
    before = find_compiler(options(cc=str(path)), store)
    status = path.stat()
    text = path.read_text()
    path.write_text(text.replace("stub) 1", "stub) 2") if change == "version" else text + "\n# x")
    if change == "same times":
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    after = find_compiler(options(cc=str(path)), store)
    assert after.identity != before.identity
    assert after.command == before.command


@pytest.fixture
def no_zig(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the package ziglang were not installed."""
    monkeypatch.setattr(toolchain.importlib.util, "find_spec", lambda _: None)


@pytest.mark.usefixtures("no_zig")
def test_no_compiler(store: Store) -> None:
    with pytest.raises(CompilerNotFound) as caught:
        find_compiler(Options(search_path="/nonexistent"), store)
    assert str(caught.value) == (
        "no C compiler: no cc, gcc or clang is there (searched /nonexistent).\n"
        "  Fix: install one (Debian, Ubuntu: apt install gcc libc6-dev; any system: pip install "
        "gradc[zig]), or name it in config.cc."
    )
    with pytest.raises(CompilerNotFound, match=r"'nocc' is not there"):
        find_compiler(options(cc="nocc"), store)


@pytest.mark.usefixtures("no_zig")
def test_current_directory_is_not_searched(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub(tmp_path, "cc", "exit 1")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CompilerNotFound):
        find_compiler(Options(search_path=".::bin"), store)


def test_a_compiler_that_others_may_write_is_refused(store: Store, tmp_path: Path) -> None:
    path = stub(tmp_path / "bin", "gcc-stub", "exit 0")
    path.chmod(0o777)
    with pytest.raises(CompilerNotFound, match="writable by everybody"):
        find_compiler(options(cc=str(path)), store)


def test_arguments_behind_the_compiler(store: Store, tmp_path: Path) -> None:
    compiler = find_compiler(options(cc="gcc -g0"), store)
    assert compiler.command[1:] == ("-g0",)
    assert flags_for(compiler, Target.named("x86-64-v3"), 1, options())[:3] == (
        "-g0", "-O1", "-fpeel-loops",
    )  # fmt: skip


def test_flags_that_are_not_taken_are_left_out(store: Store, tmp_path: Path) -> None:
    body = 'for a; do case "$a" in -Wl,-z,relro*|-march=*) exit 1;; esac; done\nexec gcc "$@"'
    compiler = find_compiler(options(cc=str(stub(tmp_path / "bin", "gcc-stub", body))), store)
    assert not any("relro" in flag for flag in compiler.link_flags)
    assert "-Wl,-Bsymbolic" in compiler.link_flags
    assert compiler.machine_flags in ((), ("-mcpu=native",))


@pytest.mark.parametrize("level", [2, 3])
def test_constants_with_zeros_at_their_end_stay_what_they_are(
    level: int, store: Store, tmp_path: Path
) -> None:
    compiler = find_compiler(options(), store)
    flags = flags_for(compiler, host_target(compiler), level, options())
    rows = [[12] * some + [0] * (8 - some) for some in range(9)]
    (tmp_path / SOURCE_FILE).write_text(
        "#include <string.h>\n#include <gradc/step.h>\n"
        + "".join(
            f"GC_EXPORT void row{k}(int64_t *to)"
            f"{{ const int64_t row[] = {{{', '.join(map(str, row))}}};"
            f" memcpy(to, row, sizeof row); }}\n"
            f"GC_EXPORT void half{k}(int64_t *to)"
            f"{{ const int64_t row[] = {{{', '.join(map(str, row[:4]))}}};"
            f" for (int i = 0; i < 4; i++) to[i] = row[i]; }}\n"
            for k, row in enumerate(rows)
        )
    )
    compile_library(compiler, flags, tmp_path, INCLUDE, Conditions.of(options(), store))
    library = ctypes.CDLL(str(tmp_path / LIBRARY_FILE))
    for k, row in enumerate(rows):
        found = (ctypes.c_int64 * 8)()
        library[f"row{k}"](found)
        assert list(found) == row
        library[f"half{k}"](found)
        assert list(found)[:4] == row[:4]


@pytest.mark.parametrize("flag", ["-ffast-math", "-Ofast"])
def test_unsound_flags_are_refused(flag: str, store: Store) -> None:
    with pytest.raises(ArgumentError, match=flag):
        flags_for(find_compiler(options(), store), host_target(), 3, options(cflags=(flag,)))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("echo no good >&2; exit 4", "ended with 4.\n    no good"),
        ("kill -9 $$", "was killed by signal 9"),
        ("exit 0", "wrote no library"),
        ("printf '\\377\\376\\033[31m'; exit 1", "\\x1b[31m"),
        ("yes | head -c 10000000; exit 1", "ended with 1"),
    ],
)
def test_compilers_that_fail(body: str, words: str, store: Store, tmp_path: Path) -> None:
    # The trial passes, the real compilation (it alone has -I) does not.
    text = f'case "$*" in *" -I"*) :;; *) exec gcc "$@";; esac\n{body}\n'
    with pytest.raises(CompileError) as caught:
        compile_with(stub(tmp_path / "bin", "gcc-stub", text), tmp_path, store)
    assert words in str(caught.value)
    assert isinstance(caught.value, OSError)
    assert len(str(caught.value)) < 4000
    assert len(str(caught.value).splitlines()) <= 12


def test_a_crash_gets_a_second_chance(store: Store, tmp_path: Path) -> None:
    body = 'case "$*" in *" -I"*-O3*|*-O3*" -I"*) kill -9 $$;; esac\nexec gcc "$@"\n'
    command = compile_with(stub(tmp_path / "bin", "gcc-stub", body), tmp_path, store)
    assert "-O1" in command
    assert "-O3" not in command


def test_a_compiler_that_cannot_compile_at_all(store: Store, tmp_path: Path) -> None:
    with pytest.raises(CompileError, match=r"(?s)ended with 1.*no headers"):
        find_compiler(options(cc=str(stub(tmp_path, "gcc-x", "echo no headers; exit 1"))), store)


def test_hostile_environment_does_not_reach_the_compiler(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "math.h").write_text("#error shadowed\n")
    names = [
        "CPATH", "C_INCLUDE_PATH", "LIBRARY_PATH", "COMPILER_PATH", "GCC_EXEC_PREFIX", "CFLAGS",
        "LDFLAGS", "DEPENDENCIES_OUTPUT", "SUNPRO_DEPENDENCIES", "GCC_COMPARE_DEBUG", "LANG",
        "LD_LIBRARY_PATH", "TMPDIR", "HOME", "CCC_OVERRIDE_OPTIONS",
    ]  # fmt: skip
    for name in names:
        monkeypatch.setenv(name, str(tmp_path))
    path = stub(tmp_path / "bin", "gcc-stub", 'env > "$TMPDIR/environment"; exec gcc "$@"')
    compiler = find_compiler(options(cc=str(path)), store)
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / SOURCE_FILE).write_text("#include <math.h>\n" + TRIVIAL)
    flags = flags_for(compiler, host_target(compiler), 1, options())
    compile_library(compiler, flags, folder, INCLUDE, Conditions.of(options(), store))
    seen = {line.partition("=")[0] for line in (folder / "environment").read_text().splitlines()}
    ours = {"PATH", "LC_ALL", "TMPDIR", "ZIG_LOCAL_CACHE_DIR", "ZIG_GLOBAL_CACHE_DIR"}
    assert seen <= ours | {"PWD", "OLDPWD", "SHLVL", "_"}


# Running programs ---------------------------------------------------------------------------


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def gone_soon(pid: int) -> bool:
    end = time.monotonic() + 5
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.01)
    return not alive(pid)


SLEEPERS = "sleep 60 & echo $! > child; echo $$ > parent; wait"


def pids(folder: Path) -> list[int]:
    return [int((folder / name).read_text()) for name in ("parent", "child")]


def test_time_out_kills_the_whole_group(tmp_path: Path) -> None:
    start = time.monotonic()
    finished = run(["/bin/sh", "-c", SLEEPERS], cwd=tmp_path, env={"PATH": "/bin"}, seconds=0.5)
    assert finished.timed_out
    assert time.monotonic() - start < 5
    assert all(gone_soon(pid) for pid in pids(tmp_path))


def test_an_interrupt_kills_the_whole_group(tmp_path: Path) -> None:
    def interrupt() -> None:
        while not (tmp_path / "parent").exists() or not (tmp_path / "parent").read_text():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        run(["/bin/sh", "-c", SLEEPERS], cwd=tmp_path, env={"PATH": "/bin"}, seconds=30)
    assert all(gone_soon(pid) for pid in pids(tmp_path))


def test_an_interrupt_kills_a_compiler_that_is_asked_beside(tmp_path: Path) -> None:
    """A new cache asks its compiler in a thread while the graph goes down."""
    cc = stub(tmp_path, "cc", f"cd {tmp_path}; {SLEEPERS}")

    def work() -> None:
        while not (tmp_path / "parent").exists() or not (tmp_path / "parent").read_text():
            time.sleep(0.01)
        raise KeyboardInterrupt

    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        target_meanwhile(options(cc=str(cc), cache_dir=tmp_path / "cache"), work)
    assert time.monotonic() - start < 5
    assert all(gone_soon(pid) for pid in pids(tmp_path))


def test_a_grandchild_that_holds_the_output_is_not_waited_for(tmp_path: Path) -> None:
    start = time.monotonic()
    script = "sleep 3 & echo $! > child; echo $$ > parent; echo done"
    finished = run(["/bin/sh", "-c", script], cwd=tmp_path, env={"PATH": "/bin"}, seconds=30)
    assert (finished.status, finished.output) == (0, "done\n")
    assert time.monotonic() - start < 2
    os.kill(pids(tmp_path)[1], signal.SIGKILL)


def test_output_is_bounded_and_standard_input_empty(tmp_path: Path) -> None:
    script = "cat; yes | head -c 5000000; echo end"
    finished = run(
        ["/bin/sh", "-c", script], cwd=tmp_path, env={"PATH": "/bin:/usr/bin"}, seconds=30
    )
    assert len(finished.output) <= process._TAIL
    assert finished.output.endswith("end\n")


def test_importing_runs_nothing() -> None:
    code = (
        "import subprocess\n"
        "subprocess.Popen = None\n"
        "import gradc.runtime.toolchain, gradc.runtime.build, gradc.runtime.cache\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=INCLUDE.parents[1])


# Processors ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "features", "width"),
    [
        ("processor\t: 0\nflags\t\t: fpu sse2 avx2\n\nprocessor\t: 1\nflags\t: x\n",
         ("avx2", "fpu", "sse2"), 32),
        ("processor: 0\nflags : sse2 avx2 avx512f\n", ("avx2", "avx512f", "sse2"), 64),
        ("processor\t: 0\nFeatures\t: fp asimd\n\n", ("asimd", "fp"), 16),
        ("", (), 8),
    ],
)  # fmt: skip
def test_features_as_the_kernel_reports_them(
    text: str, features: tuple[str, ...], width: int, tmp_path: Path
) -> None:
    file = tmp_path / "cpuinfo"
    file.write_text(text)
    assert cpu_features(file) == features
    machine = "aarch64" if "asimd" in features else "riscv64"
    assert vector_width(features, machine) == width


def test_features_where_there_is_no_cpuinfo(tmp_path: Path) -> None:
    assert cpu_features(tmp_path / "none") == ()


# Several compilers --------------------------------------------------------------------------


def installed(kind: str) -> str:
    """How config.cc names a compiler of this kind; skips where there is none."""
    if kind == "zig":
        wheel = importlib.util.find_spec("ziglang")
        if wheel is None or not wheel.submodule_search_locations:
            pytest.skip("the package ziglang is not installed (pip install gradc[zig])")
        return f"{wheel.submodule_search_locations[0]}/zig cc"
    if shutil.which(kind) is None:
        pytest.skip(f"{kind} is not installed")
    return kind


@pytest.mark.parametrize("kind", ["gcc", "clang", "zig"])
def test_each_kind_is_described_and_compiles(
    kind: str, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    compiler = find_compiler(options(cc=installed(kind)), store)
    assert compiler.kind == kind
    flags = flags_for(compiler, host_target(compiler), 2, options())
    assert ("-fpeel-loops" in flags) == (kind == "gcc")
    assert ("-fno-sanitize=undefined" in flags) == (kind == "zig")
    folder = tmp_path / "work"
    folder.mkdir()
    # Division by 0 would trap with the sanitizer; fma(x, y, z) must not be made of x * y + z.
    (folder / SOURCE_FILE).write_text(
        "#include <stdint.h>\n#define API __attribute__((visibility(\"default\")))\n"
        "API int32_t twice(int32_t x); API int32_t twice(int32_t x) { return x + x; }\n"
        "API double rest(double a, double b); API double rest(double a, double b)\n"
        "{ return a * a - b * b; }\n"
    )  # fmt: skip
    compile_library(compiler, flags, folder, INCLUDE, Conditions.of(options(), store))
    library = ctypes.CDLL(str(folder / LIBRARY_FILE))
    library.rest.argtypes, library.rest.restype = [ctypes.c_double] * 2, ctypes.c_double
    assert library.twice(2**31 - 1) == -2  # wraps
    assert library.rest(0.1, 0.1) == 0.0  # not contracted
    assert list(home.iterdir()) == []
    assert (store.path / "zig").exists() == (kind == "zig")


@pytest.mark.parametrize("kind", ["gcc", "clang", "zig"])
def test_libraries_of_each_kind_are_published_and_run(kind: str, tmp_path: Path) -> None:
    chosen = cachelib.options(tmp_path / "cache", cc=installed(kind))
    library = cachelib.make(3, chosen)
    assert cachelib.value(library) == 3.0
    files = sorted(path.name for path in library.path.parent.iterdir())
    assert files == ["kernel.c", "kernel.so", "manifest.json"]
    assert list((tmp_path / "cache" / "tmp").iterdir()) == []


@pytest.mark.usefixtures("no_zig")
def test_the_first_that_works_is_used_and_all_are_listed(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    stub(folder, "cc", "echo no headers; exit 1")
    real = shutil.which("gcc") or shutil.which("cc")
    assert real is not None
    (folder / "gcc").symlink_to(real)
    stub(folder, "clang-7", "exit 3")
    stub(folder, "clang-21", 'exec cc "$@"')
    chosen = Options(search_path=str(folder))
    path = Options(search_path=f"{folder}:{os.environ['PATH']}")
    compiler = find_compiler(path, store)
    assert compiler.command == (os.path.realpath(real),)
    found = find_compilers(chosen, store)
    names = [Path(each.command[0]).name for each in found]
    assert names == ["cc", Path(os.path.realpath(real)).name, "clang-21", "clang-7"]
    assert "no headers" in found[0].fault
    assert found[0].compiler is None


@pytest.mark.usefixtures("no_zig")
def test_a_broken_compiler_is_remembered_as_such(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "bin"
    stub(folder, "cc", "exit 1")
    chosen = Options(search_path=f"{folder}:{os.environ['PATH']}")
    first = find_compiler(chosen, store)
    monkeypatch.setattr(process, "run_all", lambda *_, **__: pytest.fail("ran a program"))
    assert find_compiler(chosen, store) == first


def test_a_compiler_that_finds_no_end_is_stopped(store: Store, tmp_path: Path) -> None:
    """It and what it has started are killed, twice: the second chance is at -O1."""
    body = f'case "$*" in *" -I"*) cd {tmp_path}; {SLEEPERS}; esac\nexec gcc "$@"\n'
    chosen = options(cc=str(stub(tmp_path / "bin", "gcc-stub", body)), compile_timeout=1)
    compiler = find_compiler(chosen, store)
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / SOURCE_FILE).write_text(TRIVIAL)
    flags = flags_for(compiler, host_target(compiler), 3, chosen)
    with pytest.raises(CompileError, match=r"stopped after 1 seconds.*\n.*compile_timeout"):
        compile_library(compiler, flags, folder, INCLUDE, Conditions.of(chosen, store))
    assert all(gone_soon(pid) for pid in pids(tmp_path))


def test_an_interrupt_ends_all_parts(tmp_path: Path) -> None:
    folders = [tmp_path / str(k) for k in range(3)]
    for folder in folders:
        folder.mkdir()

    def interrupt() -> None:
        while not all((f / "parent").exists() and (f / "parent").read_text() for f in folders[:2]):
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    commands = [["/bin/sh", "-c", f"cd {folder}; {SLEEPERS}"] for folder in folders]
    with pytest.raises(KeyboardInterrupt):
        process.run_all(commands, cwd=tmp_path, env={"PATH": "/bin"}, seconds=30, at_once=2)
    assert all(gone_soon(pid) for folder in folders[:2] for pid in pids(folder))
    assert not (folders[2] / "parent").exists()  # its turn never came
    for folder in folders[:2]:
        with pytest.raises(ChildProcessError):
            os.waitpid(int((folder / "parent").read_text()), os.WNOHANG)  # no zombie


def test_programs_run_side_by_side_and_answer_in_order(tmp_path: Path) -> None:
    commands = [["/bin/sh", "-c", f"sleep 0.{9 - k}; echo {k}; exit {k}"] for k in range(4)]
    found = process.run_all(commands, cwd=tmp_path, env={"PATH": "/bin"}, seconds=30, at_once=4)
    assert [(f.status, f.output) for f in found] == [(k, f"{k}\n") for k in range(4)]


def test_last_words_are_heard(tmp_path: Path) -> None:
    """A program that is silent when it is looked at, and then speaks and ends at once."""
    for _ in range(5):
        for script in ("sleep 0.05; echo done", "sleep 0.1; printf 'one\\ntwo\\n'"):
            done = run(["/bin/sh", "-c", script], cwd=tmp_path, env={"PATH": "/bin"}, seconds=30)
            assert done.output.splitlines()[-1] in ("done", "two")


def test_last_words_between_the_look_and_the_end_are_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = process._wait

    def slow(running: dict[int, process._Running]) -> None:
        real(running)
        time.sleep(0.2)  # it speaks and ends behind our back

    monkeypatch.setattr(process, "_wait", slow)
    monkeypatch.setattr(process, "_SLICE", 0.01)
    script = "sleep 0.1; echo done"
    done = run(["/bin/sh", "-c", script], cwd=tmp_path, env={"PATH": "/bin"}, seconds=30)
    assert done.output == "done\n"
