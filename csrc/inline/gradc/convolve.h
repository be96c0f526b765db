/* y[n, g o, ...], the convolution of x[n, g c, ...] with w[g o, c, ...]: see patches.h.
 *
 * Chunks are groups of images, and blocks of places where there are few. In each the patches of a
 * block of places are laid out and multiplied with the filters of a group. What is to run behind
 * images, `after`, is called by the chunk that finishes one; parts: in how many chunks it takes one.
 */
#include "patches.h"

typedef struct {
    gc_conv v;
    const gc_tap *taps;
    const GC_T *x, *w;
    GC_T *y;
    gc_cuts cuts;
    gc_after after;
} GC_OF(task);

/* Places first .. last - 1 of one group of one image. */
GC_ROUTINE void GC_OF(block)(const gc_table *table, const GC_OF(task) *t, int64_t image,
                             int64_t group, int64_t first, int64_t last)
{
    const gc_conv *v = &t->v;
    const int64_t rows = v->c * gc_volume(v->w), places = gc_volume(v->y);
    const int64_t depth = gc_less(rows, GC_PATCH_DEPTH), width = gc_patch_columns(depth);
    const GC_T *x = t->x + (image * v->g + group) * v->c * gc_volume(v->x);
    const GC_T *w = t->w + group * v->o * rows;
    GC_T *y = t->y + (image * v->g + group) * v->o * places;
    GC_T cols[GC_PATCH_MOST] __attribute__((aligned(64)));
    for (int64_t at = first; at < last; at += width) {
        const int64_t end = gc_less(at + width, last), count = end - at;
        for (int64_t low = 0; low < rows || low == 0; low += depth ? depth : 1) {
            const int64_t high = gc_less(low + depth, rows);
            GC_M(patches)(v, t->taps, x, low, high, at, end, cols);
            GC_M(gemm)(table, v->o, count, high - low, 1, w + low, rows, 1, cols, count, 1,
                       low ? 1 : 0, y + at, places, 1);
        }
    }
}

GC_ROUTINE int GC_OF(some)(const gc_table *table, gc_frame *frame, int64_t chunk, int64_t worker)
{
    const GC_OF(task) *t = frame->task;
    const gc_part share = gc_part_of(&t->v, t->cuts, chunk);
    for (int64_t k = share.begin; k < share.end; k++) {
        GC_OF(block)(table, t, k / t->v.g, k % t->v.g, share.first, share.last);
        gc_done(table, frame, &t->v, t->after, k, worker);
    }
    return GC_OK;
}

GC_ROUTINE void GC_FN(const gc_table *table, const gc_frame *frame, const int64_t *numbers,
                      const GC_T *x, const GC_T *w, GC_T *y, int64_t *room,
                      gc_chunk after, int64_t parts)
{
    GC_OF(task) t = {.x = x, .w = w, .y = y};
    memcpy(&t.v, numbers, offsetof(gc_conv, parts));
    const int64_t places = gc_volume(t.v.y);
    if (t.v.n * t.v.g <= 0 || places <= 0 || t.v.o <= 0)
        return;
    t.taps = gc_taps(&t.v, room);
    t.cuts = gc_cuts_of(&t.v, places);
    t.after = (gc_after){after, parts};
    gc_convolve_by(table, frame, GC_OF(some), &t.v, &t.cuts, &t.after, &t);
}

#include "routine_end.h"
