/* The sign of the determinant of a[n, n], from the factors of a (lu.h). a is not read. */
#include "routine.h"

GC_ROUTINE void GC_FN(int64_t n, const GC_T *a, const GC_T *factors, const int32_t *pivots,
                      GC_T *out)
{
    GC_T sign = 1;
    (void)a;
    for (int64_t i = 0; i < n; i++) {
        const GC_T factor = factors[i * n + i];
        const GC_T turned = pivots[i] - 1 == i ? sign : -sign;
        sign = factor > 0 ? turned : factor < 0 ? -turned : factor * turned; /* nan stays nan */
    }
    *out = sign;
}

#include "routine_end.h"
