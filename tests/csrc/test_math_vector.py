"""Loops over vector functions become vector code, and give the same bits wherever they start."""

import platform
import re
import shutil
import subprocess

import numpy as np
import pytest

from tests.csrc.drivers import Target, build
from tests.csrc.functions import FUNCTIONS, arguments

SUFFIX = {np.float64: "f64", np.float32: "f32"}
DTYPES = (np.float64, np.float32)
LENGTHS = range(68)
OFFSETS = range(8)
# clang does not know vector functions of other than its own libraries: trig_huge.h
SCALAR_IN_CLANG = {"sin", "cos", "tan"}


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.name)
def test_loops_vectorise(driver, f):
    if driver.target.compiler == "clang" and f.name in SCALAR_IN_CLANG:
        pytest.skip("not vectorised by clang")
    for suffix in SUFFIX.values():
        assert f"{f.name}_{suffix}" in driver.vectorised


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: d.__name__)
@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.name)
def test_body_and_tail_give_the_same_bits(driver, f, dtype):
    size = max(LENGTHS) + max(OFFSETS)
    rng = np.random.default_rng(1)
    inputs = [rng.permutation(a)[:size] for a in arguments(f, dtype, 300)]
    for x in inputs:  # beside ordinary ones: all kinds that a select takes apart
        x[5:12] = [np.nan, -np.nan, np.inf, -np.inf, 0.0, -0.0, np.finfo(dtype).smallest_subnormal]
    alone = np.concatenate([driver(f.name, *(x[i : i + 1] for x in inputs)) for i in range(size)])
    bits = np.uint64 if dtype is np.float64 else np.uint32
    out = np.empty(size + 1, dtype)
    for offset in OFFSETS:
        for length in LENGTHS:
            out[:] = 12345.0
            part = slice(offset, offset + length)
            driver.run(f.name, out[part], *(x[part] for x in inputs))
            assert (out[part].view(bits) == alone[part].view(bits)).all()
            assert out[offset + length] == 12345.0


@pytest.mark.skipif(
    platform.machine() != "x86_64" or not (shutil.which("gcc") and shutil.which("objdump")),
    reason="needs gcc for x86-64",
)
@pytest.mark.parametrize(
    "functions",
    [FUNCTIONS[::5], pytest.param(FUNCTIONS, marks=pytest.mark.slow)],
    ids=["one in five", "all"],
)
def test_avx512_builds_use_its_registers(tmp_path, functions):
    # built everywhere; the other tests run it where the CPU has it
    target = Target("gcc", ("-march=x86-64-v4", "-mprefer-vector-width=512"))
    built = build(target, functions, tmp_path)
    assert built.vectorised >= {f"{f.name}_{s}" for f in functions for s in SUFFIX.values()}
    command = ["objdump", "-d", "--no-show-raw-insn", str(tmp_path / "driver.so")]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    wide = {}
    for part in text.split("\n\n"):
        name = re.match(r"[0-9a-f]+ <run_(\w+)>:", part.strip())
        if name is not None:
            wide[name[1]] = part.count("%zmm")
    assert len(wide) == 2 * len(functions)
    assert min(wide.values()) >= 20, wide
