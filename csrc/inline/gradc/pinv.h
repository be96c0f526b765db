/* The pseudo-inverse [n, m] of a[m, n] from its singular values, of which those up to `rcond` times the
 * greatest count as 0. Fails where a has nan or an infinity, or LAPACK's iteration does not end.
 * `spare` has room for m n elements, `vectors` for (m + n) k with k = min(m, n), `s` for k, `work`,
 * `parts` and `places` for what matrices.h says.
 */
#include "matrices.h"

GC_ROUTINE int GC_FN(const gc_table *table, int64_t m, int64_t n, const GC_T *a,
                     const GC_REAL *rcond, GC_T *out, GC_T *spare, GC_T *vectors, GC_REAL *s,
                     GC_T *work, GC_REAL *parts, int32_t *places, int64_t *why)
{
    const int64_t k = gc_less(m, n);
    GC_T *u = vectors, *v = u + m * k; /* u [m, k], v' [k, n] */
    memcpy(spare, a, (size_t)(m * n) * sizeof *a);
    why[1] = !GC_M(is_finite)(m * n, a);
    if (why[1] || !GC_M(gesdd)(table, 'S', m, n, spare, u, s, v, work, parts, places))
        return GC_ERR_NUMERIC;
    for (int64_t i = 0; i < k; i++) {
        const GC_REAL factor = s[i] > *rcond * s[0] ? 1 / s[i] : 0;
        for (int64_t j = 0; j < n; j++)
            v[i * n + j] *= factor;
    }
    GC_M(gemm)(table, n, m, k, 1, v, 1, n, u, 1, k, 0, out, m, 1);
#ifdef GC_COMPLEX
    for (int64_t i = 0; i < n * m; i++)
        out[i] = GC_M(conj)(out[i]);
#endif
    return GC_OK;
}

#include "routine_end.h"
