/* Matrix products of large and of small matrices, compiled once an instruction set: VECTOR_BYTES
 * wide, under the names PANELS and SMALL. `gcr_choose_products` of csrc/runtime chooses among them.
 *
 * A tile is 6 rows by 2 vectors: 12 sums, 2 vectors of b and one of a fill the 16 registers of
 * AVX2, and 12 multiply-adds hide the latency of one (Zen 3: 4 cycles, two a cycle). AVX-512 has
 * 32 registers, so there it is 12 rows.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#if VECTOR_BYTES > 16
#include <immintrin.h>
#endif

#include "gradc/abi.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

#if defined(__clang__)
#define UNROLLED _Pragma("clang loop unroll(full)")
#else
#define UNROLLED _Pragma("GCC unroll 16")
#endif

#if defined(__x86_64__)
#define KEEP_ROUNDED(x) __asm__("" : "+x"(x))
#elif defined(__aarch64__)
#define KEEP_ROUNDED(x) __asm__("" : "+w"(x))
#else
#define KEEP_ROUNDED(x) __asm__("" : "+m"(x))
#endif

enum { ROWS = VECTOR_BYTES == 64 ? 12 : 6, VECTORS = 2, BESIDE = 9, AHEAD = 8 };

/* `of` for each height of a tile, the lowest first. */
#define UP_TO_6(of) of(1) of(2) of(3) of(4) of(5) of(6)
#if VECTOR_BYTES == 64
#define EACH_HEIGHT(of) UP_TO_6(of) of(7) of(8) of(9) of(10) of(11) of(12)
#else
#define EACH_HEIGHT(of) UP_TO_6(of)
#endif

#define JOIN_(a, b) a##_##b
#define JOIN(a, b) JOIN_(a, b)
#define NAME(name) JOIN(name, SUFFIX)

#ifdef NARROWER
extern const gc_small NARROWER;
#endif

#define LANES (VECTOR_BYTES / (int)sizeof(TYPE))
#define COLUMNS (VECTORS * LANES)

/* The first `count` bits. */
#define FIRST(count) ((1u << (count)) - 1)

#define TYPE double
#define DEPTH 1024
#define SUFFIX f64
#define LANES_OF_TYPE (VECTOR_BYTES / 8)
#if VECTOR_BYTES == 64
#define MASKED_LOAD(from, count) \
    (vector_f64) _mm512_maskz_loadu_pd((__mmask8)FIRST(count), from)
#define MASKED_STORE(to, value, count) \
    _mm512_mask_storeu_pd(to, (__mmask8)FIRST(count), (__m512d)(value))
#elif VECTOR_BYTES == 32
#define MASKED_LOAD(from, count)                                                              \
    (vector_f64) _mm256_maskload_pd(                                                          \
        from, _mm256_cmpgt_epi64(_mm256_set1_epi64x(count), _mm256_setr_epi64x(0, 1, 2, 3)))
#endif
#include "layout.h"
#include "tile.h"
#include "small.h"
#undef TYPE
#undef DEPTH
#undef SUFFIX
#undef LANES_OF_TYPE
#undef MASKED_LOAD
#undef MASKED_STORE

#define TYPE float
#define DEPTH 512
#define SUFFIX f32
#define LANES_OF_TYPE (VECTOR_BYTES / 4)
#if VECTOR_BYTES == 64
#define MASKED_LOAD(from, count) \
    (vector_f32) _mm512_maskz_loadu_ps((__mmask16)FIRST(count), from)
#define MASKED_STORE(to, value, count) \
    _mm512_mask_storeu_ps(to, (__mmask16)FIRST(count), (__m512)(value))
#elif VECTOR_BYTES == 32
#define MASKED_LOAD(from, count)                                                              \
    (vector_f32) _mm256_maskload_ps(                                                          \
        from, _mm256_cmpgt_epi32(_mm256_set1_epi32((int)(count)),                             \
                                 _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)))
#endif
#include "layout.h"
#include "tile.h"
#include "small.h"

extern const gc_panels PANELS;
const gc_panels PANELS = {pack_f64, pack_f32, rows_f64, rows_f32};

/* What was measured for AVX2 and AVX-512 (docs/performance.md); elsewhere only that calling BLAS
 * costs more. */
enum {
    MOST = VECTOR_BYTES > 16 ? GC_SMALL_MOST : 16 * 16,
    CACHED = VECTOR_BYTES > 16 ? GC_SMALL_CACHED : 0,
    SOME = VECTOR_BYTES > 16 ? GC_SMALL_SOME : 0,
    NEAR = VECTOR_BYTES > 16 ? GC_SMALL_NEAR : 0,
    FEW = VECTOR_BYTES > 16 ? GC_SMALL_FEW : 0
};

extern const gc_small SMALL;
const gc_small SMALL = {stack_f64, stack_f32, MOST, CACHED, SOME, NEAR, FEW};
