"""`python -m benchmarks [names]`: run workloads and print a table each; --list names them."""

from __future__ import annotations

import argparse

from benchmarks.race import race
from benchmarks.table import table
from benchmarks.workload import find_workload, workload_names


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *workload_names()], help="workloads")
    parser.add_argument("--list", action="store_true", help="name the workloads and stop")
    args = parser.parse_args()
    for name in args.names or workload_names():
        workload = find_workload(name)
        if args.list:
            print(f"{name:12}{workload.title}")
        else:
            print(table(race(workload)), flush=True)


if __name__ == "__main__":
    main()
