/* What the functions of a generated library are made of: steps, workspaces, sizes.
 *
 * Sizes are worked out by `plan`, where every sum and product is checked: what does not fit into
 * 63 bits sticks at GC_HUGE and the plan fails. `run` and the chunks compute with them unchecked.
 */
#ifndef GRADC_STEP_H
#define GRADC_STEP_H

#include <stdbool.h>

#include "abi.h"

#if defined(__GNUC__)
#define GC_EXPORT __attribute__((visibility("default")))
#define GC_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define GC_UNUSED __attribute__((unused))
#define GC_SHARED __attribute__((noinline)) /* by several steps: compiled once */
#else
#define GC_EXPORT
#define GC_UNUSED
#define GC_SHARED
#define GC_UNLIKELY(x) (x)
#endif

/* A long file is compiled in GC_PARTS parts at once, each with its number as GC_PART; without it all
 * functions are compiled together. */
#if defined(GC_PART)
#define GC_IN_PART(number) (GC_PART == (number))
#define GC_LOCAL __attribute__((visibility("hidden")))
#else
#define GC_IN_PART(number) 1
#define GC_LOCAL static
#endif

/* Arithmetic of plans: inlined in a short file, three times as fast to compile where it is not. */
#if defined(GC_PARTS)
#define GC_SIZE static __attribute__((noinline, unused))
#else
#define GC_SIZE static inline
#endif

#define GC_HUGE (INT64_C(1) << 61)

/* Steps before the commit point can be made to fail, for tests: build with -DGRADC_FAIL_AT=1. */
#ifdef GRADC_FAIL_AT
#define GC_FAIL_POINTS(count) (count)
#else
#define GC_FAIL_POINTS(count) 0
#endif

static inline int gc_may_go_on(const gc_table *table, gc_frame *frame, int64_t step)
{
#ifdef GRADC_FAIL_AT
    if (frame->fail_at == step) {
        const int64_t values[GC_ERROR_VALUES] = {step, 0, 0, 0};
        return table->fail(frame, GC_ERR_INJECTED, -1, 0, values);
    }
#else
    (void)step;
#endif
    return GC_UNLIKELY(table->poll(frame)) ? GC_ERR_INTERRUPT : GC_OK;
}

/* Do something for a step, and add what it takes to the step's account in a build for profiles. */
#ifdef GRADC_PROFILE
#define GC_TIME(number, what)                                   \
    do {                                                        \
        const double gc_since_ = table->clock();                \
        what;                                                   \
        if (frame->seconds)                                     \
            frame->seconds[number] += table->clock() - gc_since_; \
    } while (0)
#else
#define GC_TIME(number, what) what
#endif

/* Do one step before the commit point; leave the calling function if it fails. */
#define GC_STEP(number, call)                                        \
    do {                                                             \
        int gc_status_ = gc_may_go_on(table, frame, number);         \
        if (gc_status_ == GC_OK)                                     \
            GC_TIME(number, gc_status_ = (call));                    \
        if (GC_UNLIKELY(gc_status_ != GC_OK))                        \
            return gc_status_;                                       \
    } while (0)

/* Do one step of a loop's turn; leave the calling function if it fails. */
#define GC_DO(call)                              \
    do {                                         \
        const int gc_status_ = (call);           \
        if (GC_UNLIKELY(gc_status_ != GC_OK))    \
            return gc_status_;                   \
    } while (0)

/* Whether a loop may go on: not if the user wants out. */
static inline int gc_next(const gc_table *table, gc_frame *frame)
{
    return GC_UNLIKELY(table->poll(frame)) ? GC_ERR_INTERRUPT : GC_OK;
}

/* From here on shared variables are written and nothing can fail. */
#define GC_COMMIT(number)                                            \
    do {                                                             \
        int gc_status_ = gc_may_go_on(table, frame, number);         \
        if (GC_UNLIKELY(gc_status_ != GC_OK))                        \
            return gc_status_;                                       \
    } while (0)

/* The parameters of a chunk's function, which need not use them all. */
#define GC_CHUNK                                                                          \
    GC_UNUSED const gc_table *table, GC_UNUSED gc_frame *frame, GC_UNUSED int64_t chunk,  \
        GC_UNUSED int64_t worker

