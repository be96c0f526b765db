"""What a call costs: the fused expression on four arrays of 8 numbers, alone and beside a thread.

The thread counts in Python for as long as the calls last; it holds the interpreter's lock unless
asked for it, for up to 5 ms (`sys.getswitchinterval`).
"""

from __future__ import annotations

from benchmarks.fused import FUSED
from benchmarks.harness.workload import Goal

__all__ = ["WORKLOADS"]

WORKLOADS = (
    FUSED.resized(
        name="call",
        title="a call with four arrays of {n} numbers",
        sizes={"n": 8},
        floor=None,
        goal=Goal(seconds=1.2e-6),
        latency=True,
    ),
)
