/* The inverse of a[n, n] from its factors (lu.h); fails where their diagonal has a 0, whose place is
 * then why[1]. a is not read. A column of l^-1 begins at its own row. */
#include "matrices.h"

typedef struct {
    int64_t n;
    const GC_T *factors;
    const int32_t *pivots;
    GC_T *out;
} GC_OF(task);

GC_ROUTINE int GC_OF(columns)(const gc_table *table, gc_frame *frame, int64_t chunk, int64_t worker)
{
    const GC_OF(task) *t = frame->task;
    const gc_triangle lower = {true, false, false}, upper = {false, false, true};
    const int64_t n = t->n, low = chunk * GC_COLUMNS, count = gc_less(n - low, GC_COLUMNS);
    GC_T *mine = t->out + low;
    (void)worker;
    for (int64_t i = 0; i < n; i++) {
        memset(mine + i * n, 0, (size_t)count * sizeof *mine);
        if (i >= low && i < low + count)
            mine[i * n + i - low] = 1;
    }
    GC_M(substitute)(table, lower, n - low, count, t->factors + low * n + low, n, mine + low * n, n);
    GC_M(substitute)(table, upper, n, count, t->factors, n, mine, n);
    GC_M(swap_rows)(t->pivots, 0, n, false, count, mine, n);
    return GC_OK;
}

GC_ROUTINE int GC_FN(const gc_table *table, const gc_frame *frame, int64_t n, const GC_T *a,
                     const GC_T *factors, const int32_t *pivots, GC_T *out, int64_t *why)
{
    GC_OF(task) task = {n, factors, pivots, out};
    (void)a;
    why[1] = GC_M(zero_pivot)(n, factors);
    if (why[1])
        return GC_ERR_NUMERIC;
    return gc_spread(table, frame, GC_OF(columns), &task, gc_pieces(n, GC_COLUMNS));
}

#include "routine_end.h"
