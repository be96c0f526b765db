"""A small function as C, and options whose cache lies in a folder of the test's own."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any

import numpy as np

from gradc.emit.source import Source
from gradc.kernel.interface import Interface, Port
from gradc.options import Options, Target
from gradc.runtime.build import build, current_target
from gradc.runtime.executable import Executable
from gradc.runtime.library import Library

BORDER = Interface((Port("input", "float64", 1),), (Port("output", "float64", 1),), 0, 1)

_TEXT = """\
#include <gradc/abi.h>
#include <math.h>
static int plan0(const gc_table *table, gc_frame *frame)
{
    (void)table;
    frame->out_shapes[0] = frame->args[0].shape[0];
    frame->work_bytes[0] = 0;
    return GC_OK;
}
static int run0(const gc_table *table, gc_frame *frame)
{
    (void)table;
    const double *x = frame->args[0].data;
    double *out = frame->outs[0].data;
    for (int64_t i = 0; i < frame->outs[0].shape[0]; i++)
        out[i] = x[i] * FACTOR;
    return GC_OK;
}
static const gc_stage plans[] = {plan0}, runs[] = {run0};
extern const gc_library gradc_library;
__attribute__((visibility("default"))) const gc_library gradc_library = {
    .abi = GC_ABI, .args = 1, .outs = 1, .out_lengths = 1,
    .segments = 1, .plan = plans, .run = runs};
"""


def scale(factor: float) -> Source:
    """The function x * factor."""
    return Source(_TEXT.replace("FACTOR", repr(float(factor))), BORDER, 1)


def options(folder: Path, **changes: Any) -> Options:
    """The defaults, with the cache in `folder`."""
    values: dict[str, Any] = {
        "cache_dir": folder,
        "search_path": os.environ.get("PATH", "/usr/bin"),
    }
    return Options(**(values | changes))


@functools.cache
def target() -> Target:
    """This machine, as a gcc would be told of it."""
    return Target.named("x86-64")


def make(factor: float, chosen: Options, aim: Target | None = None) -> Library:
    """Build x * factor."""
    return build(scale(factor), aim or current_target(chosen), chosen)


def value(library: Library) -> float:
    """What the library makes of 1."""
    return float(Executable(library, BORDER)([np.ones(3)])[0][2])
