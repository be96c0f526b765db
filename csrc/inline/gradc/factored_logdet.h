/* The logarithm of the determinant of a = l l', from l[n, n]: a is not read. */
#include <math.h>

#include "routine.h"

GC_ROUTINE void GC_FN(int64_t n, const GC_T *a, const GC_T *l, GC_T *out)
{
    double total = 0;
    (void)a;
    for (int64_t i = 0; i < n; i++)
        total += log((double)l[i * n + i]);
    *out = (GC_T)(2 * total);
}

#include "routine_end.h"
