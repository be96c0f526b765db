"""Rules of users, where a pickle finds them."""

from __future__ import annotations

from typing import Any

import gradc.tensor as T
from gradc.rewrite import P, rule, wildcards
from tests.extend.operations import Cube, Scale

x, y = wildcards("x y")


@rule(P(Cube)(x), keeps="rounding")
def cube_as_product(x: Any) -> Any:
    """A Cube -> a product, which needs no Python."""
    return x * x * x


@rule(P(Scale(2.0))(x) + P.exp(y), keeps="exact")
def doubled_and_exp(x: Any, y: Any) -> Any:
    """An operation that is equal to a given one."""
    return 2 * x + T.exp(y)


@rule(P.tanh(x), keeps="exact")
def never(x: Any) -> Any:
    """Another type than what it replaces."""
    return x.sum()
