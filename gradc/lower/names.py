"""Give the lengths that steps use their entries in the sizes of a call.

Takes Program parts over the lengths of arguments; gives the same over Length("size", k), and the
definitions of these entries, each in the first segment whose plan can compute it.
"""

from __future__ import annotations

from typing import Any, TypeVar

from gradc.affine import Affine
from gradc.kernel.loops import Check, SizeDef
from gradc.kernel.scalar import ScalarFn
from gradc.lower.shapes import Shapes
from gradc.sizes import Atom, Call, Length, Size, deep_atoms, size
from gradc.value import field_names, is_value, replace

__all__ = ["Namer"]

Part = TypeVar("Part")

_PLAIN = (str, int, float, bool, type(None), ScalarFn)


class Namer:
    """Numbers lengths in the order they are met."""

    def __init__(self, shapes: Shapes, buffer_of_data: dict[int, int]) -> None:
        self.shapes = shapes
        self.buffer_of_data = buffer_of_data
        self.entries: dict[Atom, int] = {}
        self.definitions: list[tuple[int, SizeDef]] = []
        self._checked: set[int] = set()  # entries that checks were the first to need
        self._named: dict[Size, Size] = {}

    def size(self, value: Size) -> Size:
        """The size over entries, unified lengths being one entry."""
        found = self._named.get(value)
        if found is None:
            found = self._named[value] = self.shapes.resolve(value).fold(size, self._atom)
        return found

    def check(self, check: Check) -> Check:
        """A condition over entries: here lengths that are to be equal are still two."""
        before = len(self.definitions)
        left, right = (each.fold(size, self._atom) for each in (check.left, check.right))
        self._checked.update(new.number for _, new in self.definitions[before:])
        return replace(check, left=left, right=right)

    def defined(self) -> list[tuple[int, SizeDef]]:
        """The definitions, each with its segment, when all parts and checks are named."""
        values = [new.value for _, new in self.definitions if new.value is not None]
        inside = {atom.index for value in values for atom in deep_atoms(value)
                  if isinstance(atom, Length)}  # fmt: skip
        plain = self._checked - inside
        return [
            (segment, replace(new, only_checked=new.source == "length" and new.number in plain))
            for segment, new in self.definitions
        ]

    def part(self, part: Part) -> Part:
        """Any value of the Program with every size in it renamed."""
        if isinstance(part, _PLAIN):
            return part
        if isinstance(part, Size):
            return self.size(part)  # type: ignore[return-value]
        if isinstance(part, tuple):
            named = tuple(map(self.part, part))
            changed = any(new is not old for new, old in zip(named, part, strict=True))
            return named if changed else part  # type: ignore[return-value]
        if isinstance(part, Affine):
            factors = tuple((axis, self.size(factor)) for axis, factor in part.factors)
            return Affine(self.size(part.offset), factors)  # type: ignore[return-value]
        assert is_value(part)
        changes: dict[str, Any] = {}
        for name in field_names(type(part)):
            old = getattr(part, name)
            new = self.part(old)
            if new is not old:
                changes[name] = new
        return replace(part, **changes) if changes else part

    def _atom(self, atom: Atom) -> Size:
        if isinstance(atom, Length) and atom.group == "size":
            return size(atom)
        if isinstance(atom, Call) and any(map(_is_inside, deep_atoms(_as_size(atom)))):
            return _as_size(Call(atom.name, tuple(arg.fold(size, self._atom) for arg in atom.args)))
        if _is_inside(atom):  # the loop sets it
            self.entries.setdefault(atom, len(self.entries))
        elif atom not in self.entries:
            definition = self._definition(atom)
            segment = self.shapes.level(size(1) * _as_size(atom))
            number = len(self.entries)
            self.entries[atom] = number
            self.definitions.append((segment, replace(definition, number=number)))
        return size(Length("size", self.entries[atom]))

    def _inside(self, atom: Atom) -> Size:
        """An atom within a definition: calls that have no entry of their own stay calls."""
        if isinstance(atom, Call) and atom not in self.entries:
            args = tuple(arg.fold(size, self._inside) for arg in atom.args)
            return _as_size(Call(atom.name, args))
        return self._atom(atom)

    def _definition(self, atom: Atom) -> SizeDef:
        if isinstance(atom, Call):
            return SizeDef(0, "expression", value=self._inside(atom))
        if atom.group == "arg":
            return SizeDef(0, "length", atom.index, atom.axis)
        if atom.group == "stride":
            return SizeDef(0, "stride", atom.index, atom.axis)
        if atom.group == "value":
            return SizeDef(0, "value", atom.index)
        return SizeDef(0, "buffer", self.buffer_of_data[atom.index])


def _is_inside(atom: Atom) -> bool:
    """Whether a loop gives the number a value in each of its turns."""
    return isinstance(atom, Length) and atom.group.startswith("loop")


def _as_size(atom: Atom) -> Size:
    return Size((((atom,), 1),))
