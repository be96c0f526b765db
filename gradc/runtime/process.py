"""Run programs of somebody else's under our conditions.

Takes argument lists; gives their exit status and the end of what they said.  No shell, nothing on
standard input, only the given environment; each in a process group of its own, which is killed when
time is up or when the wait is interrupted, so that no compiler outlives the program that started
it.  Output goes through a bounded buffer: a compiler may say ten megabytes.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from gradc.runtime.beside import is_given_up
from gradc.value import value

__all__ = ["Finished", "run", "run_all"]

_TAIL = 16_384  # bytes of output that are kept
_SLICE = 0.05  # seconds between two looks at programs that are silent


@value
class Finished:
    """How a program ended: status as subprocess has it (negative: a signal), and its last words."""

    status: int
    output: str
    timed_out: bool = False


def run(argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], seconds: float) -> Finished:
    """Run `argv` to its end, or for `seconds`.

    Raises: OSError if it cannot be started; whatever interrupts the wait, with the group killed.
    """
    return run_all([argv], cwd=cwd, env=env, seconds=seconds, at_once=1)[0]


def run_all(
    commands: Sequence[Sequence[str]],
    *,
    cwd: Path,
    env: Mapping[str, str],
    seconds: float,
    at_once: int,
) -> list[Finished]:
    """Run programs to their ends, each for `seconds` at most and `at_once` of them together.

    Raises: OSError if one cannot be started; whatever interrupts the wait; all groups are killed.
    """
    waiting = list(enumerate(commands))[::-1]
    running: dict[int, _Running] = {}
    finished: dict[int, Finished] = {}
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                number, argv = waiting.pop()
                running[number] = _Running(seconds)
                running[number].start(argv, cwd, env)
            _wait(running)
            if is_given_up():
                raise KeyboardInterrupt  # of the thread that waited for this one
            for number, program in list(running.items()):
                if (result := program.result()) is not None:
                    finished[number] = result
                    running.pop(number).close()
    finally:
        for program in running.values():  # interrupted
            program.kill()
            program.close()
    return [finished[number] for number in range(len(commands))]


def _wait(running: dict[int, _Running]) -> None:
    """Until one of them says something, or for a moment."""
    poll = select.poll()
    for program in running.values():
        poll.register(program.pipe, select.POLLIN | select.POLLHUP)
    left = min(program.deadline for program in running.values()) - time.monotonic()
    ready = {pipe for pipe, _ in poll.poll(1000 * max(0.0, min(_SLICE, left)))}
    for program in running.values():
        program.is_silent = program.pipe not in ready
        if not program.is_silent:
            program.read()


@contextmanager
def _interrupts_later() -> Iterator[None]:
    """Ctrl-C waits for the end of the block.

    Python may see it between the call that makes a process and the line that notes its number, on
    a busy machine once in twelve times: then nobody could end that process.
    """
    before = signal.getsignal(signal.SIGINT)
    is_main = threading.current_thread() is threading.main_thread()
    if not (is_main and callable(before)):  # other threads are not interrupted
        yield
        return
    seen: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _: seen.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if seen:
            signal.raise_signal(signal.SIGINT)


class _Running:
    """A program that was started, and what it has said so far."""

    def __init__(self, seconds: float) -> None:
        self.deadline = time.monotonic() + seconds
        self.is_silent = False
        self._tail = b""
        self._is_closed = False
        self._process: subprocess.Popen[bytes] = subprocess.Popen.__new__(subprocess.Popen)

    def start(self, argv: Sequence[str], cwd: Path, env: Mapping[str, str]) -> None:
        """Start it. What interrupts this finds the process in `_process` all the same."""
        with _interrupts_later():
            subprocess.Popen.__init__(
                self._process,
                list(argv),
                cwd=cwd,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                umask=0o077,
            )

    @property
    def pipe(self) -> int:
        """What it writes to."""
        assert self._process.stdout is not None
        return self._process.stdout.fileno()

    def read(self) -> None:
        """Take what is there; nothing means that the other end is closed."""
        chunk = os.read(self.pipe, 65_536)
        self._tail = (self._tail + chunk)[-_TAIL:]
        self._is_closed = not chunk

    def _drain(self) -> None:
        """Take what it said between the last look and its end."""
        while not self._is_closed and select.select([self.pipe], [], [], 0)[0]:
            self.read()

    def result(self) -> Finished | None:
        """How it ended, if it has, or if its time is up; a grandchild may hold its output open."""
        status = None
        if self._is_closed:
            with suppress(subprocess.TimeoutExpired):
                status = self._process.wait(_SLICE)
        elif self.is_silent:
            status = self._process.poll()
        if status is not None:
            self._drain()
            return Finished(status, self._tail.decode("utf-8", "replace"))
        if time.monotonic() >= self.deadline:
            return Finished(self.kill(), "", timed_out=True)
        return None

    def close(self) -> None:
        """Give the pipe back."""
        pipe = getattr(self._process, "stdout", None)
        if pipe is not None:
            pipe.close()

    def kill(self) -> int:
        """End its whole group, and leave no zombie."""
        pid = getattr(self._process, "pid", None)
        if pid is None:  # interrupted before there was one
            return 0
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)  # it may not lead a group yet
            os.killpg(pid, signal.SIGKILL)
        return self._process.wait()
