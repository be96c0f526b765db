"""Programs built by hand, emitted, compiled without a warning, and run against numpy."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from gradc.emit.emit import emit
from gradc.emit.source import Source
from gradc.kernel.program import Literal_, Matrix, Nest, Product, Program, Scale, Step
from gradc.options import Options, Target
from gradc.runtime.blas import open_blas
from gradc.runtime.executable import Executable, KernelFailure
from gradc.runtime.library import Library
from gradc.runtime.threads import limit, set_limit
from gradc.sizes import Size, size
from gradc.value import replace
from tests.kernel import programs
from tests.kernel.programs import EXAMPLES, F8, Builder, Example

ROOT = Path(__file__).resolve().parents[2]
TARGET = Target.named("x86-64-v3")
STRICT = "-std=c11 -Wall -Wextra -Wconversion -Wvla -Werror -pedantic-errors"
CODE = (
    "-shared -fPIC -fvisibility=hidden -fno-math-errno -fno-trapping-math -ffp-contract=off "
    "-fwrapv -fopenmp-simd"
)
GOLDEN = ("elementwise", "long_sum", "softmax", "columns", "rows_and_columns", "positions",
          "gather", "scatter", "epilogue", "batched", "update")  # fmt: skip


@contextmanager
def limit_threads(count: int) -> Iterator[None]:
    """At most `count` threads for a block of code."""
    before = limit()
    set_limit(count)
    try:
        yield
    finally:
        set_limit(before)


def compile_to(target: Path, source: Source, *flags: str, compiler: str = "gcc") -> Library:
    """The library of a Source, compiled with all warnings as errors."""
    file = target.with_suffix(".c")
    file.write_text(source.text)
    command = [compiler, *STRICT.split(), *CODE.split(), "-DGRADC_FAIL_AT=1", *flags]
    command += ["-Wno-pass-failed"] if compiler == "clang" else []
    command += [f"-I{ROOT / 'csrc/inline'}", str(file), "-o", str(target), "-lm"]
    subprocess.run(command, check=True, timeout=120)
    return Library(target, target.stem, tuple(command))


def open_program(folder: Path, program: Program, *flags: str, compiler: str = "gcc") -> Executable:
    source = emit(program, TARGET)
    flags = flags or ("-O3", "-march=native")
    name = f"k{len(list(folder.iterdir()))}.so"
    library = compile_to(folder / name, source, *flags, compiler=compiler)
    return Executable(library, source.interface, open_blas(None))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Example, Executable]]:
    """All examples, compiled."""
    folder = tmp_path_factory.mktemp("emit")
    examples = {name: make() for name, make in EXAMPLES.items()}
    blas = open_blas(None)

    def build(name: str) -> Executable:
        source = emit(examples[name].program, TARGET)
        library = compile_to(folder / f"{name}.so", source, "-O3", "-march=native")
        return Executable(library, source.interface, blas)

    with ThreadPoolExecutor(2) as pool:
        found = dict(zip(EXAMPLES, pool.map(build, EXAMPLES), strict=True))
    return {name: (examples[name], found[name]) for name in EXAMPLES}


def run(example: Example, call: Executable, seed: int = 0) -> list[list[np.ndarray]]:
    """The results for every draw; shared variables are copied first."""
    found = []
    for draw in example.draws:
        args = [np.array(a, order="C") for a in map(np.asarray, draw(np.random.default_rng(seed)))]
        found.append([np.array(out) for out in call(args)])
    return found


@pytest.mark.parametrize("name", EXAMPLES)
def test_agrees_with_numpy(name: str, built: dict[str, tuple[Example, Executable]]) -> None:
    example, call = built[name]
    for draw, outs in zip(example.draws, run(example, call), strict=True):
        args = draw(np.random.default_rng(0))
        for out, expected in zip(outs, example.expected(*args), strict=True):
            expected = np.asarray(expected)
            assert (out.dtype, out.shape) == (expected.dtype, expected.shape)
            np.testing.assert_allclose(out, expected, rtol=example.rtol, atol=example.rtol)


@pytest.mark.parametrize("name", EXAMPLES)
def test_any_number_of_threads_gives_the_same_bits(
    name: str, built: dict[str, tuple[Example, Executable]]
) -> None:
    example, call = built[name]
    with limit_threads(1):
        alone = run(example, call)
    with limit_threads(3):
        together = run(example, call)
    for one, other in zip(alone, together, strict=True):
        for a, b in zip(one, other, strict=True):
            assert a.tobytes() == b.tobytes()


@pytest.mark.parametrize("name", ["columns", "columns_float32", "axes_0_2_3", "positions"])
def test_reductions_do_not_depend_on_compiler_flags(
    name: str, built: dict[str, tuple[Example, Executable]], tmp_path: Path
) -> None:
    example, call = built[name]
    other = open_program(tmp_path, example.program, "-O1", "-march=x86-64")
    for one, two in zip(run(example, call), run(example, other), strict=True):
        for a, b in zip(one, two, strict=True):
            assert a.tobytes() == b.tobytes()


@pytest.mark.parametrize("name", GOLDEN)
def test_golden(name: str, golden: Callable[[str, str], None]) -> None:
    program = EXAMPLES[name]().program
    golden(f"emit/{name}", f"{program}\n\n{emit(program, TARGET).text}")


def test_float32_sums_are_as_good_as_pairwise(tmp_path: Path) -> None:
    """Ten million numbers: a plain float32 loop is off by percents."""
    call = open_program(tmp_path, programs.long_sum("float32").program)
    x = np.random.default_rng(1).random(10_000_000).astype("float32")
    exact = x.astype(F8).sum()
    assert abs(float(call([x])[1]) - exact) <= 2e-7 * exact
    columns = open_program(tmp_path, programs.columns("float32").program)
    x = np.random.default_rng(1).random((2_000_000, 3)).astype("float32")
    exact = x.astype(F8).sum(axis=0)
    np.testing.assert_allclose(columns([x])[0], exact, rtol=2e-6)


def test_nan_and_infinity_pass_through_folds(
    built: dict[str, tuple[Example, Executable]],
) -> None:
    _, call = built["columns"]
    x = np.random.default_rng(0).random((300, 40))
    x[7, 3], x[200, 4], x[0, 5] = np.nan, np.inf, -np.inf
    total, top = call([x])
    np.testing.assert_array_equal(np.isnan(total), np.isnan(x.sum(axis=0)))
    np.testing.assert_array_equal(top, x.max(axis=0))
    _, call = built["positions"]
    x = np.ones((3, 1200))
    x[1, 700] = np.nan
    rows, whole, _ = call([x])
    np.testing.assert_array_equal(rows, x.argmax(axis=1))
    assert whole == x.argmax() == 1900


# -- failures ----------------------------------------------------------------------------------


def test_lengths_that_disagree(built: dict[str, tuple[Example, Executable]]) -> None:
    _, call = built["elementwise"]
    with pytest.raises(KernelFailure) as caught:
        call([np.ones((3, 5)), np.ones(4)])
    assert (caught.value.code, caught.value.site, caught.value.values) == (1, 0, (5, 4, 0, 0))


@pytest.mark.parametrize("bad", [4, -5, 2**31 - 1])
def test_the_first_index_out_of_bounds_is_told(
    bad: int, built: dict[str, tuple[Example, Executable]]
) -> None:
    _, call = built["gather"]
    index = np.zeros(100, "int32")
    index[[17, 70]] = bad, 99
    for threads in (1, 3):
        with limit_threads(threads), pytest.raises(KernelFailure) as caught:
            call([np.ones((4, 3)), index])
        failure = caught.value
        assert (failure.code, failure.site, failure.values) == (2, 0, (bad, 4, 0, 0))


def test_every_step_before_the_commit_can_fail(
    built: dict[str, tuple[Example, Executable]],
) -> None:
    example, call = built["update"]
    assert call.fail_points == 3
    args = example.draws[1](np.random.default_rng(0))
    before = [a.tobytes() for a in args]
    for step in range(3):
        call.fail_at(step)
        with pytest.raises(KernelFailure) as caught:
            call(args)
        assert (caught.value.code, caught.value.values[0]) == (9, step)
        assert [a.tobytes() for a in args] == before
    call.fail_at(None)
    call(args)
    assert [a.tobytes() for a in args] != before


def test_steady_state_allocates_nothing(built: dict[str, tuple[Example, Executable]]) -> None:
    example, call = built["rows_and_columns"]
    run(example, call)
    before = call.allocations
    run(example, call)
    assert call.allocations == before


def test_a_workspace_beyond_all_memory_is_refused(tmp_path: Path) -> None:
    """The product of the lengths overflows; the plan says so instead of writing somewhere."""
    b = Builder()
    a, c = b.arg(dtype="int64"), b.arg(dtype="int64")
    rows, cols = b.define("value", index=0), b.define("value", index=1)
    out, work = b.out(), b.work(rows, cols, cols)
    body = (programs.Load(0, "int64", programs.at(a)), programs.Store(programs.at(out), F8, 1))
    body = (body[0], programs.Compute(1, F8, programs.CAST, "int64", (0,)), body[1])
    b.nest((), 0, head=body)
    assert (c, work) == (1, 3)
    call = open_program(tmp_path, b.program())
    args = [np.array(2**40), np.array(2**40)]
    with pytest.raises(KernelFailure) as caught:
        call(args)
    assert caught.value.code == 3
    assert call([np.array(3), np.array(4)])[0] == 3


# -- products ----------------------------------------------------------------------------------


def flat_product(orders: str, routine: str, beta: str) -> Program:
    """A product of matrices inside flat buffers, each by rows ("r") or columns ("c"), padded."""
    b = Builder()
    x, y, c = b.arg(None), b.arg(None), b.arg(None)
    for _ in range(3):
        b.arg(dtype="int64")
    m, n, k = (b.define("value", index=index) for index in (3, 4, 5))
    out = b.out(programs.n(2))

    def matrix(buffer: int, order: str, rows: Size, cols: Size) -> Matrix:
        row, col = (cols + 3, size(1)) if order == "r" else (size(1), rows + 3)
        return Matrix(buffer, size(2), row, col)

    b.steps.append(
        Product(
            routine, F8, matrix(x, orders[0], m, k), matrix(y, orders[1], k, n),  # type: ignore[arg-type]
            matrix(out, orders[2], m, n), m, n, k, (), Scale("1.5"), Scale(beta),
            c if beta != "0.0" else None, size(1),
        )
    )  # fmt: skip
    return b.program()


def view(flat: np.ndarray, order: str, rows: int, cols: int) -> np.ndarray:
    strides = (8 * (cols + 3), 8) if order == "r" else (8, 8 * (rows + 3))
    return np.lib.stride_tricks.as_strided(flat[2:], (rows, cols), strides)


SHAPES = [(3, 4, 5), (1, 4, 5), (3, 1, 5), (3, 4, 1), (1, 1, 1), (3, 4, 0), (0, 2, 3), (17, 9, 33)]
ORDERS = [
    ("rrr", "gemm", "0.0"), ("rcr", "gemm", "-0.5"), ("crr", "gemm", "0.0"),
    ("rrc", "gemm", "-0.5"), ("ccc", "gemm", "0.0"), ("crc", "gemm", "-0.5"),
    ("rrr", "gemv", "0.0"), ("crr", "gemv", "-0.5"),
]  # fmt: skip


@pytest.mark.parametrize(("orders", "routine", "beta"), ORDERS)
def test_products_in_any_order(orders: str, routine: str, beta: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    program = flat_product(orders, routine, beta)
    call = open_program(tmp_path, program, "-O1", "-march=native")
    for m, n, k in SHAPES:
        if routine == "gemv" and n != 1:
            continue
        x, y, c = rng.standard_normal((3, 40 * 40))
        if beta == "0.0":
            c[:] = np.nan
        (out,) = call([x, y, c, *map(np.array, (m, n, k))])
        expected = 1.5 * view(x, orders[0], m, k) @ view(y, orders[1], k, n)
        if beta != "0.0":
            expected = expected - 0.5 * view(c, orders[2], m, n)
        np.testing.assert_allclose(view(out, orders[2], m, n), expected, rtol=1e-12, atol=1e-12)


# -- text --------------------------------------------------------------------------------------


def test_level_follows_budget_mode_and_options() -> None:
    program = programs.elementwise().program
    assert emit(program, TARGET).level == 3
    assert [emit(many_exponentials(count), TARGET).level for count in (15, 40)] == [2, 1]
    assert emit(program, TARGET, fast=False).level == 1
    assert emit(program, TARGET, options=Options(level=0)).level == 0


def test_titles_cannot_end_their_comment() -> None:
    program = programs.elementwise().program
    step = replace(program.segments[0].steps[0], title="*/ int evil; /*")
    text = emit(programs.with_first(program, step), TARGET).text
    assert "*/ int evil" not in text


def test_text_is_the_same_every_time() -> None:
    for make in EXAMPLES.values():
        assert emit(make().program, TARGET).text == emit(make().program, TARGET).text


def test_long_runs_are_cut_into_functions(tmp_path: Path) -> None:
    example = programs.scalars()
    (segment,) = example.program.segments
    steps = segment.steps * 250
    program = replace(example.program, segments=(replace(segment, steps=steps, commit=len(steps)),))
    text = emit(program, TARGET).text
    assert re.search(r"^(?:static|GC_LOCAL) int run0_2\(", text, re.MULTILINE)
    call = open_program(tmp_path, program, "-O0")
    assert call.fail_points == 251
    np.testing.assert_array_equal(call([np.array(3.0)])[0], 7.0)


# -- big files -----------------------------------------------------------------------------------


def many_exponentials(count: int) -> Program:
    """A nest with one exp, after `count` - 1 others that differ from it by a number."""
    program = programs.elementwise().program
    (step,) = program.segments[0].steps
    return with_steps(program, [*(with_number(step, k / 100) for k in range(1, count)), step])


def with_steps(program: Program, steps: Sequence[Step]) -> Program:
    (segment,) = program.segments
    segment = replace(segment, steps=tuple(steps), commit=len(steps))
    return replace(program, segments=(segment,))


def with_number(step: Step, number: float) -> Step:
    """The nest with another number in its pass."""
    assert isinstance(step, Nest)
    (block,) = step.blocks
    body = [
        replace(each, text=str(number)) if isinstance(each, Literal_) else each
        for each in block.body
    ]
    return replace(step, blocks=(replace(block, body=tuple(body)),))


def test_parts_compile_side_by_side_to_the_same_library(tmp_path: Path) -> None:
    """The parts of a file, linked, do what the file does when it is compiled whole."""
    program = many_exponentials(20)
    text = emit(program, TARGET).text
    count = int(re.search(r"#define GC_PARTS (\d+)", text)[1])  # type: ignore[index]
    assert count > 1
    assert len(set(re.findall(r"GC_IN_PART\((\d)\)", text))) == count
    (tmp_path / "k.c").write_text(text)
    flags = [*STRICT.split(), *CODE.split(), "-O1", f"-I{ROOT / 'csrc/inline'}"]
    for k in range(count):
        command = ["gcc", *flags, f"-DGC_PART={k}", "-c", "k.c", "-o", f"{k}.o"]
        subprocess.run(command, check=True, timeout=120, cwd=tmp_path)
    objects = [f"{k}.o" for k in range(count)]
    subprocess.run(["gcc", *flags, *objects, "-o", "k.so", "-lm"], check=True, cwd=tmp_path)
    source = emit(program, TARGET)
    library = Library(tmp_path / "k.so", "k", ())
    parts = Executable(library, source.interface, open_blas(None))
    whole = open_program(tmp_path, program, "-O1")
    args = [np.random.default_rng(0).standard_normal(s) for s in ((30, 7), (7,))]
    assert parts(args)[0].tobytes() == whole(args)[0].tobytes()


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_shared_vector_math_has_the_bits_of_inlined(compiler: str, tmp_path: Path) -> None:
    """What is compiled once a file (once.h) is what few calls get in place."""
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed")
    one, many = programs.elementwise().program, many_exponentials(26)
    assert "once.h" not in emit(one, TARGET).text
    assert "gradc/once.h" in emit(many, TARGET).text
    args = [np.random.default_rng(0).standard_normal(s) for s in ((30, 7), (7,))]
    outs = [
        open_program(tmp_path, program, "-O1", "-march=native", compiler=compiler)(args)
        for program in (one, many)
    ]
    assert [a.tobytes() for a in outs[0]] == [b.tobytes() for b in outs[1]]
