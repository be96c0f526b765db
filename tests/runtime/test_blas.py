"""BLAS: found, refused where it must be, called on blocks by the pool."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.kernel.interface import Interface, Port
from gradc.runtime import threads
from gradc.runtime._native import lib
from gradc.runtime.blas import Blas, bundled_path, open_blas
from gradc.runtime.executable import Executable
from tests.runtime import clib

# out = x @ y, row-major, in number[0] blocks of rows: the transposed product by columns.
PRODUCT = """
static int plan0(const gc_table *table, gc_frame *frame)
{
    (void)table;
    frame->out_shapes[0] = frame->args[0].shape[0];
    frame->out_shapes[1] = frame->args[1].shape[1];
    return GC_OK;
}
static int64_t blocks(const gc_frame *frame) { return *(const int64_t *)frame->args[2].data; }
static int block(const gc_table *table, gc_frame *frame, int64_t chunk, int64_t worker)
{
    (void)worker;
    const TYPE *x = frame->args[0].data, *y = frame->args[1].data, one = 1, zero = 0;
    TYPE *out = frame->outs[0].data;
    int64_t rows = frame->args[0].shape[0];
    int64_t begin = rows * chunk / blocks(frame), end = rows * (chunk + 1) / blocks(frame);
    int32_t m = (int32_t)(end - begin);
    int32_t n = (int32_t)frame->args[1].shape[1], k = (int32_t)frame->args[1].shape[0];
    table->blas.GEMM("N", "N", &n, &m, &k, &one, y, &n, x + begin * k, &k, &zero,
                     out + begin * n, &n);
    return GC_OK;
}
static int run0(const gc_table *table, gc_frame *frame)
{
    return table->parallel(table, frame, block, blocks(frame));
}
""" + clib.border([2, 2, 0], [2])


@pytest.fixture(scope="module")
def blas() -> Blas:
    return open_blas()


@pytest.fixture(params=["float64", "float32"])
def product(request: pytest.FixtureRequest, tmp_path: Path, blas: Blas) -> Executable:
    dtype = request.param
    flags = (
        ("-DTYPE=double", "-DGEMM=dgemm")
        if dtype == "float64"
        else ("-DTYPE=float", "-DGEMM=sgemm")
    )
    matrix = Port("input", dtype, 2)
    interface = Interface(
        (matrix, matrix, Port("input", "int64", 0)), (Port("output", dtype, 2),), 0, 1
    )
    return Executable(clib.build(tmp_path, PRODUCT, *flags), interface, blas)


@pytest.fixture(autouse=True)
def restore_limit() -> Iterator[None]:
    before = threads.limit()
    lib.gcr_set_always_share(True)
    yield
    lib.gcr_set_always_share(False)
    threads.set_limit(before)


def test_products_in_blocks(product: Executable) -> None:
    dtype = product.interface.outs[0].dtype
    rng = np.random.default_rng(6)
    for m, k, n in ((1, 1, 1), (7, 5, 3), (400, 784, 300), (64, 64, 64), (5, 0, 3)):
        x = rng.standard_normal((m, k)).astype(dtype)
        y = rng.standard_normal((k, n)).astype(dtype)
        exact = x.astype("longdouble") @ y.astype("longdouble")
        for blocks in (1, 2, 5):
            results = []
            for limit in (1, 2, 3):
                threads.set_limit(limit)
                (out,) = product([x, y, np.array(min(blocks, m))])
                # error bound of a product: Higham 2002, section 3.5, |E| <= k u |x||y|
                bound = max(k, 1) * np.finfo(dtype).eps * (abs(x) @ abs(y)) + 1e-30
                assert np.all(abs(out - exact) <= bound)
                results.append(out.tobytes())
            assert len(set(results)) == 1


def test_the_bundled_library_is_described(blas: Blas) -> None:
    assert blas.path == bundled_path()
    assert "OpenBLAS 0.3.34" in blas.config
    assert str(blas) == f"{blas.path}\n  {blas.config}"
    assert open_blas() is open_blas(bundled_path())
    assert (blas.path.parent / "LICENSE.txt").read_text().strip()


def test_opening_starts_no_thread_and_leaves_the_environment() -> None:
    script = """
