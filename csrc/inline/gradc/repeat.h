/* Each place 0 .. n - 1 as often as its count says; the counts add up to k.
 * A negative count is an error: why = row, place, count. */
#include "abi.h"
#include "routine.h"

GC_ROUTINE int GC_FN(int64_t n, int64_t k, const int64_t *restrict counts, GC_T *restrict out,
                     int64_t *restrict why)
{
    for (int64_t i = 0; i < n; i++)
        if (counts[i] < 0) {
            why[1] = i;
            why[2] = counts[i];
            return GC_ERR_INDEX;
        }
    for (int64_t i = 0, next = 0; i < n; i++)
        for (int64_t last = next + counts[i]; next < last && next < k; next++)
            out[next] = i;
    return GC_OK;
}

#include "routine_end.h"
