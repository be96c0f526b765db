/* Matrix products of large and of small matrices, compiled once an instruction set: VECTOR_BYTES
 * wide, under the names PANELS and SMALL. `gcr_choose_products` of csrc/runtime chooses among them.
 *
 * A tile is 6 rows by 2 vectors: 12 sums, 2 vectors of b and one of a fill the 16 registers of
 * AVX2, and 12 multiply-adds hide the latency of one (Zen 3: 4 cycles, two a cycle).
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#if defined(__AVX2__)
#include <immintrin.h>
#endif

#include "gradc/abi.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

#if defined(__clang__)
#define UNROLLED _Pragma("clang loop unroll(full)")
#else
#define UNROLLED _Pragma("GCC unroll 8")
#endif

#if defined(__x86_64__)
#define KEEP_ROUNDED(x) __asm__("" : "+x"(x))
#elif defined(__aarch64__)
#define KEEP_ROUNDED(x) __asm__("" : "+w"(x))
#else
#define KEEP_ROUNDED(x) __asm__("" : "+m"(x))
#endif

enum { ROWS = 6, VECTORS = 2, BESIDE = 9, AHEAD = 8 };

#define JOIN_(a, b) a##_##b
#define JOIN(a, b) JOIN_(a, b)
#define NAME(name) JOIN(name, SUFFIX)

#define LANES (VECTOR_BYTES / (int)sizeof(TYPE))
#define COLUMNS (VECTORS * LANES)

#define TYPE double
#define DEPTH 1024
#define SUFFIX f64
#define LANES_OF_TYPE (VECTOR_BYTES / 8)
#define MASKED_LOAD(from, count)                                                              \
    (vector_f64) _mm256_maskload_pd(                                                          \
        from, _mm256_cmpgt_epi64(_mm256_set1_epi64x(count), _mm256_setr_epi64x(0, 1, 2, 3)))
#include "layout.h"
#include "tile.h"
#include "small.h"
#undef TYPE
#undef DEPTH
#undef SUFFIX
#undef LANES_OF_TYPE
#undef MASKED_LOAD

#define TYPE float
#define DEPTH 512
#define SUFFIX f32
#define LANES_OF_TYPE (VECTOR_BYTES / 4)
#define MASKED_LOAD(from, count)                                                              \
    (vector_f32) _mm256_maskload_ps(                                                          \
        from, _mm256_cmpgt_epi32(_mm256_set1_epi32((int)(count)),                             \
                                 _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)))
#include "layout.h"
#include "tile.h"
#include "small.h"

extern const gc_panels PANELS;
const gc_panels PANELS = {pack_f64, pack_f32, rows_f64, rows_f32};

/* What was measured for AVX2 (docs/performance.md); elsewhere only that calling BLAS costs more. */
enum {
    MOST = VECTOR_BYTES == 32 ? GC_SMALL_MOST : 16 * 16,
    FEW = VECTOR_BYTES == 32 ? GC_SMALL_FEW : 0
};

extern const gc_small SMALL;
const gc_small SMALL = {stack_f64, stack_f32, MOST, FEW};
