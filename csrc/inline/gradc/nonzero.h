/* The places of the k elements of one row that are not 0, in order. */
#include "routine.h"

GC_ROUTINE void GC_FN(int64_t n, int64_t k, const GC_T *restrict x, int64_t *restrict out)
{
    for (int64_t i = 0, found = 0; i < n && found < k; i++) {
        out[found] = i;
        found += x[i] != 0;
    }
}

#include "routine_end.h"
