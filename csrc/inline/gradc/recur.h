/* The recurrence h[i] = b[i] + a[i] h[i - 1] along the axis n of a row [n, c], from h[0] = b[0];
 * from the other end where `reverse`, with the a of the stage before where not `own`. */
#include "routine.h"
#include "times.h"

GC_ROUTINE void GC_FN(int64_t n, int64_t c, int64_t reverse, int64_t own, const GC_T *restrict a,
                      const GC_T *restrict b, GC_T *restrict out)
{
    const int64_t step = reverse ? -c : c, first = reverse ? (n - 1) * c : 0;
    if (n <= 0)
        return;
    memcpy(out + first, b + first, (size_t)c * sizeof *b);
    for (int64_t i = 1; i < n; i++) {
        const int64_t here = first + i * step, before = here - step;
        const GC_T *factor = a + (own ? here : before);
        for (int64_t j = 0; j < c; j++)
            out[here + j] = (GC_T)(b[here + j] + GC_TIMES(factor[j], out[before + j]));
    }
}

#include "routine_end.h"
