"""Symbolic inputs by rank and dtype: T.matrix("x"), T.ivector("y"), T.dmatrices("a", "b").

The dtype is config.floatX unless a prefix or dtype= says otherwise: b, w, i, l for int8 to int64,
f and d for float32 and float64, c and z for complex64 and complex128.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gradc.dtypes import check_dtype
from gradc.errors import ArgumentError, ArgumentTypeError, message, printable
from gradc.graph.types import StaticShape, TensorType
from gradc.graph.variable import Input
from gradc.options import config

_PREFIXES = ("int8", "int16", "int32", "int64", "float32", "float64", "complex64", "complex128")
_FORMS: dict[str, StaticShape] = {
    "scalar": (),
    "vector": (None,),
    "row": (1, None),
    "col": (None, 1),
    "matrix": (None,) * 2,
    "tensor3": (None,) * 3,
    "tensor4": (None,) * 4,
    "tensor5": (None,) * 5,
    "tensor6": (None,) * 6,
    "tensor7": (None,) * 7,
}

One = Callable[..., Input]
Many = Callable[..., list[Input]]


def tensor(
    dtype: Any = None,
    shape: Sequence[int | bool | None] | None = None,
    name: str | None = None,
    broadcastable: Sequence[bool] | None = None,
) -> Input:
    """An input of any rank: shape=(None, 3), or broadcastable=(False, True) for lengths of 1."""
    if broadcastable is not None:
        shape = [1 if each else None for each in broadcastable]
    if shape is None:
        raise ArgumentError(message("tensor: give shape= or broadcastable=."))
    lengths = tuple((1 if n else None) if isinstance(n, bool) else n for n in shape)
    return _input(_named(dtype), lengths, name)


def _named(dtype: Any) -> str:
    """The dtype by its name, by numpy's, or as "floatX"."""
    return config.floatX if dtype in (None, "floatX") else check_dtype(dtype)


def _input(dtype: str, shape: StaticShape, name: Any) -> Input:
    if name is not None and not isinstance(name, str):
        what = f"the name of a variable is text, got {printable(repr(name), 60)}."
        raise ArgumentTypeError(message(what, fix='write it in quotes: T.matrix("x").'))
    return Input(TensorType(dtype, shape), name)


def _one(form: str, fixed: str | None = None) -> One:
    pattern = _FORMS[form]

    def make(
        name: str | None = None, dtype: Any = None, shape: Sequence[int | None] | None = None
    ) -> Input:
        kind = _named(dtype or fixed)
        return _input(kind, _refined(form, pattern, shape), name)

    lengths = ", ".join("?" if n is None else str(n) for n in pattern)
    make.__name__ = make.__qualname__ = form
    make.__doc__ = (
        f"A symbolic {fixed or 'floatX'}[{lengths}].\n\n"
        "name: for messages and keyword arguments.  dtype: another dtype.  shape: its lengths,\n"
        "None for each that only the call knows."
    )
    return make


def _refined(form: str, pattern: StaticShape, shape: Sequence[int | None] | None) -> StaticShape:
    if shape is None:
        return pattern
    fits = len(shape) == len(pattern) and all(
        n is None or n == m for n, m in zip(pattern, shape, strict=True)
    )
    if not fits:
        what = f"{form}: shape {tuple(shape)} is none of a {form} ({len(pattern)} axes)."
        raise ArgumentError(message(what, fix="use T.tensor(shape=...) for another rank."))
    return tuple(shape)


def _many(one: One) -> Many:
    def make(*names: str | int, **options: Any) -> list[Input]:
        if len(names) == 1 and isinstance(names[0], int):
            return [one(**options) for _ in range(names[0])]
        return [one(name, **options) for name in names]

    make.__name__ = make.__qualname__ = f"{one.__name__}s"
    make.__doc__ = "Several at once: by their names, or a number of nameless ones."
    return make


def _typed(form: str) -> tuple[One, ...]:
    return tuple(_one(form, dtype) for dtype in _PREFIXES)


