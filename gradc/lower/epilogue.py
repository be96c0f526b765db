"""Let a product run row block by row block in front of the nest that reads it.

Takes tasks; changes a nest's `product`.  The rows a matrix product has just finished are still in
cache when bias and activation run over them, and both share one meeting of the threads.  Behind the
commit the same holds: a gradient goes into the velocity, and its rows into the weights.  Rows may
have several axes; where these turn out not to be one loop, the product is done before (`assemble`).
"""

from __future__ import annotations

from gradc.graph.variable import Variable
from gradc.lower.border import Border
from gradc.lower.products import letters_of
from gradc.lower.reads import plain_places
from gradc.lower.tasks import Task
from gradc.lower.updates import Placed
from gradc.lower.values import Values

__all__ = ["attach_products"]


def attach_products(
    values: Values,
    border: Border,
    tasks: list[Task],
    home: dict[Variable, Task],
    placed: Placed,
) -> None:
    """Attach each product to the nest that reads it first, where that is legal."""
    for product in list(tasks):
        if product.kind != "product" or not _is_plain(product):
            continue
        for nest in tasks:
            if product.reads & _updated_by(nest, border, placed):
                continue  # a block of rows would read what the block before has written
            if _fits(values, tasks, product, nest, placed):
                _attach(tasks, home, product, nest)
                placed.writers.discard(product)
                break


def _updated_by(nest: Task, border: Border, placed: Placed) -> set[Variable]:
    """The shared variables whose storage a nest writes."""
    positions = [placed.outs[out] - border.outputs for out in nest.outs if out in placed.outs]
    return {border.updated[k] for k in positions if k >= 0}


def _is_plain(product: Task) -> bool:
    assert product.node is not None
    letters = letters_of(product.node)
    is_matrix = bool(letters.m) and len(letters.n) == 1
    return not letters.batch and letters.out == letters.m + letters.n and is_matrix


def _fits(values: Values, tasks: list[Task], product: Task, nest: Task, placed: Placed) -> bool:
    out = product.outs[0]
    if nest.kind != "nest" or nest.product is not None or out not in nest.reads:
        return False
    columns = len(nest.axes) - 1
    if nest.segment != product.segment or nest.inner not in (None, frozenset((columns,))):
        return False
    is_behind = product in placed.writers
    if nest.axes != values.shapes.lengths(out) or (nest in placed.writers) != is_behind:
        return False
    for item in nest.items:
        for operand in item.reads:
            for source, place in plain_places(values, nest, operand, item):
                if source is out and place != tuple(range(columns + 1)):
                    return False
    if not is_behind and any(nest.needs(writer) for writer in placed.writers):
        return False  # whoever needs the product would wait for the commit
    between = (t for t in tasks if t.needs(product) and t is not nest)
    return not any(nest.needs(t) for t in between)


def _attach(tasks: list[Task], home: dict[Variable, Task], product: Task, nest: Task) -> None:
    nest.product = product
    nest.reads |= product.reads
    home[product.outs[0]] = nest
    tasks.remove(product)
    needed = nest.before | 1 << nest.number
    for task in tasks:
        if task is not nest and task.needs(product):
            task.before |= needed
