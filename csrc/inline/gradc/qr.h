/* q and r of a[m, n]: an orthogonal (unitary) one and an upper triangle, q r = a. With k = min(m, n)
 * they are [m, k] and [k, n], or [m, m] and [m, n] with GC_COMPLETE. The diagonal of r is real.
 *
 * By columns, as LAPACK reads, a is its transpose and is factored as l q: these, transposed and not
 * conjugate, are r and q. `tau` has room for k elements, `spare` for m max(m, n), `work` for
 * 64 max(m, n). Never fails.
 */
#include "matrices.h"

#ifdef GC_COMPLEX
#define GC_MAKE_Q GC_BLAS(unglq)
#else
#define GC_MAKE_Q GC_BLAS(orglq)
#endif

#ifdef GC_COMPLETE
GC_ROUTINE void GC_FN(const gc_table *table, int64_t m, int64_t n, const GC_T *a, GC_T *q, GC_T *r,
                      GC_T *tau, GC_T *spare, GC_T *work)
#else
GC_ROUTINE void GC_FN(const gc_table *table, int64_t m, int64_t n, int64_t k, const GC_T *a, GC_T *q,
                      GC_T *r, GC_T *tau, GC_T *spare, GC_T *work)
#endif
{
#ifdef GC_COMPLETE
    const int64_t k = gc_less(m, n), rows = m;
#else
    const int64_t rows = k;
#endif
    const int64_t wide = m > n ? m : n, lead = n > rows ? n : rows;
    const int32_t ms = (int32_t)m, ns = (int32_t)n, ks = (int32_t)k, leads = (int32_t)lead;
    const int32_t rank = (int32_t)rows, room = (int32_t)gc_less(64 * wide, INT32_MAX);
    int32_t info = 0;
    for (int64_t i = 0; i < m; i++)
        memcpy(spare + i * lead, a + i * n, (size_t)n * sizeof *a);
    if (k)
        table->lapack.GC_BLAS(gelqf)(&ns, &ms, spare, &leads, tau, work, &room, &info);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < n; j++)
            r[i * n + j] = j >= i ? spare[i * lead + j] : 0;
    if (k)
        table->lapack.GC_MAKE_Q(&rank, &ms, &ks, spare, &leads, tau, work, &room, &info);
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < rows; j++)
            q[i * rows + j] = k ? spare[i * lead + j] : i == j;
}

#undef GC_MAKE_Q
#undef GC_COMPLETE
#include "routine_end.h"
