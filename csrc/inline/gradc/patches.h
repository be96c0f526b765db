/* What convolutions share: the lengths of one, and patches of images as columns of a matrix.
 *
 * A filter at place p of an axis reads x[s * p + d * q - l] for its element q; what lies outside x is
 * 0. Patches of a block of places are columns, one row an element of the filter (channel by
 * channel): then a convolution is a product of matrices. Blocks are so small that they stay in a
 * second-level cache, and follow from lengths alone, so results do not depend on the number of
 * threads. (Chellapilla, Puri, Simard, High Performance Convolutional Neural Networks for Document
 * Processing, 2006.)
 */
#include <stddef.h>

#include "matrices.h"

#ifndef GRADC_PATCHES_H
#define GRADC_PATCHES_H

enum {
    GC_PATCH_MOST = 16 << 10, /* elements of a block of patches, on the stack of a thread */
    GC_PATCH_DEPTH = 512,     /* rows of a block */
    GC_LINES = 32,            /* of results, that are looked at together */
    GC_PATCH_WORK = 1 << 18,  /* multiplications that are worth a chunk */
    GC_PATCH_CHUNKS = 16      /* about as many are enough */
};

/* Images n, groups g, filters o and channels c of a group; along three axes lengths of images x,
 * filters w and results y, strides s, dilations d, padding in front l; whether filters are read
 * backwards; into how many parts images are cut. As Convolve hands them. */
typedef struct gc_conv {
    int64_t n, g, o, c, x[3], w[3], y[3], s[3], d[3], l[3], flip, parts;
    bool is_inside; /* no filter reaches over an edge; set with the taps */
} gc_conv;

GC_HELPER int64_t gc_volume(const int64_t *lengths) { return lengths[0] * lengths[1] * lengths[2]; }

/* A row of the patches, an element of a filter: how far it moves the place that it reads from,
 * along the first two axes and in memory, and which places of the last axis, first .. last - 1, read
 * inside x. All of them are worked out once a convolution. */
typedef struct gc_tap {
    int64_t i, j, place, first, last;
} gc_tap;

GC_HELPER int64_t gc_moved(const gc_conv *v, int k, int64_t q)
{
    return v->d[k] * (v->flip ? v->w[k] - 1 - q : q) - v->l[k];
}

GC_HELPER void gc_set_tap(const gc_conv *v, int64_t channel, int64_t i, int64_t j, int64_t move,
                          gc_tap *tap)
{
    const int64_t s = v->s[2], space = v->x[2] - move;
    tap->i = i;
    tap->j = j;
    tap->place = ((channel * v->x[0] + i) * v->x[1] + j) * v->x[2] + move;
    tap->first = move >= 0 ? 0 : (-move + s - 1) / s;
    tap->last = space <= 0 ? 0 : (space + s - 1) / s;
}

GC_ROUTINE const gc_tap *gc_taps(gc_conv *v, int64_t *room)
{
    gc_tap *taps = (gc_tap *)room, *tap = taps;
    v->is_inside = true;
    for (int k = 0; k < 3; k++)
        if (v->l[k] || v->s[k] * (v->y[k] - 1) + v->d[k] * (v->w[k] - 1) >= v->x[k])
            v->is_inside = false;
    for (int64_t c = 0; c < v->c; c++)
        for (int64_t i = 0; i < v->w[0]; i++)
            for (int64_t j = 0; j < v->w[1]; j++)
                for (int64_t q = 0; q < v->w[2]; q++)
                    gc_set_tap(v, c, gc_moved(v, 0, i), gc_moved(v, 1, j), gc_moved(v, 2, q),
                               tap++);
    return taps;
}

/* Places left .. right - 1 of one line of results, and where the first tap reads for its start. */
typedef struct gc_run {
    int64_t i, j, left, right, place;
} gc_run;

/* Up to GC_LINES lines that places `at` to last - 1 fall into; gives how many. */
GC_HELPER int64_t gc_runs(const gc_conv *v, int64_t at, int64_t last, gc_run *runs)
{
    int64_t count = 0;
    while (at < last && count < GC_LINES) {
        const int64_t line = at / v->y[2];
        gc_run *run = &runs[count++];
        run->i = line / v->y[1] * v->s[0];
        run->j = line % v->y[1] * v->s[1];
        run->left = at - line * v->y[2];
        run->right = gc_less(v->y[2], run->left + last - at);
        run->place = (run->i * v->x[1] + run->j) * v->x[2];
        at += run->right - run->left;
    }
    return count;
}

/* Which places of a run, begin .. end - 1, read inside x through a tap. */
GC_HELPER void gc_aim(const gc_conv *v, const gc_tap *tap, const gc_run *run, int64_t *begin,
                      int64_t *end)
{
    if (v->is_inside) {
        *begin = run->left;
        *end = run->right;
        return;
    }
    const int64_t i = run->i + tap->i, j = run->j + tap->j;
    const bool is_there = i >= 0 && i < v->x[0] && j >= 0 && j < v->x[1];
    const int64_t last = is_there ? gc_less(tap->last, run->right) : run->left;
    *begin = gc_less(gc_at_least(tap->first, run->left), run->right);
    *end = gc_at_least(last, *begin);
}

