/* The places of a matrix's n rows of k elements in lexicographic order, equal rows as they stand.
 *
 * nan stands behind all numbers, and all of them are alike. `spare` has room for 2 n places.
 */
#include "routine.h"

typedef struct {
    const GC_T *row;
    int64_t k, place;
} GC_OF(line);

GC_HELPER bool GC_OF(before)(GC_OF(line) a, GC_OF(line) b)
{
    for (int64_t j = 0; j < a.k; j++) {
        const GC_T x = a.row[j], y = b.row[j];
        if (x < y || y < x)
            return x < y;
#if GC_FLOAT
        if ((x == x) != (y == y))
            return x == x;
#endif
    }
    return false;
}

#define GC_ELEMENT GC_OF(line)
#define GC_LESS(x, y) GC_OF(before)(x, y)
#include "merge.h"

GC_ROUTINE void GC_FN(int64_t n, int64_t k, const GC_T *restrict x, int64_t *restrict out,
                      uint8_t *restrict spare)
{
    GC_ELEMENT *lines = (void *)spare;
    for (int64_t i = 0; i < n; i++)
        lines[i] = (GC_ELEMENT){.row = x + i * k, .k = k, .place = i};
    GC_OF(divide)(lines, lines + n, n, false);
    for (int64_t i = 0; i < n; i++)
        out[i] = lines[i].place;
}

#undef GC_ELEMENT
#include "routine_end.h"
