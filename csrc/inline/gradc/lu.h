/* The triangles of a matrix a[n, n] in one array, and int32 pivots: a p = l u, with l the lower one,
 * u the upper one with ones on the diagonal, and p the swaps of LAPACK's pivots, of columns. It is
 * what LAPACK makes of the transposed matrix that it reads.
 *
 * Right-looking, by blocks of GC_BLOCK rows: each block takes the last one's swaps, is solved for,
 * and updated; the first then finds its own pivots, so that nobody waits for that. Never fails: a
 * singular matrix has a 0 on the diagonal of l.
 */
#include "matrices.h"

typedef struct {
    GC_T *a;
    int32_t *pivots;
    int64_t n, at; /* the block whose pivots are known begins here */
} GC_OF(task);

/* Swap columns of rows [low, high) as pivots first .. last - 1 say. */
GC_HELPER void GC_OF(swap)(const GC_OF(task) *t, int64_t low, int64_t high, int64_t first,
                           int64_t last)
{
    for (int64_t row = low; row < high; row++) {
        GC_T *a = t->a + row * t->n;
        for (int64_t i = first; i < last; i++) {
            const int64_t other = t->pivots[i] - 1;
            const GC_T kept = a[i];
            a[i] = a[other];
            a[other] = kept;
        }
    }
}

/* Factor the rows [low, high), right of column `low`. */
GC_HELPER void GC_OF(rows)(const gc_table *table, const GC_OF(task) *t, int64_t low, int64_t high)
{
    const int32_t m = (int32_t)(t->n - low), k = (int32_t)(high - low), lead = (int32_t)t->n;
    int32_t info = 0;
    table->lapack.GC_BLAS(getrf)(&m, &k, t->a + low * t->n + low, &lead, t->pivots + low, &info);
    for (int64_t i = low; i < high; i++)
        t->pivots[i] += (int32_t)low;
}

GC_ROUTINE int GC_OF(update)(const gc_table *table, gc_frame *frame, int64_t chunk, int64_t worker)
{
    const GC_OF(task) *t = frame->task;
    const int64_t n = t->n, at = t->at, next = at + GC_BLOCK;
    const int64_t low = next + GC_BLOCK * chunk, high = gc_less(low + GC_BLOCK, n);
    const gc_triangle of = {false, false, true};
    GC_T *mine = t->a + low * n, *upper = t->a + at * n;
    (void)worker;
    GC_OF(swap)(t, low, high, at, next);
    GC_M(trsm)(table, true, of, high - low, GC_BLOCK, upper + at, n, mine + at, n);
    GC_M(gemm)(table, high - low, n - next, GC_BLOCK, -1, mine + at, n, 1, upper + next, n, 1, 1,
               mine + next, n, 1);
    if (chunk == 0)
        GC_OF(rows)(table, t, low, high);
    return GC_OK;
}

/* Rows that were done take the swaps of those below. */
GC_ROUTINE int GC_OF(settle)(const gc_table *table, gc_frame *frame, int64_t chunk, int64_t worker)
{
    const GC_OF(task) *t = frame->task;
    const int64_t low = chunk * GC_BLOCK, high = low + GC_BLOCK;
    (void)table;
    (void)worker;
    GC_OF(swap)(t, low, high, high, t->n);
    return GC_OK;
}

GC_ROUTINE int GC_FN(const gc_table *table, const gc_frame *frame, int64_t n, const GC_T *a,
                     GC_T *out, int32_t *pivots, int64_t *why)
{
    GC_OF(task) task = {.a = out, .pivots = pivots, .n = n};
    (void)why;
    memcpy(out, a, (size_t)(n * n) * sizeof *a);
    if (n <= GC_UNBLOCKED) {
        if (n)
            GC_OF(rows)(table, &task, 0, n);
        return GC_OK;
    }
    GC_OF(rows)(table, &task, 0, GC_BLOCK);
    const int64_t blocks = gc_pieces(n, GC_BLOCK);
    int status = GC_OK;
    for (int64_t count = blocks - 1; count > 0 && status == GC_OK; count--) {
        status = gc_spread(table, frame, GC_OF(update), &task, count);
        task.at += GC_BLOCK;
    }
    return status == GC_OK ? gc_spread(table, frame, GC_OF(settle), &task, blocks - 1) : status;
}

#include "routine_end.h"
