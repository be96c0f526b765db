/* One row in ascending order, nan last: n elements of x into out; `spare` has room for n. Stable. */
#include "routine.h"

#define GC_ELEMENT GC_T
#define GC_KEY(x) (x)
#include "merge.h"

GC_ROUTINE void GC_FN(int64_t n, const GC_T *restrict x, GC_T *restrict out, GC_T *restrict spare)
{
    int64_t count = n;
#if GC_FLOAT
    count = 0;
    for (int64_t i = 0, behind = n; i < n; i++) {
        const bool is_nan = x[i] != x[i];
        out[is_nan ? --behind : count] = x[i];
        count += !is_nan;
    }
#else
    memcpy(out, x, (size_t)n * sizeof *x);
#endif
    GC_OF(divide)(out, spare, count, false);
}

#undef GC_ELEMENT
#undef GC_KEY
#include "routine_end.h"
