"""Products by panels, each instruction set's build, against numpy in longer precision."""

import ctypes
import itertools
import math
import mmap
import platform
import re
import subprocess
from functools import cache
from pathlib import Path

import numpy as np
import pytest

CSRC = Path(__file__).resolve().parents[2] / "csrc"
FLAGS = ("-std=c11", "-fPIC", "-shared", "-ffp-contract=fast", "-Wall", "-Wextra")
STRICT = ("-Wconversion", "-Werror", "-Wno-psabi")  # psabi: vectors wider than the machine's
ABI = (CSRC / "inline/gradc/abi.h").read_text()
COLUMNS = int(re.search(r"GC_PANEL_COLUMNS = (\d+)", ABI)[1])
SCRATCH = int(re.search(r"GC_PANEL_SCRATCH = (\d+) << 10", ABI)[1]) << 10
# m, n, k: below, at and above a tile (6 or 12 rows, two vectors), and stretches of k above 1024
SHAPES = [(1, 1, 1), (6, 8, 5), (5, 16, 4), (7, 9, 3), (13, 29, 33), (12, 4, 40), (8, 31, 2500),
          (70, 33, 1030), (64, 64, 64), (3, 100, 7), (61, 65, 1025), (9, 32, 17), (23, 47, 50),
          (11, 16, 31), (10, 64, 18)]  # fmt: skip
# Flags of each vector width in bytes; what is compiled first, for a build that calls it, is last.
BUILDS = {
    "16": ("-DVECTOR_BYTES=16",),
    "32": ("-DVECTOR_BYTES=32", "-mavx2", "-mfma"),
    "64": ("-DVECTOR_BYTES=64", "-mavx512f", "-mfma"),
    "64 and 32": ("-DVECTOR_BYTES=64", "-mavx512f", "-mfma", "-DNARROWER=narrower"),
}


def _builds():
    has = Path("/proc/cpuinfo").read_text().split() if platform.machine() == "x86_64" else ()
    yield "16"
    if "avx2" in has:
        yield "32"
    if "avx512f" in has:
        yield from ("64", "64 and 32")


