/* Matrix products by panels, compiled once an instruction set: VECTOR_BYTES wide, under the name
 * PANELS. `gcr_panels` of csrc/runtime chooses among them.
 *
 * A tile is 6 rows by 2 vectors: 12 sums, 2 vectors of b and one of a fill the 16 registers of
 * AVX2, and 12 multiply-adds hide the latency of one (Zen 3: 4 cycles, two a cycle).
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "gradc/abi.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

#if defined(__x86_64__)
#define KEEP_ROUNDED(x) __asm__("" : "+x"(x))
#elif defined(__aarch64__)
#define KEEP_ROUNDED(x) __asm__("" : "+w"(x))
#else
#define KEEP_ROUNDED(x) __asm__("" : "+m"(x))
#endif

enum { ROWS = 6, VECTORS = 2 };

#define TYPE double
#define SUFFIX f64
#define DEPTH 1024
#include "tile.h"

#define TYPE float
#define SUFFIX f32
#define DEPTH 1024
#include "tile.h"

extern const gc_panels PANELS;
const gc_panels PANELS = {pack_f64, pack_f32, rows_f64, rows_f32};
