"""Derivatives of expressions as expressions: `grad`, and `explain_grad` that shows how.

Beside it products with jacobians (jvp, vjp), whole jacobians and hessians.
"""
# ruff: noqa: F403

from gradc.differentiate import words as _words
from gradc.differentiate.convention import conjugate
from gradc.differentiate.directional import pulled
from gradc.differentiate.explain import Explanation, GradEntry, Term
from gradc.differentiate.prepare import require_intact
from gradc.differentiate.words import *

__all__ = ["Explanation", "GradEntry", "Term", "conjugate", "pulled", "require_intact"]
__all__ += _words.__all__
