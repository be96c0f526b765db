"""How often everything occurred: declarations, kinds, dtypes, layouts, rules, words of T."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import gradc
import gradc.tensor as T
from gradc.graph.op import DECLARATIONS, Apply
from gradc.graph.walk import toposort
from gradc.ops import __all__ as WORDS
from gradc.ops.declare import COMPOSED
from tests.fuzz.counts import counted, missing
from tests.fuzz.layouts import LAYOUTS
from tests.fuzz.parametric import FORMS
from tests.fuzz.pool import FLOATS, INTEGERS, Case
from tests.fuzz.steps import RULES

__all__ = ["Census", "undrawn"]

# Words of T that no graph uses, and why.
ELSEWHERE = {
    "their result is numbers": (
        "constant", "as_variable", "logspace", "geomspace", "tril_indices", "triu_indices",
        "get_scalar_constant_value", "get_vector_length",
    ),
    "their numbers are nobody's": ("empty", "empty_like", "AllocEmpty"),
    "drawn as steps of their own": ("dot", "inner", "matmul", "outer", "tensordot"),
    "they talk, stop or fail": ("PdbBreakpoint", "Print", "Raise", "assert_op"),
    "composed of what is drawn, and tested beside numpy in tests/tensor and tests/ops": (
        "append", "block", "delete", "insert", "select", "unstack", "complex_from_polar", "ix_",
        "ediff1d", "gradient", "unwrap", "vander", "eig", "eigvals", "nanargmax", "nanargmin",
        "nancumprod", "nancumsum", "nanpercentile", "array_equal", "intersect1d", "isin",
        "setdiff1d", "setxor1d", "union1d", "isneginf", "isposinf", "ldexp", "modf", "signbit",
        "polygamma", "digitize", "histogram", "histogram_bin_edges",
    ),
    "other words for what is drawn": (
        "Unique", "Rebroadcast", "patternbroadcast", "xlogy0", "tril_indices_from",
        "triu_indices_from",
    ),
}  # fmt: skip


def undrawn() -> list[str]:
    """Words of T that no graph uses though they could."""
    drawn = {*DECLARATIONS, *COMPOSED, *(row.word for row in FORMS)}
    drawn |= {word for words in ELSEWHERE.values() for word in words}
    words = [word for word in WORDS if callable(getattr(T, word, None))]
    return [word for word in words if word not in drawn and word.rstrip("_") not in drawn]


def _name(node: Apply) -> str:
    return node.op.name


def _kind(node: Apply) -> str:
    return node.op.kind


@dataclass
class Census:
    """Counts over functions."""

    graphs: int = 0
    nodes: int = 0
    tables: dict[str, Counter[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = {
            "declarations": sorted(DECLARATIONS),
            "composed": sorted(COMPOSED),
            "kinds": sorted({rule.kind for rule in DECLARATIONS.values()}),
            "dtypes": sorted({*FLOATS, *INTEGERS}),
            "layouts": [*LAYOUTS, "alias", "scalar", "zero-size"],
            "rules": [rule.name for rule in RULES],
            "functions": [row.word for row in FORMS if row.word not in COMPOSED],
        }
        self.tables = {table: Counter(dict.fromkeys(each, 0)) for table, each in names.items()}

    def add(self, cases: Sequence[Case], f: gradc.Function) -> None:
        """One function of these cases."""
        for case in cases:
            self.graphs += 1
            self.tables["layouts"].update(case.layouts)
            for word, count in case.words.items():
                self.tables["composed" if word in COMPOSED else "functions"][word] += count
        graph = f.stages.graph
        self.nodes += len(graph.nodes)
        nodes = [*graph.nodes, *(n for n in f.stages.optimized.nodes if n.op.name == "gemm")]
        drawn = toposort([each for case in cases for each in case.outputs])  # some are inlined
        for table, name in (("declarations", _name), ("kinds", _kind)):
            self.tables[table].update(Counter(map(name, nodes)) | Counter(map(name, drawn)))
        self.tables["dtypes"].update(each.dtype for node in nodes for each in node.outputs)
        self.tables["rules"].update(f.stages.trace.counts)

    def plain(self) -> dict[str, Any]:
        """As plain data, which travels between processes."""
        tables = {table: dict(counts) for table, counts in self.tables.items()}
        return {"graphs": self.graphs, "nodes": self.nodes, "tables": tables}

    def missing(self) -> list[str]:
        """What never occurred though it should."""
        return missing(self.tables)

    def __str__(self) -> str:
        return counted([self.plain()])
