"""Rules that bring matrix products to BLAS: transposes into letters, sums into accumulation.

Takes sums such as w - lr * (x.T @ d / n + 2 * l2 * w) in any spelling; gives gemm nodes,
beta * c + alpha * contract(x, y), with all scalar factors in alpha and beta.  A product that
anybody else reads stays as it is, and so does one beside operands that stretch: what a sum with a
bias costs is less in the loop that runs over a finished product than a matrix filled before it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradc.dtypes import dtype_info
from gradc.graph.op import Apply
from gradc.graph.variable import Constant, Variable
from gradc.ops.declare import call, pad
from gradc.ops.elemwise import add, mul, true_div
from gradc.rewrite.facts import Facts
from gradc.rewrite.rule import rule
from gradc.rewrite.seen import Quotient, Seen, build, scalar_value
from gradc.value import value

__all__ = ["PRODUCTS"]

_BETWEEN = frozenset({"add", "sub", "neg", "mul", "true_div", "dimshuffle"})


# -- transposes --------------------------------------------------------------------------------


@rule(on=("contract",), keeps="exact", over="any")
def product_of_transposed(out: Variable, facts: Facts) -> Variable | None:
    """A product that reads a transposed matrix -> one that reads the matrix by other letters."""
    node = out.owner
    assert node is not None
    inputs, letters = list(node.inputs), [node.op.keywords["x"], node.op.keywords["y"]]
    for k, each in enumerate(node.inputs):
        order = _permutation(each, facts)
        if order is not None and each.owner is not None:
            inputs[k] = each.owner.inputs[0]
            letters[k] = _letters(letters[k], order)
    if inputs == list(node.inputs):
        return None
    return call("contract", *inputs, x=letters[0], y=letters[1], out=node.op.keywords["out"])


@rule(on=("dimshuffle",), keeps="exact", over="any")
def transposed_product(out: Variable, facts: Facts) -> Variable | None:
    """The transpose of a product that nobody else reads -> the product in that order."""
    order = _permutation(out, facts)
    if order is None or out.owner is None:
        return None
    (product,) = out.owner.inputs
    node = product.owner
    if node is None or node.op.kind != "Contract" or facts.is_wall(product):
        return None
    return _reordered(node, order) if facts.clients(product) == 1 else None


def _permutation(variable: Variable, facts: Facts) -> Sequence[int] | None:
    node = variable.owner
    if node is None or node.op.name != "dimshuffle" or facts.is_wall(variable):
        return None
    order: Sequence[int | str] = node.op.keywords["order"]
    if "x" in order or len(order) != node.inputs[0].ndim:
        return None
    return [int(axis) for axis in order]


def _letters(letters: str, order: Sequence[int]) -> str:
    """Letters of the array, given those of its transpose."""
    table = dict(zip(order, letters, strict=True))
    return "".join(table[axis] for axis in range(len(letters)))


@rule(on=("contract",), keeps="rounding")
def product_without_sum(out: Variable) -> Variable | None:
    """A product that sums nothing, as outer(x, y) -> x * y stretched: it joins the loop around.

    Only the sign of zeros may differ: BLAS adds to 0.  A factor 1, where a gradient starts, goes.
    """
    node = out.owner
    assert node is not None
    words = node.op.keywords
    if set(words["x"]) & set(words["y"]) - set(words["out"]):
        return None
    operands = [
        each.dimshuffle(*(letters.index(c) if c in letters else "x" for c in words["out"]))
        for each, letters in zip(node.inputs, (words["x"], words["y"]), strict=True)
    ]
    other = [each for each in operands if scalar_value(each) != 1]
    return other[0] if len(other) == 1 and other[0].type == out.type else mul(*operands)


@rule(on=("contract",), keeps="rounding")
def product_with_units(out: Variable) -> Variable | None:
    """The product of a matrix with the unit vectors of a jacobian -> the matrix."""
    node = out.owner
    assert node is not None
    words = node.op.keywords
    for k, each in enumerate(node.inputs):
        other, letters = node.inputs[1 - k], words["yx"[k]]
        if not _are_units(each) or other.dtype != out.dtype:
            continue
        summed = [c for c in words["xy"[k]] if c in letters and c not in words["out"]]
        free = [c for c in words["xy"[k]] if c not in letters]
        if len(summed) == len(free) == 1:
            renamed = letters.replace(summed[0], free[0])
            return other.dimshuffle(*(renamed.index(c) for c in words["out"]))
    return None


def _are_units(variable: Variable) -> bool:
    node = variable.owner
    made = None if node is None or node.op.name != "cast" else node.inputs[0].owner
    return made is not None and made.op.name == "same_place"


# -- accumulation ------------------------------------------------------------------------------


@value
class _Scaled:
    """scale * core, the scale made of factors that are single numbers."""

    core: Variable
    scale: Quotient


def _is_number(seen: Seen, facts: Facts) -> Variable | None:
    """The 0-d variable, or the constant, that this is a stretched form of."""
    at: Seen | None = seen
    while at is not None:
        if scalar_value(at.variable) is not None or at.variable.ndim == 0:
            return at.variable
        node = facts.sight.owner(at)
        if node is None or node.op.name not in ("dimshuffle", "cast"):
            return None
        at = facts.sight.behind(at)
    return None


def _scaled(term: Seen, scale: Quotient, facts: Facts) -> _Scaled | None:
    """A term as number * core; None if it has another than one core."""
    view = facts.sight.factors(term, deep=True)
    over, under, cores = list(scale.over), list(scale.under), list[Seen]()
    for each in view.over:
        (over if _is_number(each, facts) is not None else cores).append(each)
    for each in view.under:
        if _is_number(each, facts) is None:
            return None
        under.append(each)
    core = _unwrapped(cores[0]) if len(cores) == 1 else None
    if core is None:
        return None
    negated = scale.negated ^ view.negated
    return _Scaled(core, Quotient(tuple(over), tuple(under), negated))


def _unwrapped(core: Seen) -> Variable | None:
    """The variable, or a product behind a transpose as the product in that order."""
    if not core.wraps:
        return core.variable
    (wrap, *more), node = core.wraps, core.variable.owner
    if more or isinstance(wrap, str) or node is None or node.op.kind != "Contract":
        return None
    return _reordered(node, wrap.op.keywords["order"]) if wrap.op.name == "dimshuffle" else None


def _reordered(product: Apply, order: Sequence[int | str]) -> Variable | None:
    if "x" in order or len(order) != product.outputs[0].ndim:
        return None
    words = product.op.keywords
    letters = "".join(words["out"][int(axis)] for axis in order)
    return call("contract", *product.inputs, x=words["x"], y=words["y"], out=letters)


def _terms(out: Variable, facts: Facts) -> tuple[list[_Scaled], list[Seen]]:
    """The sum with scalar factors multiplied in, as far as nobody else reads the inner sums."""
    found, others = [], []
    stack = [(term, Quotient((), ())) for term in facts.sight.terms(Seen(out), False).parts]
    while stack:
        term, scale = stack.pop(0)
        scaled = None if term.variable.dtype != out.dtype else _scaled(term, scale, facts)
        if scaled is None or not _fits(scaled.core, out):
            others.append(_kept(term, scale))
            continue
        node = scaled.core.owner
        if node is None or not _is_own(scaled.core, facts):
            found.append(scaled)
        elif node.op.name in ("add", "sub"):
            inner = facts.sight.terms(Seen(scaled.core), deep=False).parts
            stack = [(each, scaled.scale) for each in inner] + stack
        elif node.op.kind == "Gemm":
            stack = [*_opened(node, scaled.scale), *stack]
        else:
            found.append(scaled)
    return found, others


def _opened(gemm: Apply, scale: Quotient) -> list[tuple[Seen, Quotient]]:
    """A gemm as the two terms it was made from, so that the sum around it takes part."""
    c, alpha, x, y, beta = gemm.inputs
    product = call("contract", x, y, **gemm.op.keywords)
    return [
        (Seen(core), Quotient((*scale.over, Seen(pad(number, c.ndim))), scale.under, scale.negated))
        for core, number in ((c, beta), (product, alpha))
    ]


def _fits(core: Variable, out: Variable) -> bool:
    """Whether the core has the sum's own shape: nothing in it stretches."""
    pairs = zip(core.type.shape, out.type.shape, strict=True)
    return all(n in (m, None) for n, m in pairs)


