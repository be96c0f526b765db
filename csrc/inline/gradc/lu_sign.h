/* The sign of the determinant of a[n, n], from the factors of a (lu.h); of a complex one the number
 * of length 1 in its direction. a is not read.
 */
#include "element.h"

GC_ROUTINE void GC_FN(int64_t n, const GC_T *a, const GC_T *factors, const int32_t *pivots,
                      GC_T *out)
{
    GC_T sign = 1;
    (void)a;
    for (int64_t i = 0; i < n; i++) {
        const GC_T factor = factors[i * n + i];
        const GC_T turned = pivots[i] - 1 == i ? sign : -sign;
#ifdef GC_COMPLEX
        sign = GC_JOINED(gc_mul, GC_SUFFIX)(turned, GC_JOINED(gc_sign, GC_SUFFIX)(factor));
#else
        sign = factor > 0 ? turned : factor < 0 ? -turned : factor * turned; /* nan stays nan */
#endif
    }
    *out = sign;
}

#include "routine_end.h"
