/* The gradient of a convolution with respect to its filters: w from x and y; see patches.h.
 *
 * A block of y times transposed patches, added up over the images of a part; parts are added in
 * pairs.  Chunks are filters of parts.
 */
#include "patches.h"

enum { GC_OF(FILTERS) = 64, GC_OF(COLUMNS) = 64 }; /* of a chunk, of a block at least */

typedef struct {
    gc_conv v;
    const gc_tap *taps;
    const GC_T *x, *y;
    GC_T *w, *sums; /* of part 0, and of the others */
} GC_OF(task);

/* Filters begin .. end - 1 of one group, over images first .. last - 1. */
GC_ROUTINE void GC_OF(block)(const gc_table *table, const GC_OF(task) *t, int64_t first, int64_t last,
                             const GC_T *x, const GC_T *y, int64_t filters, GC_T *w)
{
    const gc_conv *v = &t->v;
    const int64_t rows = v->c * gc_volume(v->w), places = gc_volume(v->y);
    const int64_t wide = gc_at_least(gc_patch_columns(rows), GC_OF(COLUMNS));
    const int64_t width = gc_at_least(gc_less(wide, places), 1);
    const int64_t depth = gc_less(rows, GC_SMALL_MOST / width);
    GC_T cols[GC_PATCH_MOST] __attribute__((aligned(64)));
    for (int64_t low = 0; low < rows; low += depth) {
        const int64_t high = gc_less(low + depth, rows);
        bool is_begun = false;
        for (int64_t k = first; k < last; k++)
            for (int64_t at = 0; at < places; at += width) {
                const int64_t end = gc_less(at + width, places), count = end - at;
                GC_M(patches)(v, t->taps, x + k * v->g * v->c * gc_volume(v->x), low, high, at, end, cols);
                GC_M(gemm)(table, filters, high - low, count, 1,
                           y + k * v->g * v->o * places + at, places, 1, cols, 1, count,
                           is_begun ? 1 : 0, w + low, rows, 1);
                is_begun = true;
            }
        for (int64_t i = 0; !is_begun && i < filters; i++)
            memset(w + i * rows + low, 0, (size_t)(high - low) * sizeof *w);
    }
}

GC_ROUTINE int GC_OF(some)(const gc_table *table, gc_frame *frame, int64_t chunk, int64_t worker)
{
    const GC_OF(task) *t = frame->task;
    const gc_conv *v = &t->v;
    const int64_t rows = v->c * gc_volume(v->w), places = gc_volume(v->y);
    const int64_t blocks = gc_pieces(v->o, GC_OF(FILTERS));
    const int64_t part = chunk % v->parts, group = chunk / v->parts / blocks;
    const int64_t filter = chunk / v->parts % blocks * GC_OF(FILTERS) + group * v->o;
    const int64_t last = gc_less(filter + GC_OF(FILTERS), (group + 1) * v->o);
    GC_T *w = part ? t->sums + (part - 1) * v->g * v->o * rows : t->w;
    (void)worker;
    GC_OF(block)(table, t, part * v->n / v->parts, (part + 1) * v->n / v->parts,
                 t->x + group * v->c * gc_volume(v->x), t->y + filter * places, last - filter,
                 w + filter * rows);
    return GC_OK;
}

GC_ROUTINE void GC_FN(const gc_table *table, const gc_frame *frame, const int64_t *numbers,
                      const GC_T *x, const GC_T *y, GC_T *w, int64_t *room, GC_T *sums)
{
    GC_OF(task) t = {.x = x, .y = y, .w = w, .sums = sums};
    memcpy(&t.v, numbers, offsetof(gc_conv, is_inside));
    const int64_t size = t.v.g * t.v.o * t.v.c * gc_volume(t.v.w), parts = t.v.parts;
    if (size <= 0)
        return;
    t.taps = gc_taps(&t.v, room);
    (void)gc_spread(table, frame, GC_OF(some), &t,
                    parts * t.v.g * gc_pieces(t.v.o, GC_OF(FILTERS)));
    for (int64_t step = 1; step < parts; step *= 2)
        for (int64_t k = 0; k + step < parts; k += 2 * step) {
            GC_T *to = k ? sums + (k - 1) * size : w;
            const GC_T *from = sums + (k + step - 1) * size;
            for (int64_t i = 0; i < size; i++)
                to[i] += from[i];
        }
}

#include "routine_end.h"
