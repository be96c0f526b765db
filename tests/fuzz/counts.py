"""Tables of how often things occurred, and what never did; nothing of gradc is loaded here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["counted", "missing"]

# What random graphs do not have by themselves, and why: "table: name" -> reason.
SPECIAL: Mapping[str, str] = {
    "declarations: printed": "it would print; tests/ops/test_watch.py",
    "declarations: general_eigen": "complex, in no sure order: test_eigenpairs.py",
    "declarations: general_eigenvalues": "complex, in no sure order: test_eigenpairs.py",
    "declarations: python": "the code of users' own operations; tests/extend",
    "declarations: raised": "its call always raises; tests/ops/test_watch.py",
    "declarations: stepped": "loops around the code of users; tests/control/test_scan.py",
}


def counted(found: Iterable[Mapping[str, Any]]) -> str:
    """Tables that several processes counted, as text."""
    graphs = nodes = 0
    tables: dict[str, Counter[str]] = {}
    for each in found:
        graphs, nodes = graphs + each["graphs"], nodes + each["nodes"]
        for table, counts in each["tables"].items():
            tables.setdefault(table, Counter()).update(counts)
    lines = [f"{graphs} graphs of {nodes / max(graphs, 1):.1f} operations"]
    for table, counts in tables.items():
        row = f"{table}:"
        for name, count in sorted(counts.items(), key=lambda pair: -pair[1]):
            if len(row) + len(name) > 90:
                lines.append(row)
                row = "   "
            row += f" {name} {count},"
        lines.append(row.rstrip(","))
    lines.append(f"never: {', '.join(missing(tables)) or 'nothing'}")
    return "\n".join(lines)


def missing(tables: Mapping[str, Mapping[str, int]]) -> list[str]:
    """What never occurred though it should."""
    zeros = [(table, name) for table in tables for name, n in tables[table].items() if not n]
    return [f"{table}: {name}" for table, name in zeros if f"{table}: {name}" not in SPECIAL]
