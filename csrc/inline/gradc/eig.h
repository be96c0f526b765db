/* The eigenvalues of a square a[n, n], in LAPACK's order, always complex, and with GC_VECTORS the
 * vectors, in columns. Of real matrices numbers that are not real stand in pairs, conjugate, the
 * one with the positive imaginary part first. Fails where a has nan or an infinity, or the
 * iteration does not end. `spare` has room for n n elements, and so has `right` with GC_VECTORS.
 */
#include "complex.h"
#include "element.h"

#ifdef GC_COMPLEX
#define GC_PAIRED GC_T
#elif GC_BITS == 64
#define GC_PAIRED gc_c128
#define GC_PAIR(re, im) GC_C128(re, im)
#else
#define GC_PAIRED gc_c64
#define GC_PAIR(re, im) GC_C64(re, im)
#endif

#ifdef GC_VECTORS
#define GC_JOB "V"
#define GC_VECTORS_ARGUMENT GC_PAIRED *vectors,
#else
#define GC_JOB "N"
#define GC_VECTORS_ARGUMENT
#endif

GC_ROUTINE int GC_FN(const gc_table *table, int64_t n, const GC_T *a, GC_PAIRED *values,
                     GC_VECTORS_ARGUMENT GC_T *spare, GC_T *right, GC_T *work, GC_REAL *parts,
                     int64_t *why)
{
    const int32_t ns = (int32_t)n, rooms = (int32_t)(n < INT32_MAX / 66 ? 66 * n : INT32_MAX);
    int32_t info = 0;
    bool is_finite = true;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++) {
            spare[j * n + i] = a[i * n + j];
            is_finite = is_finite && GC_IS_FINITE(a[i * n + j]);
        }
    why[1] = !is_finite;
    if (!is_finite)
        return GC_ERR_NUMERIC;
    if (n == 0)
        return GC_OK;
#ifdef GC_COMPLEX
    table->lapack.GC_BLAS(geev)("N", GC_JOB, &ns, spare, &ns, values, right, &ns, right, &ns, work,
                          &rooms, parts, &info);
#else
    table->lapack.GC_BLAS(geev)("N", GC_JOB, &ns, spare, &ns, parts, parts + n, right, &ns, right, &ns,
                          work, &rooms, &info);
    for (int64_t j = 0; j < n; j++)
        values[j] = GC_PAIR(parts[j], parts[n + j]);
#endif
#ifdef GC_VECTORS
    for (int64_t j = 0; j < n; j++) {
        const GC_T *column = right + j * n;
#ifdef GC_COMPLEX
        for (int64_t i = 0; i < n; i++)
            vectors[i * n + j] = column[i];
#else
        const bool is_first = parts[n + j] > 0 && j + 1 < n; /* of a pair */
        for (int64_t i = 0; i < n; i++)
            vectors[i * n + j] = GC_PAIR(column[i], is_first ? column[n + i] : 0);
        for (int64_t i = 0; is_first && i < n; i++)
            vectors[i * n + j + 1] = GC_PAIR(column[i], -column[n + i]);
        j += is_first;
#endif
    }
#endif
    return info == 0 ? GC_OK : GC_ERR_NUMERIC;
}

#undef GC_PAIRED
#undef GC_PAIR
#undef GC_JOB
#undef GC_VECTORS_ARGUMENT
#undef GC_VECTORS
#include "routine_end.h"