/* How many columns of patches of `rows` rows are laid out at a time. */
GC_HELPER int64_t gc_patch_columns(int64_t rows)
{
    return gc_at_least(GC_SMALL_MOST / gc_at_least(rows, 1) / 16 * 16, 16);
}

/* Chunks of groups of images, and of some more that they have, `among` of it: `images` of the
 * former, and `length` of the latter where there are few. */
typedef struct gc_cuts {
    int64_t images, among, length;
} gc_cuts;

/* What runs behind an image: a nest, in `parts` chunks; none where chunk is NULL. It cannot fail. */
typedef struct gc_after {
    gc_chunk chunk;
    int64_t parts;
} gc_after;

/* What a chunk has: groups of images begin .. end - 1, and first .. last - 1 of the other. */
typedef struct gc_part {
    int64_t begin, end, first, last;
} gc_part;

GC_HELPER gc_cuts gc_cuts_of(const gc_conv *v, int64_t among)
{
    const int64_t each = gc_at_least(v->o * v->c * gc_volume(v->w) * gc_volume(v->y), 1);
    const int64_t images = gc_at_least(GC_PATCH_WORK / each, 1);
    const int64_t most = gc_at_least(GC_PATCH_CHUNKS / gc_pieces(v->n * v->g, images), 1);
    const int64_t blocks = gc_less(most, each / GC_PATCH_WORK);
    return (gc_cuts){images, among, gc_pieces(among, gc_at_least(blocks, 1))};
}

GC_HELPER int64_t gc_chunks_of(const gc_conv *v, gc_cuts cuts)
{
    return gc_pieces(v->n * v->g, cuts.images) * gc_pieces(cuts.among, cuts.length);
}

GC_HELPER gc_part gc_part_of(const gc_conv *v, gc_cuts cuts, int64_t chunk)
{
    const int64_t blocks = gc_pieces(cuts.among, cuts.length);
    const int64_t begin = chunk / blocks * cuts.images, first = chunk % blocks * cuts.length;
    return (gc_part){begin, gc_less(begin + cuts.images, v->n * v->g), first,
                      gc_less(first + cuts.length, cuts.among)};
}

/* Let chunks be of whole images where enough of them are left: what is to run behind an image does
 * not wait for the others then. */
GC_HELPER bool gc_keep_images(const gc_conv *v, gc_cuts *cuts)
{
    const int64_t all = v->n * v->g, whole = gc_pieces(cuts->images, v->g) * v->g;
    const int64_t enough = gc_less(gc_pieces(all, cuts->images), GC_PATCH_CHUNKS / 2);
    if (cuts->length < cuts->among || gc_pieces(all, whole) < enough)
        return false;
    cuts->images = whole;
    return true;
}

/* Group k of the images is done: the last of an image lets run what is to run behind that. */
GC_HELPER void gc_done(const gc_table *table, gc_frame *frame, const gc_conv *v, gc_after after,
                       int64_t k, int64_t worker)
{
    const int64_t image = k / v->g, first = image * after.parts;
    if (!after.chunk || k % v->g != v->g - 1)
        return;
    for (int64_t part = first; part < first + after.parts; part++)
        (void)after.chunk(table, frame, part, worker);
}

