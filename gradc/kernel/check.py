"""The rules every Program keeps.

Takes a Program; raises InternalError naming the step that breaks one.  Run by tests and in debug
builds of the fuzzer: what passes here, `emit` prints without asking again.
"""

from __future__ import annotations

from gradc.dtypes import dtype_info
from gradc.kernel.checknest import NestChecker
from gradc.kernel.judge import Judge
from gradc.kernel.program import (
    Callback,
    Indexed,
    Load,
    Matrix,
    Nest,
    Pack,
    Product,
    Program,
    Repeat,
    Require,
    Routine,
    Scale,
    Step,
    Store,
)
from gradc.kernel.text import touched
from gradc.sizes import Length, Size

__all__ = ["check_program"]


def check_program(program: Program) -> None:
    """Raise InternalError if a rule is broken."""
    _Checker(program).run()


class _Checker(Judge):
    def run(self) -> None:
        """All segments in order."""
        program = self.program
        self.require(len(program.segments) == program.interface.segments, "segments miscounted")
        self.check_buffers()
        for number, segment in enumerate(program.segments):
            self.where = f"segment {number}"
            for each in segment.sizes:
                self.require(each.number not in self.sizes, f"n{each.number} is defined twice")
                if each.value is not None:
                    self.check_size(each.value)
                self.sizes.add(each.number)
            for check in segment.checks:
                self.check_size(check.left, check.right)
                self.require(check.note < len(program.notes), f"there is no note {check.note}")
            for slot in segment.slots:
                self.check_size(slot.elements)
            is_last = number == len(program.segments) - 1
            self.require(0 <= segment.commit <= len(segment.steps), "commit is not among the steps")
            for k, step in enumerate(segment.steps):
                self.where = f"segment {number}, step {k}"
                self.check_step(step, is_behind=is_last and k >= segment.commit)
        self.where = "program"
        for number in self.sizes:
            self.require(number < program.interface.sizes, f"n{number} has no entry")
        for k in range(len(program.interface.outs)):
            found = [b for b in program.buffers if b.place == "out" and b.index == k]
            self.require(len(found) == 1, f"out {k} has {len(found)} buffers")
            self.require(found[0].number in self.ready, f"out {k} is never written")

    def check_buffers(self) -> None:
        """Each buffer is where it says."""
        program = self.program
        ports = {"arg": program.interface.args, "out": program.interface.outs}
        used = {b for segment in program.segments for step in segment.steps for b in touched(step)}
        for number, buffer in enumerate(program.buffers):
            self.require(buffer.number == number, f"b{buffer.number} stands at {number}")
            if buffer.place in ports:
                port = ports[buffer.place][buffer.index]
                self.require(port.dtype == buffer.dtype, f"b{number} is not of its port's dtype")
                same = port.ndim == len(buffer.shape) or buffer.place == "arg"
                self.require(same, f"b{number} has not the rank of its port")
                continue
            if buffer.place == "window":
                self.require(buffer.index < number, f"b{number} looks into what comes behind it")
                continue
            if number not in used:
                continue  # packed before, for another product
            slots = program.segments[buffer.segment].slots
            self.require(0 <= buffer.index < len(slots), f"b{number} has no slot")
            slot = slots[buffer.index]
            itemsize = dtype_info(buffer.dtype).itemsize
            self.require(slot.itemsize == itemsize, f"b{number} does not fit its slot")
            mine = buffer.place == "scratch"
            self.require(slot.per_worker == mine, f"b{number} and its slot disagree on workers")

    # -- steps -----------------------------------------------------------------------------------

    def check_step(self, step: Step, *, is_behind: bool) -> None:
        """A nest or a product."""
        if isinstance(step, Product):
            self.check_product(step, is_behind)
            return
        if isinstance(step, Pack):
            self.check_pack(step)
            return
        if isinstance(step, Routine):
            self.check_routine(step, is_behind)
            return
        if isinstance(step, Callback | Require):
            self.check_call(step, is_behind)
            return
        if isinstance(step, Repeat):
            self.check_repeat(step, is_behind)
            return
        self.require(not (step.fallible and is_behind), "it may fail, behind the commit")
        if step.product is not None:
            self.check_product(step.product, is_behind)
            self.require(step.product.m == step.axes[0], "its product has other rows")
            self.require(step.product.blocks == step.chunks, "its product has other blocks")
            self.require(not step.product.batch, "its product has a stack")
        NestChecker(self, step, is_behind).run()

    def check_repeat(self, step: Repeat, is_behind: bool) -> None:
        """The turns of a loop, with what each of them sets."""
        self.require(not is_behind, "it may fail, behind the commit")
        self.check_size(step.count, *(() if step.parts is None else (step.parts,)))
        self.set_here(step.counter)
        for cut in step.cuts:
            self.check_size(cut.whole, cut.part)
            self.set_here(cut.into)
        self.require(step.parts is None or not (step.moves or step.before), "its parts share moves")
        for number in step.reads:
            self.read(number)
        for number in step.writes:
            self.write(number, is_behind)
        for turn in step.turns:
            for each in turn.reads:
                self.read(each.buffer)
                self.check_size(each.offset)
                self.set_here(each.into)
            for check in turn.checks:
                self.check_size(check.left, check.right)
                self.require(check.note < len(self.program.notes), f"no note {check.note}")
            for inner in turn.steps:
                self.check_step(inner, is_behind=False)
        for move in (*step.before, *step.moves, *step.after):
            self.check_size(move.place, move.offset)
            self.read(move.source)
            self.write(move.into, is_behind)

    def set_here(self, value: Size) -> None:
        """An entry of the sizes that the step itself sets."""
        (atom,) = value.atoms
        self.require(isinstance(atom, Length) and atom.group == "size", "it sets no size")
        assert isinstance(atom, Length)
        self.sizes.add(atom.index)

    def check_product(self, step: Product, is_behind: bool) -> None:
        """Operands, lengths and strides of a product."""
        self.require(dtype_info(step.dtype).is_inexact, f"BLAS does not multiply {step.dtype}")
        rows = () if step.rows is None else (step.rows,)
        self.check_size(step.m, step.n, step.k, *step.batch, step.blocks, *rows)
        if step.routine == "gemv":
            self.require(step.n.constant == 1, "gemv has one column")
        if step.routine == "ger":
            self.require(step.k.constant == 1, "ger has one term")
            self.require(step.source is None, "ger accumulates where it is")
        for matrix in (step.x, step.y):
            self.read(matrix.buffer, step.dtype)
            self.check_matrix(matrix, step)
        for scale in (step.alpha, step.beta):
            self.check_scale(scale, step.dtype)
        if step.source is not None:
            self.read(step.source, step.dtype)
        if step.panels is not None:
            self.read(step.panels, step.dtype)
            self.require(step.routine == "gemm" and not step.batch, "panels are for one gemm")
            self.require(step.out.col.constant == 1, "panels give rows")
        self.write(step.out.buffer, is_behind, step.dtype)
        self.check_matrix(step.out, step)
        inputs = (step.x.buffer, step.y.buffer)
        self.require(step.out.buffer not in inputs, "it writes what it multiplies")

    def check_pack(self, step: Pack) -> None:
        """The matrix and its panels."""
        self.check_size(step.k, step.n, step.room, step.blocks)
        self.read(step.y.buffer, step.dtype)
        self.check_size(step.y.offset, step.y.row, step.y.col)
        self.require(not step.y.batch, "a stack is not packed")
        self.require(self.program.buffers[step.panels].place == "work", "panels are work")
        self.write(step.panels, False, step.dtype)

    def check_routine(self, step: Routine, is_behind: bool) -> None:
        """The operands and memory of a routine."""
        self.require(not (step.fn.fails and is_behind), "it may fail, behind the commit")
        self.require((step.note is not None) == step.fn.fails, "its failure says nothing")
        self.check_size(step.rows, *step.numbers, step.work, step.blocks)
        for each in step.reads:
            self.read(each.buffer)
            self.check_size(each.offset, each.apart)
        for number in step.scratch:
            place = "work" if step.blocks.constant == 1 else "scratch"
            self.require(self.buffer(number).place == place, f"b{number} is no scratch")
            self.write(number, False)
        for each in step.writes:
            self.check_size(each.offset, each.apart)
            self.write(each.buffer, is_behind)
            for other in step.reads:
                shared = each.buffer == other.buffer or self.may_share(each.buffer, other.buffer)
                self.require(not shared, f"b{each.buffer} is written over b{other.buffer}")
        if step.after is not None:
            self.check_after(step, step.after, is_behind)

    def check_after(self, step: Routine, nest: Nest, is_behind: bool) -> None:
        """A nest that runs behind one image while the routine works on others."""
        is_one = step.fn.after and step.rows.constant == 1
        self.require(is_one, "its routine lets nothing run behind images")
        is_inside = nest.cut == 1 and len(nest.axes) > 1
        self.require(is_inside, "what runs behind images is not cut within them")
        is_plain = not (nest.folds or nest.fallible) and nest.product is None and nest.base is None
        self.require(is_plain, "what runs behind images has folds, or more before it, or may fail")
        NestChecker(self, nest, is_behind).run()
        found = [s for s in nest.statements if isinstance(s, (Load, Indexed, Store))]
        for put in {s.access.buffer for s in found if isinstance(s, Store)}:
            for each in step.reads:
                shared = put == each.buffer or self.may_share(put, each.buffer)
                self.require(not shared, f"b{put} is written while b{each.buffer} is read")
        for each in step.writes:
            mine = {s.access for s in found if s.access.buffer == each.buffer}
            places = {(access.offset, access.strides[0] * nest.axes[0]) for access in mine}
            is_there = len(mine) <= 1 and places <= {(each.offset, each.apart)}
            self.require(is_there, f"b{each.buffer} is read where it is not finished")

    def check_call(self, step: Callback | Require, is_behind: bool) -> None:
        """What a callback or a condition reads and writes, before the commit."""
        self.require(not is_behind, "it may fail, behind the commit")
        if isinstance(step, Require):
            self.require(step.note < len(self.program.notes), f"there is no note {step.note}")
            self.read(step.source, "bool")
            self.write(step.out, is_behind, "bool")
            return
        for each in (*step.ins, *step.outs):
            self.check_size(*each.shape)
        for each in step.ins:
            self.read(each.buffer)
        for each in step.outs:
            self.write(each.buffer, is_behind)
        inputs = {each.buffer for each in step.ins}
        same = inputs & {each.buffer for each in step.outs}
        self.require(not same, "it writes what it reads")

    def check_matrix(self, matrix: Matrix, step: Product) -> None:
        """Strides of a matrix."""
        self.check_size(matrix.offset, matrix.row, matrix.col, *matrix.batch)
        same = len(matrix.batch) == len(step.batch)
        self.require(same, f"b{matrix.buffer} has another stack")

    def check_scale(self, scale: Scale, dtype: str) -> None:
        """A literal or a scalar in memory."""
        if scale.buffer is None:
            self.require(bool(scale.text), "a factor is missing")
        else:
            self.read(scale.buffer, dtype)
