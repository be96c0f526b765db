"""The first call: from building to the first result, without and with what a cache has kept.

Takes a Workload, Peers and the Result to fill in.  Cold is a fresh process with a fresh cache
directory, warm a fresh process with the directory that a cold one has left.  What a peer must read
and import is in the file cache of the system both times; importing it is measured apart, in turns.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from statistics import median

from benchmarks.harness.process import PeerFailed, Process, environment
from benchmarks.harness.result import Result
from benchmarks.harness.roster import Peer
from benchmarks.harness.workload import Workload

__all__ = ["measure_first"]

REPEATS = 3
LONG = 4.0  # seconds; a peer that takes longer is not asked again
IMPORT = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"


def measure_first(workload: Workload, peers: Sequence[Peer], result: Result) -> None:
    """Fill in `imported`, `cold` and `warm` of those that took part."""
    found: dict[str, list[tuple[float, ...]]] = {name: [] for name in result.entries}
    for _ in range(REPEATS):
        for peer in peers:
            seen = found.get(peer.name)
            if seen is None or (seen and seen[0][1] > LONG):
                continue
            try:
                seen.append((_import(peer), *_cold_and_warm(workload, peer)))
            except PeerFailed as error:
                result.failed[peer.name] = f"first call: {error}"
                del found[peer.name]
    for name, seen in found.items():
        entry = result.entries[name]
        entry.imported, entry.cold, entry.warm = (median(each) for each in zip(*seen, strict=True))


def _cold_and_warm(workload: Workload, peer: Peer) -> tuple[float, float]:
    with tempfile.TemporaryDirectory(prefix="gradc-bench-", ignore_cleanup_errors=True) as folder:
        return _build(workload, peer, folder), _build(workload, peer, folder)


def _build(workload: Workload, peer: Peer, cache: str) -> float:
    with Process(peer, workload.name, "plain", cache) as process:
        seconds: float = process.ask("build")
        return seconds


def _import(peer: Peer) -> float:
    command = [peer.python, "-c", IMPORT.format(peer.library)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment())
    if done.returncode:
        raise PeerFailed(f"import {peer.library}: {done.stderr.strip()[-200:]}")
    return float(done.stdout.split()[-1])
