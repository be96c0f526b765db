"""Lengths written down again as expressions."""

from __future__ import annotations

import numpy as np

from gradc.graph.variable import Constant, Variable
from gradc.ops.declare import call
from gradc.ops.elemwise import add, cast, mul
from gradc.rewrite.facts import Facts
from gradc.sizes import Length, Size

__all__ = ["written"]


def written(value: Size, facts: Facts) -> Variable | None:
    """A polynomial in lengths of leaves as an expression; None if it holds something else."""
    if value.constant is not None:
        return Constant(np.asarray(value.constant, "int64"))
    terms = []
    for monomial, factor in value.terms:
        factors = [Constant(np.asarray(factor, "int64"))] if factor != 1 or not monomial else []
        parts: list[Variable] = [*factors]
        for atom in monomial:
            if not isinstance(atom, Length):
                return None
            leaf = facts.leaf(atom)
            is_value = atom.group == "value"
            parts.append(cast(leaf, "int64") if is_value else call("length", leaf, axis=atom.axis))
        terms.append(parts[0] if len(parts) == 1 else mul(*parts))
    return terms[0] if len(terms) == 1 else add(*terms)
