"""Routines: functions of C that a step calls once a row, where loops cannot say it.

Takes the name and the header of a function; gives the lines that define it for a dtype, and its
name.  A header of csrc/inline is real C for any element type: included behind

    #define GC_FN gr_sort_f64    the function to define; its helpers are GC_OF(GC_FN, merge)
    #define GC_T double          the element type
    #define GC_FLOAT 1           whether that has nan
    #define GC_SUFFIX f64        the type's name in those of functions, and its width
    #define GC_BITS 64

it defines one function, and takes these names back.  So a generated file holds what it calls, an
exported one needs nothing else, and the compiler makes it for the machine at hand.  What a routine
asks of BLAS and LAPACK it reaches through the table, as all generated C does.
"""

from __future__ import annotations

from gradc.dtypes import dtype_info
from gradc.value import value

__all__ = ["RoutineFn"]


@value
class RoutineFn:
    """The C function gr_<name>_<suffix> of csrc/inline/gradc/<header>.

    It takes, for one row: the table (if `table`), the frame (if `shares`: it cuts its own work over
    the pool), lengths and numbers as int64_t, a pointer an
    input, an output and a scratch, and (if `fails`) `int64_t *why`, room for the values of an error
    of which the first is the row and set already.  It returns nothing, or (if `fails`) a gc_status.
    macros: what the header leaves open, as (name with parameters, text).
    listed: lengths and numbers are handed as one array, where they are many.
    after: whether a nest may run behind each image that it finishes.  It takes, last of all, the
    nest's function and into how many chunks that cuts an image (NULL and 0 for none), and calls
    them all.
    lapack: whether it calls LAPACK, which not every library of BLAS has.
    of_complex: whether complex numbers may be its rows; GC_COMPLEX is defined for those.
    """

    name: str
    header: str
    table: bool = False
    fails: bool = False
    macros: tuple[tuple[str, str], ...] = ()
    shares: bool = False
    lapack: bool = False
    of_complex: bool = False
    listed: bool = False
    after: bool = False

    def function(self, dtype: str) -> str:
        """What the function for a dtype is called."""
        return f"gr_{self.name}_{dtype_info(dtype).suffix}"

    def lines(self, dtype: str) -> tuple[str, ...]:
        """The lines that define it."""
        info = dtype_info(dtype)
        macros = (
            ("GC_FN", self.function(dtype)),
            ("GC_T", info.c_type),
            ("GC_FLOAT", str(int(info.is_float))),
            ("GC_SUFFIX", info.suffix),
            ("GC_BITS", str(8 * info.itemsize)),
            *((("GC_COMPLEX", "1"),) if info.is_complex else ()),
            *self.macros,
        )
        defined = (f"#define {name} {text}" for name, text in macros)
        return (*defined, f"#include <gradc/{self.header}>")
