"""Sizes and index expressions as text: `2 * n0 * n1 - 1`, `i0 * (n1 + 1) + j`.

Takes sizes over Length("size", k), which is called n{k}; gives infix text that reads alike in C
and in print.  Nothing is simplified here: `gradc.sizes` keeps a normal form.
"""

from __future__ import annotations

from collections.abc import Iterable

from gradc.sizes import Atom, Call, Monomial, Size, SizeLike, size

__all__ = ["factor", "formula", "place"]


def formula(value: SizeLike, prefix: str = "") -> str:
    """The size as an expression; `prefix` goes before the names of opaque functions."""
    terms = size(value).terms
    if not terms:
        return "0"
    ordered = sorted(terms, key=lambda term: term[1] < 0)  # a sum should not begin with a minus
    parts = [_signed(monomial, number, prefix) for monomial, number in ordered]
    return _joined(parts)


def factor(value: SizeLike, prefix: str = "") -> str:
    """The size as an operand of a product: in parentheses if it is a sum."""
    text = formula(value, prefix)
    return f"({text})" if len(size(value).terms) > 1 or text.startswith("-") else text


def place(offset: SizeLike, moves: Iterable[tuple[str, Size]], prefix: str = "") -> str:
    """The expression offset + sum(variable * stride); zero strides fall away."""
    parts = []
    for variable, stride in moves:
        number = stride.constant
        if number == 0:
            continue
        if number is None:
            parts.append(("", f"{variable} * {factor(stride, prefix)}"))
        elif abs(number) == 1:
            parts.append(("-" if number < 0 else "", variable))
        else:
            parts.append(("-" if number < 0 else "", f"{abs(number)} * {variable}"))
    for monomial, number in size(offset).terms:
        parts.append(_signed(monomial, number, prefix))
    parts.sort(key=lambda part: part[0] == "-")
    return _joined(parts) if parts else "0"


def _signed(monomial: Monomial, number: int, prefix: str) -> tuple[str, str]:
    names = [_atom(atom, prefix) for atom in monomial]
    if abs(number) != 1 or not names:
        names.insert(0, str(abs(number)))
    return ("-" if number < 0 else "", " * ".join(names))


def _joined(parts: list[tuple[str, str]]) -> str:
    sign, text = parts[0]
    for next_sign, part in parts[1:]:
        text += f" {next_sign or '+'} {part}"
    return sign + text


def _atom(atom: Atom, prefix: str) -> str:
    if isinstance(atom, Call):
        args = ", ".join(formula(arg, prefix) for arg in atom.args)
        return f"{prefix}{atom.name}({args})"
    return f"n{atom.index}" if atom.group == "size" else str(atom)
