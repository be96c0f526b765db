"""Errors of the special functions against mpmath, as docs/accuracy-special.md shows them.

    python -m benchmarks.vector_math.special [--count 100000]          # print the tables
    python -m benchmarks.vector_math.special [--count 100000] --write  # the page

The points are those of tests/csrc/special.py: each function's ranges, evenly, evenly in the
exponent, and towards its zeros.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
from mpmath import mp, mpf

from benchmarks.vector_math.accuracy import versions
from tests.csrc.drivers import Driver, Target
from tests.csrc.special import ROWS, Row, points
from tests.csrc.test_special import driver, run, units

__all__: list[str] = []

PAGE = Path(__file__).resolve().parents[2] / "docs" / "accuracy-special.md"
HEAD = """# Accuracy of the special functions

The largest errors found, in units in the last place of the true result (*eps*: absolute, in units
of 2^-52), beside the bound that `tests/csrc/test_special.py` holds each function to, in the builds
for AVX2 and for baseline x86-64. mpmath with 180 bits is the judge, at the points of
`tests/csrc/special.py`: each range evenly, evenly in the exponent, and towards zeros and poles.
float32 is computed in float64 and rounded, so within one ulp wherever float64 is conditioned.

Left of 0, gammaln and digamma have zeros between their poles, and near those no relative bound
holds: their rows are absolute. digamma keeps its digits at its zeros 1.4616 and -0.5041, gammaln
at 1 and 2. polygamma of an even order has zeros left of 0, too, and no stated bound there. ndtr's
relative error grows as x^2 ulp to the left, as that of erfc(x / sqrt(2)) does; log_ndtr's does not.
sinc is exactly 0 at whole numbers. betaln has its zeros along a curve, where B = 1: its rows leave
that out, and its error there is a few eps of the logarithms that cancel.
j0 and j1 keep their digits at their first two zeros; from 8 on their bound is absolute.
gammainc_slope is the derivative of gammainc(a, x) by a; that by x has a relative error of about
a log(a) eps.

    python -m benchmarks.vector_math.special --write
"""


def measure(row: Row, count: int, built: Driver) -> tuple[int, float, float]:
    """The number of points, the largest error and where it is."""
    x = points(row, count, seed=7)
    with mp.workprec(180):
        true = [row.exact(mpf(each)) for each in x.tolist()]
    errors = units(run(built, row, x), true, 53, -1074, row.absolute)
    at = int(np.argmax(errors))
    return len(x), float(errors[at]), float(x[at])


def page(count: int, only: str = "") -> str:
    """The page; rows of functions whose names do not begin with `only` stay as they are in it."""
    lines = [HEAD, versions(), "", "| function | ranges | float64 | bound | points | worst at |"]
    written = {tuple(line.split(" | ")[:2]): line for line in PAGE.read_text().splitlines()}
    lines.append("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        built = driver(Target("gcc", ("-march=native",)), Path(folder))
    for row in ROWS:
        ranges = ", ".join(" ".join(map(str, each)) for each in row.ranges)
        name = row.name if row.order is None else f"{row.name}({row.order}, x)"
        known = written.get((f"| {name}", ranges))
        if known and not row.name.startswith(only):
            lines.append(known)
            continue
        number, error, at = measure(row, count, built)
        unit = "eps" if row.absolute else "ulp"
        cells = (f"{error:.3f} {unit}", f"{row.bound:g} {unit}", str(number), f"{at:.9g}")
        lines.append(f"| {name} | {ranges} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the page, or write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--only", default="", help="measure rows of names that begin so")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    text = page(options.count, options.only)
    if options.write:
        PAGE.write_text(text)
    else:
        print(text)


if __name__ == "__main__":
    main()