/* Run the chunks of a convolution, and what follows: behind each image, or else behind all. */
GC_HELPER void gc_convolve_by(const gc_table *table, const gc_frame *frame, gc_chunk some,
                              const gc_conv *v, gc_cuts *cuts, gc_after *after, void *task)
{
    const gc_after late = *after;
    if (late.chunk && !gc_keep_images(v, cuts))
        after->chunk = NULL;
    (void)gc_spread(table, frame, some, task, gc_chunks_of(v, *cuts));
    if (late.chunk != after->chunk)
        (void)gc_spread(table, frame, late.chunk, NULL, v->n * late.parts);
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

/* Eight neighbours, wherever they stand. */
typedef GC_T GC_M(eight) __attribute__((vector_size(GC_BITS), aligned(GC_BITS / 8), may_alias));

GC_HELPER void GC_M(copy_eight)(const GC_T *from, GC_T *to)
{
    *(GC_M(eight) *)to = *(const GC_M(eight) *)from;
}

GC_HELPER void GC_M(copy_run)(int64_t count, const GC_T *from, GC_T *to)
{
    for (int64_t j = 0; j + 8 <= count; j += 8)
        GC_M(copy_eight)(from + j, to + j);
    if (count >= 8)
        GC_M(copy_eight)(from + count - 8, to + count - 8);
    else
        for (int64_t j = 0; j < count; j++)
            to[j] = from[j];
}

GC_HELPER void GC_M(add_run)(int64_t count, const GC_T *from, GC_T *to)
{
    int64_t j = 0;
    for (; j + 8 <= count; j += 8)
        *(GC_M(eight) *)(to + j) += *(const GC_M(eight) *)(from + j);
    for (; j < count; j++)
        to[j] += from[j];
}

/* Rows of patches that read inside x, element by element: to[row * width ...] has what the runs read
 * through taps[row]. */
GC_ROUTINE void GC_M(patches_inside)(const gc_tap *taps, int64_t rows, const gc_run *runs,
                                     int64_t lines, const GC_T *x, int64_t width, GC_T *to)
{
    for (int64_t row = 0; row < rows; row++) {
        GC_T *line = to + row * width;
        for (int64_t k = 0; k < lines; k++) {
            const int64_t count = runs[k].right - runs[k].left;
            const GC_T *from = x + taps[row].place + runs[k].place + runs[k].left;
            if (count == 8)
                GC_M(copy_eight)(from, line);
            else
                GC_M(copy_run)(count, from, line);
            line += count;
        }
    }
}

/* Rows low .. high - 1 of the patches of one image x[c, ...], at places first .. last - 1: written
 * to cols, whose rows are last - first long. */
GC_ROUTINE void GC_M(patches)(const gc_conv *v, const gc_tap *taps, const GC_T *x, int64_t low,
                              int64_t high, int64_t first, int64_t last, GC_T *cols)
{
    const int64_t width = last - first, s = v->s[2];
    gc_run runs[GC_LINES];
    for (int64_t at = first, count; at < last; at += count) {
        const int64_t lines = gc_runs(v, at, last, runs);
        GC_T *line = cols + at - first;
        count = 0;
        for (int64_t k = 0; k < lines; k++)
            count += runs[k].right - runs[k].left;
        if (v->is_inside && s == 1) {
            GC_M(patches_inside)(taps + low, high - low, runs, lines, x, width, line);
            continue;
        }
        for (int64_t row = low; row < high; row++, line += width) {
            GC_T *to = line;
            for (const gc_run *run = runs; run < runs + lines; to += run->right - run->left, run++) {
                int64_t begin, end;
                gc_aim(v, &taps[row], run, &begin, &end);
                const GC_T *from = x + run->place + taps[row].place + begin * s;
                for (int64_t q = run->left; q < begin; q++)
                    to[q - run->left] = 0;
                if (s == 1)
                    GC_M(copy_run)(end - begin, from, to + begin - run->left);
                else
                    for (int64_t q = begin; q < end; q++)
                        to[q - run->left] = from[(q - begin) * s];
                for (int64_t q = end; q < run->right; q++)
                    to[q - run->left] = 0;
            }
        }
    }
}

/* Rows of patches that read inside x are added there. One element of the filters, which have `size`,
 * after the other: neighbours add to places that overlap, and would wait for each other's stores. */
GC_ROUTINE void GC_M(add_inside)(const gc_tap *taps, int64_t rows, int64_t size, const gc_run *runs,
                                 int64_t lines, const GC_T *from, int64_t width, GC_T *x)
{
    for (int64_t tap = 0; tap < size; tap++)
        for (int64_t row = tap; row < rows; row += size) {
            const GC_T *line = from + row * width;
            for (int64_t k = 0; k < lines; k++) {
                const int64_t count = runs[k].right - runs[k].left;
                GC_M(add_run)(count, line, x + taps[row].place + runs[k].place + runs[k].left);
                line += count;
            }
        }
}

/* What stands behind each other in `from`, a line of places for each run, is added where a tap reads. */
GC_HELPER void GC_M(add_lines)(const gc_conv *v, const gc_tap *tap, const gc_run *runs, int64_t lines,
                               const GC_T *from, GC_T *x)
{
    const int64_t s = v->s[2];
    for (const gc_run *run = runs; run < runs + lines; from += run->right - run->left, run++) {
        int64_t begin, end;
        gc_aim(v, tap, run, &begin, &end);
        GC_T *to = x + run->place + tap->place + begin * s;
        if (s == 1)
            GC_M(add_run)(end - begin, from + begin - run->left, to);
        else
            for (int64_t q = begin; q < end; q++)
                to[(q - begin) * s] += from[q - run->left];
    }
}

/* The other way round: what stands in cols is added to x where it would have been read. */
GC_ROUTINE void GC_M(add_patches)(const gc_conv *v, const gc_tap *taps, GC_T *x, int64_t low,
                                  int64_t high, int64_t first, int64_t last, const GC_T *cols)
{
    const int64_t width = last - first;
    gc_run runs[GC_LINES];
    for (int64_t at = first, count; at < last; at += count) {
        const int64_t lines = gc_runs(v, at, last, runs);
        count = 0;
        for (int64_t k = 0; k < lines; k++)
            count += runs[k].right - runs[k].left;
        const GC_T *line = cols + at - first;
        if (v->is_inside && v->s[2] == 1)
            GC_M(add_inside)(taps + low, high - low, gc_volume(v->w), runs, lines, line, width, x);
        else
            for (int64_t row = low; row < high; row++, line += width)
                GC_M(add_lines)(v, &taps[row], runs, lines, line, x);
    }
}
#endif
