/* x[n, k] with l l' x = b, from l[n, n]. a = l l' is not read. */
#include "matrices.h"

GC_ROUTINE int GC_FN(const gc_table *table, const gc_frame *frame, int64_t n, int64_t k,
                     const GC_T *a, const GC_T *l, const GC_T *b, GC_T *out, int64_t *why)
{
    GC_M(system) task = {.m = n, .n = k, .count = 2, .a = l, .b = out,
                         .of = {{true, false, false}, {true, true, false}}};
    (void)a;
    why[1] = GC_M(zero_pivot)(n, l);
    if (why[1])
        return GC_ERR_NUMERIC;
    memcpy(out, b, (size_t)(n * k) * sizeof *b);
    return gc_spread(table, frame, GC_M(columns), &task, gc_pieces(k, GC_COLUMNS));
}

#include "routine_end.h"
