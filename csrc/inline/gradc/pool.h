/* What is known of windows that slide over a plane x, one number a window: y.
 *
 * GC_POOL says which: the greatest element (GC_MAX), the sum of what stands in a plane like x where
 * x is the greatest (GC_ALONG), the sum of all (GC_SUM); and back, at every element of x the sum of
 * what the windows have that it stands in (GC_SPREAD), or those whose greatest it is (GC_BACK).
 * All elements that equal the greatest are the greatest; nan is greater than any.
 */
#include "routine.h"

#ifndef GRADC_POOL_H
#define GRADC_POOL_H

#if defined(__GNUC__)
#define GC_INLINED GC_HELPER __attribute__((always_inline))
#else
#define GC_INLINED GC_HELPER
#endif

#define GC_MAX 1
#define GC_ALONG 2
#define GC_SUM 3
#define GC_SPREAD 4
#define GC_BACK 5

/* Lengths along three axes of the plane x, of y and of windows w; strides s, padding in front l. As
 * Pool hands them. */
typedef struct gc_pool {
    int64_t x[3], y[3], w[3], s[3], l[3];
} gc_pool;

/* Which elements of window p of axis k lie in x: first .. last - 1. */
GC_HELPER void gc_window(const gc_pool *v, int k, int64_t p, int64_t *first, int64_t *last)
{
    const int64_t begin = p * v->s[k] - v->l[k], end = begin + v->w[k];
    *first = begin > 0 ? begin : 0;
    *last = end < v->x[k] ? end : v->x[k];
}

/* Which windows of the last axis have their element q in x: first .. last - 1. */
GC_HELPER void gc_windows(const gc_pool *v, int64_t q, int64_t *first, int64_t *last)
{
    const int64_t s = v->s[2], move = q - v->l[2], space = v->x[2] - move;
    const int64_t end = space <= 0 ? 0 : (space + s - 1) / s;
    *first = move >= 0 ? 0 : (-move + s - 1) / s;
    *last = end < v->y[2] ? end : v->y[2];
}
#endif

#if GC_FLOAT
#define GC_ABOVE(a, b) ((a) > (b) || (a) != (a))
#else
#define GC_ABOVE(a, b) ((a) > (b))
#endif

/* What element `at` of a line of x and window p of a line of y give each other. `from` is like x or
 * like y, `to` the other. */
#if GC_POOL == GC_MAX
#define GC_MEET(at, p) to[p] = GC_ABOVE(x[at], to[p]) ? x[at] : to[p]
#elif GC_POOL == GC_ALONG
#define GC_MEET(at, p) to[p] = (GC_T)(to[p] + (x[at] == y[p] ? from[at] : (GC_T)0))
#elif GC_POOL == GC_SUM
#define GC_MEET(at, p) to[p] = (GC_T)(to[p] + x[at])
#elif GC_POOL == GC_SPREAD
#define GC_MEET(at, p) to[at] = (GC_T)(to[at] + from[p])
#else
#define GC_MEET(at, p) to[at] = (GC_T)(to[at] + (x[at] == y[p] ? from[p] : (GC_T)0))
#endif

/* Windows of a line of y, and of each one element, `s` apart in a line of x. Inlined with a number
 * s, so that it becomes vector code. */
GC_INLINED void GC_OF(single)(int64_t count, int64_t s, const GC_T *restrict x,
                              const GC_T *restrict y, const GC_T *restrict from, GC_T *restrict to)
{
    (void)x, (void)y, (void)from;
#pragma omp simd
    for (int64_t p = 0; p < count; p++)
        GC_MEET(p * s, p);
}

/* Windows of two elements that stand side by side. */
GC_ROUTINE void GC_OF(pairs)(int64_t count, const GC_T *restrict x, const GC_T *restrict y,
                             const GC_T *restrict from, GC_T *restrict to)
{
    (void)x, (void)y, (void)from;
#pragma omp simd
    for (int64_t p = 0; p < count; p++) {
        GC_MEET(2 * p, p);
        GC_MEET(2 * p + 1, p);
    }
}

#if GC_POOL == GC_SPREAD
#define GC_GIVEN(at, p) from[p]
#elif GC_POOL == GC_BACK
#define GC_GIVEN(at, p) (x[at] == y[p] ? from[p] : (GC_T)0)
#endif

/* Windows of two by two elements that stand side by side: a line of y, and the two lines of x that it
 * is of. Nothing was begun before. Lines are often short, so vectors are too. */
GC_ROUTINE void GC_OF(fours)(int64_t count, int64_t width, const GC_T *restrict x,
                             const GC_T *restrict y, const GC_T *restrict from, GC_T *restrict to)
{
    (void)x, (void)y, (void)from;
#pragma omp simd simdlen(4)
    for (int64_t p = 0; p < count; p++) {
#ifdef GC_GIVEN /* as sums that begin with 0, so never -0 */
        to[2 * p] = (GC_T)(0 + GC_GIVEN(2 * p, p));
        to[2 * p + 1] = (GC_T)(0 + GC_GIVEN(2 * p + 1, p));
        to[width + 2 * p] = (GC_T)(0 + GC_GIVEN(width + 2 * p, p));
        to[width + 2 * p + 1] = (GC_T)(0 + GC_GIVEN(width + 2 * p + 1, p));
#else
        to[p] = GC_POOL == GC_MAX ? x[2 * p] : (GC_T)0;
        GC_MEET(2 * p, p);
        GC_MEET(2 * p + 1, p);
        GC_MEET(width + 2 * p, p);
        GC_MEET(width + 2 * p + 1, p);
#endif
    }
}