/* The first of `whole` rows that belongs to a chunk of `length` rows. */
static inline int64_t gc_start(int64_t chunk, int64_t length, int64_t whole)
{
    return chunk * length < whole ? chunk * length : whole;
}

/* The first of `whole` rows that belongs to a chunk of a product by panels. They are shared out as
 * evenly as they go: an equal half for each of two threads is worth more than whole tiles. */
static inline int64_t gc_share(int64_t chunk, int64_t chunks, int64_t whole)
{
    const int64_t pieces = (whole + GC_PANEL_ROWS - 1) / GC_PANEL_ROWS;
    const int64_t row = chunk * pieces / chunks * GC_PANEL_ROWS;
    return row < whole ? row : whole;
}

/* A frame of our own, with `count` sizes of our own: a part of a loop counts its turns in them. */
static inline gc_frame gc_own(const gc_frame *frame, int64_t *sizes, int64_t count)
{
    gc_frame own = *frame;
    for (int64_t k = 0; k < count; k++)
        sizes[k] = frame->sizes[k];
    own.sizes = sizes;
    return own;
}

/* Run all chunks of a nest or product. */
static inline int gc_chunks(const gc_table *table, gc_frame *frame, gc_chunk chunk, int64_t count)
{
    return count == 1 ? chunk(table, frame, 0, 0) : table->parallel(table, frame, chunk, count);
}

static inline int gc_fail(const gc_table *table, gc_frame *frame, int32_t code, int32_t site,
                          int64_t order, int64_t first, int64_t second, int64_t third)
{
    int64_t values[GC_ERROR_VALUES]; /* no initializer: gcc 12.2 broadcasts constants before a 0 */
    values[0] = first;
    values[1] = second;
    values[2] = third;
    values[3] = 0;
    return table->fail(frame, code, site, order, values);
}

/* A condition on sizes that the call must meet. */
#define GC_CHECK(condition, code, note, first, second)                                    \
    do {                                                                                  \
        if (GC_UNLIKELY(!(condition)))                                                    \
            return gc_fail(table, frame, code, note, 0, first, second, 0);                \
    } while (0)

/* Memory at an offset into a segment's workspace. */
static inline void *gc_work(const gc_frame *frame, int32_t segment, int64_t offset)
{
    return frame->work[segment] + offset;
}

/* Bytes rounded up to whole cache lines. */
static inline int64_t gc_lines(int64_t bytes)
{
    return (bytes + 63) & ~INT64_C(63);
}

