/* The singular values of a[m, n] in descending order, with GC_VECTORS the vectors too: u [m, k],
 * v' [k, n] for k = min(m, n), or [m, m] and [n, n] with GC_FULL. Fails where a has nan or an infinity,
 * or LAPACK's iteration does not end.
 *
 * By columns a is its transpose, whose left vectors are the right ones of a. `spare` has room for
 * m n elements, `work` for `room`, `places` for 8 k.
 */
#include <math.h>

#include "matrices.h"

#if GC_BITS == 64
#define GC_GESDD dgesdd
#else
#define GC_GESDD sgesdd
#endif

GC_HELPER bool GC_OF(is_finite)(int64_t count, const GC_T *a)
{
    for (int64_t i = 0; i < count; i++)
        if (!isfinite(a[i]))
            return false;
    return true;
}

#ifdef GC_VECTORS
GC_ROUTINE int GC_FN(const gc_table *table, int64_t m, int64_t n, int64_t k, const GC_T *a, GC_T *u,
                     GC_T *s, GC_T *v, GC_T *spare, GC_T *work, int32_t *places, int64_t *why)
#else
GC_ROUTINE int GC_FN(const gc_table *table, int64_t m, int64_t n, int64_t k, const GC_T *a, GC_T *s,
                     GC_T *spare, GC_T *work, int32_t *places, int64_t *why)
#endif
{
#ifdef GC_VECTORS
#ifdef GC_FULL
    const int64_t left = m, right = n;
    const char *job = "A";
#else
    const int64_t left = k, right = k;
    const char *job = "S";
#endif
#else
    const int64_t left = 1;
    GC_T *u = s, *v = s; /* not written */
    const char *job = "N";
#endif
    const int32_t ms = (int32_t)m, ns = (int32_t)n, lefts = (int32_t)gc_at_least(left, 1);
    const int64_t wide = m > n ? m : n, most = 7 * k * k + 74 * wide + 64;
    const int32_t room = (int32_t)gc_less(most, INT32_MAX);
    int32_t info = 0;
    why[1] = !GC_OF(is_finite)(m * n, a);
    if (why[1])
        return GC_ERR_NUMERIC;
    memcpy(spare, a, (size_t)(m * n) * sizeof *a);
    if (k) {
        table->lapack.GC_GESDD(job, &ns, &ms, spare, &ns, s, v, &ns, u, &lefts, work, &room, places,
                               &info);
#ifdef GC_VECTORS
    } else {
        for (int64_t i = 0; i < m * left; i++)
            u[i] = i % (m + 1) == 0;
        for (int64_t i = 0; i < n * right; i++)
            v[i] = i % (n + 1) == 0;
#endif
    }
    return info == 0 ? GC_OK : GC_ERR_NUMERIC;
}

#undef GC_GESDD
#undef GC_VECTORS
#undef GC_FULL
#include "routine_end.h"