scalar, vector, row, col = _one("scalar"), _one("vector"), _one("row"), _one("col")
matrix, tensor3, tensor4 = _one("matrix"), _one("tensor3"), _one("tensor4")
tensor5, tensor6, tensor7 = _one("tensor5"), _one("tensor6"), _one("tensor7")

bscalar, wscalar, iscalar, lscalar, fscalar, dscalar, cscalar, zscalar = _typed("scalar")
bvector, wvector, ivector, lvector, fvector, dvector, cvector, zvector = _typed("vector")
brow, wrow, irow, lrow, frow, drow, crow, zrow = _typed("row")
bcol, wcol, icol, lcol, fcol, dcol, ccol, zcol = _typed("col")
bmatrix, wmatrix, imatrix, lmatrix, fmatrix, dmatrix, cmatrix, zmatrix = _typed("matrix")
btensor3, wtensor3, itensor3, ltensor3, ftensor3, dtensor3, ctensor3, ztensor3 = _typed("tensor3")
btensor4, wtensor4, itensor4, ltensor4, ftensor4, dtensor4, ctensor4, ztensor4 = _typed("tensor4")
btensor5, wtensor5, itensor5, ltensor5, ftensor5, dtensor5, ctensor5, ztensor5 = _typed("tensor5")
btensor6, wtensor6, itensor6, ltensor6, ftensor6, dtensor6, ctensor6, ztensor6 = _typed("tensor6")
btensor7, wtensor7, itensor7, ltensor7, ftensor7, dtensor7, ctensor7, ztensor7 = _typed("tensor7")

scalars, vectors, rows, cols = _many(scalar), _many(vector), _many(row), _many(col)
matrices, tensor3s, tensor4s = _many(matrix), _many(tensor3), _many(tensor4)
tensor5s, tensor6s, tensor7s = _many(tensor5), _many(tensor6), _many(tensor7)
bscalars, wscalars, iscalars, lscalars, fscalars, dscalars = map(
    _many, (bscalar, wscalar, iscalar, lscalar, fscalar, dscalar)
)
bvectors, wvectors, ivectors, lvectors, fvectors, dvectors = map(
    _many, (bvector, wvector, ivector, lvector, fvector, dvector)
)
brows, wrows, irows, lrows, frows, drows = map(_many, (brow, wrow, irow, lrow, frow, drow))
bcols, wcols, icols, lcols, fcols, dcols = map(_many, (bcol, wcol, icol, lcol, fcol, dcol))
bmatrices, wmatrices, imatrices, lmatrices, fmatrices, dmatrices = map(
    _many, (bmatrix, wmatrix, imatrix, lmatrix, fmatrix, dmatrix)
)
btensor3s, wtensor3s, itensor3s, ltensor3s, ftensor3s, dtensor3s = map(
    _many, (btensor3, wtensor3, itensor3, ltensor3, ftensor3, dtensor3)
)
btensor4s, wtensor4s, itensor4s, ltensor4s, ftensor4s, dtensor4s = map(
    _many, (btensor4, wtensor4, itensor4, ltensor4, ftensor4, dtensor4)
)
btensor5s, wtensor5s, itensor5s, ltensor5s, ftensor5s, dtensor5s = map(
    _many, (btensor5, wtensor5, itensor5, ltensor5, ftensor5, dtensor5)
)
btensor6s, wtensor6s, itensor6s, ltensor6s, ftensor6s, dtensor6s = map(
    _many, (btensor6, wtensor6, itensor6, ltensor6, ftensor6, dtensor6)
)
btensor7s, wtensor7s, itensor7s, ltensor7s, ftensor7s, dtensor7s = map(
    _many, (btensor7, wtensor7, itensor7, ltensor7, ftensor7, dtensor7)
)

_NAMES = (*_FORMS, *(f"{form}s" for form in _FORMS), "matrices", "tensor")
__all__ = [name for name in dir() if name.endswith(_NAMES) and not name.startswith("_")]
