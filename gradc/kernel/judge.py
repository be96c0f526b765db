"""What the checks of a Program know and ask: sizes defined, buffers written, the present step.

Takes a Program; complains with InternalError, naming the step.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gradc.errors import InternalError, message
from gradc.kernel.formula import formula
from gradc.kernel.program import Buffer, Program
from gradc.sizes import Call, Length, Size

__all__ = ["Judge"]


@dataclass
class Judge:
    """A Program, and what has happened up to the present step."""

    program: Program
    where: str = "program"
    sizes: set[int] = field(default_factory=set)  # entries defined so far
    ready: set[int] = field(default_factory=set)  # buffers written so far, or arguments
    changed: dict[int, str] = field(default_factory=dict)  # shared arguments, and who wrote first

    def require(self, condition: bool, what: str) -> None:
        """Complain about the present step."""
        if not condition:
            raise InternalError(message(f"program, {self.where}: {what}."))

    def check_size(self, *values: Size) -> None:
        """Every atom has been defined."""
        for value in values:
            for atom in value.atoms:
                if isinstance(atom, Call):
                    self.check_size(*atom.args)
                    continue
                known = isinstance(atom, Length) and atom.group == "size"
                self.require(known and atom.index in self.sizes, f"{formula(value)} is unknown")

    def buffer(self, number: int, dtype: str | None = None) -> Buffer:
        """A buffer, which must exist."""
        self.require(0 <= number < len(self.program.buffers), f"there is no b{number}")
        buffer = self.program.buffers[number]
        if dtype is not None:
            self.require(buffer.dtype == dtype, f"b{number} is {buffer.dtype}, not {dtype}")
        return buffer

    def read(self, number: int, dtype: str | None = None) -> None:
        """A buffer that has been written, or came in."""
        buffer = self.buffer(number, dtype)
        if buffer.place == "window":
            self.read(buffer.index)
            return
        self.require(
            buffer.place == "arg" or number in self.ready, f"b{number} is read before it is written"
        )
        writer = self.changed.get(buffer.index, self.where) if buffer.place == "arg" else self.where
        self.require(writer == self.where, f"b{number} is read behind its update in {writer}")

    def write(self, number: int, is_behind: bool, dtype: str | None = None) -> None:
        """A buffer that may be written here."""
        buffer = self.buffer(number, dtype)
        if buffer.place == "window":
            self.ready.add(number)
            self.write(buffer.index, is_behind)
            return
        self.require(buffer.place != "arg", f"b{number} is an argument")
        port = self.program.interface.outs[buffer.index] if buffer.place == "out" else None
        is_update = port is not None and port.role == "update"
        self.require(is_behind or not is_update, f"b{number} is an update, before the commit")
        if port is not None and is_update and port.shared is not None:
            self.changed.setdefault(port.shared, self.where)
        self.ready.add(number)

    def may_share(self, one: int, other: int) -> bool:
        """Whether two buffers may be the same memory at a call."""
        a, b = self.program.buffers[one], self.program.buffers[other]
        if a.place == "out" and b.place == "arg":
            return self.program.interface.outs[a.index].shared == b.index
        inside = ("work", "partial", "scratch")
        return (
            a.place in inside
            and (b.segment, b.index) == (a.segment, a.index)
            and (b.place in inside)
        )
