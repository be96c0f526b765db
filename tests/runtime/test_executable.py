"""The call path: plan, outputs, run; failures; threads; memory."""

from __future__ import annotations

import gc
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from gradc.kernel.interface import Interface, Port
from gradc.runtime.executable import Executable, KernelFailure
from gradc.runtime.library import Library
from tests.runtime import clib

F64 = "float64"

ADD = """
static int plan0(const gc_table *table, gc_frame *frame)
{
    int64_t n = frame->args[0].shape[0], m = frame->args[1].shape[0];
    const int64_t values[GC_ERROR_VALUES] = {n, m};
    if (n != m)
        return table->fail(frame, GC_ERR_LENGTH, 7, 0, values);
    frame->out_shapes[0] = n;
    frame->work_bytes[0] = n * 8;
    return GC_OK;
}
static int run0(const gc_table *table, gc_frame *frame)
{
    (void)table;
    const double *x = frame->args[0].data, *y = frame->args[1].data;
    double *out = frame->outs[0].data, *scratch = (double *)(void *)frame->work[0];
    int64_t n = frame->outs[0].shape[0];
    if ((uintptr_t)scratch % 64)
        return GC_ERR_ASSERT;
    for (int64_t i = 0; i < n; i++)
        scratch[i] = x[i] + y[i];
    for (int64_t i = 0; i < n; i++)
        out[i] = scratch[i];
    return GC_OK;
}
""" + clib.border([1, 1], [1])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("libraries")


@pytest.fixture(scope="module")
def add_library(folder: Path) -> Library:
    return clib.build(folder, ADD)


@pytest.fixture
def add(add_library: Library) -> Executable:
    return Executable(add_library, clib.vectors(2, 1))


def test_runs_and_allocates_outputs(add: Executable) -> None:
    rng = np.random.default_rng(1)
    for n in (0, 1, 7, 1000):
        x, y = rng.standard_normal((2, n))
        first = add([x, y])[0]
        second = add([x, y])[0]
        np.testing.assert_array_equal(first, x + y, strict=True)
        assert not np.shares_memory(first, second)


def test_outputs_own_their_memory_after_the_function_is_gone(add_library: Library) -> None:
    add = Executable(add_library, clib.vectors(2, 1))
    (out,) = add([np.ones(5), np.ones(5)])
    del add
    gc.collect()
    np.testing.assert_array_equal(out, np.full(5, 2.0))


def test_failure_names_code_site_and_values(add: Executable) -> None:
    with pytest.raises(KernelFailure) as caught:
        add([np.ones(3), np.ones(4)])
    failure = caught.value
    assert (failure.code, failure.site, failure.values) == (1, 7, (3, 4, 0, 0))
    assert str(failure) == "status 1 at site 7, values (3, 4, 0, 0)"
    # and the function goes on working
    np.testing.assert_array_equal(add([np.ones(3), np.ones(3)])[0], np.full(3, 2.0))


def test_steady_state_allocates_nothing(add: Executable) -> None:
    x = np.ones(1000)
    add([x, x])
    before = add.allocations
    assert before == 2  # the call itself, and its workspace
    for n in (1000, 10, 999, 1000):
        add([x[:n].copy(), x[:n].copy()])
    with pytest.raises(KernelFailure):
        add([x, x[:3].copy()])
    add([x, x])
    assert add.allocations == before
    add([np.ones(1001), np.ones(1001)])
    assert add.allocations == before + 1


def test_arrays_that_are_not_as_declared_are_refused(add: Executable) -> None:
    x = np.ones(3)
    for args, code in (
        ([x], -1),
        ([x, x, x], -1),
        ([x, 3.0], -1),
        ([x, x.view(np.matrix)], -1),
        ([x, np.ones((3, 1))], -2),
        ([x, np.ones(3, "float32")], -2),
        ([x, np.ones(3, ">f8")], -2),
        ([x, np.ones(6)[::2]], -2),
        ([x, np.frombuffer(b"0" * 25, "u1")[1:].view("f8")], -2),
    ):
        with pytest.raises(KernelFailure) as caught:
            add(args)
        assert caught.value.code == code
    np.testing.assert_array_equal(add([x, x])[0], x + x)


STRIDED = """
static int plan0(const gc_table *table, gc_frame *frame)
{
    (void)table;
    frame->out_shapes[0] = frame->args[0].shape[0];
    frame->out_shapes[1] = frame->args[0].shape[1];
    return GC_OK;
}
static int run0(const gc_table *table, gc_frame *frame)
{
    (void)table;
    const gc_array *x = &frame->args[0], *out = &frame->outs[0];
    if (out->strides[0] != out->shape[1] * 4 || out->strides[1] != 4)
        return GC_ERR_ASSERT;
    for (int64_t i = 0; i < x->shape[0]; i++)
        for (int64_t j = 0; j < x->shape[1]; j++)
            ((float *)out->data)[i * x->shape[1] + j] =
                *(const float *)(const void *)
                    ((const char *)x->data + i * x->strides[0] + j * x->strides[1]);
    return GC_OK;
}
""" + clib.border([2], [2])


