/* The eigenvalues of a symmetric a[n, n] in ascending order, of whose triangles the lower is read,
 * and with GC_VECTORS the vectors, in columns. Fails where a has nan or an infinity, or LAPACK's
 * iteration does not end. `spare` has room for n n elements, `work` and `places` for what LAPACK
 * asks.
 */
#include <math.h>

#include "matrices.h"

#if GC_BITS == 64
#define GC_SYEVD dsyevd
#else
#define GC_SYEVD ssyevd
#endif

#ifdef GC_VECTORS
GC_ROUTINE int GC_FN(const gc_table *table, int64_t n, const GC_T *a, GC_T *values, GC_T *vectors,
                     GC_T *spare, GC_T *work, int32_t *places, int64_t *why)
#else
GC_ROUTINE int GC_FN(const gc_table *table, int64_t n, const GC_T *a, GC_T *values, GC_T *spare,
                     GC_T *work, int32_t *places, int64_t *why)
#endif
{
#ifdef GC_VECTORS
    const char *job = "V";
    const int64_t room = 1 + 6 * n + 2 * n * n, count = 3 + 5 * n;
#else
    const char *job = "N";
    const int64_t room = 1 + 66 * n, count = 1;
#endif
    const int32_t ns = (int32_t)n, rooms = (int32_t)gc_less(room, INT32_MAX);
    const int32_t counts = (int32_t)count;
    int32_t info = 0;
    bool is_finite = true;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j <= i; j++) {
            spare[j * n + i] = a[i * n + j];
            is_finite = is_finite && isfinite(a[i * n + j]);
        }
    why[1] = !is_finite;
    if (!is_finite)
        return GC_ERR_NUMERIC;
    if (n)
        table->lapack.GC_SYEVD(job, "L", &ns, spare, &ns, values, work, &rooms, places, &counts,
                               &info);
#ifdef GC_VECTORS
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++)
            vectors[i * n + j] = spare[j * n + i];
#endif
    return info == 0 ? GC_OK : GC_ERR_NUMERIC;
}

#undef GC_SYEVD
#undef GC_VECTORS
#include "routine_end.h"