import ctypes, os, sys
os.environ.pop("OPENBLAS_NUM_THREADS", None)
if sys.argv[1] != "-": os.environ["OPENBLAS_NUM_THREADS"] = sys.argv[1]
import gradc.runtime.blas as blas
count = lambda: len(os.listdir("/proc/self/task"))
before = count()
opened = blas.open_blas()
getenv = ctypes.CDLL(None).getenv
getenv.restype = ctypes.c_char_p
library = ctypes.CDLL(str(opened.path))
print(count() - before, getenv(b"OPENBLAS_NUM_THREADS"), library.scipy_openblas_get_num_threads())
"""
    for value in ("-", "2"):
        done = subprocess.run(
            [sys.executable, "-c", script, value],
            capture_output=True,
            text=True,
            check=True,
            cwd=clib.ROOT,
            env=os.environ | {"OPENBLAS_NUM_THREADS": ""},
        )
        assert done.stdout.split() == ["0", "None" if value == "-" else "b'2'", "1"]


# A reference BLAS of our own: four routines in both types (of trsm, what is tried), WIDTH bits.
STUB = """
typedef int%(width)s_t num;
#define ROUTINES(T, gemm, gemv, ger, trsm)                                                    \\
    void gemm(const char *, const char *, const num *, const num *, const num *, const T *,  \\
              const T *, const num *, const T *, const num *, const T *, T *, const num *);   \\
    void gemm(const char *ta, const char *tb, const num *m, const num *n, const num *k,       \\
              const T *alpha, const T *a, const num *lda, const T *b, const num *ldb,         \\
              const T *beta, T *c, const num *ldc)                                            \\
    {                                                                                         \\
        (void)ta, (void)tb;                                                                   \\
        for (num i = 0; i < *m; i++)                                                          \\
            for (num j = 0; j < *n; j++) {                                                    \\
                T sum = 0;                                                                    \\
                for (num p = 0; p < *k; p++)                                                  \\
                    sum += a[i + p * *lda] * b[p + j * *ldb];                                 \\
                c[i + j * *ldc] = *alpha * sum + *beta * c[i + j * *ldc];                     \\
            }                                                                                 \\
    }                                                                                         \\
    void gemv(const char *, const num *, const num *, const T *, const T *, const num *,      \\
              const T *, const num *, const T *, T *, const num *);                           \\
    void gemv(const char *t, const num *m, const num *n, const T *alpha, const T *a,          \\
              const num *lda, const T *x, const num *incx, const T *beta, T *y,               \\
              const num *incy)                                                                \\
    {                                                                                         \\
        num one = 1;                                                                          \\
        (void)incx, (void)incy;                                                               \\
        gemm(t, t, m, &one, n, alpha, a, lda, x, n, beta, y, m);                              \\
    }                                                                                         \\
    void ger(const num *, const num *, const T *, const T *, const num *, const T *,          \\
             const num *, T *, const num *);                                                  \\
    void ger(const num *m, const num *n, const T *alpha, const T *x, const num *incx,         \\
             const T *y, const num *incy, T *a, const num *lda)                               \\
    {                                                                                         \\
        T keep = 1;                                                                           \\
        num one = 1;                                                                          \\
        (void)incx, (void)incy;                                                               \\
        gemm("", "", m, n, &one, alpha, x, m, y, &one, &keep, a, lda);                        \\
    }                                                                                         \\
    void trsm(const char *, const char *, const char *, const char *, const num *,            \\
              const num *, const T *, const T *, const num *, T *, const num *);              \\
    void trsm(const char *s, const char *u, const char *t, const char *d, const num *m,       \\
              const num *n, const T *alpha, const T *a, const num *lda, T *b, const num *ldb) \\
    {                                                                                         \\
        (void)s, (void)u, (void)t, (void)d, (void)alpha;                                      \\
        for (num j = 0; j < *n; j++)                                                          \\
            for (num i = 0; i < *m; i++) {                                                    \\
                for (num p = 0; p < i; p++)                                                   \\
                    b[i + j * *ldb] -= a[i + p * *lda] * b[p + j * *ldb];                     \\
                b[i + j * *ldb] /= a[i + i * *lda];                                           \\
            }                                                                                 \\
    }
ROUTINES(double, dgemm_, dgemv_, dger_, dtrsm_)
ROUTINES(float, sgemm_, sgemv_, sger_, strsm_)
ROUTINES(double _Complex, zgemm_, zgemv_, zgeru_, ztrsm_)
ROUTINES(float _Complex, cgemm_, cgemv_, cgeru_, ctrsm_)
%(more)s
"""


def stub(folder: Path, width: int, more: str = "") -> Path:
    return clib.build(folder, STUB % {"width": width, "more": more}).path


def test_another_library_may_be_named(tmp_path: Path) -> None:
    path = stub(tmp_path, 32)
    blas = open_blas(path)
    assert blas.config == ""
    assert str(blas) == f"{path}\n  says nothing about itself"


def test_a_library_without_lapack_says_so_where_it_is_needed(tmp_path: Path) -> None:
    path = stub(tmp_path, 32)
    x = T.dmatrix("x")
    with gradc.config.override(blas=path):
        np.testing.assert_array_equal(gradc.function([x], x @ x)(np.eye(2)), np.eye(2))
        with pytest.raises(OSError, match="has no LAPACK, which this function calls"):
            gradc.function([x], T.linalg.cholesky(x))
    open_blas().require_lapack()


def test_wide_integers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="its self-test failed") as caught:
        open_blas(stub(tmp_path, 64))
    assert str(caught.value).startswith(f"cannot use {tmp_path}")
    says_so = (
        "extern const char *openblas_get_config(void);"
        'const char *openblas_get_config(void) { return "OpenBLAS USE64BITINT"; }'
    )
    with pytest.raises(OSError, match="takes 64-bit integers"):
        open_blas(stub(tmp_path, 32, says_so))


def test_files_that_are_no_blas_are_refused(tmp_path: Path) -> None:
    other = clib.build(tmp_path, "extern int nothing; int nothing;").path
    with pytest.raises(OSError, match="has no routine") as caught:
        open_blas(other)
    assert str(caught.value) == (
        f"cannot use {other} as BLAS: it has no routine scipy_dgemm_; it has no routine dgemm_; "
        "it has no routine dgemm"
    )
    with pytest.raises(OSError, match="cannot open shared object file"):
        open_blas(tmp_path / "missing.so")
    (tmp_path / "text.so").write_text("not a library")
    with pytest.raises(OSError, match="cannot use"):
        open_blas(tmp_path / "text.so")
