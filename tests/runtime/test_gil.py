"""Short runs keep the GIL, long ones give it away, by the estimate of the plan."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gradc.runtime.executable import Executable
from tests.runtime import clib

# The out tells whether this thread holds the GIL. The library knows no Python; this test does.
HOLDS = """
int PyGILState_Check(void);
static int plan0(const gc_table *table, gc_frame *frame)
{
    (void)table;
    frame->out_shapes[0] = 1;
    COST
    return GC_OK;
}
static int run0(const gc_table *table, gc_frame *frame)
{
    (void)table;
    *(double *)frame->outs[0].data = PyGILState_Check();
    return GC_OK;
}
""" + clib.border([1], [1])


@pytest.mark.parametrize(
    ("cost", "holds"),
    [
        ("frame->cost = 0;", True),
        ("frame->cost = 20000000;", True),
        ("frame->cost = 20000001;", False),
        ("frame->cost = INT64_MAX;", False),
        ("", False),  # a plan that says nothing
    ],
)
def test_the_gil_is_kept_for_short_runs_only(tmp_path: Path, cost: str, holds: bool) -> None:
    library = clib.build(tmp_path, HOLDS.replace("COST", cost))
    executable = Executable(library, clib.vectors(1, 1))
    for _ in range(2):
        assert executable([np.ones(1)])[0][0] == holds
