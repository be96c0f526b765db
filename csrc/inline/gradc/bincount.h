/* How often each of 0 .. k - 1 stands in x, or (GC_WEIGHTED) the sum of the weights where it does,
 * in the order of x. A negative number is an error: why = row, place, number. */
#include "abi.h"
#include "routine.h"

#if GC_WEIGHTED
#define GC_WEIGHTS const GC_T *restrict weights,
#define GC_WEIGHT(i) weights[i]
#else
#define GC_WEIGHTS
#define GC_WEIGHT(i) 1
#endif

GC_ROUTINE int GC_FN(int64_t n, int64_t k, const int64_t *restrict x, GC_WEIGHTS GC_T *restrict out,
                     int64_t *restrict why)
{
    memset(out, 0, (size_t)k * sizeof *out);
    for (int64_t i = 0; i < n; i++) {
        if (x[i] < 0 || x[i] >= k) {
            why[1] = i;
            why[2] = x[i];
            return GC_ERR_INDEX;
        }
        out[x[i]] += GC_WEIGHT(i);
    }
    return GC_OK;
}

#undef GC_WEIGHTED
#undef GC_WEIGHTS
#undef GC_WEIGHT
#include "routine_end.h"
