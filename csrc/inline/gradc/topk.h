/* The places of the k greatest (or least) elements of one row, the most extreme first; nan counts
 * as the greatest of all, and of equal elements the first comes first.
 *
 * A heap of k keeps the last chosen on top; an element that is to be chosen before it takes its
 * place: n log k comparisons at worst, about n where elements come in no order. `spare` has room for
 * k pairs.
 */
#include "routine.h"

typedef struct {
    GC_T key;
    int64_t place;
} GC_OF(pair);

/* Whether a is to be chosen before b. */
GC_HELPER bool GC_OF(first)(GC_OF(pair) a, GC_OF(pair) b, int64_t greatest)
{
#if GC_FLOAT
    const bool is_less = a.key < b.key || (a.key == a.key && b.key != b.key);
    const bool is_greater = a.key > b.key || (a.key != a.key && b.key == b.key);
#else
    const bool is_less = a.key < b.key, is_greater = a.key > b.key;
#endif
    if (is_less || is_greater)
        return greatest ? is_greater : is_less;
    return a.place < b.place;
}

/* Put x into a heap of n whose top is free. */
GC_HELPER void GC_OF(sift)(GC_OF(pair) *heap, int64_t n, int64_t top, GC_OF(pair) x,
                           int64_t greatest)
{
    for (int64_t below = 2 * top + 1; below < n; below = 2 * top + 1) {
        if (below + 1 < n && GC_OF(first)(heap[below], heap[below + 1], greatest))
            below++;
        if (!GC_OF(first)(x, heap[below], greatest))
            break;
        heap[top] = heap[below];
        top = below;
    }
    heap[top] = x;
}

GC_ROUTINE void GC_FN(int64_t n, int64_t k, int64_t greatest, const GC_T *restrict x,
                      int64_t *restrict out, uint8_t *restrict spare)
{
    GC_OF(pair) *heap = (void *)spare;
    if (k <= 0)
        return;
    for (int64_t i = 0; i < k; i++)
        heap[i] = (GC_OF(pair)){.key = x[i], .place = i};
    for (int64_t i = k / 2 - 1; i >= 0; i--)
        GC_OF(sift)(heap, k, i, heap[i], greatest);
    for (int64_t i = k; i < n; i++) {
        const GC_OF(pair) next = {.key = x[i], .place = i};
        if (GC_OF(first)(next, heap[0], greatest))
            GC_OF(sift)(heap, k, 0, next, greatest);
    }
    for (int64_t i = k - 1; i >= 0; i--) {
        out[i] = heap[0].place;
        GC_OF(sift)(heap, i, 0, heap[i], greatest);
    }
}

#include "routine_end.h"
