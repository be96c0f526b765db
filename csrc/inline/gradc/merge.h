/* A stable merge sort of GC_ELEMENT by GC_LESS, by default that of GC_KEY, which has no nan. No
 * guard; sort.h, argsort.h and roworder.h include it.
 *
 * Halves are merged from both ends at once: as many steps from the front as the shorter half has,
 * and as many from the back, none of which can run out of elements, so that nothing is asked but
 * which key is less, and that decides no branch (Peters and Rousse's bidirectional merge, 2023).
 * n log n comparisons whatever comes; what is in order already is copied.
 */
#ifndef GC_LESS
#define GC_LESS(x, y) (GC_KEY(x) < GC_KEY(y))
#endif

enum { GC_OF(run) = 12 }; /* elements up to which insertion is faster */

/* Sort n elements of a, at most GC_OF(run), into `to`. */
GC_HELPER void GC_OF(insert)(const GC_ELEMENT *restrict a, GC_ELEMENT *restrict to, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        const GC_ELEMENT x = a[i];
        int64_t j = i;
        for (; j > 0 && GC_LESS(x, to[j - 1]); j--)
            to[j] = to[j - 1];
        to[j] = x;
    }
}

/* Merge a[half] and a[half .. n - 1], n - half being half or half + 1, into `to`. */
GC_HELPER void GC_OF(merge)(const GC_ELEMENT *restrict a, GC_ELEMENT *restrict to, int64_t half,
                            int64_t n)
{
    const GC_ELEMENT *left = a, *right = a + half;
    const GC_ELEMENT *left_end = right - 1, *right_end = a + n - 1;
    GC_ELEMENT *end = to + n - 1;
    if (!GC_LESS(*right, *left_end)) {
        memcpy(to, a, (size_t)n * sizeof *a);
        return;
    }
    for (int64_t k = 0; k < half; k++) {
        const bool from_right = GC_LESS(*right, *left);
        const bool from_left = GC_LESS(*right_end, *left_end);
        const GC_ELEMENT *first = from_right ? right : left;
        const GC_ELEMENT *last = from_left ? left_end : right_end;
        *to++ = *first;
        *end-- = *last;
        right += from_right;
        left += !from_right;
        left_end -= from_left;
        right_end -= !from_left;
    }
    if (n - half > half)
        *to = left <= left_end ? *left : *right;
}

/* Sort a into `a` itself, or into `b` if `into_b`; both have n elements and lose what they held. */
GC_ROUTINE void GC_OF(divide)(GC_ELEMENT *restrict a, GC_ELEMENT *restrict b, int64_t n,
                              bool into_b)
{
    const int64_t half = n / 2;
    if (n <= GC_OF(run)) {
        GC_OF(insert)(a, b, n);
        if (!into_b)
            memcpy(a, b, (size_t)n * sizeof *a);
        return;
    }
    GC_OF(divide)(a, b, half, !into_b);
    GC_OF(divide)(a + half, b + half, n - half, !into_b);
    if (into_b)
        GC_OF(merge)(a, b, half, n);
    else
        GC_OF(merge)(b, a, half, n);
}
