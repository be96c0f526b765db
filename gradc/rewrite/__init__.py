"""Rewriting: patterns, rules, the engine that applies them, and the passes as visible tuples."""

from gradc.rewrite.engine import Pass
from gradc.rewrite.engine import run as run_pass
from gradc.rewrite.passes import (
    CANONICALIZE,
    PASSES,
    SPECIALIZE,
    STABILIZE,
    STRENGTHEN,
    optimize,
    passes_of,
    stabilized,
)
from gradc.rewrite.pattern import P, wildcards
from gradc.rewrite.rule import Rule, rule
from gradc.rewrite.trace import Trace

__all__ = [
    "CANONICALIZE",
    "PASSES",
    "SPECIALIZE",
    "STABILIZE",
    "STRENGTHEN",
    "P",
    "Pass",
    "Rule",
    "Trace",
    "optimize",
    "passes_of",
    "rule",
    "run_pass",
    "stabilized",
    "wildcards",
]
