"""Errors of the vector functions, beside those of glibc, numpy and JAX on the same points.

    python -m benchmarks.vector_math.accuracy [names] [--count 10000000] [--json FILE]
    python -m benchmarks.vector_math.accuracy [names] --alone [--count 10000000] [--json FILE]
    python -m benchmarks.vector_math.accuracy [names] --every [--json FILE]
    python -m benchmarks.vector_math.accuracy --write [--json FILE]

The points are those of tests/csrc/functions.py: any bits, all magnitudes, the range of each
function, and the points that are hard for it.  Long double judges float64, double judges float32
(tests/csrc/judge.py), mpmath once more the worst of float64.  --alone takes gradc only, of float64,
some seconds a function; --every all 2^32 arguments of float32, some minutes.  --json keeps what was
found and adds to what is there, so that a long run may be cut into pieces; --write makes
docs/accuracy.md of the file.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import json
import platform
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.csrc.drivers import Driver, Target, build
from tests.csrc.functions import FUNCTIONS, Function, arguments
from tests.csrc.judge import Judge, build_judge
from tests.csrc.ulps import errors64, exact

__all__: list[str] = []

Array = np.ndarray[Any, Any]
TARGET = Target("gcc", ("-march=native",))
PIECE = 1_000_000
NUMPY = {"pow": "power", "atan2": "arctan2", "asin": "arcsin", "acos": "arccos", "atan": "arctan"}
NUMPY |= {"asinh": "arcsinh", "acosh": "arccosh", "atanh": "arctanh"}


PAGE = Path(__file__).resolve().parents[2] / "docs" / "accuracy.md"
HEAD = """# Accuracy of the vector functions

Generated code takes its elementary functions from `csrc/inline/gradc`, not from a library. Each is
held to 2 ulp of the true result over its whole range, denormals included, in the builds for AVX2
and for baseline x86-64, which has no fused multiply-add and whose bits may differ within that
bound. The AVX-512 build does the same operations as the AVX2 one; it is compiled everywhere and run
where the CPU has it. `python -m tests.csrc.emulated` runs it in Bochs, which emulates a Skylake-X:
920,000 arguments of all functions below and of all casts, with vectors of 64 and of 32 bytes, gave
the bits of the AVX2 build, but for three that Bochs 2.7 itself rounds wrongly (two of pow, where
the AVX2 build in Bochs errs alike, and one of vcvtudq2ps). `make test` samples every function in
every build that the machine can run; `python -m pytest tests/csrc --exhaustive` takes all 2^32
float32 arguments of the functions of one.

The tables show the largest error found, in units in the last place of the true result. The points
are the same for all columns but *all 2^32* and *1e7 points*, which are ours alone (pairs of float32
are too many for all of them): a third any bit patterns, a third numbers of all magnitudes, a third
from the range in which the function varies, and points around those that are hard: where reductions
and branches change, multiples of pi/2 and the double nearest to one, the edges of overflow and of
denormals. The true results are glibc's in long double, 64 bits, for float64 and in double for
float32. The worst point of float64 is judged once more by mpmath with 300 bits: in no row do the
two differ by 0.001 ulp. (glibc's cos and tan really are that far off beside a multiple of pi/2 near
5e255: mpmath with 2,000 bits agrees.) Where an error is in the thousands and beyond, a result is 0
or inf where a number is meant, or its digits are lost near a zero of the function; JAX flushes
denormals. sigmoid and softplus of *glibc* are its exp and log1p put together in the stable way;
softplus of *numpy* is `logaddexp(x, 0)`.

The special functions (Gamma and kin, the inverses of erf, sinc) have bounds of their own:
[accuracy-special.md](accuracy-special.md).

    python -m benchmarks.vector_math.accuracy            # 1e7 points a function and dtype
    python -m benchmarks.vector_math.accuracy --alone    # the same of float64, gradc only
    python -m benchmarks.vector_math.accuracy --every    # all float32 arguments
    python -m benchmarks.vector_math.accuracy --write    # this page
"""
TAIL = """
## Special values

Held by `tests/csrc/test_math_corners.py` and `test_math_vector.py` in every build:

- inf, nan and zeros give what C11 annex F gives: log(0) = -inf, log(-1) = nan, pow(nan, 0) = 1,
  pow(1, nan) = 1, hypot(inf, nan) = inf, atan2(0, -1) = pi. Odd functions keep the sign of zero.
- A nan stays a nan; its sign and payload are not promised.
- Denormal arguments and results are computed, not flushed.
- Exact: exp(0), exp2 and log2 of whole results, log10 of powers of ten, cbrt of cubes, pow(x, 1),
  pow(2, n), squares that fit, hypot(3 n, 4 n), cos(0), tanh(0), sin(0), asin(0), sigmoid(0) = 1/2,
  erf(inf) = 1.
- sigmoid and tanh never decrease; sigmoid lies in [0, 1], tanh in [-1, 1].
- sin, cos and tan are reduced with as many digits of 2/pi as needed: no argument is too large.
- A result depends on its argument alone: the same bits in the vector body and in the tail of a
  loop, for every length and offset.
"""


def numpy_function(f: Function) -> Callable[..., Array] | None:
    """The function of numpy, None where it has none."""
    if f.name == "softplus":
        return lambda x: np.logaddexp(x, x.dtype.type(0))
    return getattr(np, NUMPY.get(f.name, f.name), None)


def jax_function(f: Function) -> Callable[..., Array] | None:
    """JAX's, compiled; None where JAX is not installed."""
    try:
        import jax
    except ImportError:
        return None
    jax.config.update("jax_enable_x64", True)
    places = (jax.numpy, jax.nn, jax.scipy.special)
    name = NUMPY.get(f.name, f.name)
    found = next(getattr(place, name) for place in places if hasattr(place, name))
    compiled = jax.jit(found)
    return lambda *x: np.asarray(compiled(*x))


