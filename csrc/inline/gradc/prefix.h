/* A running fold along the axis n of a row [n, c]: GC_STEP_OF(a, x), from GC_START.
 *
 * The first stage is the first element itself (so that a sum keeps -0.0), or GC_START where a stage
 * excludes its own element. Elements are taken in order: it is what running sums are, and every
 * stage has the bits of numpy's.
 */
#include "routine.h"
#include "times.h"

GC_ROUTINE void GC_FN(int64_t n, int64_t c, int64_t reverse, int64_t exclusive,
                      const GC_T *restrict x, GC_T *restrict out)
{
    const int64_t step = reverse ? -c : c;
    if (n <= 0)
        return;
    if (reverse) {
        x += (n - 1) * c;
        out += (n - 1) * c;
    }
    for (int64_t j = 0; j < c; j++)
        out[j] = exclusive ? (GC_T)(GC_START) : x[j];
    if (c == 1) { /* the state stays in a register */
        GC_T a = out[0];
        const GC_T *from = exclusive ? x : x + step;
        for (int64_t i = 1; i < n; i++) {
            a = (GC_T)GC_STEP_OF(a, from[(i - 1) * step]);
            out[i * step] = a;
        }
        return;
    }
    for (int64_t i = 1; i < n; i++) {
        const GC_T *from = x + (exclusive ? i - 1 : i) * step;
        GC_T *to = out + i * step;
        for (int64_t j = 0; j < c; j++)
            to[j] = (GC_T)GC_STEP_OF(to[j - step], from[j]);
    }
}

#undef GC_STEP_OF
#undef GC_START
#include "routine_end.h"
