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

    `layout` "C": the kernel reads it C-contiguous, the caller packs what is not.  "any": it is
    only read by matrix products, so either order of a matrix may be passed without a copy.
    `segment` of an output: the segment whose plan writes its lengths.
    `shared` of an update: the position in `args` of the shared variable that it replaces.
    """

    role: Role
    dtype: str
    ndim: int
    layout: Literal["C", "any"] = "C"
    segment: int = 0
    shared: int | None = None


@value
class Interface:
    """The border of a function: arrays in, arrays out, and how many numbers a call needs."""

    args: tuple[Port, ...]  # inputs, shared variables, constants
    outs: tuple[Port, ...]  # outputs, updates
    sizes: int
    segments: int
