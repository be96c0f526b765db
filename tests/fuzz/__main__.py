"""`python -m tests.fuzz --graphs 10000 --seed 0`: hunt, then say what occurred how often."""

from __future__ import annotations

import argparse
import faulthandler
import sys
import time

from tests.fuzz.census import Census
from tests.fuzz.hunt import BATCH, hunt


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--graphs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0, help="of the first batch")
    parser.add_argument("--thorough", action="store_true", help="all variants of every batch")
    parser.add_argument("--shrink", type=int, default=120, help="seconds for each that fails")
    parser.add_argument("--fail-fast", action="store_true")
    asked = parser.parse_args()
    faulthandler.enable()
    census, failures, begin = Census(), 0, time.monotonic()
    for number in range(-(-asked.graphs // BATCH)):
        seed, count = asked.seed + number, min(BATCH, asked.graphs - number * BATCH)
        print(f"seed {seed}", end="\r", file=sys.stderr, flush=True)
        for failure in hunt(seed, count, census, thorough=asked.thorough, shrink=asked.shrink):
            failures += 1
            print(f"\n{failure}\n", flush=True)
            if asked.fail_fast:
                return 1
    print(census)
    seconds = time.monotonic() - begin
    print(f"{census.graphs} graphs, {failures} failures, {seconds:.0f} s, "
          f"seeds {asked.seed} to {asked.seed + number}")  # fmt: skip
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
