/* x[n, k] = op(a)^-1 b for a triangular matrix a[n, n]; fails where its diagonal has a 0, whose
 * place is then why[1]. */
#include "matrices.h"

GC_ROUTINE int GC_FN(const gc_table *table, const gc_frame *frame, int64_t n, int64_t k,
                     int64_t lower, int64_t trans, int64_t unit, const GC_T *a, const GC_T *b,
                     GC_T *out, int64_t *why)
{
    const gc_triangle of = {lower != 0, trans != 0, unit != 0};
    why[1] = unit ? 0 : GC_M(zero_pivot)(n, a);
    if (why[1])
        return GC_ERR_NUMERIC;
    memcpy(out, b, (size_t)(n * k) * sizeof *b);
    GC_M(system) task = {.m = n, .n = k, .count = 1, .of = {of}, .a = a, .b = out};
    return gc_spread(table, frame, GC_M(columns), &task, gc_pieces(k, GC_COLUMNS));
}

#include "routine_end.h"
