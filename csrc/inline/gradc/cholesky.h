/* The lower triangular l[n, n] with l l' = a (l' conjugate), of whose triangles the lower is read.
 *
 * Blocks of GC_BLOCK columns from the left (right-looking): the rows below a factored block are
 * solved for, then what is right of it is updated; the chunk that updates the next diagonal block
 * factors it too, so that nobody waits for that. Where a leading part of a is not positive definite
 * (or has nan) its order is why[1]; with GC_FILLS_NAN all of l is nan then. (Golub and Van Loan,
 * Matrix Computations, 2013, 4.2.) Complex matrices are one call of LAPACK, since our products
 * conjugate nothing.
 */
#include "matrices.h"

#ifdef GC_COMPLEX
enum { GC_OF(whole) = 1 };
#else
enum { GC_OF(whole) = 0 };
#endif

typedef struct {
    GC_T *a;
    int64_t n, at;  /* the block that is factored begins here */
    int64_t failed; /* the order of the part that is not positive definite, or 0 */
} GC_OF(task);

/* Factor the diagonal block [low, high); the order of the part that is not positive definite. */
GC_HELPER int64_t GC_OF(block)(const gc_table *table, GC_T *a, int64_t n, int64_t low,
                               int64_t high)
{
    const int32_t size = (int32_t)(high - low), lead = (int32_t)n;
    int32_t info = 0;
    table->lapack.GC_BLAS(potrf)("U", &size, a + low * n + low, &lead, &info);
    if (info > 0)
        return low + info;
    for (int64_t i = low; i < high; i++)
        if (!(__real__(a[i * n + i]) > 0))
            return i + 1;
    return 0;
}

/* Rows below the block: x l' = b. */
GC_ROUTINE int GC_OF(below)(const gc_table *table, gc_frame *frame, int64_t chunk, int64_t worker)
{
    const GC_OF(task) *t = frame->task;
    const gc_triangle of = {true, true, false};
    const int64_t n = t->n, low = t->at + GC_BLOCK * (1 + chunk), high = gc_less(low + GC_BLOCK, n);
    (void)worker;
    GC_M(trsm)(table, true, of, high - low, GC_BLOCK, t->a + t->at * n + t->at, n,
               t->a + low * n + t->at, n);
    return GC_OK;
}

/* A block of rows right of the factored one; the long ones come early, the next diagonal first. */
GC_ROUTINE int GC_OF(update)(const gc_table *table, gc_frame *frame, int64_t chunk, int64_t worker)
{
    GC_OF(task) *t = frame->task;
    const int64_t n = t->n, next = t->at + GC_BLOCK, count = gc_pieces(n - next, GC_BLOCK);
    const int64_t low = next + GC_BLOCK * (chunk ? count - chunk : 0);
    const int64_t high = gc_less(low + GC_BLOCK, n);
    const GC_T *left = t->a + t->at;
    (void)worker;
    GC_M(gemm)(table, high - low, high - next, GC_BLOCK, -1, left + low * n, n, 1, left + next * n,
               1, n, 1, t->a + low * n + next, n, 1);
    if (chunk == 0)
        t->failed = GC_OF(block)(table, t->a, n, low, high);
    return GC_OK;
}

GC_HELPER int GC_OF(factor)(const gc_table *table, const gc_frame *frame, int64_t n, GC_T *a,
                            int64_t *failed)
{
    GC_OF(task) task = {.a = a, .n = n};
    const int64_t first = GC_OF(whole) || n <= GC_UNBLOCKED ? n : GC_BLOCK;
    *failed = n ? GC_OF(block)(table, a, n, 0, first) : 0;
    for (int64_t count = gc_pieces(n - first, GC_BLOCK); count > 0 && !*failed; count--) {
        int status = gc_spread(table, frame, GC_OF(below), &task, count);
        if (status == GC_OK)
            status = gc_spread(table, frame, GC_OF(update), &task, count);
        if (status != GC_OK)
            return status;
        *failed = task.failed;
        task.at += GC_BLOCK;
    }
    return GC_OK;
}

GC_ROUTINE int GC_FN(const gc_table *table, const gc_frame *frame, int64_t n, const GC_T *a,
                     GC_T *out, int64_t *why)
{
    for (int64_t i = 0; i < n; i++) {
        memcpy(out + i * n, a + i * n, (size_t)(i + 1) * sizeof *a);
        memset(out + i * n + i + 1, 0, (size_t)(n - i - 1) * sizeof *a);
    }
    const int status = GC_OF(factor)(table, frame, n, out, &why[1]);
    for (int64_t i = 0; i < n; i++) /* products wrote there, inside diagonal blocks */
        memset(out + i * n + i + 1, 0, (size_t)(gc_less(GC_BLOCK, n - i) - 1) * sizeof *a);
    if (status != GC_OK || !why[1])
        return status;
#ifdef GC_FILLS_NAN
    for (int64_t i = 0; i < n * n; i++)
        out[i] = (GC_T)NAN;
    return GC_OK;
#else
    return GC_ERR_NUMERIC;
#endif
}

#undef GC_FILLS_NAN
#include "routine_end.h"
