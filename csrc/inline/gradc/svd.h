/* The singular values of a[m, n] in descending order, with GC_VECTORS the vectors too: u [m, k],
 * v' [k, n] for k = min(m, n), or [m, m] and [n, n] with GC_FULL. Fails where a has nan or an infinity,
 * or LAPACK's iteration does not end. `spare` has room for m n elements, `work`, `parts` and `places`
 * for what matrices.h says.
 */
#include "matrices.h"

#ifdef GC_VECTORS
#define GC_VECTORS_ARGUMENT(name) GC_T *name,
#else
#define GC_VECTORS_ARGUMENT(name)
#endif

GC_ROUTINE int GC_FN(const gc_table *table, int64_t m, int64_t n, int64_t k, const GC_T *a,
                     GC_VECTORS_ARGUMENT(u) GC_REAL *s, GC_VECTORS_ARGUMENT(v) GC_T *spare,
                     GC_T *work, GC_REAL *parts, int32_t *places, int64_t *why)
{
#ifdef GC_VECTORS
#ifdef GC_FULL
    const int64_t left = m, right = n;
    const char job = 'A';
#else
    const int64_t left = k, right = k;
    const char job = 'S';
#endif
#else
    GC_T *u = spare, *v = spare; /* not written */
    const char job = 'N';
#endif
    (void)k; /* of no use without vectors */
    memcpy(spare, a, (size_t)(m * n) * sizeof *a);
    why[1] = !GC_M(is_finite)(m * n, a);
    if (why[1] || !GC_M(gesdd)(table, job, m, n, spare, u, s, v, work, parts, places))
        return GC_ERR_NUMERIC;
#ifdef GC_VECTORS
    for (int64_t i = 0; !k && i < m * left; i++)
        u[i] = i % (m + 1) == 0;
    for (int64_t i = 0; !k && i < n * right; i++)
        v[i] = i % (n + 1) == 0;
#endif
    return GC_OK;
}

#undef GC_VECTORS_ARGUMENT
#undef GC_VECTORS
#undef GC_FULL
#include "routine_end.h"
