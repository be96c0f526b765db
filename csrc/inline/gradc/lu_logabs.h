/* The logarithm of the magnitude of the determinant of a[n, n], from the factors of a (lu.h). a is
 * not read, nor are the pivots. */
#include <math.h>

#include "routine.h"

GC_ROUTINE void GC_FN(int64_t n, const GC_T *a, const GC_T *factors, const int32_t *pivots,
                      GC_T *out)
{
    double total = 0;
    (void)a;
    (void)pivots;
    for (int64_t i = 0; i < n; i++)
        total += log(fabs((double)factors[i * n + i]));
    *out = (GC_T)total;
}

#include "routine_end.h"
