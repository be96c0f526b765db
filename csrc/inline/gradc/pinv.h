/* The pseudo-inverse [n, m] of a[m, n] from its singular values, of which those up to `rcond` times the
 * greatest count as 0. Fails where a has nan or an infinity, or LAPACK's iteration does not end.
 * `spare` has room for m n elements, `vectors` for (m + n + 1) k with k = min(m, n), `work` and
 * `places` for what LAPACK asks.
 */
#include <math.h>

#include "matrices.h"

#if GC_BITS == 64
#define GC_GESDD dgesdd
#else
#define GC_GESDD sgesdd
#endif

GC_ROUTINE int GC_FN(const gc_table *table, int64_t m, int64_t n, const GC_T *a, const GC_T *rcond,
                     GC_T *out, GC_T *spare, GC_T *vectors, GC_T *work, int32_t *places,
                     int64_t *why)
{
    const int64_t k = gc_less(m, n), wide = m > n ? m : n;
    const int32_t ms = (int32_t)m, ns = (int32_t)n, ks = (int32_t)k;
    const int32_t room = (int32_t)gc_less(7 * k * k + 74 * wide + 64, INT32_MAX);
    GC_T *s = vectors, *u = s + k, *v = u + m * k; /* u [m, k], v [k, n] */
    int32_t info = 0;
    why[1] = 0;
    for (int64_t i = 0; i < m * n; i++) {
        spare[i] = a[i];
        why[1] |= !isfinite(a[i]);
    }
    if (k && !why[1])
        table->lapack.GC_GESDD("S", &ns, &ms, spare, &ns, s, v, &ns, u, &ks, work, &room, places,
                               &info);
    if (info != 0 || why[1])
        return GC_ERR_NUMERIC;
    for (int64_t i = 0; i < k; i++) {
        const GC_T factor = s[i] > *rcond * s[0] ? 1 / s[i] : 0;
        for (int64_t j = 0; j < n; j++)
            v[i * n + j] *= factor;
    }
    GC_M(gemm)(table, n, m, k, 1, v, 1, n, u, 1, k, 0, out, m, 1);
    return GC_OK;
}

#undef GC_GESDD
#include "routine_end.h"