static inline int64_t gc_minimum(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline int64_t gc_maximum(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* As Python divides; 0 where b is 0. */
GC_SIZE int64_t gc_floor_div(int64_t a, int64_t b)
{
    if (b == 0)
        return 0;
    if (b == -1) /* the least number has no negative one, and the processor traps */
        return (int64_t)(0 - (uint64_t)a);
    const int64_t quotient = a / b;
    return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

/* The smallest integer not below a / b, for b > 0. */
static inline int64_t gc_ceil_div(int64_t a, int64_t b)
{
    return a / b + (a % b > 0);
}

/* How many pieces of about `grain` units work is cut into: at least 1, at most `most`. */
GC_SIZE int64_t gc_cut(int64_t work, int64_t grain, int64_t most)
{
    return gc_maximum(gc_minimum(work / grain, most), 1);
}

/* Into how many blocks a matrix product is cut: one below twice `least` multiplications, then two,
 * more in pairs as each comes to have `whole`; at most `most`. */
GC_SIZE int64_t gc_blocks(int64_t work, int64_t least, int64_t whole, int64_t most)
{
    return gc_minimum(2 * gc_cut(work, whole, 8), gc_cut(work, least, most));
}

/* Into how many blocks the rows of a product by panels are cut: a power of two, so that 2, 4 or 8
 * threads have equally many, of at least `least` multiplications each; at most `most`. */
static inline int64_t gc_halvings(int64_t work, int64_t least, int64_t most)
{
    int64_t blocks = 1;
    while (2 * blocks <= most && work / (2 * blocks) >= least)
        blocks *= 2;
    return blocks;
}

/* How many binary digits a natural number has; none for 0. */
static inline int64_t gc_digits(int64_t count)
{
    int64_t digits = 0;
    for (; count > 0; count >>= 1)
        digits++;
    return digits;
}

/* A Python index as a position. */
static inline int64_t gc_wrap(int64_t index, int64_t length)
{
    return index < 0 ? index + length : index;
}

static inline int64_t gc_limit(int64_t x)
{
    return gc_maximum(gc_minimum(x, GC_HUGE), -GC_HUGE);
}

GC_SIZE int64_t gc_mul(int64_t a, int64_t b)
{
    int64_t product;
    if (__builtin_mul_overflow(a, b, &product))
        return (a < 0) == (b < 0) ? GC_HUGE : -GC_HUGE;
    return gc_limit(product);
}

GC_SIZE int64_t gc_add(int64_t a, int64_t b)
{
    return gc_limit(gc_limit(a) + gc_limit(b));
}

/* How many groups of columns the panels of n columns are shared out in. */
static inline int64_t gc_panel_count(int64_t n) { return gc_ceil_div(n, GC_PANEL_COLUMNS); }

/* Elements of b[k, n] in panels. */
static inline int64_t gc_panel_size(int64_t k, int64_t n)
{
    return gc_mul(k, gc_mul(gc_panel_count(n), GC_PANEL_COLUMNS));
}

/* Elements of the panels that b[k, n] is packed into once for all threads (gc_panels of abi.h); 0
 * where that is not worth it. Above GC_PANEL_MOST they would double the memory of a large matrix;
 * below some rows, the more the larger b is, or 2^14 multiplications packing costs more than it
 * saves, and a small b is read where it lies. */
static inline int64_t gc_panel_room(int64_t m, int64_t k, int64_t n)
{
    const bool is_some = m <= GC_SMALL_SOME;
    const int64_t wanted = gc_panel_size(k, n), small = is_some ? GC_SMALL_CACHED : GC_SMALL_MOST;
    const bool is_small = k <= GC_SMALL_DEPTH && gc_mul(k, n) <= small;
    const bool is_worth_it = !is_small && m > GC_SMALL_FEW && gc_mul(gc_mul(m, k), n) >= 1 << 14;
    return is_worth_it && wanted <= (is_some ? GC_PANEL_SOME : GC_PANEL_MOST) ? wanted : 0;
}

/* Into how many blocks the m rows of a product by b[k, n] are cut at most: a tile each, or two,
 * while b stays in cache; more rows where each block reads it from memory, or where BLAS packs it
 * in each; but two for two threads. */
static inline int64_t gc_panel_blocks(int64_t m, int64_t k, int64_t n)
{
    const int64_t wanted = gc_panel_size(k, n);
    const int64_t rows = wanted <= GC_PANEL_NEAR ? 12 : wanted <= GC_PANEL_MOST ? 64 : 128;
    return gc_minimum(gc_maximum(m / rows, gc_minimum(m / 8, 2)), 16);
}

/* As gc_panel_room, where b is packed once for all turns of a loop: from few rows on it pays. */
static inline int64_t gc_loop_room(int64_t m, int64_t k, int64_t n)
{
    const int64_t wanted = gc_panel_size(k, n);
    return m >= 4 && gc_mul(k, n) >= 1 << 10 && wanted <= GC_PANEL_SOME ? wanted : 0;
}

/* Bytes of a worker's memory for rows in panels. */
static inline int64_t gc_panel_scratch(void) { return GC_PANEL_SCRATCH; }

/* The offset of the next piece of a workspace of which `*bytes` are dealt out. */
GC_SIZE int64_t gc_take(int64_t *bytes, int64_t elements, int64_t itemsize, int64_t copies)
{
    const int64_t offset = *bytes;
    const int64_t each = gc_mul(gc_add(gc_mul(elements, itemsize), 63) / 64, 64);
    *bytes = gc_add(offset, gc_mul(each, copies));
    return offset;
}

/* The offsets of the next `count` pieces, all of one size. */
static inline void gc_take_equal(int64_t *bytes, int64_t elements, int64_t itemsize,
                                 int64_t copies, int64_t count, int64_t *offsets)
{
    for (int64_t k = 0; k < count; k++)
        offsets[k] = gc_take(bytes, elements, itemsize, copies);
}

#endif
