"""detect_nan: what to give MonitorMode in search of the operation that makes the first nan."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradc.printing.tree import debugprint

__all__ = ["detect_nan"]


def detect_nan(i: int, node: Any, fn: Any) -> None:
    """Print a node that gives nan, with its operands: MonitorMode(post_func=detect_nan).

    i: its number in the order of the run.  fn: operands and results, as MonitorMode gives them.
    """
    for (output,) in fn.outputs:
        if output.dtype.kind in "fc" and np.isnan(output).any():
            print(f"*** NaN detected *** by operation {i}", end="")
            print("" if node.site is None else f", {node.site}")
            debugprint(node)
            print(f"Inputs : {[each for (each,) in fn.inputs]}")
            print(f"Outputs: {[each for (each,) in fn.outputs]}", flush=True)
            return
