"""Compile a loop for every vector function and call it on numpy arrays.

One file of C with one loop a line, so that a line of the compiler's report names its loop.
"""

import ctypes
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.csrc.functions import Function

INCLUDE = Path(__file__).resolve().parents[2] / "csrc" / "inline"
FLAGS = (
    *("-O3", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off", "-fwrapv"),
    *("-fopenmp-simd", "-std=c11", "-shared", "-fPIC"),
    *("-Wall", "-Wextra", "-Wconversion", "-Werror"),
)
DTYPES = {np.dtype(np.float64): ("double", "f64"), np.dtype(np.float32): ("float", "f32")}


@dataclass(frozen=True, slots=True)
class Target:
    """A compiler and what it compiles for."""

    compiler: str
    flags: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join((self.compiler, *self.flags))


@dataclass(frozen=True, slots=True)
class Driver:
    """A built library and what the compiler said about its loops."""

    target: Target
    library: ctypes.CDLL
    vectorised: frozenset[str]

    def run(self, name: str, out: np.ndarray, *inputs: np.ndarray) -> None:
        """Call the loop of one function over all of `out`."""
        suffix = DTYPES[out.dtype][1]
        pointers = [ctypes.c_void_p(x.ctypes.data) for x in (*inputs, out)]
        self.library[f"run_{name}_{suffix}"](*pointers, ctypes.c_int64(len(out)))

    def __call__(self, name: str, *inputs: np.ndarray) -> np.ndarray:
        arrays = [np.ascontiguousarray(x) for x in inputs]
        out = np.empty_like(arrays[0])
        self.run(name, out, *arrays)
        return out


def _targets() -> tuple[Target, ...]:
    """gcc for the baseline, AVX2 and (if this machine has it) AVX-512; clang if there is one."""
    out = [Target("gcc", ("-march=native",))]
    if platform.machine() == "x86_64":
        flags = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
        levels = {"x86-64": "sse2", "x86-64-v3": "avx2", "x86-64-v4": "avx512dq"}
        out = [Target("gcc", (f"-march={n}",)) for n, need in levels.items() if need in flags]
    if shutil.which("clang"):
        # it warns of the loops it does not vectorise
        out.append(Target("clang", ("-march=native", "-Wno-pass-failed")))
    return tuple(t for t in out if shutil.which(t.compiler))


TARGETS = _targets()


def source(functions: tuple[Function, ...]) -> tuple[str, dict[int, str]]:
    """The C text and the name of the loop on each line."""
    lines = ['#include "gradc/math.h"']
    loops = {}
    for f in functions:
        names = ("x", "y")[: f.arity]
        for c_type, suffix in DTYPES.values():
            for at in (2, 3):  # gcc names the line of the loop, clang that of the pragma
                loops[len(lines) + at] = f"{f.name}_{suffix}"
            params = "".join(f"const {c_type} *restrict {x}, " for x in names)
            call = ", ".join(f"{x}[i]" for x in names)
            lines += [
                f"void run_{f.name}_{suffix}({params}{c_type} *restrict out, int64_t n) {{",
                '    _Pragma("omp simd")',
                f"    for (int64_t i = 0; i < n; i++) out[i] = gc_{f.name}_{suffix}({call});",
                "}",
            ]
    return "\n".join(lines) + "\n", loops


def build(target: Target, functions: tuple[Function, ...], directory: Path) -> Driver:
    """Compile without warnings, load, and read which loops became vector code."""
    text, loops = source(functions)
    path = directory / "driver.c"
    path.write_text(text)
    report = "-fopt-info-vec" if target.compiler == "gcc" else "-Rpass=loop-vectorize"
    command = [target.compiler, *FLAGS, *target.flags, report, f"-I{INCLUDE}", str(path)]
    library = directory / "driver.so"
    done = subprocess.run([*command, "-o", str(library)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = re.findall(r"driver\.c:(\d+):\d+: (?:optimized: loop|remark:) vectorized", done.stderr)
    names = frozenset(loops[int(n)] for n in found if int(n) in loops)
    return Driver(target, ctypes.CDLL(str(library)), names)
