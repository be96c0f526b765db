/* The inverse of a = l l', from l[n, n]: its own inverse x first, by columns which begin at their
 * own row, then x' x, of which one triangle is computed. a is not read. `spare` has room for n n. */
#include "matrices.h"

typedef struct {
    int64_t n;
    const GC_T *l;
    GC_T *x, *out;
} GC_OF(task);

GC_ROUTINE int GC_OF(columns)(const gc_table *table, gc_frame *frame, int64_t chunk, int64_t worker)
{
    const GC_OF(task) *t = frame->task;
    const gc_triangle lower = {true, false, false};
    const int64_t n = t->n, low = chunk * GC_BLOCK, count = gc_less(n - low, GC_BLOCK);
    GC_T *mine = t->x + low * n + low;
    (void)worker;
    for (int64_t i = 0; i < n - low; i++) {
        memset(mine + i * n, 0, (size_t)count * sizeof *mine);
        if (i < count)
            mine[i * n + i] = 1;
    }
    GC_M(substitute)(table, lower, n - low, count, t->l + low * n + low, n, mine, n);
    return GC_OK;
}

/* Rows of the product up to the diagonal, and their mirror; the long ones are those of few sums. */
GC_ROUTINE int GC_OF(rows)(const gc_table *table, gc_frame *frame, int64_t chunk, int64_t worker)
{
    const GC_OF(task) *t = frame->task;
    const int64_t n = t->n, low = chunk * GC_BLOCK, high = gc_less(low + GC_BLOCK, n);
    const GC_T *x = t->x + low * n;
    (void)worker;
    GC_M(gemm)(table, high - low, high, n - low, 1, x + low, 1, n, x, n, 1, 0, t->out + low * n, n,
               1);
    for (int64_t j = 0; j < high; j++)
        for (int64_t i = low > j ? low : j + 1; i < high; i++)
            t->out[j * n + i] = t->out[i * n + j];
    return GC_OK;
}

GC_ROUTINE int GC_FN(const gc_table *table, const gc_frame *frame, int64_t n, const GC_T *a,
                     const GC_T *l, GC_T *out, GC_T *spare, int64_t *why)
{
    GC_OF(task) task = {n, l, spare, out};
    (void)a;
    why[1] = GC_M(zero_pivot)(n, l);
    if (why[1])
        return GC_ERR_NUMERIC;
    const int status = gc_spread(table, frame, GC_OF(columns), &task, gc_pieces(n, GC_BLOCK));
    return status == GC_OK ? gc_spread(table, frame, GC_OF(rows), &task, gc_pieces(n, GC_BLOCK))
                           : status;
}

#include "routine_end.h"
