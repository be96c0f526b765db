/* Where v is to be put into x, n elements in ascending order with nan last, to keep that order:
 * before elements equal to it, or behind them if `right`. */
#include "routine.h"

/* Whether a stands before b. */
GC_HELPER bool GC_OF(less)(GC_T a, GC_T b)
{
#if GC_FLOAT
    return a < b || (a == a && b != b);
#else
    return a < b;
#endif
}

GC_ROUTINE void GC_FN(int64_t n, int64_t right, const GC_T *restrict x, const GC_T *restrict v,
                      int64_t *restrict out)
{
    const GC_T value = *v;
    int64_t low = 0;
    for (int64_t length = n; length > 0;) {
        const int64_t half = length / 2;
        const GC_T middle = x[low + half];
        const bool is_above = right ? !GC_OF(less)(value, middle) : GC_OF(less)(middle, value);
        low += is_above ? half + 1 : 0;
        length = is_above ? length - half - 1 : half;
    }
    *out = low;
}

#include "routine_end.h"
