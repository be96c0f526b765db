"""Where figures come from: processor, memory, system, compiler, Python."""

from __future__ import annotations

import datetime
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

__all__ = ["describe_machine"]


def describe_machine() -> dict[str, str]:
    """What a reader needs to compare figures with his own."""
    return {
        "date": datetime.date.today().isoformat(),
        "processor": f"{_processor()}, {len(os.sched_getaffinity(0))} cores for this process",
        "vectors": _vectors(),
        "system": f"{platform.system()} {platform.machine()}, {' '.join(platform.libc_ver())}",
        "compiler": _compiler(),
        "python": platform.python_version(),
    }


def _cpuinfo(key: str) -> str:
    text = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    found = re.search(rf"^{key}\s*:\s*(.*)$", text, re.MULTILINE)
    return found[1] if found else "unknown"


def _processor() -> str:
    family, model = _cpuinfo("cpu family"), _cpuinfo("model")
    return f"{_cpuinfo('model name')} (family {family}, model {model})"


def _vectors() -> str:
    flags = _cpuinfo("flags").split()
    return ", ".join(name for name in ("avx512f", "avx2", "fma") if name in flags) or "unknown"


def _compiler() -> str:
    compiler = os.environ.get("CC") or shutil.which("cc")
    if compiler is None:
        return "none"
    command = [*compiler.split(), "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.splitlines()[0] if done.stdout else compiler
