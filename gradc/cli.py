"""The `gradc` command: look at what gradc found on this machine, and look after its cache.

    gradc doctor                         compiler, processor, BLAS, threads, cache, versions
    gradc cache list|verify|prune|clear
    gradc why script.py [arguments]      which functions were in the cache, and why others were not
    gradc run-theano script.py [arguments]   run a program written for Theano

Exit status: 0, or 1 where something is wrong; 2 for a wrong command line.
"""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import stat
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from importlib import metadata

import numpy as np

from gradc import why
from gradc.call.lookup import Lookup
from gradc.emit.source import Source
from gradc.errors import GradcError, printable
from gradc.kernel.interface import Interface, Port
from gradc.options import Options, config
from gradc.runtime.blas import open_blas
from gradc.runtime.build import build
from gradc.runtime.cache import open_store
from gradc.runtime.cpu import cpu_features, vector_width
from gradc.runtime.directory import opened
from gradc.runtime.executable import Executable
from gradc.runtime.keys import csrc_path
from gradc.runtime.store import Store
from gradc.runtime.threads import limit, read_limits, set_limit, thread_rows
from gradc.runtime.toolchain import find_compiler, find_compilers, flags_for, host_target
from gradc.runtime.upkeep import clear, describe, entries, prune, total_size, verify

__all__ = ["main"]

Row = tuple[str, str]

