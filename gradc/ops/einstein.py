"""einsum: sums of products in letters, as a sequence of contractions of two arrays.

Takes numpy's whole grammar: implicit and explicit results, an ellipsis, letters that stand twice in
one operand (its diagonal), letters that stand in one operand only (summed first), any number of
operands, and the form with lists of numbers.  The order of contractions is chosen while building:
the one with the fewest multiplications, lengths that only the call knows counted as 100.  Every
step is a Contract, so it reaches BLAS, and so do its gradients.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from string import ascii_letters
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.affine import IndexMap
from gradc.dtypes import promote
from gradc.errors import ArgumentError, ArgumentTypeError, ShapeError, message, printable
from gradc.graph.describe import where
from gradc.graph.op import Shape
from gradc.graph.variable import Variable
from gradc.ops.convert import as_variable
from gradc.ops.declare import Sample, call, composed, declared
from gradc.ops.elemwise import cast
from gradc.ops.index import placed_through
from gradc.ops.kinds import View
from gradc.ops.linalg import contract
from gradc.ops.reduce import any as any_
from gradc.ops.reduce import sum as sum_
from gradc.sizes import Size
from gradc.value import value

__all__ = ["einsum"]

Array = npt.NDArray[Any]
Label = str  # a letter, or "0", "1" .. for the axes of an ellipsis, counted from the last

_UNKNOWN = 100  # a length that only the call knows, when orders of contraction are compared
_MOST = (
    8  # operands of which the best order is sought: 3^8 splits; before that cheapest pairs first
)
_HELP = 'write it as "ij,jk->ik": one letter an axis.'


@value
class _Term:
    """An operand on the way: its axes carry these labels."""

    variable: Variable
    labels: tuple[Label, ...]


@value
class _Product:
    """The product of a set of operands: multiplications and elements made, labels, how to split."""

    cost: tuple[int, int]
    labels: tuple[Label, ...]
    left: frozenset[int] | None = None


# -- the grammar ---------------------------------------------------------------------------------


def _unravelled(subscripts: Any, operands: Sequence[Any]) -> tuple[str, Sequence[Any]]:
    """Text and operands; einsum(x, [0, 1], y, [1, 2], [0, 2]) is brought to that form."""
    if isinstance(subscripts, str):
        return subscripts.replace(" ", ""), operands
    given = (subscripts, *operands)
    lists = [_letters_of(each) for each in given[1::2]]
    text = ",".join(lists)
    if len(given) % 2:
        text = ",".join(lists[: len(given) // 2]) + "->" + _letters_of(given[-1])
    return text, given[: len(given) - len(given) % 2 : 2]


def _letters_of(numbers: Any) -> str:
    try:
        return "".join("..." if n is Ellipsis else ascii_letters[n] for n in numbers)
    except (TypeError, IndexError):
        what = f"einsum: {printable(repr(numbers), 60)} is no list of axes."
        raise ArgumentTypeError(message(what, fix=_HELP)) from None


def _axes(text: str, variable: Variable) -> tuple[Label, ...]:
    """The labels of one operand."""
    head, dots, tail = text.partition("...")
    if not all(c in ascii_letters for c in head + tail):
        what = f"einsum: subscripts {text!r} have something else than letters."
        raise ArgumentError(message(what, fix=_HELP))
    count = variable.ndim - len(head) - len(tail)
    if count < 0 or (count and not dots):
        what = f"einsum: {text!r} names {len(head + tail)} axes of an array of {variable.ndim}."
        raise ArgumentError(message(what, [where(variable)], "name each axis, or write ..."))
    return (*head, *(str(k) for k in reversed(range(count))), *tail)


def _result(text: str | None, terms: Sequence[_Term]) -> tuple[Label, ...]:
    """The labels of the result; without text: the ellipsis, then letters that stand once."""
    used = [label for term in terms for label in term.labels]
    dots = sorted({label for label in used if label.isdigit()}, key=int, reverse=True)
    if text is None:
        return (*dots, *sorted(c for c in set(used) if c.isalpha() and used.count(c) == 1))
    head, ellipsis, tail = text.partition("...")
    letters = head + tail
    if len(set(letters)) < len(letters) or not set(letters) <= set(used):
        what = f"einsum: the result {text!r} repeats a letter, or has one that no operand has."
        raise ArgumentError(message(what, fix="each letter of the result once."))
    if dots and not ellipsis:
        what = f"einsum: the result {text!r} leaves out the axes of '...'."
        raise ArgumentError(message(what, fix="write ... in the result, or sum over it after."))
    return (*head, *(dots if ellipsis else ()), *tail)


def _parsed(subscripts: Any, operands: Sequence[Any]) -> tuple[list[_Term], tuple[Label, ...]]:
    text, given = _unravelled(subscripts, operands)
    left, arrow, right = text.partition("->")
    parts = left.split(",")
    if len(parts) != len(given):
        what = f"einsum: subscripts {text!r} are for {len(parts)} operands, got {len(given)}."
        raise ArgumentError(message(what, fix="one group of letters an operand."))
    variables = [as_variable(each) for each in given]
    dtype = promote(*(each.dtype for each in variables))
    terms = [
        _Term(cast(variable, dtype), _axes(part, variable))
        for variable, part in zip(variables, parts, strict=True)
    ]
    return terms, _result(right if arrow else None, terms)


# -- lengths -------------------------------------------------------------------------------------


def _lengths(terms: Sequence[_Term]) -> dict[Label, int | None]:
    """What is known of each label's length: 1 only where it is 1 everywhere.

    Raises: ShapeError if two lengths clash.
    """
    found: dict[Label, int | None] = {}
    for term in terms:
        for label, n in zip(term.labels, term.variable.type.shape, strict=True):
            known = found.setdefault(label, n)
            if known == 1 or (known is None and n not in (None, 1)):
                found[label] = n
            elif known is not None and n not in (None, 1, known):
                word = "an axis of '...'" if label.isdigit() else f"letter {label!r}"
                what = f"einsum: {word} stands for lengths {known} and {n}."
                raise ShapeError(message(what, [where(each.variable) for each in terms]))
    return found


def _without_ones(term: _Term, lengths: Mapping[Label, int | None]) -> _Term:
    """The operand without axes of length 1 that stretch to another operand's."""
    shape = term.variable.type.shape
    kept = [k for k, (c, n) in enumerate(zip(term.labels, shape, strict=True))
            if n != 1 or lengths[c] == 1]  # fmt: skip
    if len(kept) == len(shape):
        return term
    return _Term(term.variable.dimshuffle(*kept), tuple(term.labels[k] for k in kept))


