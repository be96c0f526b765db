"""What this machine's processor can do, in the kernel's words.

Gives sorted feature names and the widest vector in bytes.  /proc/cpuinfo is read, not cpuid: the
kernel leaves out what it or a hypervisor has switched off (XCR0), and what is used without its
consent ends in SIGILL.
"""

from __future__ import annotations

import functools
import platform
from pathlib import Path

__all__ = ["CPUINFO", "cpu_features", "vector_width"]

CPUINFO = Path("/proc/cpuinfo")


@functools.cache
def cpu_features(cpuinfo: Path = CPUINFO) -> tuple[str, ...]:
    """The features of the first processor, sorted; empty where the system does not tell."""
    for line in _first_block(cpuinfo).splitlines():
        name, _, words = line.partition(":")
        if name.strip() in ("flags", "Features"):  # x86, Arm
            return tuple(sorted(set(words.split())))
    return ()


def _first_block(cpuinfo: Path) -> str:
    """Only as much as describes one processor: the kernel makes the text while it is read."""
    text = b""
    try:
        with open(cpuinfo, "rb", buffering=0) as file:
            while b"\n\n" not in text and (more := file.read(4096)):
                text += more
    except OSError:
        return ""
    return text.partition(b"\n\n")[0].decode("ascii", "replace")


def vector_width(features: tuple[str, ...], machine: str | None = None) -> int:
    """Bytes of the widest vector register that compilers use by themselves."""
    if "avx512f" in features:
        return 64
    if "avx2" in features:
        return 32
    return 16 if (machine or platform.machine()) in ("x86_64", "aarch64", "arm64") else 8