_MATRIX = Port("input", "float64", 2)
_TRIAL = Interface((_MATRIX, _MATRIX), (Port("output", "float64", 2),), 0, 1)
_TRIAL_LENGTH = 1000
_TRIAL_ROUNDS = 5
_TELLING = ("sse4_2", "avx", "avx2", "fma", "avx512f", "avx512vl", "asimd", "sve")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; gives the exit status."""
    arguments = _parser().parse_args(argv)
    try:
        options = config.freeze()
        return int(arguments.run(arguments, options))
    except GradcError as error:
        print(f"gradc: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="gradc", description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(required=True, metavar="command")
    doctor = commands.add_parser("doctor", help="what gradc found on this machine")
    doctor.set_defaults(run=_doctor)
    cache = commands.add_parser("cache", help="look after the cache of compiled functions")
    actions = cache.add_subparsers(required=True, metavar="action")
    for name, run, text in (
        ("list", _list, "what is in it, most recently used first"),
        ("verify", _verify, "read everything and compare checksums"),
        ("prune", _prune, "remove damaged and left-over entries, and the oldest over the bound"),
        ("clear", _clear, "remove everything"),
    ):
        action = actions.add_parser(name, help=text, description=text)
        action.set_defaults(run=run)
        if name == "prune":
            help_ = "bytes to keep within, with K, M or G (default: config.cache_size)"
            action.add_argument("--size", type=_bytes, help=help_)
    ask = commands.add_parser("why", help="run a program; which functions were not in the cache")
    ask.add_argument("program", help="script.py, or module:function")
    ask.add_argument("arguments", nargs=argparse.REMAINDER, help="what the program takes")
    ask.set_defaults(run=_why)
    old = commands.add_parser("run-theano", help="run a program that was written for Theano")
    old.add_argument("program", help="script.py, of Python 3 or 2")
    help_ = "it is Python 2, though Python 3 could read it: 7 / 2 is 3"
    old.add_argument("--python2", action="store_true", help=help_)
    old.add_argument("arguments", nargs=argparse.REMAINDER, help="what the program takes")
    old.set_defaults(run=_run_theano)
    return parser


def _bytes(text: str) -> int:
    factors = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
    factor = factors.get(text[-1:].upper(), 1)
    digits = text[:-1] if factor > 1 else text
    if not digits.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 500M")
    return int(digits) * factor


# doctor -------------------------------------------------------------------------------------


def _doctor(_: argparse.Namespace, options: Options) -> int:
    sections: tuple[tuple[str, Callable[[Options], Iterator[Row]]], ...] = (
        ("versions", _versions),
        ("processor", _processor),
        ("settings", _settings),
        ("compiler", _compiler),
        ("threads", thread_rows),
        ("BLAS", _blas),
        ("cache", _cache),
        ("trial", _trial),
    )
    status = 0
    for title, section in sections:
        print(title)
        try:
            for name, text in section(options):
                print(f"  {name:<16} {text}")
        except (GradcError, OSError, ValueError) as error:
            status = 1
            first, *more = str(error).splitlines() or [type(error).__name__]
            print(f"  {'PROBLEM':<16} {first}")
            for line in more:
                print(f"  {'':<16} {line.strip()}")
    return status


def _versions(_: Options) -> Iterator[Row]:
    for name in ("gradc", "numpy", "cffi", "jinja2"):
        try:
            yield name, metadata.version(name)
        except metadata.PackageNotFoundError:
            yield name, "not installed"
    yield "python", platform.python_version()
    yield "system", platform.platform()


def _processor(_: Options) -> Iterator[Row]:
    features = cpu_features()
    telling = [name for name in _TELLING if name in features]
    yield "machine", platform.machine()
    yield "features", f"{' '.join(telling) or 'unknown'} ({len(features)} in all)"
    yield "vectors", f"{vector_width(features)} bytes"


def _settings(_: Options) -> Iterator[Row]:
    """What was set, and by what; then what was not."""
    origins = {name: config.origin(name) for name in config.settings}
    for name, origin in origins.items():
        if origin != "default":
            yield name, f"{printable(repr(getattr(config, name)))} by {printable(origin)}"
    yield "not set", " ".join(name for name, origin in origins.items() if origin == "default")


def _compiler(options: Options) -> Iterator[Row]:
    store = open_store(options)
    compiler = find_compiler(options, store)
    candidates = find_compilers(options, store)
    origin = next((each.origin for each in candidates if each.compiler == compiler), "the cache")
    yield "command", " ".join(map(printable, compiler.command))
    yield "version", printable(compiler.version.splitlines()[0])
    yield "why", f"{origin} (the first that works; {_origin_of('cc')})"
    for each in candidates:
        if each.compiler != compiler:
            said = each.compiler.version if each.compiler else f"of no use: {each.fault}"
            command = " ".join(map(printable, each.command))
            yield "also there", f"{command} ({printable(said.splitlines()[0])})"
    yield "flags", " ".join(flags_for(compiler, host_target(compiler), 3, options))
    level = "by a budget of compile time" if options.level is None else f"always {options.level}"
    yield "level", f"{level} ({_origin_of('level')})"
    yield "time limit", f"{options.compile_timeout} s a run ({_origin_of('compile_timeout')})"
    yield "headers", str(csrc_path() / "inline")


def _origin_of(name: str) -> str:
    origin = config.origin(name)
    return f"config.{name} is not set" if origin == "default" else f"{name} set by {origin}"


def _blas(options: Options) -> Iterator[Row]:
    blas = open_blas(options.blas)
    yield "path", str(blas.path)
    yield "says", blas.config or "nothing about itself"
    yield "kernels", blas.kernel or "unknown"
    threads = blas.threads or "unknown"
    yield "threads", f"{threads} of its own; gradc's pool calls it on blocks of a product"
    yield "from", "config.blas" if options.blas else "the installation"


def _cache(options: Options) -> Iterator[Row]:
    store = open_store(options)
    with opened(store.path, create=True) as fd:
        status = os.fstat(fd)
    yield "directory", str(store.path)
    if store.path != options.cache_dir:
        yield "note", "private to this process: the usual one cannot be used"
    mode, size = stat.S_IMODE(status.st_mode), _size(total_size(store))
    yield "mode", f"{mode:04o}, user {status.st_uid}"
    yield "size", f"{size} of {_size(options.cache_size)}, {_count(entries(store))}"


def _trial(options: Options) -> Iterator[Row]:
    """Compile, load and run a matrix product, on one thread and on all."""
    text = (csrc_path() / "machine" / "trial.c").read_text()
    compiler = find_compiler(options, open_store(options))
    start = time.perf_counter()
    library = build(Source(text, _TRIAL, 1), host_target(compiler), options)
    yield "build", f"{1e3 * (time.perf_counter() - start):.1f} ms (warm if it was in the cache)"
    product = Executable(library, _TRIAL, open_blas(options.blas))
    rng = np.random.default_rng(1)
    a, b = rng.standard_normal((2, _TRIAL_LENGTH, _TRIAL_LENGTH))
    before = limit()
    try:
        for threads in dict.fromkeys((1, read_limits(options).chosen[0])):
            set_limit(threads)
            seconds = min(_time(product, a, b) for _ in range(_TRIAL_ROUNDS))
            speed = 2e-9 * _TRIAL_LENGTH**3 / seconds
            name = f"{threads} thread{'s' if threads > 1 else ''}"
            yield name, f"{speed:.0f} GFLOP/s, float64 matrices of {_TRIAL_LENGTH} rows"
        error = float(np.abs(product([a, b])[0] - np.matmul(a, b)).max())
    finally:
        set_limit(before)
    if not error < 1e-9:  # also where it is nan; rounding alone gives some 1e-13
        raise ValueError(f"the product is wrong: numpy's differs by {error}")
    yield "result", "right"


def _time(product: Executable, a: np.ndarray, b: np.ndarray) -> float:
    start = time.perf_counter()
    product([a, b])
    return time.perf_counter() - start


# cache --------------------------------------------------------------------------------------


def _store(options: Options) -> Store | None:
    """The user's cache if it is there; never a private one."""
    if options.cache_dir is None:
        print("there is no home directory, hence no lasting cache")
        return None
    try:
        with opened(options.cache_dir):
            return Store(options.cache_dir)
    except FileNotFoundError:
        print(f"{options.cache_dir}: nothing there yet")
        return None