def test_strides_arrive_in_bytes(folder: Path) -> None:
    interface = Interface(
        (Port("input", "float32", 2, (0, 1)),), (Port("output", "float32", 2),), 0, 1
    )
    copy = Executable(clib.build(folder, STRIDED), interface)
    base = np.arange(120, dtype="float32").reshape(10, 12)
    for x in (base, base.T, base[2:5, 3:], base[:, 4:].T, base[:, 3:4], base[::3]):
        np.testing.assert_array_equal(copy([x])[0], x, strict=True)
    for x in (base[::-1, ::3], np.broadcast_to(base[:1], (4, 12))):
        with pytest.raises(KernelFailure, match="status -2"):
            copy([x])


# w <- w[:n] * 2 where n = length of x; the output is the sum of the new w, 0-d.
UPDATE = """
static int plan0(const gc_table *table, gc_frame *frame)
{
    (void)table;
    frame->out_shapes[0] = frame->args[0].shape[0];
    return GC_OK;
}
static int run0(const gc_table *table, gc_frame *frame)
{
    const double *x = frame->args[0].data, *w = frame->args[1].data;
    double *sum = frame->outs[0].data, *out = frame->outs[1].data;
    int64_t n = frame->args[0].shape[0];
    *sum = 0;
    for (int64_t i = 0; i < n; i++) {
        if (x[i] < 0) {
            const int64_t values[GC_ERROR_VALUES] = {i, n, 0};
            return table->fail(frame, GC_ERR_INDEX, 3, i, values);
        }
        *sum += x[i];
    }
    for (int64_t i = 0; i < n; i++)
        out[i] = w[i] * 2;
    return GC_OK;
}
""" + clib.border([1, 1], [0, 1])


@pytest.fixture
def update(folder: Path) -> Executable:
    interface = Interface(
        (Port("input", F64, 1), Port("shared", F64, 1)),
        (Port("output", F64, 0), Port("update", F64, 1, shared=1)),
        0,
        1,
    )
    return Executable(clib.build(folder, UPDATE), interface)


def test_update_of_the_same_length_is_in_place(update: Executable) -> None:
    w = np.arange(4.0)
    view = w[1:]
    total, new = update([np.ones(4), w])
    assert new is w
    assert total.shape == ()
    assert total == 4
    np.testing.assert_array_equal(w, [0, 2, 4, 6])
    np.testing.assert_array_equal(view, [2, 4, 6])


def test_update_of_another_length_is_a_new_array(update: Executable) -> None:
    w = np.arange(4.0)
    _, new = update([np.ones(2), w])
    assert not np.shares_memory(new, w)
    np.testing.assert_array_equal(new, [0, 2])
    np.testing.assert_array_equal(w, np.arange(4.0))


def test_failure_leaves_shared_storage_alone(update: Executable) -> None:
    w = np.arange(4.0)
    with pytest.raises(KernelFailure) as caught:
        update([np.array([1.0, 1.0, -1.0, 1.0]), w])
    assert (caught.value.code, caught.value.site, caught.value.values) == (2, 3, (2, 4, 0, 0))
    np.testing.assert_array_equal(w, np.arange(4.0))


# Two segments: how many are positive; then those.
POSITIVE = """
static int plan0(const gc_table *table, gc_frame *frame)
{
    (void)table;
    frame->work_bytes[0] = frame->args[0].shape[0];
    return GC_OK;
}
static int run0(const gc_table *table, gc_frame *frame)
{
    (void)table;
    const double *x = frame->args[0].data;
    frame->sizes[0] = 0;
    for (int64_t i = 0; i < frame->args[0].shape[0]; i++) {
        frame->work[0][i] = x[i] > 0;
        frame->sizes[0] += frame->work[0][i];
    }
    *(int64_t *)frame->outs[0].data = frame->sizes[0];
    return GC_OK;
}
static int plan1(const gc_table *table, gc_frame *frame)
{
    const int64_t values[GC_ERROR_VALUES] = {frame->sizes[0]};
    if (frame->sizes[0] == 13)
        return table->fail(frame, GC_ERR_SIZE, 1, 0, values);
    frame->out_shapes[0] = frame->sizes[0];
    return GC_OK;
}
static int run1(const gc_table *table, gc_frame *frame)
{
    (void)table;
    const double *x = frame->args[0].data;
    double *out = frame->outs[1].data;
    for (int64_t i = 0; i < frame->args[0].shape[0]; i++)
        if (frame->work[0][i])
            *out++ = x[i];
    return GC_OK;
}
""" + clib.border([1], [0, 1], sizes=1, segments=2)


