/* The places of one row's elements in ascending order, nan last, equal ones in their own order.
 *
 * Keys are sorted together with their places: looking keys up by place would miss the cache at
 * every comparison. `spare` has room for 2 n pairs.
 */
#include "routine.h"

typedef struct {
    GC_T key;
    int64_t place;
} GC_OF(pair);

#define GC_ELEMENT GC_OF(pair)
#define GC_KEY(x) ((x).key)
#include "merge.h"

GC_ROUTINE void GC_FN(int64_t n, const GC_T *restrict x, int64_t *restrict out,
                      uint8_t *restrict spare)
{
    GC_ELEMENT *pairs = (void *)spare, *others = pairs + n;
    int64_t count = 0, behind = n;
    for (int64_t i = 0; i < n; i++) {
#if GC_FLOAT
        if (x[i] != x[i]) {
            out[--behind] = i;
            continue;
        }
#endif
        pairs[count++] = (GC_ELEMENT){.key = x[i], .place = i};
    }
    GC_OF(divide)(pairs, others, count, false);
    for (int64_t i = 0; i < count; i++)
        out[i] = pairs[i].place;
    for (int64_t i = behind, j = n - 1; i < j; i++, j--) { /* nans came from the back */
        const int64_t last = out[j];
        out[j] = out[i];
        out[i] = last;
    }
}

#undef GC_ELEMENT
#undef GC_KEY
#include "routine_end.h"
