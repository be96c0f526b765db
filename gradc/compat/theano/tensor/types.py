"""Types under Theano's names: T.dmatrix is one, and T.dmatrix("x") a variable of it."""

from gradc.graph.types import TensorType

_DTYPES = (
    "int8", "int16", "int32", "int64", "float32", "float64", "complex64", "complex128",
)  # fmt: skip


def _of(*shape: int | None) -> list[TensorType]:
    return [TensorType(dtype, shape) for dtype in _DTYPES]


bscalar, wscalar, iscalar, lscalar, fscalar, dscalar, cscalar, zscalar = _of()
bvector, wvector, ivector, lvector, fvector, dvector, cvector, zvector = _of(None)
brow, wrow, irow, lrow, frow, drow, crow, zrow = _of(1, None)
bcol, wcol, icol, lcol, fcol, dcol, ccol, zcol = _of(None, 1)
bmatrix, wmatrix, imatrix, lmatrix, fmatrix, dmatrix, cmatrix, zmatrix = _of(*(None,) * 2)
btensor3, wtensor3, itensor3, ltensor3, ftensor3, dtensor3, ctensor3, ztensor3 = _of(*(None,) * 3)
btensor4, wtensor4, itensor4, ltensor4, ftensor4, dtensor4, ctensor4, ztensor4 = _of(*(None,) * 4)
btensor5, wtensor5, itensor5, ltensor5, ftensor5, dtensor5, ctensor5, ztensor5 = _of(*(None,) * 5)
btensor6, wtensor6, itensor6, ltensor6, ftensor6, dtensor6, ctensor6, ztensor6 = _of(*(None,) * 6)
btensor7, wtensor7, itensor7, ltensor7, ftensor7, dtensor7, ctensor7, ztensor7 = _of(*(None,) * 7)

discrete_dtypes = integer_dtypes = (
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
)  # fmt: skip
int_dtypes, uint_dtypes = integer_dtypes[1:5], integer_dtypes[5:]
float_dtypes = continuous_dtypes = ("float32", "float64")
complex_dtypes = ("complex64", "complex128")
all_dtypes = (*discrete_dtypes, *float_dtypes, *complex_dtypes)

__all__ = [name for name in dir() if not name.startswith("_") and name != "TensorType"]
