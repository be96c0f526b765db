"""Arrays of other packages, read where they lie: torch, jax, pandas, DLPack, the buffer protocol.

Takes whatever a caller passes for an array; gives a numpy array, of the same memory where its
owner allows that (numpy's own, memory maps too; tensors of torch and jax on the CPU; whatever has
__array__, __array_interface__, the buffer protocol or DLPack).  What cannot be read says why, and
how it can: numbers on a graphics card, tensors that record gradients, frames of several dtypes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.errors import printable

__all__ = ["Unreadable", "read_array"]

_ON_CPU = (1, 3)  # DLDeviceType of dlpack.h: kDLCPU, kDLCUDAHost
_DEVICES = {2: "CUDA", 8: "Metal", 10: "ROCm", 14: "oneAPI"}


class Unreadable(Exception):
    """Why something is no array of numbers, in words for a message, and `hint`, the cure if any."""

    def __init__(self, why: str, hint: str = "") -> None:
        super().__init__(why)
        self.hint = hint


def read_array(value: Any) -> npt.NDArray[Any]:
    """The numbers of `value`, without a copy where that can be. Raises: Unreadable."""
    if isinstance(value, np.ndarray):
        return np.asarray(value)  # of a subclass, such as memmap, the same memory
    _check_place(value)
    try:
        if hasattr(value, "__dlpack__") and not hasattr(value, "__array__"):
            return np.from_dlpack(value)
        array = np.asarray(value)
    except (ValueError, TypeError, RuntimeError, BufferError) as error:
        if isinstance(value, (list, tuple)) and "inhomogeneous" in str(error):
            fix = "give all rows one length, or make an array of each."
            raise Unreadable("its rows differ in length", fix) from None
        raise Unreadable(printable(str(error), 80)) from None
    return _of_frame(value) if array.dtype == object and hasattr(value, "to_numpy") else array


def _check_place(value: Any) -> None:
    """Refuse what numpy cannot reach, before anything is copied."""
    if getattr(value, "requires_grad", False) is True:
        raise Unreadable("it records gradients", "pass it without them: x.detach().")
    if hasattr(value, "__dlpack_device__"):
        try:
            kind, number = value.__dlpack_device__()
        except Exception as error:  # torch has devices without numbers, such as meta
            raise Unreadable(printable(str(error), 80)) from None
        if kind not in _ON_CPU:
            place = f"{_DEVICES.get(int(kind), 'another')} device {number}"
            fix = "copy it to the CPU first: x.cpu() in torch, jax.device_get(x) in jax."
            raise Unreadable(f"its numbers are on {place}", fix)


def _of_frame(value: Any) -> npt.NDArray[Any]:
    """A pandas Series or DataFrame whose dtype has another name in numpy, such as Int64."""
    columns: Any = getattr(value, "dtypes", None)
    dtypes = list(dict.fromkeys(columns)) if getattr(value, "ndim", 0) == 2 else [columns]
    known = getattr(dtypes[0], "numpy_dtype", None) if len(dtypes) == 1 else None
    if known is None or known.kind == "O":
        listed = printable(", ".join(map(str, dtypes)), 80)
        fix = "choose the columns of numbers and convert them: x.astype('float64')."
        raise Unreadable(f"its columns have the dtypes {listed}", fix)
    try:
        found: npt.NDArray[Any] = value.to_numpy(dtype=known)
    except (ValueError, TypeError):
        raise Unreadable("it has missing values", "fill them first: x.fillna(0).") from None
    return found
