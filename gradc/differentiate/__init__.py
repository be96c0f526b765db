"""Derivatives of expressions as expressions: `grad`, and `explain_grad` that shows how."""

from gradc.differentiate.explain import Explanation, GradEntry, Term, explain_grad
from gradc.differentiate.prepare import require_intact
from gradc.differentiate.reverse import Disconnected, grad

__all__ = [
    "Disconnected",
    "Explanation",
    "GradEntry",
    "Term",
    "explain_grad",
    "grad",
    "require_intact",
]
