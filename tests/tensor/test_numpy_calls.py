"""numpy's functions on variables build graphs of what they compute on arrays."""

from __future__ import annotations

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import ArgumentTypeError, GradcError
from gradc.graph.evaluate import evaluate
from gradc.graph.variable import Variable
from gradc.tensor.numpy_words import ADAPTED, RENAMED

pytestmark = pytest.mark.usefixtures("quickly")

A = np.array([[1.5, -2.0, 3.0], [0.5, 4.0, -1.0]])
B = np.array([[2.0, 3.0, -1.5], [1.0, 0.5, 2.0]])
P = np.abs(A) / 5 + 0.1

UNARY = {
    np.sin: A, np.cos: A, np.tan: A, np.exp: A, np.expm1: A, np.log: P, np.log1p: P, np.sqrt: P,
    np.abs: A, np.fabs: A, np.negative: A, np.positive: A, np.square: A, np.sign: A, np.floor: A,
    np.ceil: A, np.trunc: A, np.rint: A, np.reciprocal: P, np.isnan: A, np.isfinite: A, np.tanh: A,
    np.arcsin: P, np.degrees: A, np.radians: A, np.logical_not: A, np.conjugate: A,
}  # fmt: skip
BINARY = [
    np.add, np.subtract, np.multiply, np.divide, np.true_divide, np.power, np.maximum, np.minimum,
    np.arctan2, np.less, np.greater_equal, np.equal, np.not_equal, np.logaddexp, np.floor_divide,
    np.mod, np.logical_and, np.logical_or, np.logical_xor, np.float_power,
]  # fmt: skip
CALLS = {
    "sum": lambda x, y: np.sum(x, axis=0),
    "sum_positional": lambda x, y: np.sum(x, 1, None, None, True),
    "sum_dtype": lambda x, y: np.sum(x, dtype="float32"),
    "mean": lambda x, y: np.mean(x, axis=1, keepdims=True),
    "std": lambda x, y: np.std(x, axis=0, ddof=1),
    "var": lambda x, y: np.var(x, correction=1),
    "prod": lambda x, y: np.prod(x, axis=-1),
    "amax": lambda x, y: np.amax(x),
    "argmax": lambda x, y: np.argmax(x, axis=1),
    "any": lambda x, y: np.any(x > 2, axis=0),
    "median": lambda x, y: np.median(x, axis=1),
    "cumsum": lambda x, y: np.cumsum(x, axis=1),
    "concatenate": lambda x, y: np.concatenate([x, y], axis=1),
    "concatenate_flat": lambda x, y: np.concatenate([x, y], axis=None),
    "stack": lambda x, y: np.stack([x, y], axis=-1),
    "vstack": lambda x, y: np.vstack([x, y]),
    "append": lambda x, y: np.append(x, y),
    "where": lambda x, y: np.where(x > 1, x, y),
    "where_numbers": lambda x, y: np.where(x, 1.0, y),
    "clip": lambda x, y: np.clip(x, 0, 2),
    "clip_low": lambda x, y: np.clip(x, min=0),
    "clip_high": lambda x, y: np.clip(x, None, 1.0),
    "round": lambda x, y: np.round(x / 3, 2),
    "einsum": lambda x, y: np.einsum("ij,kj->ik", x, y, optimize=True),
    "dot": lambda x, y: np.dot(x, y.T),
    "matmul": lambda x, y: np.matmul(x, y.T),
    "tensordot": lambda x, y: np.tensordot(x, y, axes=2),
    "outer": lambda x, y: np.outer(x, y),
    "reshape": lambda x, y: np.reshape(x, (3, 2)),
    "ravel": lambda x, y: np.ravel(x),
    "transpose": lambda x, y: np.transpose(x, (1, 0)),
    "swapaxes": lambda x, y: np.swapaxes(x, 0, 1),
    "matrix_transpose": lambda x, y: np.matrix_transpose(x),
    "expand_dims": lambda x, y: np.expand_dims(x, 1),
    "squeeze": lambda x, y: np.squeeze(x[None, :], axis=0),
    "broadcast_to": lambda x, y: np.broadcast_to(x, (2, 2, 3)),
    "repeat": lambda x, y: np.repeat(x, 2, axis=0),
    "tile": lambda x, y: np.tile(x, (2, 1)),
    "roll": lambda x, y: np.roll(x, 1, axis=1),
    "flip": lambda x, y: np.flip(x, axis=1),
    "diff": lambda x, y: np.diff(x, axis=0),
    "take": lambda x, y: np.take(x, [1, 0], axis=1),
    "sort": lambda x, y: np.sort(x, axis=1, kind="stable"),
    "argsort": lambda x, y: np.argsort(x, axis=0),
    "pad": lambda x, y: np.pad(x, 1, mode="constant", constant_values=2.0),
    "diag": lambda x, y: np.diag(x[0]),
    "trace": lambda x, y: np.trace(x),
    "triu": lambda x, y: np.triu(x, 1),
    "copy": lambda x, y: np.copy(x),
    "zeros_like": lambda x, y: np.zeros_like(x),
    "full_like": lambda x, y: np.full_like(x, 2.5),
    "astype": lambda x, y: np.astype(x, np.int32),
    "quantile": lambda x, y: np.quantile(x, 0.25, axis=1),
    "nansum": lambda x, y: np.nansum(x, axis=0),
    "norm": lambda x, y: np.linalg.norm(x),
    "norm_axis": lambda x, y: np.linalg.norm(x, 1, axis=1),
    "norm_fro": lambda x, y: np.linalg.norm(x, "fro"),
    "multi_dot": lambda x, y: np.linalg.multi_dot([x, y.T, x]),
    "reduce": lambda x, y: np.add.reduce(x),
    "reduce_all": lambda x, y: np.multiply.reduce(x, axis=None),
    "reduce_max": lambda x, y: np.maximum.reduce(x, axis=1, keepdims=True),
    "accumulate": lambda x, y: np.add.accumulate(x, axis=1),
    "ufunc_outer": lambda x, y: np.subtract.outer(x[0], y),
    "ufunc_dtype": lambda x, y: np.add(x, y, dtype="float32"),
    "isclose": lambda x, y: np.isclose(x, y),
    "size": lambda x, y: np.size(x, 1) + np.size(x),
    "shape": lambda x, y: np.stack(np.shape(x)),
    "array_left": lambda x, y: B + x,
    "array_matmul": lambda x, y: B @ y.T,
    "array_less": lambda x, y: B < x,  # noqa: SIM300
    "array_greater": lambda x, y: np.float64(1) < x,
    "array_power": lambda x, y: P**x,
    "scalar_left": lambda x, y: np.float64(2) * x,
}
MANY = {
    "split": lambda x: np.split(x, 3, axis=1),
    "array_split": lambda x: np.array_split(x, [1], axis=1),
    "hsplit": lambda x: np.hsplit(x, 3),
    "nonzero": lambda x: np.nonzero(x > 1),
    "where": lambda x: np.where(x > 1),
    "meshgrid": lambda x: np.meshgrid(x[0], x[1]),
    "broadcast_arrays": lambda x: np.broadcast_arrays(x, x[:1]),
    "divmod": lambda x: np.divmod(x, 2),
    "atleast_3d": lambda x: [np.atleast_3d(x)],
}


