/* What convolutions share: the lengths of one, and patches of images as columns of a matrix.
 *
 * A filter at place p of an axis reads x[s * p + d * q - l] for its element q; what lies outside x is
 * 0. Patches of a block of places are columns, one row an element of the filter (channel by
 * channel): then a convolution is a product of matrices. Blocks are so small that they stay in a
 * second-level cache, and follow from lengths alone, so results do not depend on the number of
 * threads. (Chellapilla, Puri, Simard, High Performance Convolutional Neural Networks for Document
 * Processing, 2006.)
 */
#include "matrices.h"

#ifndef GRADC_PATCHES_H
#define GRADC_PATCHES_H

enum {
    GC_PATCH_MOST = 16 << 10, /* elements of a block of patches, on the stack of a thread */
    GC_PATCH_DEPTH = 512,     /* rows of a block */
    GC_PATCH_WORK = 1 << 18,  /* multiplications that are worth a chunk */
    GC_PATCH_CHUNKS = 16      /* about as many are enough */
};

/* Images n, groups g, filters o and channels c of a group; along three axes lengths of images x,
 * filters w and results y, strides s, dilations d, padding in front l; whether filters are read
 * backwards; into how many parts images are cut. As Convolve hands them. */
typedef struct gc_conv {
    int64_t n, g, o, c, x[3], w[3], y[3], s[3], d[3], l[3], flip, parts;
} gc_conv;

GC_HELPER int64_t gc_volume(const int64_t *lengths) { return lengths[0] * lengths[1] * lengths[2]; }

/* A row of the patches: an element of a filter, its channel, and by how far it moves the place that
 * it reads from along each axis. */
typedef struct gc_tap {
    int64_t channel, q[3], move[3];
} gc_tap;

GC_HELPER int64_t gc_moved(const gc_conv *v, int k, int64_t q)
{
    return v->d[k] * (v->flip ? v->w[k] - 1 - q : q) - v->l[k];
}

GC_HELPER gc_tap gc_tap_of(const gc_conv *v, int64_t row)
{
    gc_tap tap;
    for (int k = 2; k >= 0; k--) {
        tap.q[k] = row % v->w[k];
        tap.move[k] = gc_moved(v, k, tap.q[k]);
        row /= v->w[k];
    }
    tap.channel = row;
    return tap;
}

GC_HELPER void gc_next_tap(const gc_conv *v, gc_tap *tap)
{
    for (int k = 2; k >= 0; k--) {
        tap->q[k] = tap->q[k] + 1 < v->w[k] ? tap->q[k] + 1 : 0;
        tap->move[k] = gc_moved(v, k, tap->q[k]);
        if (tap->q[k])
            return;
    }
    tap->channel++;
}

/* Places of the last axis, left .. right - 1, of one line of results; what they read of a tap, and
 * which of them, begin .. end - 1, read inside x. */
typedef struct gc_run {
    int64_t i, j, left, right, begin, end, from;
} gc_run;

GC_HELPER gc_run gc_run_of(const gc_conv *v, int64_t at, int64_t last)
{
    const int64_t line = at / v->y[2];
    gc_run run = {.i = line / v->y[1] * v->s[0], .j = line % v->y[1] * v->s[1]};
    run.left = at - line * v->y[2];
    run.right = gc_less(v->y[2], run.left + last - at);
    return run;
}

GC_HELPER void gc_aim(const gc_conv *v, const gc_tap *tap, gc_run *run)
{
    const int64_t i = run->i + tap->move[0], j = run->j + tap->move[1], move = tap->move[2];
    const int64_t s = v->s[2], space = v->x[2] - move;
    const int64_t first = move >= 0 ? 0 : s == 1 ? -move : (-move + s - 1) / s;
    const int64_t end = space <= 0 ? 0 : s == 1 ? space : (space + s - 1) / s;
    const bool is_there = i >= 0 && i < v->x[0] && j >= 0 && j < v->x[1];
    run->begin = is_there ? gc_less(gc_at_least(first, run->left), run->right) : run->right;
    run->end = is_there ? gc_at_least(gc_less(end, run->right), run->begin) : run->right;
    run->from = ((tap->channel * v->x[0] + i) * v->x[1] + j) * v->x[2] + run->begin * s + move;
}

/* How many columns of patches of `rows` rows are laid out at a time. */
GC_HELPER int64_t gc_patch_columns(int64_t rows)
{
    return gc_at_least(GC_SMALL_MOST / gc_at_least(rows, 1) / 16 * 16, 16);
}
#endif

#if GC_BITS == 64 && !defined(GRADC_PATCHES_F64)
#define GRADC_PATCHES_F64
#define GC_NEW_TYPE
#elif GC_BITS == 32 && !defined(GRADC_PATCHES_F32)
#define GRADC_PATCHES_F32
#define GC_NEW_TYPE
#endif

#ifdef GC_NEW_TYPE
#undef GC_NEW_TYPE

GC_HELPER void GC_M(copy_run)(int64_t count, const GC_T *restrict from, GC_T *restrict to)
{
#pragma omp simd
    for (int64_t j = 0; j < count; j++)
        to[j] = from[j];
}

GC_HELPER void GC_M(add_run)(int64_t count, const GC_T *restrict from, GC_T *restrict to)
{
#pragma omp simd
    for (int64_t j = 0; j < count; j++)
        to[j] += from[j];
}

/* Rows low .. high - 1 of the patches of one image x[c, ...], at places first .. last - 1: written
 * to cols, whose rows are last - first long. */
GC_ROUTINE void GC_M(patches)(const gc_conv *v, const GC_T *x, int64_t low, int64_t high,
                              int64_t first, int64_t last, GC_T *cols)
{
    const int64_t width = last - first, s = v->s[2];
    for (int64_t at = first; at < last;) {
        gc_run run = gc_run_of(v, at, last);
        gc_tap tap = gc_tap_of(v, low);
        GC_T *to = cols + at - first - run.left;
        for (int64_t row = low; row < high; row++, to += width, gc_next_tap(v, &tap)) {
            gc_aim(v, &tap, &run);
            const GC_T *from = x + run.from;
            for (int64_t q = run.left; q < run.begin; q++)
                to[q] = 0;
            if (s == 1)
                GC_M(copy_run)(run.end - run.begin, from, to + run.begin);
            else
                for (int64_t q = run.begin; q < run.end; q++)
                    to[q] = from[(q - run.begin) * s];
            for (int64_t q = run.end; q < run.right; q++)
                to[q] = 0;
        }
        at += run.right - run.left;
    }
}

/* The other way round: what stands in cols is added to x where it would have been read. */
GC_ROUTINE void GC_M(add_patches)(const gc_conv *v, GC_T *x, int64_t low, int64_t high,
                                  int64_t first, int64_t last, const GC_T *cols)
{
    const int64_t width = last - first, s = v->s[2];
    for (int64_t at = first; at < last;) {
        gc_run run = gc_run_of(v, at, last);
        gc_tap tap = gc_tap_of(v, low);
        const GC_T *from = cols + at - first - run.left;
        for (int64_t row = low; row < high; row++, from += width, gc_next_tap(v, &tap)) {
            gc_aim(v, &tap, &run);
            GC_T *to = x + run.from;
            if (s == 1)
                GC_M(add_run)(run.end - run.begin, from + run.begin, to);
            else
                for (int64_t q = run.begin; q < run.end; q++)
                    to[(q - run.begin) * s] += from[q];
        }
        at += run.right - run.left;
    }
}
#endif