/* Whether windows are such fours. */
GC_HELPER bool GC_OF(has_fours)(const gc_pool *v)
{
    bool is_so = v->w[0] == 1 && v->s[0] == 1 && v->l[0] == 0 && v->y[0] == v->x[0];
    for (int k = 1; k < 3; k++)
        is_so = is_so && v->w[k] == 2 && v->s[k] == 2 && v->l[k] == 0 && 2 * v->y[k] <= v->x[k];
    return is_so;
}

/* Element q of all windows of a line of y that have it in a line of x, or both of pairs side by
 * side. */
GC_ROUTINE void GC_OF(lines)(const gc_pool *v, bool by_pairs, int64_t q, const GC_T *x,
                             const GC_T *y, const GC_T *from, GC_T *to)
{
    int64_t first, last;
    gc_windows(v, q, &first, &last);
    if (first >= last)
        return;
    const int64_t s = v->s[2], place = first * s + q - v->l[2];
    x += place;
    y += first;
#if GC_POOL == GC_SPREAD || GC_POOL == GC_BACK
    from += first;
    to += place;
#else
    from += place;
    to += first;
#endif
    if (by_pairs)
        GC_OF(pairs)(last - first, x, y, from, to);
    else if (s == 1)
        GC_OF(single)(last - first, 1, x, y, from, to);
    else
        GC_OF(single)(last - first, s, x, y, from, to);
}

/* A line of y, before anything is folded into it. */
GC_HELPER void GC_OF(begin)(const gc_pool *v, const GC_T *x, GC_T *to)
{
    for (int64_t p = 0; p < v->y[2]; p++) {
#if GC_POOL == GC_MAX
        const int64_t place = p * v->s[2] - v->l[2];
        to[p] = x[place > 0 ? place : 0];
#else
        to[p] = 0;
#endif
    }
    (void)x;
}

GC_ROUTINE void GC_OF(plane)(const gc_pool *v, const GC_T *x, const GC_T *y, const GC_T *from,
                             GC_T *to)
{
    const bool is_back = GC_POOL == GC_SPREAD || GC_POOL == GC_BACK;
    const bool by_pairs = v->w[2] == 2 && v->s[2] == 2 && v->l[2] == 0 && v->y[2] * 2 <= v->x[2];
    const bool by_fours = GC_OF(has_fours)(v);
    const bool is_covered = by_fours && 2 * v->y[1] == v->x[1] && 2 * v->y[2] == v->x[2];
    const int64_t width = v->x[2], lines = v->y[0] * v->y[1];
    if (is_back && !is_covered)
        memset(to, 0, (size_t)(v->x[0] * v->x[1] * width) * sizeof *to);
    for (int64_t line = 0; line < lines && by_fours; line++) {
        const int64_t at = (line / v->y[1] * v->x[1] + line % v->y[1] * 2) * width;
        const int64_t own = line * v->y[2];
        GC_OF(fours)(v->y[2], width, x + at, y + own, from + (is_back ? own : at),
                     to + (is_back ? at : own));
    }
    for (int64_t line = 0; line < lines && !by_fours; line++) {
        int64_t top, bottom, left, right;
        gc_window(v, 0, line / v->y[1], &top, &bottom);
        gc_window(v, 1, line % v->y[1], &left, &right);
        const int64_t own = line * v->y[2];
        if (!is_back)
            GC_OF(begin)(v, x + (top * v->x[1] + left) * width, to + own);
        for (int64_t i = top; i < bottom; i++)
            for (int64_t j = left; j < right; j++)
                for (int64_t q = 0; q < v->w[2]; q += by_pairs ? 2 : 1) {
                    const int64_t at = (i * v->x[1] + j) * width;
                    GC_OF(lines)(v, by_pairs, q, x + at, y + own, from + (is_back ? own : at),
                                 to + (is_back ? at : own));
                }
    }
}

GC_ROUTINE void GC_FN(const int64_t *numbers, const GC_T *x,
#if GC_POOL == GC_ALONG || GC_POOL == GC_BACK
                      const GC_T *y, const GC_T *from,
#endif
                      GC_T *to)
{
    gc_pool v;
    memcpy(&v, numbers, sizeof v);
    for (int k = 0; k < 3; k++) /* what of a window lies behind the plane takes no time */
        v.w[k] = v.w[k] < v.x[k] + v.l[k] ? v.w[k] : v.x[k] + v.l[k];
#if GC_POOL == GC_ALONG || GC_POOL == GC_BACK
    GC_OF(plane)(&v, x, y, from, to);
#else
    GC_OF(plane)(&v, x, x, x, to);
#endif
}

#undef GC_POOL
#undef GC_ABOVE
#undef GC_MEET
#undef GC_GIVEN
#include "routine_end.h"