# -- one operand ---------------------------------------------------------------------------------


def _diagonal_places(x: str) -> list[int]:
    return [x.index(c) for c in dict.fromkeys(x)]


def _shape(lengths: Shape, *, x: str) -> list[Size]:
    return [lengths[k] for k in _diagonal_places(x)]


def _index(i: IndexMap, lengths: Shape, *, x: str) -> IndexMap:
    letters = list(dict.fromkeys(x))
    return tuple(i[letters.index(c)] for c in x)


def _equal(lengths: Shape, *, x: str) -> list[tuple[Size, Size, int]]:
    return [(n, lengths[x.index(c)], k) for k, (c, n) in enumerate(zip(x, lengths, strict=True))
            if x.index(c) < k]  # fmt: skip


def _ref_diagonals(a: Array, *, x: str) -> Array:
    wrong = [(m, n) for n, m, _ in _equal(a.shape, x=x) if m != n]
    if wrong:  # numpy takes some lengths of 0
        what = "diagonals: axes of one letter have lengths {} and {}.".format(*wrong[0])
        raise ShapeError(message(what, fix="make the lengths equal."))
    found: Array = np.einsum(f"{x}->{''.join(dict.fromkeys(x))}", a)
    return found


def _pullback(
    cts: Sequence[Variable], outs: Sequence[Variable], a: Variable, *, x: str
) -> tuple[Variable]:
    return (placed_through("diagonals", cts[0], a, x=x),)


@declared(
    View,
    shape=_shape,
    index=_index,
    equal=_equal,
    ref=_ref_diagonals,
    pullback=_pullback,
    samples=(
        Sample(lambda f, a: f(a, "ii"), ((3, 3),)),
        Sample(lambda f, a: f(a, "iji"), ((2, 3, 2),)),
    ),
)
def diagonals(a: Variable, x: str) -> Variable:
    """The elements at which axes of one letter have one position: "iji" gives [i, j], a[i, j, i].

    Gradient: placed there in zeros.
    """
    return call("diagonals", a, x=x)


def _reduced(term: _Term, kept: set[Label]) -> _Term:
    """Diagonals taken, and labels that nobody else has summed over."""
    variable, labels = term.variable, tuple(dict.fromkeys(term.labels))
    if len(labels) < len(term.labels):
        letters = dict(zip(labels, ascii_letters, strict=False))
        variable = diagonals(variable, "".join(letters[c] for c in term.labels))
    axes = tuple(k for k, c in enumerate(labels) if c not in kept)
    if not axes:
        return _Term(variable, labels)
    if variable.dtype == "bool":
        total = any_(variable, axis=axes)
    else:
        total = sum_(variable, axis=axes, dtype=variable.dtype)
    return _Term(total, tuple(c for c in labels if c in kept))


# -- two and more --------------------------------------------------------------------------------


def _count(labels: Sequence[Label], lengths: Mapping[Label, int | None]) -> int:
    return math.prod(_UNKNOWN if lengths[c] is None else lengths[c] for c in labels)  # type: ignore[misc]


def _merged(x: tuple[Label, ...], y: tuple[Label, ...], kept: set[Label]) -> tuple[Label, ...]:
    """The labels of a product, those of both operands in front."""
    both = [c for c in x if c in y and c in kept]
    return (*both, *(c for c in (*x, *y) if c in kept and c not in both))


