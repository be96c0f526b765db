"""Judges in C for many points: float64 by long double, float32 by double, both of glibc's libm.

On x86-64 a long double has 64 bits, so that its libm is right to some 0.001 ulp of float64; where
long double is double (not so on x86-64) the judge of float64 is mpmath alone.
"""

from __future__ import annotations

import ctypes
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.csrc.drivers import FLAGS, INCLUDE, Target
from tests.csrc.functions import Function

BLOCK = 4096

# {l}: suffix of the libm, {x} the argument; where it is not "name{l}(x)"
FORMS = {
    "sigmoid": "({x} < 0 ? exp{l}({x}) : 1) / (1 + exp{l}(-fabs{l}({x})))",
    "softplus": "({x} > 0 ? {x} : 0) + log1p{l}(exp{l}(-fabs{l}({x})))",
}

HEAD = r"""
#include <math.h>
#include <stdint.h>
#include "gradc/math.h"

static double error(long double got, long double true, int digits, int least, int most) {
    if (isnan(got) || isnan(true)) return isnan(got) && isnan(true) ? 0.0 : INFINITY;
    const long double limit = ldexpl(1, most);
    got = isinf(got) ? copysignl(limit, got) : got;
    true = fabsl(true) > limit ? copysignl(limit, true) : true;
    int exponent;
    frexpl(true, &exponent);
    exponent = exponent - digits < least ? least : exponent - digits;
    return (double)ldexpl(fabsl(got - true), -exponent);
}

/* The same for finite float32 and float64, quickly. */
static inline double error_f32(float got, double true) {
    const double exponent = gc_small_uint_f64(gc_bits_f64(true) >> 52 & 0x7ff, 1022.0 + 24.0);
    const double unit = exponent < -149.0 ? -149.0 : exponent;
    const uint64_t field = gc_bits_f64(0x1p52 + 1023.0 - unit) << 52;
    return fabs(got - true) * gc_from_bits_f64(field);
}

/* Both nan, or both beyond the range of float32 with one sign. */
static inline int same_kind(float got, double true) {
    if (isnan(got)) return isnan(true);
    return isinf(got) && copysign(1.0, got) * true >= 0x1p128;
}
"""

ERRORS = r"""
void errors_{name}_{s}({params}, const {T} *got, double *out, int64_t n) {{
    for (int64_t i = 0; i < n; i++)
        out[i] = error(got[i], {judge}, {digits}, {least}, {most});
}}
void libm_{name}_{s}({params}, {T} *out, int64_t n) {{
    for (int64_t i = 0; i < n; i++) out[i] = ({T})({libm});
}}
"""

# The float64 function, itself judged on its own, is the judge at first: it is a vector function.
# glibc judges again what comes out as the worst so far, and where one is nan or inf alone.
EVERY = r"""
double every_{name}(uint32_t start, uint64_t count, double *at) {{
    float x[{block}], y[{block}];
    double true[{block}], miss[{block}];
    double worst = 0;
    for (uint64_t from = 0; from < count; from += {block}) {{
        for (uint32_t i = 0; i < {block}; i++)
            x[i] = gc_from_bits_f32(start + (uint32_t)from + i);
        _Pragma("omp simd") for (int i = 0; i < {block}; i++) y[i] = gc_{name}_f32(x[i]);
        _Pragma("omp simd") for (int i = 0; i < {block}; i++) true[i] = gc_{name}_f64((double)x[i]);
        _Pragma("omp simd") for (int i = 0; i < {block}; i++) miss[i] = error_f32(y[i], true[i]);
        for (int i = 0; i < {block}; i++) {{
            if (miss[i] <= worst || same_kind(y[i], true[i])) continue;
            const double again = error(y[i], {judge}, 24, -149, 128);
            if (again > worst) worst = again, *at = x[i];
        }}
    }}
    return worst;
}}
"""


def _call(f: Function, suffix: str, arguments: tuple[str, ...]) -> str:
    form = FORMS.get(f.name)
    if form is not None:
        return form.format(l=suffix, x=arguments[0])
    return f"{f.name}{suffix}({', '.join(arguments)})"


def _source(functions: tuple[Function, ...], every: bool) -> str:
    lines = [HEAD]
    for f in functions:
        names = ("x", "y")[: f.arity]
        for T, s, wide, limits in (
            ("double", "f64", "long double", (53, -1074, 1024)),
            ("float", "f32", "double", (24, -149, 128)),
        ):
            own, above = ("", "l") if s == "f64" else ("f", "")
            fields = {
                "name": f.name,
                "s": s,
                "T": T,
                "params": ", ".join(f"const {T} *{x}" for x in names),
                "judge": _call(f, above, tuple(f"({wide}){x}[i]" for x in names)),
                "libm": _call(f, own, tuple(f"{x}[i]" for x in names)),
            }
            digits, least, most = limits
            lines.append(ERRORS.format(**fields, digits=digits, least=least, most=most))
        if every and f.arity == 1:
            judge = _call(f, "", ("(double)x[i]",))
            lines.append(EVERY.format(name=f.name, judge=judge, block=BLOCK))
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Judge:
    """The built judges."""

    library: ctypes.CDLL

    def errors(self, f: Function, got: np.ndarray, *inputs: np.ndarray) -> np.ndarray:
        """Errors in ulp of results of either dtype."""
        out = np.empty(len(got))
        self._run("errors", f, (*inputs, got, out), got.dtype)
        return out

    def libm(self, f: Function, *inputs: np.ndarray) -> np.ndarray:
        """What glibc gives in the dtype of the inputs."""
        out = np.empty_like(inputs[0])
        self._run("libm", f, (*inputs, out), out.dtype)
        return out

    def every(self, f: Function, start: int, count: int) -> tuple[float, float]:
        """The largest error, and its argument, on `count` float32 bit patterns from `start` on."""
        at = ctypes.c_double(0.0)
        run = self.library[f"every_{f.name}"]
        run.restype = ctypes.c_double
        worst = run(ctypes.c_uint32(start), ctypes.c_uint64(count), ctypes.byref(at))
        return worst, at.value

    def _run(self, what: str, f: Function, arrays: tuple[np.ndarray, ...], dtype) -> None:
        suffix = "f64" if dtype == np.float64 else "f32"
        pointers = [ctypes.c_void_p(a.ctypes.data) for a in arrays]
        self.library[f"{what}_{f.name}_{suffix}"](*pointers, ctypes.c_int64(len(arrays[-1])))


def build_judge(
    target: Target, functions: tuple[Function, ...], directory: Path, *, every: bool = False
) -> Judge:
    """Compile the judges; with `every`, also the functions under test, as `target` says."""
    path = directory / "judge.c"
    path.write_text(_source(functions, every))
    flags = [flag for flag in FLAGS if not flag.startswith(("-W", "-std", "-O"))]
    flags.append("-O3" if every else "-O1")
    command = [target.compiler, *flags, *target.flags, "-std=gnu11", f"-I{INCLUDE}", str(path)]
    library = directory / "judge.so"
    subprocess.run([*command, "-o", str(library), "-lm"], check=True)
    return Judge(ctypes.CDLL(str(library)))
