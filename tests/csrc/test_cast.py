"""Casts between all element types are numpy's, nan and out of range included."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

import numpy as np
import pytest

from gradc.dtypes import DTYPES
from tests.csrc.drivers import FLAGS, INCLUDE, TARGETS, Target

NAMES = [name for name, info in DTYPES.items() if info.kind not in ("half", "complex")]
NUMBERS = [
    0.0, -0.0, 0.5, -0.5, 0.9999999999999999, 1.5, -1.5, 127.9, 128.0, -129.0, 255.5, 256.0, 300.0,
    32767.5, 32768.0, -32769.0, 65536.0, 2147483646.5, 2147483647.0, 2147483647.9, 2147483648.0,
    -2147483648.0, -2147483648.9, -2147483649.0, 4294967295.0, 4294967296.0, 1e12, -1e12, 2.0**52,
    2.0**53 + 2, -(2.0**62), 2.0**63 - 1024, 2.0**63, -(2.0**63), -(2.0**63) - 2048, 2.0**64 - 2048,
    2.0**64, 1e30, -1e30, np.inf, -np.inf, np.nan, 5e-324, 1e-40,
]  # fmt: skip


def samples(name: str) -> np.ndarray:
    info = DTYPES[name]
    rng = np.random.default_rng(7)
    if info.is_float:
        spread = rng.standard_normal(3000) * 10.0 ** rng.integers(-3, 21, 3000)
        with np.errstate(over="ignore"):
            return np.concatenate([NUMBERS, spread]).astype(name)
    assert info.bounds is not None
    low, high = info.bounds
    near = [low, low + 1, high, high - 1, 0, 1, low // 2, high // 2, high // 3]
    drawn = rng.integers(low, high, 3000, dtype=name if name != "bool" else "uint8", endpoint=True)
    bits = rng.integers(0, max(1, high.bit_length()), 3000).astype(drawn.dtype)
    return np.concatenate([np.array(near, name), (drawn >> bits).astype(name)])


LOOP = """\
void run_{a.suffix}_{b.suffix}(const {a.c_type} *x, {b.c_type} *y, int64_t n) {{
    _Pragma("omp simd") for (int64_t i = 0; i < n; i++)
        y[i] = gc_cast_{a.suffix}_{b.suffix}(x[i]);
}}
"""


def source() -> str:
    pairs = [(a, b) for a in map(DTYPES.get, NAMES) for b in map(DTYPES.get, NAMES)]
    return "#include <gradc/cast.h>\n" + "".join(LOOP.format(a=a, b=b) for a, b in pairs)


def built(target: Target, folder: Path, level: int) -> ctypes.CDLL:
    """The loops of all casts."""
    flags = [flag if flag != "-O3" else f"-O{level}" for flag in FLAGS]
    (folder / "cast.c").write_text(source())
    command = [target.compiler, *flags, *target.flags, f"-I{INCLUDE}"]
    command += [str(folder / "cast.c"), "-o", str(folder / "cast.so")]
    subprocess.run(command, check=True, timeout=120)
    return ctypes.CDLL(str(folder / "cast.so"))


def cast(library: ctypes.CDLL, x: np.ndarray, dtype: str) -> np.ndarray:
    """What our loops make of x."""
    out = np.empty(len(x), dtype)
    run = library[f"run_{DTYPES[x.dtype.name].suffix}_{DTYPES[dtype].suffix}"]
    run(*(ctypes.c_void_p(each.ctypes.data) for each in (x, out)), ctypes.c_int64(len(x)))
    return out


@pytest.fixture(scope="module", params=TARGETS, ids=str)
def library(
    request: pytest.FixtureRequest, thorough: bool, tmp_path_factory: pytest.TempPathFactory
) -> ctypes.CDLL:
    """As users' machines make them for the best that this one has, and by -O1 for the others."""
    best = [target for target in TARGETS if target.compiler == "gcc"][-1:]
    level = 3 if thorough or request.param in best else 1
    return built(request.param, tmp_path_factory.mktemp("cast"), level)


@pytest.mark.parametrize("name", NAMES)
def test_casts_are_numpys(name: str, library: ctypes.CDLL) -> None:
    x = samples(name)
    for other in NAMES:
        y = cast(library, x, other)
        with np.errstate(all="ignore"):
            expected = x.astype(other)
            # numpy's vector code and its scalar code differ in what does not fit: ask the latter
            for k in np.flatnonzero(y != expected):
                expected[k] = x[k : k + 1].astype(other)[0]
        wrong = np.flatnonzero(~((y == expected) | ((y != y) & (expected != expected))))
        shown = [(x[i], y[i], expected[i]) for i in wrong[:5]]
        assert not len(wrong), f"{name} to {other}: {len(wrong)} differ, {shown}"
