"""`python -m benchmarks [names]`: run workloads beside peers; --list names them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.harness import report, store
from benchmarks.harness.catalogue import UnknownWorkload, catalogue, select
from benchmarks.harness.first import measure_first
from benchmarks.harness.process import PeerFailed
from benchmarks.harness.race import Mismatch, Pace, race
from benchmarks.harness.result import Result
from benchmarks.harness.roster import GRADC, NAMES, Peer, PeerMissing, choose
from benchmarks.harness.vary import kept, variations_of
from benchmarks.harness.workload import VARIATIONS, Case, Workload


def main(arguments: list[str] | None = None) -> int:
    """Read the command line and run. Returns 1 if gradc failed or somebody disagreed."""
    parser = _parser()
    args = parser.parse_args(arguments)
    if args.list:
        print(_listed())
        return 0
    if args.markdown:
        print(report.markdown(*store.read(args.markdown)), end="")
        return 0
    try:
        workloads = select(args.names)
        peers, missing = choose(args.peers, args.theano_python)
    except (UnknownWorkload, PeerMissing) as error:
        parser.error(str(error))
    for line in missing:
        print(f"without {line}")
    return _run(workloads, peers, args)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help="workloads, or files of them")
    parser.add_argument("--list", action="store_true", help="name the workloads and stop")
    parser.add_argument("--peers", metavar="A,B", help=f"some of {','.join(NAMES)}")
    parser.add_argument("--theano-python", metavar="PATH", help="a Python 3.7 that has Theano")
    parser.add_argument("--vary", action="store_true", help="run each varied too")
    parser.add_argument("--no-first", action="store_true", help="leave out cold and warm starts")
    parser.add_argument("--rounds", type=int, default=Pace.rounds, help="turns of every peer")
    parser.add_argument("--json", type=Path, metavar="FILE", help="add the results to a file")
    parser.add_argument(
        "--markdown", type=Path, metavar="FILE", help="print such a file as tables and stop"
    )
    return parser


def _listed() -> str:
    lines = []
    for file, workloads in catalogue().items():
        lines.append(f"benchmarks/{file}.py")
        lines += [
            f"  {work.name:18}{Case(work, VARIATIONS['plain']).title}, {work.dtype}"
            for work in workloads
        ]
    return "\n".join(lines)


def _run(workloads: list[Workload], peers: list[Peer], args: argparse.Namespace) -> int:
    """Every workload, whatever becomes of the others; each is stored when it is done."""
    pace = Pace(rounds=args.rounds)
    failures = 0
    for workload in workloads:
        plain = _attempt(workload, peers, pace)
        if plain is None:
            failures += 1
            continue
        if workload.first and not args.no_first:
            measure_first(workload, [GRADC, *peers], plain)
        print(report.table(plain), flush=True)
        names = variations_of(workload) if args.vary else []
        varied = [_attempt(workload, peers, pace, name) for name in names]
        failures += varied.count(None)
        shares = [kept(plain, each) for each in varied if each is not None and each.best]
        if shares:
            print(report.variations(shares), flush=True)
        if args.json:
            store.write(args.json, [plain], shares)
    return 1 if failures else 0


def _attempt(
    workload: Workload, peers: list[Peer], pace: Pace, variation: str = "plain"
) -> Result | None:
    """A race, or what went wrong on the standard error."""
    try:
        return race(workload, peers, pace, variation)
    except (Mismatch, PeerFailed) as error:
        print(f"{workload.name} {variation}: {error}", file=sys.stderr)
        return None


if __name__ == "__main__":
    sys.exit(main())
