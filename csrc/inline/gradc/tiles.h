/* Reductions: how a row becomes one state.
 *
 * Every reduction is a tree that depends on lengths and dtype only, never on compiler, vector
 * width or threads. A row is cut into tiles of GC_TILE elements. Within a tile element j goes to
 * lane j % lanes; a lane takes GC_RUN elements in order, then runs are joined in pairs, then lanes in
 * halves; tiles are joined in pairs, as a binary counter carries. Up to GC_SHORT elements are taken
 * in order: that is faster than joining lanes. Down a column, GC_ROWS rows are taken in order, and
 * the states of such blocks are joined as those of tiles. So nothing is added more than 16 times in
 * a row, and rounding errors grow with the logarithm of the length along every axis, as those of
 * numpy's pairwise sum do along the last.
 */
#ifndef GRADC_TILES_H
#define GRADC_TILES_H

#include "bits.h"

/* 8 KiB of float64: a tile with its temporaries stays in a 32 KiB first-level cache. */
#define GC_TILE 1024

/* Of the binary counter: 2^40 tiles are more memory than there is. */
#define GC_LEVELS 40

#define GC_RUN 16
#define GC_ROWS 16
#define GC_SHORT 16

/* How many states of `full` blocks a further one is joined to: as many as a counter carries. */
static inline int64_t gc_carries(int64_t full)
{
    int64_t carries = 0;
    for (; full & 1; full >>= 1)
        carries++;
    return carries;
}

/* Compiled once a file, however many nests fold so: inlined, each costs gcc 60 ms at -O3. A call a
 * tile takes no time that can be measured; a short row is not worth one. */
#define GC_ONCE static __attribute__((noinline, unused))

/* A fold whose state is one number, from name_step(state, element) and name_join(state, state):
 *
 *     name f;                       its tiles so far
 *     name_begin(&f);
 *     name_add(&f, from, n);        n more elements
 *     name_end(&f)                  the state of all of them
 */
#define GC_FOLD(name, Element, State, lanes, init)                                            \
    typedef struct {                                                                          \
        int64_t tiles;                                                                        \
        State level[GC_LEVELS];                                                               \
    } name;                                                                                   \
                                                                                              \
    GC_INLINE void name##_begin(name *f) { f->tiles = 0; }                                    \
                                                                                              \
    GC_ONCE State name##_lanes(const Element *from, int64_t n)                                \
    {                                                                                         \
        State total[lanes];                                                                   \
        GC_SIMD                                                                           \
        for (int l = 0; l < (lanes); l++)                                                     \
            total[l] = (init);                                                                \
        int64_t j = 0;                                                                        \
        for (; j + GC_RUN * (lanes) <= n; j += GC_RUN * (lanes)) {                            \
            State lane[lanes];                                                                \
            GC_SIMD                                                                       \
            for (int l = 0; l < (lanes); l++)                                                 \
                lane[l] = (init);                                                             \
            for (int k = 0; k < GC_RUN; k++) {                                                \
                __builtin_prefetch(from + j + k * (lanes) + GC_TILE);                         \
                if (sizeof(Element) * (lanes) > 64)                                           \
                    __builtin_prefetch(from + j + k * (lanes) + (lanes) / 2 + GC_TILE);       \
                GC_SIMD                                                                       \
                for (int l = 0; l < (lanes); l++)                                             \
                    lane[l] = name##_step(lane[l], from[j + k * (lanes) + l]);                \
            }                                                                                 \
            GC_SIMD                                                                       \
            for (int l = 0; l < (lanes); l++)                                                 \
                total[l] = name##_join(total[l], lane[l]);                                    \
        }                                                                                     \
        if (j < n) {                                                                          \
            State lane[lanes];                                                                \
            GC_SIMD                                                                       \
            for (int l = 0; l < (lanes); l++)                                                 \
                lane[l] = (init);                                                             \
            for (; j + (lanes) <= n; j += (lanes)) {                                          \
                GC_SIMD                                                                       \
                for (int l = 0; l < (lanes); l++)                                             \
                    lane[l] = name##_step(lane[l], from[j + l]);                              \
            }                                                                                 \
            for (int l = 0; j + l < n; l++)                                                   \
                lane[l] = name##_step(lane[l], from[j + l]);                                  \
            GC_SIMD                                                                       \
            for (int l = 0; l < (lanes); l++)                                                 \
                total[l] = name##_join(total[l], lane[l]);                                    \
        }                                                                                     \
        for (int half = (lanes) / 2; half > 0; half /= 2)                                     \
            for (int l = 0; l < half; l++)                                                    \
                total[l] = name##_join(total[l], total[l + half]);                            \
        return total[0];                                                                      \
    }                                                                                         \
                                                                                              \
    static inline State name##_tile(const Element *from, int64_t n)                           \
    {                                                                                         \
        State state = (init);                                                                 \
        if (n > GC_SHORT)                                                                     \
            return name##_lanes(from, n);                                                     \
        for (int64_t j = 0; j < n; j++)                                                       \
            state = name##_step(state, from[j]);                                              \
        return state;                                                                         \
    }                                                                                         \
                                                                                              \
    static inline void name##_add(name *f, const Element *from, int64_t n)                    \
    {                                                                                         \
        for (; n > 0; n -= GC_TILE, from += GC_TILE) {                                        \
            State state = name##_tile(from, n < GC_TILE ? n : GC_TILE);                       \
            int level = 0;                                                                    \
            for (; f->tiles >> level & 1; level++)                                            \
                state = name##_join(f->level[level], state);                                  \
            f->level[level] = state;                                                          \
            f->tiles++;                                                                       \
        }                                                                                     \
    }                                                                                         \
                                                                                              \
    static inline State name##_end(const name *f)                                             \
    {                                                                                         \
        State state = (init);                                                                 \
        for (int level = 0; f->tiles >> level; level++)                                       \
            if (f->tiles >> level & 1)                                                        \
                state = name##_join(f->level[level], state);                                  \
        return state;                                                                         \
    }

#define GC_SIMD _Pragma("omp simd")

#endif
