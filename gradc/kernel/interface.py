"""What crosses the border between a compiled function and its caller.

Takes nothing; gives the values that `lower` fills in, `emit` prints as C and `runtime` obeys.
Every array of a call is a Port; their order is the order of `args` and `outs` in the frame of
csrc/inline/gradc/abi.h.
"""

from __future__ import annotations

from typing import Literal

from gradc.value import value

__all__ = ["Interface", "Port"]

Role = Literal["input", "shared", "constant", "output", "update"]


@value
class Port:
    """One array of a call.

    `units`: none where the kernel reads it C-contiguous, and the caller packs what is not.  What
    only matrix products read is passed as it lies if one of these axes has stride 1, and if the
    others step over it: no copy of a transposed matrix, of a part of one, of a stack.
    `segment` of an output: the segment whose plan writes its lengths.
    `shared` of an update: the position in `args` of the shared variable that it replaces.
    """

    role: Role
    dtype: str
    ndim: int
    units: tuple[int, ...] = ()
    segment: int = 0
    shared: int | None = None


@value
class Interface:
    """The border of a function: arrays in, arrays out, and how many numbers a call needs."""

    args: tuple[Port, ...]  # inputs, shared variables, constants
    outs: tuple[Port, ...]  # outputs, updates
    sizes: int
    segments: int
