/* x[n, k] with a x = b, or a' x = b if `trans`, from the factors of a (lu.h); fails where their
 * diagonal has a 0, whose place is then why[1]. a is not read. */
#include "matrices.h"

GC_ROUTINE int GC_FN(const gc_table *table, const gc_frame *frame, int64_t n, int64_t k,
                     int64_t trans, const GC_T *a, const GC_T *factors, const int32_t *pivots,
                     const GC_T *b, GC_T *out, int64_t *why)
{
    const gc_triangle lower = {true, trans != 0, false}, upper = {false, trans != 0, true};
    GC_M(system) task = {.m = n, .n = k, .count = 2, .a = factors, .pivots = pivots,
                         .swap_first = trans != 0, .b = out};
    (void)a;
    why[1] = GC_M(zero_pivot)(n, factors);
    if (why[1])
        return GC_ERR_NUMERIC;
    task.of[0] = trans ? upper : lower;
    task.of[1] = trans ? lower : upper;
    memcpy(out, b, (size_t)(n * k) * sizeof *b);
    return gc_spread(table, frame, GC_M(columns), &task, gc_pieces(k, GC_COLUMNS));
}

#include "routine_end.h"
