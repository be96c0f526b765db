/* The eigenvalues of a symmetric or Hermitian a[n, n] in ascending order, of whose triangles the
 * lower is read, and with GC_VECTORS the vectors, in columns. Fails where a has nan or an infinity,
 * or LAPACK's iteration does not end. `spare` has room for n n elements; `work`, `parts` (of complex
 * matrices) and `places` for what LAPACK asks.
 */
#include "matrices.h"

#ifdef GC_VECTORS
#define GC_JOB "V"
#define GC_VECTORS_ARGUMENT GC_T *vectors,
#else
#define GC_JOB "N"
#define GC_VECTORS_ARGUMENT
#endif

GC_ROUTINE int GC_FN(const gc_table *table, int64_t n, const GC_T *a, GC_REAL *values,
                     GC_VECTORS_ARGUMENT GC_T *spare, GC_T *work, GC_REAL *parts, int32_t *places,
                     int64_t *why)
{
    const int64_t room = 2 * n * n + 66 * n + 8;
    const int32_t ns = (int32_t)n, rooms = (int32_t)gc_less(room, INT32_MAX);
    const int32_t counts = (int32_t)(5 * n + 8);
    int32_t info = 0;
    bool is_finite = true;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j <= i; j++) {
            spare[j * n + i] = a[i * n + j];
            is_finite = is_finite && GC_IS_FINITE(a[i * n + j]);
        }
    why[1] = !is_finite;
    if (!is_finite)
        return GC_ERR_NUMERIC;
#ifdef GC_COMPLEX
    if (n)
        table->lapack.GC_BLAS(heevd)(GC_JOB, "L", &ns, spare, &ns, values, work, &rooms, parts, &rooms,
                                     places, &counts, &info);
#else
    (void)parts;
    if (n)
        table->lapack.GC_BLAS(syevd)(GC_JOB, "L", &ns, spare, &ns, values, work, &rooms, places,
                                     &counts, &info);
#endif
#ifdef GC_VECTORS
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++)
            vectors[i * n + j] = spare[j * n + i];
#endif
    return info == 0 ? GC_OK : GC_ERR_NUMERIC;
}

#undef GC_JOB
#undef GC_VECTORS_ARGUMENT
#undef GC_VECTORS
#include "routine_end.h"