def _kept(term: Seen, scale: Quotient) -> Seen:
    if not scale.over and not scale.under:
        return term.flipped(scale.negated)
    return Seen(build(Quotient((term, *scale.over), scale.under, scale.negated)))


def _is_own(variable: Variable, facts: Facts) -> bool:
    return facts.clients(variable) == 1 and not facts.is_wall(variable)


def _is_product(variable: Variable, facts: Facts) -> bool:
    """A product of its own, without batch axes, that BLAS can add to something."""
    node = variable.owner
    if node is None or node.op.kind != "Contract" or not _is_own(variable, facts):
        return False
    words = node.op.keywords
    shared = set(words["x"]) & set(words["y"])
    return bool(shared - set(words["out"])) and not shared & set(words["out"])


def _leads_to(out: Variable, product: Variable, facts: Facts) -> bool:
    """Whether all that stands between the sum and the product is read by nobody else."""
    assert out.owner is not None
    assert product.owner is not None
    stack = list(out.owner.inputs)
    while stack:
        each = stack.pop()
        node = each.owner
        if node is None or not _is_own(each, facts):
            continue
        if node.op.kind in ("Contract", "Gemm"):
            if _reads(node, product.owner):
                return True
        elif node.op.name in _BETWEEN:
            stack.extend(node.inputs)
    return False


def _reads(node: Apply, product: Apply) -> bool:
    """Whether the node multiplies what the product does, in whatever order of letters."""
    return list(node.inputs if node.op.kind == "Contract" else node.inputs[2:4]) == list(
        product.inputs
    )


