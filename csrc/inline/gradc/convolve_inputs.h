/* The gradient of a convolution with respect to its input: x from y and w; see patches.h.
 *
 * The transposed filters times a block of y are the gradients of patches, which are added where
 * these were read.  Chunks are channels of images: each adds to elements of its own, in one order.
 */
#include "patches.h"

typedef struct {
    gc_conv v;
    const gc_tap *taps;
    const GC_T *y, *w;
    GC_T *x;
    gc_cuts cuts;
    gc_after after;
} GC_OF(task);

/* Channels begin .. end - 1 of one group of one image. */
GC_ROUTINE void GC_OF(block)(const gc_table *table, const GC_OF(task) *t, int64_t image,
                             int64_t group, int64_t begin, int64_t end)
{
    const gc_conv *v = &t->v;
    const int64_t size = gc_volume(v->w), rows = v->c * size, places = gc_volume(v->y);
    const int64_t depth = gc_less((end - begin) * size, GC_PATCH_DEPTH);
    const int64_t width = gc_patch_columns(depth);
    GC_T *x = t->x + (image * v->g + group) * v->c * gc_volume(v->x);
    const GC_T *w = t->w + group * v->o * rows;
    const GC_T *y = t->y + (image * v->g + group) * v->o * places;
    GC_T cols[GC_PATCH_MOST] __attribute__((aligned(64)));
    memset(x + begin * gc_volume(v->x), 0, (size_t)((end - begin) * gc_volume(v->x)) * sizeof *x);
    for (int64_t low = begin * size; low < end * size; low += depth) {
        const int64_t high = gc_less(low + depth, end * size);
        for (int64_t at = 0; at < places; at += width) {
            const int64_t last = gc_less(at + width, places), count = last - at;
            GC_M(gemm)(table, high - low, count, v->o, 1, w + low, 1, rows, y + at, places, 1, 0,
                       cols, count, 1);
            GC_M(add_patches)(v, t->taps, x, low, high, at, last, cols);
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
                      const GC_T *y, const GC_T *w, GC_T *x, int64_t *room,
                      gc_chunk after, int64_t parts)
{
    GC_OF(task) t = {.y = y, .w = w, .x = x};
    memcpy(&t.v, numbers, offsetof(gc_conv, parts));
    if (t.v.n * t.v.g <= 0 || t.v.c <= 0 || gc_volume(t.v.x) <= 0)
        return;
    t.taps = gc_taps(&t.v, room);
    t.cuts = gc_cuts_of(&t.v, t.v.c);
    t.after = (gc_after){after, parts};
    gc_convolve_by(table, frame, GC_OF(some), &t.v, &t.cuts, &t.after, &t);
}

#include "routine_end.h"