class Panels:
    """The functions of a build."""

    def __init__(self, library):
        self._library = library
        self._table = [*(ctypes.c_void_p * 4).in_dll(library, "panels"),
                       *(ctypes.c_void_p * 2).in_dll(library, "small")]  # fmt: skip

    def stack(self, a, b, alpha, beta, c):
        """c = alpha a b + beta c, each of a stack."""
        number = ctypes.c_double if a.dtype == np.float64 else ctypes.c_float
        a_steps, b_steps, c_steps = ([s // x.itemsize for s in x.strides] for x in (a, b, c))
        self._call(4 if a.dtype == np.float64 else 5, *a.shape[:2], b.shape[2], a.shape[2],
                   number(alpha), a, *a_steps, b, *b_steps, number(beta), c, *c_steps)  # fmt: skip

    def _call(self, position, *args):
        given = [
            ctypes.c_void_p(arg.ctypes.data) if isinstance(arg, np.ndarray)
            else arg if isinstance(arg, (ctypes.c_double, ctypes.c_float)) or arg is None
            else ctypes.c_int64(arg)
            for arg in args
        ]  # fmt: skip
        ctypes.CFUNCTYPE(None)(self._table[position])(*given)

    def pack(self, b, cuts=1):
        """b in panels, packed in `cuts` parts as blocks of the pool would."""
        k, n = b.shape
        which = 0 if b.dtype == np.float64 else 1
        count = math.ceil(n / COLUMNS)
        panels = _aligned(k * count * COLUMNS, b.dtype)
        step = math.ceil(count / cuts) * COLUMNS
        for first in range(0, n, step):
            strides = (s // b.itemsize for s in b.strides)
            self._call(which, first, min(n, first + step), n, k, b, *strides, panels)
        return panels

    def rows(self, a, panels, n, alpha, beta, source, c):
        """c = alpha a b + beta source."""
        (m, k), which = a.shape, 2 if a.dtype == np.float64 else 3
        number = ctypes.c_double if a.dtype == np.float64 else ctypes.c_float
        row, col = (s // a.itemsize for s in a.strides)
        stride = c.strides[0] // c.itemsize
        self._call(which, m, n, k, number(alpha), a, row, col, panels, number(beta), source, c,
                   stride, _aligned(SCRATCH // a.itemsize, a.dtype))  # fmt: skip


def _aligned(count, dtype):
    memory = np.full(count * np.dtype(dtype).itemsize + 64, 0xFF, np.uint8)  # nan, if it is read
    start = -memory.ctypes.data % 64
    return memory[start : start + count * np.dtype(dtype).itemsize].view(dtype)


@pytest.fixture(scope="module")
def built(thorough, tmp_path_factory):
    """Give a function of a build's name: the functions, by -O3 in `make test-all`.

    tests/runtime/test_blas.py runs what was installed so.
    """
    folder = tmp_path_factory.mktemp("panels")
    command = ["cc", "-O3" if thorough else "-O1", *FLAGS, *STRICT, f"-I{CSRC / 'inline'}"]

    def compile(flags, panels, small, target, *rest):
        names = (f"-DPANELS={panels}", f"-DSMALL={small}", str(CSRC / "panels/panels.c"))
        subprocess.run(
            [*command, *flags, *names, *rest, "-o", str(target)], check=True, timeout=120
        )

    @cache
    def build(name):
        target, narrower = folder / f"{name}.so", folder / "narrower.o"
        if name == "64 and 32":
            compile((*BUILDS["32"], "-c"), "others", "narrower", narrower)
            compile(BUILDS[name], "panels", "small", target, str(narrower))
        else:
            compile(BUILDS[name], "panels", "small", target)
        return Panels(ctypes.CDLL(str(target)))

    return build


@pytest.fixture(params=list(_builds()))
def panels(request, built):
    return built(request.param)


def _operands(rng, shape, dtype, layout):
    """a and b by rows or columns, each inside a larger array."""
    m, n, k = shape
    a, b = rng.standard_normal((m, k + 3)), rng.standard_normal((k, n + 5))
    if layout[0] == "T":
        a = rng.standard_normal((k, m + 2)).T[:m]
    if layout[1] == "T":
        b = rng.standard_normal((n + 1, k)).T
    return a.astype(dtype, order="K")[:m, :k], b.astype(dtype, order="K")[:k, :n]


def _judged(a, b, alpha, beta, source):
    """The result in longer numbers, and the sum of what its terms amount to."""
    wide = np.longdouble if a.dtype == np.float64 else np.float64
    a, b, source = (np.asarray(each, wide) for each in (a, b, source))
    expected = alpha * (a @ b) + beta * source
    return expected, abs(alpha) * (abs(a) @ abs(b)) + abs(beta * source)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("layout", ["NN", "NT", "TN", "TT"])
def test_stacks_of_small_products_are_numpys(panels, dtype, layout):
    rng = np.random.default_rng(6)
    eps = np.finfo(dtype).eps
    sizes = [(1, 1, 1), (4, 4, 4), (6, 8, 5), (8, 8, 8), (13, 29, 33), (3, 2, 1024), (40, 5, 64),
             (7, 16, 9), (64, 64, 64), (2, 33, 17), (12, 32, 6), (11, 48, 10)]  # fmt: skip
    for (m, n, k), stack, (alpha, beta) in itertools.product(
        sizes, (1, 5), [(1.0, 0.0), (-0.5, 0.75)]
    ):
        pairs = [_operands(rng, (m, n, k), dtype, layout) for _ in range(stack)]
        a, b = (np.stack(each) for each in zip(*pairs, strict=True))
        if layout[0] == "T":
            a = np.ascontiguousarray(a.transpose(0, 2, 1)).transpose(0, 2, 1)
        if layout[1] == "T":
            b = np.ascontiguousarray(b.transpose(0, 2, 1)).transpose(0, 2, 1)
        for order in ("rows", "columns"):
            source = rng.standard_normal((stack, m, n)).astype(dtype)
            wide = np.full((stack, m + 1, n + 3), np.nan, dtype)
            c = wide[:, :m, :n]
            if order == "columns":
                c = np.full((stack, n, m + 2), np.nan, dtype).transpose(0, 2, 1)[:, :m, :n]
            c[...] = source if beta else np.nan
            panels.stack(a, b, alpha, beta, c)
            expected, bound = _judged(a, b, alpha, beta, source)
            assert (np.abs(c - expected) <= (k + 4) * eps * bound).all(), (m, n, k, order)
            assert np.isnan(wide[:, m:]).all()
            assert np.isnan(wide[:, :, n:]).all()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_small_product_reads_nothing_behind_its_operands(panels, dtype):
    """Operands that end where a page does, and none is mapped behind it."""
    memory = mmap.mmap(-1, 3 * mmap.PAGESIZE)
    whole = np.frombuffer(memory, np.uint8)
    libc = ctypes.CDLL(None, use_errno=True)
    behind = ctypes.c_void_p(whole.ctypes.data + 2 * mmap.PAGESIZE)
    assert libc.mprotect(behind, mmap.PAGESIZE, 0) == 0
    size = np.dtype(dtype).itemsize
    for k, n, layout in itertools.product((1, 3, 9), (1, 3, 5, 13), "NT"):
        end = whole[: 2 * mmap.PAGESIZE][-k * n * size :].view(dtype)
        b = end.reshape(n, k).T if layout == "T" else end.reshape(k, n)
        b[...] = 1
        c = np.empty((1, 4, n), dtype)
        panels.stack(np.ones((1, 4, k), dtype), b[None], 1.0, 0.0, c)
        np.testing.assert_array_equal(c, np.full((1, 4, n), k, dtype))
    libc.mprotect(behind, mmap.PAGESIZE, 3)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("layout", ["NN", "NT", "TN", "TT"])
def test_products_are_numpys(panels, dtype, layout):
    rng = np.random.default_rng(3)
    eps = np.finfo(dtype).eps
    for shape, (alpha, beta) in itertools.product(SHAPES, [(1.0, 0.0), (-0.5, 0.75)]):
        m, n, k = shape
        a, b = _operands(rng, shape, dtype, layout)
        source = rng.standard_normal((m, n)).astype(dtype)
        c = np.full((m, n), np.nan, dtype)
        panels.rows(a, panels.pack(b), n, alpha, beta, source if beta else None, c)
        expected, bound = _judged(a, b, alpha, beta, source)
        # every term and every sum may round once (Higham 2002, section 3.1)
        assert (np.abs(c - expected) <= (k + 4) * eps * bound).all(), shape


def test_more_rows_at_a_time_by_a_matrix_from_memory(panels):
    """Elements above GC_PANEL_NEAR: rows are laid out by the whole of the scratch, and more."""
    rng = np.random.default_rng(3)
    a, b = _operands(rng, (150, 531, 1000), np.float64, "NN")
    c = np.full((150, 531), np.nan)
    panels.rows(a, panels.pack(b), 531, 1.0, 0.0, None, c)
    np.testing.assert_allclose(c, a @ b, rtol=0, atol=1e-11)


def test_the_result_may_lie_where_the_source_lay_and_inside_wider_rows(panels):
    rng = np.random.default_rng(4)
    a, b = rng.standard_normal((20, 30)), rng.standard_normal((30, 21))
    whole = rng.standard_normal((20, 40))
    before, c = whole.copy(), whole[:, :21]
    panels.rows(a, panels.pack(b), 21, 2.0, 3.0, c, c)
    np.testing.assert_allclose(c, 2 * a @ b + 3 * before[:, :21], rtol=1e-13, atol=1e-12)
    np.testing.assert_array_equal(whole[:, 21:], before[:, 21:])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_bits_do_not_depend_on_how_work_is_shared_out(panels, dtype):
    rng = np.random.default_rng(5)
    a, b = _operands(rng, (50, 70, 1100), dtype, "NN")
    whole, parts = (np.empty((50, 70), dtype) for _ in range(2))
    panels.rows(a, panels.pack(b), 70, 1.5, 0.0, None, whole)
    packed = panels.pack(b, cuts=3)
    for first, last in itertools.pairwise([0, 6, 7, 25, 50]):
        panels.rows(a[first:last], packed, 70, 1.5, 0.0, None, parts[first:last])
    assert whole.tobytes() == parts.tobytes()


@pytest.mark.skipif(len(list(_builds())) < 3, reason="has no two builds of fused multiply-adds")
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_bits_do_not_depend_on_the_width_of_vectors(built, dtype):
    rng = np.random.default_rng(8)
    large, small = [], []
    a, b = _operands(rng, (50, 70, 1100), dtype, "NN")
    stack = [
        np.ascontiguousarray(rng.standard_normal(s).astype(dtype))
        for s in ((3, 13, 40), (3, 40, 45))
    ]
    for name in ("32", "64", "64 and 32"):
        whole, each = np.empty((50, 70), dtype), np.empty((3, 13, 45), dtype)
        built(name).rows(a, built(name).pack(b), 70, 1.5, 0.0, None, whole)
        built(name).stack(*stack, 1.5, 0.0, each)
        large.append(whole.tobytes())
        small.append(each.tobytes())
    assert large == large[:1] * 3
    assert small == small[:1] * 3


def test_nan_and_infinity_go_through(panels):
    a, b = np.ones((6, 3)), np.ones((3, 8))
    a[2, 1], b[0, 5] = np.nan, np.inf
    c = np.empty((6, 8))
    panels.rows(a, panels.pack(b), 8, 1.0, 0.0, None, c)
    np.testing.assert_array_equal(c, a @ b)