@rule(on=("add", "sub"), keeps="rounding")
def sum_with_product(out: Variable, facts: Facts) -> Variable | None:
    """A sum b * c + a * dot(x, y) -> gemm(c, a, x, y, b), c stored already or itself a product."""
    if not dtype_info(out.dtype).is_float or not 1 <= out.ndim <= 2:
        return None
    if not any(_may_hold_product(each) for each in _operands(out)):
        return None
    terms, others = _terms(out, facts)
    products = [
        each for each in terms if _is_product(each.core, facts) and _leads_to(out, each.core, facts)
    ]
    stored = [each for each in terms if each not in products and _is_base(each.core, out)]
    if not products or (not stored and len(products) < 2):
        return None
    if stored:
        base = stored[0].core
        same = [each for each in stored if each.core is base]
    else:
        base, same = products[0].core, products[:1]
    result = _accumulate(base, same, [each for each in products if each not in same])
    rest = [each for each in terms if each not in same and each not in products]
    kept = [build(_kept(Seen(each.core), each.scale)) for each in rest]
    kept += [build(each) for each in others]
    parts = [each.variable for each in facts.sight.terms(Seen(out), False).parts]
    if (-_gemms([result]), len(kept) + 1) >= (-_gemms(parts), len(parts)):
        return None  # neither more products accumulate nor fewer terms are left
    return add(result, *kept) if kept else result


def _gemms(variables: Sequence[Variable]) -> int:
    """How many gemm nodes there are among variables and what they accumulate into."""
    count, stack = 0, list(variables)
    while stack:
        node = stack.pop().owner
        if node is not None and node.op.kind == "Gemm":
            stack.append(node.inputs[0])
            count += 1
    return count


def _kind(variable: Variable) -> str:
    return "" if variable.owner is None else variable.owner.op.kind


def _operands(out: Variable) -> Sequence[Variable]:
    return () if out.owner is None else out.owner.inputs


def _may_hold_product(variable: Variable) -> bool:
    """A quick look a few operations deep, so that plain sums cost nothing."""
    level = [variable]
    for _ in range(6):
        nodes: list[Apply] = [each.owner for each in level if each.owner is not None]
        if any(node.op.kind in ("Contract", "Gemm") for node in nodes):
            return True
        nodes = [n for n in nodes if n.op.name in _BETWEEN]
        level = [each for node in nodes for each in node.inputs][:16]
    return False


def _is_base(variable: Variable, out: Variable) -> bool:
    """Whether the array is in memory whatever happens: a leaf, or what BLAS has made."""
    if variable.type != out.type:
        return False
    return _kind(variable) in ("", "Contract", "Gemm")


def _accumulate(base: Variable, same: Sequence[_Scaled], products: Sequence[_Scaled]) -> Variable:
    result, beta = base, _total([each.scale for each in same], base.dtype)
    for each in products:
        node = each.core.owner
        assert node is not None
        words = node.op.keywords
        alpha = _number(each.scale, base.dtype)
        result = call("gemm", result, alpha, *node.inputs, beta,
                      x=words["x"], y=words["y"], out=words["out"])  # fmt: skip
        beta = Constant(np.asarray(1, base.dtype))
    return result


def _total(scales: Sequence[Quotient], dtype: str) -> Variable:
    numbers = [_number(each, dtype) for each in scales]
    if all(isinstance(each, Constant) for each in numbers):
        value = sum(each.data for each in numbers if isinstance(each, Constant))
        return Constant(np.asarray(value, dtype))
    return numbers[0] if len(numbers) == 1 else add(*numbers)


def _number(scale: Quotient, dtype: str) -> Variable:
    """The product of a scale's factors as a 0-d variable of this dtype, constants multiplied."""
    value = np.asarray(-1 if scale.negated else 1, dtype)
    factors, divisors = [], []
    for each in scale.over:
        number = scalar_value(each.variable)
        if number is None:
            factors.append(_flat(each, dtype))
        else:
            value = value * np.asarray(number, dtype)
    for each in scale.under:
        number = scalar_value(each.variable)
        if number:
            value = value / np.asarray(number, dtype)
        else:
            divisors.append(_flat(each, dtype))
    if value != 1 or not factors:
        factors.append(Constant(np.asarray(value, dtype)))
    result = factors[0] if len(factors) == 1 else mul(*factors)
    for divisor in divisors:
        result = true_div(result, divisor)
    return result


def _flat(seen: Seen, dtype: str) -> Variable:
    """The 0-d variable behind a stretched number."""
    variable = seen.variable
    while variable.ndim and variable.owner is not None:
        variable = variable.owner.inputs[0]
    if isinstance(variable, Constant) and variable.ndim:
        variable = Constant(variable.data.reshape(()))
    return variable if variable.dtype == dtype else call("cast", variable, dtype=dtype)


PRODUCTS = (
    product_of_transposed,
    transposed_product,
    product_without_sum,
    product_with_units,
    sum_with_product,
)