@pytest.fixture(scope="module")
def symbols():
    return T.dmatrix("x"), T.dmatrix("y")


def same(got, want) -> None:
    np.testing.assert_allclose(got, want, rtol=1e-12)
    assert got.dtype == np.asarray(want).dtype
    assert got.shape == np.shape(want)


@pytest.mark.parametrize("function", UNARY, ids=lambda f: f.__name__)
def test_unary_functions(function, symbols) -> None:
    x, _ = symbols
    (got,) = evaluate([function(x)], {x: UNARY[function]})
    same(got, function(UNARY[function]))


@pytest.mark.parametrize("function", BINARY, ids=lambda f: f.__name__)
def test_binary_functions(function, symbols) -> None:
    x, y = symbols
    (got,) = evaluate([function(x, y)], {x: P, y: B})
    same(got, function(P, B))


@pytest.mark.parametrize("name", CALLS)
def test_functions(name: str, symbols) -> None:
    x, y = symbols
    out = CALLS[name](x, y)
    assert isinstance(out, Variable)
    same(evaluate([out], {x: A, y: B})[0], CALLS[name](A, B))


@pytest.mark.parametrize("name", MANY)
def test_functions_of_several_results(name: str, symbols) -> None:
    x, _ = symbols
    found, wanted = MANY[name](x), MANY[name](A)
    assert len(found) == len(wanted)
    for got, want in zip(evaluate(list(found), {x: A}), wanted, strict=True):
        same(got, want)


S = np.stack([A @ A.T, B @ B.T + np.eye(2)])  # two matrices, symmetric and positive
LINALG = {
    "inv": np.linalg.inv, "det": np.linalg.det, "cholesky": np.linalg.cholesky,
    "upper": lambda s: np.linalg.cholesky(s, upper=True),
    "solve": lambda s: np.linalg.solve(s, A), "slogdet": np.linalg.slogdet,
    "pinv": np.linalg.pinv, "eigh": lambda s: np.linalg.eigh(s)[0],
    "eigvalsh": lambda s: np.linalg.eigvalsh(s, UPLO="U"),
    "svd": lambda s: np.linalg.svd(s, compute_uv=False), "svdvals": np.linalg.svdvals,
    "matrix_power": lambda s: np.linalg.matrix_power(s, 3), "diagonal": np.linalg.diagonal,
    "trace": np.linalg.trace, "matrix_transpose": np.linalg.matrix_transpose,
    "matrix_norm": np.linalg.matrix_norm,
    "vector_norm": lambda s: np.linalg.vector_norm(s, axis=-1, ord=1),
    "linalg_vecdot": lambda s: np.linalg.vecdot(s, s, axis=0),
}  # fmt: skip