def worst(errors: Array, x: tuple[Array, ...]) -> tuple[float, list[str]]:
    """The largest error and its arguments."""
    at = int(np.argmax(errors))
    return float(errors[at]), [float(a[at]).hex() for a in x]


def peers(f: Function, judge: Judge) -> dict[str, Callable[..., Array] | None]:
    """The sides beside gradc."""
    return {
        "glibc": lambda *x: judge.libm(f, *x),
        "numpy": numpy_function(f),
        "jax": jax_function(f),
    }


def measure(
    f: Function,
    dtype: Any,
    count: int,
    driver: Driver,
    judge: Judge,
    others: dict[str, Callable[..., Array] | None],
) -> dict[str, Any]:
    """Largest errors of all sides on about `count` points, in pieces with seeds of their own."""
    sides = {"gradc": lambda *x: driver(f.name, *x), **others}
    found: dict[str, tuple[float, list[str]]] = {}
    points = 0
    for seed in range(max(1, count // PIECE)):
        x = arguments(f, dtype, min(count, PIECE), seed=seed)
        points += len(x[0])
        for name, side in sides.items():
            if side is not None:
                with np.errstate(all="ignore"):
                    new = worst(judge.errors(f, side(*x), *x), x)
                found[name] = max(found.get(name, new), new)
    out: dict[str, Any] = {"points": points, **{name: list(v) for name, v in found.items()}}
    if dtype is np.float64:
        at = tuple(np.array([float.fromhex(h)]) for h in found["gradc"][1])
        out["mpmath"] = float(errors64(driver(f.name, *at), exact(f.exact, at, 300))[0])
    return out


def every(f: Function, judge: Judge) -> list[Any]:
    """The largest error on all 2^32 arguments of float32."""
    return list(max(judge.every(f, start, 2**28) for start in range(0, 2**32, 2**28)))


def versions() -> str:
    """Machine and versions, in one sentence."""
    cpu = (
        Path("/proc/cpuinfo").read_text().split("model name", 1)[1].split("\n", 1)[0].strip("\t: ")
    )
    compiler = subprocess.run(["gcc", "--version"], capture_output=True, text=True, check=True)
    names = {"numpy": np.__version__}
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        names["JAX"] = importlib.metadata.version("jax")
    libraries = ", ".join(f"{name} {version}" for name, version in names.items())
    flags = Path("/proc/cpuinfo").read_text()
    level = next(name for name in ("avx512dq", "avx2", "sse2") if name in flags)
    return (
        f"{cpu}, {level}; {compiler.stdout.splitlines()[0]}, flags of tests/csrc/drivers.py with "
        f"{' '.join(TARGET.flags)}; {' '.join(platform.libc_ver())}, {libraries}."
    )


def page(found: dict[str, Any]) -> str:
    """docs/accuracy.md."""
    lines = [HEAD, versions(), ""]
    for dtype in ("float64", "float32"):
        lines += [f"## {dtype}", "", *table(found, dtype), ""]
    return "\n".join(lines) + TAIL


def table(found: dict[str, Any], dtype: str) -> list[str]:
    """A row a function."""
    kind, title = ("every", "all 2^32") if dtype == "float32" else ("alone", "1e7 points")
    names = ["function", title, "gradc", "glibc", "numpy", "JAX", "points", "gradc's worst at"]
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    for name, kept in found.items():
        row = kept[dtype]
        errors = [_shown(row.get(side)) for side in ("gradc", "glibc", "numpy", "jax")]
        at = ", ".join(f"{float.fromhex(x):.9g}" for x in row["gradc"][1])
        cells = [name, _shown(kept.get(kind)), *errors, f"{row['points']:.2g}", at]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _shown(side: list[Any] | None) -> str:
    if side is None:
        return "-"
    return f"{side[0]:.3f}" if side[0] < 100 else f"{side[0]:.1e}"


def main() -> None:
    """Read the command line, measure, keep."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.vector_math.accuracy")
    parser.add_argument("names", nargs="*", help="functions; all by default")
    parser.add_argument("--count", type=int, default=10_000_000)
    parser.add_argument("--alone", action="store_true", help="only gradc, only float64")
    parser.add_argument("--every", action="store_true", help="only all 2^32 float32 arguments")
    parser.add_argument("--json", type=Path, default=Path("accuracy.json"))
    parser.add_argument("--write", action="store_true", help="only write docs/accuracy.md")
    args = parser.parse_args()
    found = json.loads(args.json.read_text()) if args.json.exists() else {}
    if args.write:
        PAGE.write_text(page(found))
        return
    chosen = tuple(f for f in FUNCTIONS if not args.names or f.name in args.names)
    with tempfile.TemporaryDirectory() as folder:
        driver = build(TARGET, chosen, Path(folder))
        judge = build_judge(TARGET, chosen, Path(folder), every=args.every)
        for f in chosen:
            kept = found.setdefault(f.name, {})
            if args.alone:
                found_alone = measure(f, np.float64, args.count, driver, judge, {})
                kept["alone"] = [found_alone["mpmath"], found_alone["gradc"][1]]
            elif args.every and f.arity == 1:
                kept["every"] = every(f, judge)
            elif not args.every:
                for dtype in (np.float64, np.float32):
                    name = np.dtype(dtype).name
                    kept[name] = measure(f, dtype, args.count, driver, judge, peers(f, judge))
            args.json.write_text(json.dumps(found, indent=1))
            print(f.name, json.dumps(kept), flush=True)


if __name__ == "__main__":
    main()
