"""A peer's process, seen from the race.

Variables that choose BLAS's kernel or its threads are taken out of its environment: some machines
set them to an old kernel, at half the speed.  So is what keeps Python from writing bytecode.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any

from benchmarks.harness.roster import Peer

__all__ = ["PeerFailed", "Process", "environment"]

UNSET = (
    *("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"),
    "PYTHONDONTWRITEBYTECODE",  # nobody compiles a library's Python at every start
)


class PeerFailed(Exception):
    """A peer could not do its work; says why."""


def environment() -> dict[str, str]:
    """The environment of a peer."""
    return {name: value for name, value in os.environ.items() if name not in UNSET}


class Process:
    """A worker that answers commands; see worker.py."""

    def __init__(self, peer: Peer, workload: str, variation: str, cache: str | None = None) -> None:
        variables = environment()
        if cache is not None:
            variables |= {name: value.format(cache) for name, value in peer.cache.items()}
        self.process = subprocess.Popen(
            [peer.python, "-m", "benchmarks.harness.worker", peer.module, workload, variation],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=variables,
            cwd=Path(__file__).resolve().parents[2],
        )

    def ask(self, *command: Any) -> Any:
        """Give a command and wait for its answer. Raises: PeerFailed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write(json.dumps(command) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise PeerFailed("its process has ended") from None
        line = self.process.stdout.readline()
        if not line:
            raise PeerFailed(f"its process ended with status {self.process.wait()}")
        answer = json.loads(line)
        if "error" in answer:
            raise PeerFailed(answer["error"])
        return answer["answer"]

    def __enter__(self) -> Process:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self.process.kill()
        self.process.communicate()