def _greedy(
    terms: Sequence[_Term], out: Sequence[Label], lengths: Mapping[Label, int | None]
) -> tuple[int, int]:
    """The two operands whose product is cheapest."""

    def cost(pair: tuple[int, int]) -> tuple[Any, ...]:
        x, y = (terms[k] for k in pair)
        kept = _kept(terms, pair, out)
        work = _count(tuple({*x.labels, *y.labels}), lengths)
        return work, _count(_merged(x.labels, y.labels, kept), lengths), pair

    return min(combinations(range(len(terms)), 2), key=cost)


def _best(
    terms: Sequence[_Term], out: tuple[Label, ...], lengths: Mapping[Label, int | None]
) -> dict[frozenset[int], _Product]:
    """Of every set of operands the product with the fewest multiplications, then least memory.

    By dynamic programming from single operands on; the product of all has the labels `out`.
    """
    everybody = range(len(terms))
    best = {frozenset((k,)): _Product((0, 0), term.labels) for k, term in enumerate(terms)}
    for size in range(2, len(terms) + 1):
        for members in combinations(everybody, size):
            kept = _kept(terms, members, out)
            found = []
            for left in _halves(members):
                one, two = best[left], best[frozenset(members) - left]
                labels = _merged(one.labels, two.labels, kept) if size < len(terms) else out
                work = _count(tuple({*one.labels, *two.labels}), lengths)
                total = (one.cost[0] + two.cost[0] + work,
                         one.cost[1] + two.cost[1] + _count(labels, lengths))  # fmt: skip
                found.append(_Product(total, labels, left))
            best[frozenset(members)] = min(found, key=lambda each: each.cost)
    return best


def _halves(members: Sequence[int]) -> Iterator[frozenset[int]]:
    """The parts of a set that hold its first member, but the whole."""
    first, *rest = members
    for size in range(len(rest)):
        for others in combinations(rest, size):
            yield frozenset((first, *others))


def _kept(terms: Sequence[_Term], taken: Sequence[int], out: Sequence[Label]) -> set[Label]:
    rest = (term.labels for k, term in enumerate(terms) if k not in taken)
    return {*out, *(label for labels in rest for label in labels)}


def _product(
    members: frozenset[int], terms: Sequence[_Term], best: Mapping[frozenset[int], _Product]
) -> _Term:
    """The operands of a set, contracted."""
    left = best[members].left
    if left is None:
        (k,) = members
        return terms[k]
    x, y = _product(left, terms, best), _product(members - left, terms, best)
    return _contracted(x, y, best[members].labels)


def _contracted(x: _Term, y: _Term, out: tuple[Label, ...]) -> _Term:
    letters = dict(zip(dict.fromkeys((*x.labels, *y.labels)), ascii_letters, strict=False))
    words = ("".join(letters[c] for c in labels) for labels in (x.labels, y.labels, out))
    return _Term(contract(x.variable, y.variable, *words), out)


def _einsum_ref(subscripts: Any, *operands: Any) -> Any:
    return np.einsum(subscripts, *operands)


@composed(
    ref=_einsum_ref,
    samples=(
        Sample(lambda f, x, y: f("ij,jk", x, y), ((2, 3), (3, 4))),
        Sample(lambda f, x: f("iij->j", x), ((3, 3, 2),)),
        Sample(
            lambda f, x, y, z: f("b...i,bij,jk->...bk", x, y, z), ((2, 2, 3), (2, 3, 4), (4, 2))
        ),
    ),
)
def einsum(subscripts: Any, *operands: Any) -> Variable:
    """The sum of products that letters describe: "ij,jk->ik" is the matrix product.

    subscripts: one group of letters an operand, one letter an axis; letters that are not behind
    "->" are summed over, without "->" those that stand more than once.  "..." stands for the axes
    not named; they broadcast.  A letter twice in one group is a diagonal.  Also
    einsum(x, [0, 1], y, [1, 2], [0, 2]).  An axis of static length 1 stretches.
    dtype: promoted.  Gradient: contractions too.
    Raises: ArgumentError for subscripts that do not fit the operands, ShapeError if static lengths
    of one letter differ (unknown ones are checked at the call).
    """
    terms, out = _parsed(subscripts, operands)
    lengths = _lengths(terms)
    terms = [_without_ones(term, lengths) for term in terms]
    terms = [_reduced(term, _kept(terms, (k,), out)) for k, term in enumerate(terms)]
    while len(terms) > _MOST:
        pair = _greedy(terms, out, lengths)
        x, y = (terms[k] for k in pair)
        labels = _merged(x.labels, y.labels, _kept(terms, pair, out))
        rest = [term for k, term in enumerate(terms) if k not in pair]
        terms = [*rest, _contracted(x, y, labels)]
    best = _best(terms, out, lengths)
    last = _product(frozenset(range(len(terms))), terms, best)
    return last.variable.dimshuffle(*(last.labels.index(c) for c in out))
