/* The logarithm of the magnitude of the determinant of a[n, n], from the factors of a (lu.h). a is
 * not read, nor are the pivots.
 */
#include "element.h"

GC_ROUTINE void GC_FN(int64_t n, const GC_T *a, const GC_T *factors, const int32_t *pivots,
                      GC_REAL *out)
{
    double total = 0;
    (void)a;
    (void)pivots;
    for (int64_t i = 0; i < n; i++) {
        const GC_T factor = factors[i * n + i];
#ifdef GC_COMPLEX
        total += log(hypot((double)__real__ factor, (double)__imag__ factor));
#else
        total += log(fabs((double)factor));
#endif
    }
    *out = (GC_REAL)total;
}

#include "routine_end.h"