def test_segments_plan_from_what_earlier_ones_computed(folder: Path) -> None:
    outs = (Port("output", "int64", 0), Port("output", F64, 1, segment=1))
    positive = Executable(
        clib.build(folder, POSITIVE), Interface((Port("input", F64, 1),), outs, 1, 2)
    )
    x = np.random.default_rng(2).standard_normal(500)
    for n in (500, 0, 50):
        count, kept = positive([x[:n].copy()])
        np.testing.assert_array_equal(kept, x[:n][x[:n] > 0], strict=True)
        assert count == len(kept)
    with pytest.raises(KernelFailure) as caught:
        positive([np.ones(13)])
    assert caught.value.values[0] == 13


def test_no_memory_for_a_workspace(folder: Path) -> None:
    text = ADD.replace("frame->work_bytes[0] = n * 8", "frame->work_bytes[0] = INT64_MAX - n")
    add = Executable(clib.build(folder, text), clib.vectors(2, 1))
    with pytest.raises(KernelFailure) as caught:
        add([np.ones(5), np.ones(5)])
    assert (caught.value.code, caught.value.values[0]) == (5, 2**63 - 1 - 5)


def test_a_library_with_another_border_is_refused(folder: Path, add_library: Library) -> None:
    for interface, reason in (
        (clib.vectors(3, 1), "arguments: the library has 2, expected 3"),
        (clib.vectors(2, 2), "outputs: the library has 1, expected 2"),
        (
            Interface(clib.vectors(2, 1).args, (Port("output", F64, 2),), 0, 1),
            "output lengths: the library has 1, expected 2",
        ),
        (
            Interface(clib.vectors(2, 1).args, clib.vectors(2, 1).outs, 4, 1),
            "sizes: the library has 0, expected 4",
        ),
        (
            Interface(clib.vectors(2, 1).args, clib.vectors(2, 1).outs, 0, 2),
            "segments: the library has 1, expected 2",
        ),
    ):
        with pytest.raises(OSError, match="cannot load") as caught:
            Executable(add_library, interface)
        assert str(caught.value) == f"cannot load {add_library.path}: {reason}"
    other = clib.build(folder, ADD.replace(".abi = GC_ABI", ".abi = GC_ABI + 1"))
    with pytest.raises(OSError, match=r"ABI: the library has \d+, expected \d+; build gradc again"):
        Executable(other, clib.vectors(2, 1))
    empty = clib.build(folder, "extern int nothing; int nothing;")
    with pytest.raises(OSError, match="exports no gradc_library"):
        Executable(empty, clib.vectors(2, 1))
    with pytest.raises(OSError, match="cannot open shared object"):
        Executable(Library(folder / "missing.so", "", ()), clib.vectors(2, 1))


def test_eight_threads_in_one_function(add: Executable) -> None:
    barrier = threading.Barrier(8)

    def work(seed: int) -> int:
        rng = np.random.default_rng(seed)
        wrong = 0
        barrier.wait()
        for _ in range(500):
            x, y = rng.standard_normal((2, int(rng.integers(1, 300))))
            wrong += not np.array_equal(add([x, y])[0], x + y)
        return wrong

    with ThreadPoolExecutor(8) as executor:
        assert sum(executor.map(work, range(8))) == 0


def test_inputs_are_not_written_and_no_reference_is_lost(add: Executable) -> None:
    x = np.ones(3)
    x.flags.writeable = False
    before = sys.getrefcount(x)
    for _ in range(10):
        add([x, x])
    assert sys.getrefcount(x) == before


def test_a_step_can_be_made_to_fail(folder: Path, add: Executable) -> None:
    text = ADD.replace(".sizes", ".fail_points = 3, .sizes").replace(
        "(void)table;",
        "const int64_t step[GC_ERROR_VALUES] = {2};"
        "if (frame->fail_at == 2) return table->fail(frame, GC_ERR_INJECTED, -1, 0, step);",
    )
    assert add.fail_points == 0
    add = Executable(clib.build(folder, text), clib.vectors(2, 1))
    assert add.fail_points == 3
    add([np.ones(3), np.ones(3)])
    add.fail_at(2)
    with pytest.raises(KernelFailure) as caught:
        add([np.ones(3), np.ones(3)])
    assert (caught.value.code, caught.value.values[0]) == (9, 2)
    add.fail_at(None)
    add([np.ones(3), np.ones(3)])
