"""Run a program of somebody else's under our conditions.

Takes an argument list; gives its exit status and the end of what it said.  No shell, nothing on
standard input, only the given environment; a process group of its own, which is killed when time
is up or when the wait is interrupted, so that no compiler outlives the program that started it.
Output goes through a bounded buffer: a compiler may say ten megabytes.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Finished", "run"]

_TAIL = 16_384  # bytes of output that are kept
_SLICE = 0.05  # seconds between two looks at a program that is silent


@dataclass(frozen=True, slots=True)
class Finished:
    """How a program ended: status as subprocess has it (negative: a signal), and its last words."""

    status: int
    output: str
    timed_out: bool = False


def run(argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], seconds: float) -> Finished:
    """Run `argv` to its end, or for `seconds`.

    Raises: OSError if it cannot be started; whatever interrupts the wait, with the group killed.
    """
    deadline = time.monotonic() + seconds
    process = subprocess.Popen(
        list(argv),
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        umask=0o077,
    )
    try:
        tail = _read_to_end(process, deadline)
        status = process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return Finished(_kill(process), "", timed_out=True)
    except BaseException:
        _kill(process)
        raise
    finally:
        if process.stdout is not None:
            process.stdout.close()
    return Finished(status, tail.decode("utf-8", "replace"))


def _read_to_end(process: subprocess.Popen[bytes], deadline: float) -> bytes:
    """Read until the output closes, or the program has ended: a grandchild may hold it open."""
    assert process.stdout is not None
    pipe = process.stdout.fileno()
    tail = b""
    poll = select.poll()
    poll.register(pipe, select.POLLIN | select.POLLHUP)
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            raise subprocess.TimeoutExpired(process.args, 0)
        if poll.poll(1000 * min(_SLICE, left)):
            chunk = os.read(pipe, 65_536)
            if not chunk:
                return tail
            tail = (tail + chunk)[-_TAIL:]
        elif process.poll() is not None:
            return tail


def _kill(process: subprocess.Popen[bytes]) -> int:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    return process.wait()
