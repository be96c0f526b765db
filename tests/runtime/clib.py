"""Libraries written by hand against csrc/inline/gradc/abi.h, compiled for a test."""

from __future__ import annotations

import ctypes
import itertools
import subprocess
from pathlib import Path

from gradc.kernel.interface import Interface, Port
from gradc.runtime.library import Library

ROOT = Path(__file__).resolve().parents[2]
STRICT = ["-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Werror"]
_serial = itertools.count()


def build(folder: Path, text: str, *flags: str) -> Library:
    """Compile one C text into a library of its own."""
    name = f"lib{next(_serial)}"
    source, target = folder / f"{name}.c", folder / f"{name}.so"
    source.write_text("#include <gradc/abi.h>\n" + text)
    command = ("cc", *STRICT, "-O1", "-fPIC", "-shared", f"-I{ROOT / 'csrc/inline'}", *flags)
    command += (str(source), "-o", str(target))
    subprocess.run(command, check=True, timeout=60)
    return Library(target, name, command)


def part(folder: Path, name: str) -> ctypes.CDLL:
    """One file of csrc/runtime that needs no other, compiled alone."""
    target = folder / f"{name}.so"
    include = [f"-I{ROOT / each}" for each in ("csrc/runtime", "csrc/inline")]
    source = str(ROOT / f"csrc/runtime/{name}.c")
    command = ["cc", "-std=c11", "-O1", "-shared", "-fPIC", *include, source, "-o", str(target)]
    subprocess.run(command, check=True, timeout=60)
    return ctypes.CDLL(str(target))


def border(args: list[int], outs: list[int], *, sizes: int = 0, segments: int = 1) -> str:
    """The C of `gradc_library`, for functions plan0, run0, plan1, ...; ranks of args and outs."""
    plans = ", ".join(f"plan{k}" for k in range(segments))
    runs = ", ".join(f"run{k}" for k in range(segments))
    return f"""
    static const gc_stage plans[] = {{{plans}}}, runs[] = {{{runs}}};
    extern const gc_library gradc_library;
    const gc_library gradc_library = {{
        .abi = GC_ABI, .args = {len(args)}, .outs = {len(outs)}, .out_lengths = {sum(outs)},
        .sizes = {sizes}, .segments = {segments}, .plan = plans, .run = runs}};
    """


def vectors(args: int, outs: int) -> Interface:
    """`args` vectors of float64 in, `outs` out."""
    port = Port("input", "float64", 1)
    return Interface((port,) * args, (Port("output", "float64", 1),) * outs, 0, 1)