def _list(_: argparse.Namespace, options: Options) -> int:
    store = _store(options)
    if store is None:
        return 0
    kinds = {"v1": "library", "plans": "plan", "bad": "damaged"}
    found = entries(store)
    now = time.time()
    for item in found:
        what = printable(describe(store, item), 60)
        row = f"{kinds[item.folder]:<8} {_size(item.size):>8}  {_age(now - item.used):>8}"
        print(f"{row}  {printable(item.name[:12])}  {what}")
    print(f"{store.path}: {_count(found)}, {_size(total_size(store))}")
    return 0


def _verify(_: argparse.Namespace, options: Options) -> int:
    store = _store(options)
    if store is None:
        return 0
    sound, damaged = verify(store)
    for place in damaged:
        print(f"damaged: {printable(place)}")
    print(f"{store.path}: {sound} sound, {len(damaged)} damaged")
    return 1 if damaged else 0


def _prune(arguments: argparse.Namespace, options: Options) -> int:
    store = _store(options)
    if store is not None:
        size = options.cache_size if arguments.size is None else arguments.size
        print(f"{store.path}: {_size(prune(store, size))} freed")
    return 0


def _clear(_: argparse.Namespace, options: Options) -> int:
    store = _store(options)
    if store is not None:
        print(f"{store.path}: {_size(clear(store))} freed")
    return 0


# why ----------------------------------------------------------------------------------------


def _why(arguments: argparse.Namespace, options: Options) -> int:
    before = why.Before(options)
    found: list[Lookup] = []
    try:
        why.run(arguments.program, arguments.arguments, found)
    finally:  # also of a program that failed
        sys.stdout.flush()
        for lookup in found:
            for line in why.explain(lookup, before):
                print(line)
        hits = sum(lookup.hit for lookup in found)
        count = f"{len(found)} function{'' if len(found) == 1 else 's'}"
        print(f"{before.store.path}: {count}, {hits} in the cache")
    return 0


# run-theano ---------------------------------------------------------------------------------


def _run_theano(arguments: argparse.Namespace, options: Options) -> int:
    running = importlib.import_module("gradc.compat.theano.running")
    return int(running.run(arguments.program, arguments.arguments, arguments.python2))


def _count(found: Sequence[object]) -> str:
    return f"{len(found)} {'entry' if len(found) == 1 else 'entries'}"


def _age(seconds: float) -> str:
    """How long ago, for people."""
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"


def _size(count: int) -> str:
    """Bytes for people."""
    value, unit = float(count), "B"
    for unit in ("B", "KB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"


if __name__ == "__main__":
    sys.exit(main())