@pytest.mark.parametrize("name", LINALG)
def test_linear_algebra_of_stacks(name: str) -> None:
    s = T.dtensor3("s")
    found, wanted = LINALG[name](s), LINALG[name](S)
    found, wanted = (each if isinstance(each, tuple) else (each,) for each in (found, wanted))
    for got, want in zip(evaluate(list(found), {s: S}), wanted, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-10)


@pytest.mark.skipif(not hasattr(np, "matvec"), reason="numpy 2.2 has it first")
def test_products_of_rows(symbols) -> None:
    x, y = symbols
    for call in (lambda a, b: np.vecdot(a, b), lambda a, b: np.matvec(a, b)):
        (got,) = evaluate([call(x, y)], {x: A, y: B})
        same(got, call(A, B))


def test_what_is_known_while_building(symbols) -> None:
    x, _ = symbols
    assert np.ndim(x) == 2
    assert np.result_type(x, np.float32, 1) == np.float64
    assert np.isrealobj(x) is True
    assert np.iscomplexobj(x) is False


def test_a_compiled_function_of_numpy_words() -> None:
    x = T.dmatrix("x")
    out = np.sum(np.where(x > 0, np.log1p(x), 0.0), axis=0) @ np.ones(3)
    f = gradc.function([x], [out, T.grad(out, x)])
    value, slope = f(A)
    np.testing.assert_allclose(value, np.sum(np.log1p(A[A > 0])))
    np.testing.assert_allclose(slope, (A > 0) / (1 + np.maximum(A, 0)))


REFUSED = {
    "np.sum: out=": lambda x: np.sum(x, out=np.zeros(())),
    "np.add: out=": lambda x: np.add(x, 1, out=np.zeros((2, 3))),
    "np.sin: where= is not taken": lambda x: np.sin(x, where=A > 0),
    "np.reshape: order= is not taken": lambda x: np.reshape(x, (3, 2), order="F"),
    "np.median: overwrite_input= is not taken": lambda x: np.median(x, overwrite_input=True),
    "np.convolve has no counterpart": lambda x: np.convolve(x[0], x[0]),
    r"np.fft.fft has no counterpart": lambda x: np.fft.fft(x),
    "np.subtract.reduce has no": lambda x: np.subtract.reduce(x),
    "np.add.at has no counterpart": lambda x: np.add.at(x, 0, 1),
    "np.fill_diagonal writes into": lambda x: np.fill_diagonal(x, 1),
    "np.copyto writes into": lambda x: np.copyto(x, A),
    "has no numbers yet": np.asarray,
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_refused(text: str, symbols) -> None:
    with pytest.raises(GradcError, match=text):
        REFUSED[text](symbols[0])


def test_a_missing_function_names_the_nearest(symbols) -> None:
    with pytest.raises(ArgumentTypeError) as info:
        np.isnat(symbols[0])
    assert str(info.value) == (
        "np.isnat has no counterpart in gradc: it takes numbers, not variables.\n"
        "  Fix: the nearest is T.isnan; compose it of functions of gradc.tensor "
        "(docs/operations.md lists them)."
    )
    with pytest.raises(ArgumentTypeError) as info:
        np.packbits(symbols[0])  # no word is near: T.Print is no advice
    assert "nearest" not in str(info.value)


def test_operators_in_place_are_refused(symbols) -> None:
    array = A.copy()
    with pytest.raises(ArgumentTypeError, match=r"x = x \+ y, not x \+= y"):
        array += symbols[0]
    np.testing.assert_array_equal(array, A)


def test_the_message_of_asarray_says_what_to_do(symbols) -> None:
    with pytest.raises(ArgumentTypeError, match=r"call a function of it: .* or v\.eval\("):
        np.asarray(symbols[0])
    with pytest.raises(ArgumentTypeError, match=r"np\.stack\(\[v, w\]\)"):
        np.array([symbols[0], symbols[1]])


def test_the_tables_speak_of_numpy() -> None:
    for word in [*RENAMED, *ADAPTED]:
        module, _, name = word.rpartition(".")
        assert hasattr(getattr(np, module) if module else np, name), word
