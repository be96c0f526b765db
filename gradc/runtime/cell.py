"""Where the value of a shared variable is kept, and the lock that calls hold while they use it.

A Cell's `array` is what calls read and write in place, always C-contiguous, aligned and native; one
that is read-only (a memory map) is only read, and an update gets memory of its own.  `with cell:`
holds its lock, which one thread may take again.  Who asks for `array` may keep it, so from then on
calls look out for arguments that share its memory; `keep` puts in an array that nobody else knows,
and `copy` gives one away.  A Cell that is pickled or copied becomes another one, with a copy of the
array.
"""

from __future__ import annotations

import copyreg
from typing import Any

from gradc.runtime._native import Cell

__all__ = ["Cell"]


def _reduced(cell: Cell) -> tuple[Any, ...]:
    return Cell, (cell.copy(),)


copyreg.pickle(Cell, _reduced)
