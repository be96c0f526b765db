"""Twenty planted bugs, chosen before the fuzzer was tuned: what the tests must catch.

Each is one small change of one file, as somebody might make it on a bad day.  A bug whose line has
moved on is replaced by one as hard, never by an easier one.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MUTANTS", "Mutant"]


@dataclass(frozen=True)
class Mutant:
    """A planted bug: in `file`, the text `old` (which stands there once) becomes `new`."""

    name: str
    room: str
    what: str
    file: str
    old: str
    new: str


MUTANTS = (
    Mutant(
        "signs", "rewrite", "two negative factors give a negative product",
        "gradc/rewrite/arithmetic.py",
        "negated = not negated",
        "negated = True",
    ),
    Mutant(
        "sigmoid-tail", "rewrite", "log(sigmoid(x)) becomes -softplus(x)",
        "gradc/rewrite/stabilize.py",
        "return neg(softplus(neg(x)))",
        "return neg(softplus(x))",
    ),
    Mutant(
        "softmax-axis", "rewrite", "a sum that stands along another axis is taken for softmax's",
        "gradc/rewrite/softmax.py",
        "return len(maps) == 1 and _order(maps[0]) == wanted",
        "return len(maps) == 1",
    ),
    Mutant(
        "narrow-cast", "rewrite", "a cast that loses digits is skipped between two others",
        "gradc/rewrite/views.py",
        " if _holds(middle.dtype, inner.dtype) else None",
        "",
    ),
    Mutant(
        "wrong-branch", "differentiate", "the gradient of switch's other branch has its guard",
        "gradc/differentiate/pull.py",
        "masks.under(ct.with_value(other), masks.opposite(condition))",
        "masks.under(ct.with_value(other), condition)",
    ),
    Mutant(
        "dropped-mask", "differentiate", "a nan that a guard should mask counts as clean",
        "gradc/differentiate/pull.py",
        "keeps_zero=_is_linear_in(term, ct.value))",
        "keeps_zero=True)",
    ),
    Mutant(
        "one-guard", "differentiate", "terms with different guards are added under the first",
        "gradc/differentiate/cotangent.py",
        "if all(term.guard is guard for term in terms):",
        "if guard is not None:",
    ),
    Mutant(
        "wrong-derivative", "differentiate", "the sign of arctan2's slope in its second operand",
        "gradc/ops/math.py",
        "return scaled * x, -scaled * y",
        "return scaled * x, scaled * y",
    ),
    Mutant(
        "commit-before-check", "lower", "an update is written before a step that may still fail",
        "gradc/lower/schedule.py",
        "if task.is_fallible or any(t.is_fallible and t.needs(task) for t in tasks):",
        "if task.is_fallible:",
    ),
    Mutant(
        "shifted-in-place", "lower", "an update overwrites elements that it reads later",
        "gradc/lower/schedule.py",
        "if source is shared and place != written:",
        "if source is shared and place is None:",
    ),
    Mutant(
        "early-reuse", "lower", "memory is written in one pass and read again in a later one",
        "gradc/lower/memory.py",
        "if places == read_places and len(places) == 1 and last_load[read] <= first:",
        "if places == read_places and len(places) == 1:",
    ),
    Mutant(
        "chunk-end", "emit", "the last row of the last chunk is left out",
        "gradc/emit/product.py",
        'f"end = gc_start({chunk} + 1, {length}, {count});"',
        'f"end = gc_start({chunk} + 1, {length}, {count} - 1);"',
    ),
    Mutant(
        "lost-rows", "emit", "sums down a column lose blocks of 128 rows and more",
        "gradc/emit/cascade.py",
        'digit = Branch(f"{rows} / GC_ROWS >> l & 1", (joined,))',
        'digit = Branch(f"{rows} / GC_ROWS >> l & 1 && l < 3", (joined,))',
    ),
    Mutant(
        "swapped-axes", "emit", "two axes are swapped where a reduction stores its results",
        "gradc/emit/nestfolds.py",
        "for axis in reversed(plan.before):",
        "for axis in plan.before:",
    ),
    Mutant(
        "nan-in-max", "csrc", "max drops nan",
        "csrc/inline/gradc/fold.h",
        "return x != x ? x : greater;",
        "return greater;",
    ),
    Mutant(
        "modulo-sign", "csrc", "the rest of an integer division by a negative number",
        "csrc/inline/gradc/integer.h",
        "return (T)(r != 0 && (r < 0) != (y < 0) ? r + (W)y : r);",
        "return (T)(r != 0 && r < 0 ? r + (W)y : r);",
    ),
    Mutant(
        "coefficient", "csrc", "a digit of tanh's polynomial in float64",
        "csrc/inline/gradc/tanh.h",
        "0x1.d6c5e47291631p-9",
        "0x1.d6c4e47291631p-9",
    ),
    Mutant(
        "no-checksum", "runtime", "a library from the cache is loaded if only its size is right",
        "gradc/runtime/store.py",
        'if body.get("files", {}).get(name) != described(data):',
        'if body.get("files", {}).get(name, {}).get("size") != len(data):',
    ),
    Mutant(
        "byte-order", "runtime", "an array in the other byte order is read as it lies",
        "csrc/python/array.c",
        "descr->byteorder == wanted->descr->byteorder));",
        "true));",
    ),
    Mutant(
        "alias", "runtime", "storage that the caller borrowed is overwritten while it is read",
        "csrc/python/invoke.c",
        "out->is_private = !updated->is_lent;",
        "out->is_private = true;",
    ),
)  # fmt: skip
