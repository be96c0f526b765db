/* Bit patterns, fused multiply-add and selects: what every vector function is built from.
 *
 * The functions of this folder are plain scalar C without branches or tables. Inlined into a
 * loop marked `#pragma omp simd` they become vector code, and the scalar tail of that loop runs
 * the same operations in the same order, so body and tail agree to the bit. Needed flags:
 * -O3 -fno-math-errno -fno-trapping-math -ffp-contract=off -fwrapv -fopenmp-simd -std=c11.
 *
 * What stops gcc 12 from vectorising, and what stands here in its place:
 * - double <-> int64 casts exist as vector instructions with AVX-512DQ only. Adding 1.5 * 2^52
 *   rounds to an integer (ties to even) and leaves it in the low bits of the sum.
 * - 64-bit arithmetic right shifts and integer compares are missing before AVX-512 and SSE4:
 *   shift logically, compare as floats.
 * - a select is a branch at first, and of two in a row the compiler takes the paths apart before
 *   it makes vectors of them: x < lo ? lo : (x > hi ? hi : x) became nine instructions in place
 *   of four. Compare first, all of it, then select; or let a sum do it, for c ? x : 0 is a mask.
 * - a table lookup becomes a gather: slower than the longer polynomial that replaces it.
 */
#ifndef GRADC_BITS_H
#define GRADC_BITS_H

#include <stdint.h>
#include <string.h>

/* For what branches and loops: called, and not warned of where a file has no use for it. */
#if defined(__GNUC__)
#define GC_CALLED static __attribute__((noinline, unused))
#else
#define GC_CALLED static
#endif

/* Always inlined: a call left standing in a loop would cost a factor of ten. */
#if defined(__GNUC__)
#define GC_INLINE static inline __attribute__((always_inline))
#else
#define GC_INLINE static inline
#endif

/* x * y + z, fused where the target does it in one instruction. Written only where both ways
 * stay within the stated error; contraction is never left to the compiler. */
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
#define GC_HAS_FMA 1
#define GC_FMA64(x, y, z) __builtin_fma((x), (y), (z))
#define GC_FMA32(x, y, z) __builtin_fmaf((x), (y), (z))
#else
#define GC_HAS_FMA 0
#define GC_FMA64(x, y, z) ((x) * (y) + (z))
#define GC_FMA32(x, y, z) ((x) * (y) + (z))
#endif

#define GC_INF64 __builtin_inf()
#define GC_INF32 __builtin_inff()
#define GC_NAN64 __builtin_nan("")
#define GC_NAN32 __builtin_nanf("")
#define GC_ONE_BITS_F64 UINT64_C(0x3ff0000000000000) /* of 1.0 */
#define GC_ONE_BITS_F32 UINT32_C(0x3f800000)

GC_INLINE uint64_t gc_bits_f64(double x) {
    uint64_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

GC_INLINE double gc_from_bits_f64(uint64_t u) {
    double x;
    memcpy(&x, &u, sizeof x);
    return x;
}

GC_INLINE uint32_t gc_bits_f32(float x) {
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

GC_INLINE float gc_from_bits_f32(uint32_t u) {
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}

/* x * y - p for p = x * y rounded: exact (without an fma by halves, Dekker 1971) as long as
 * nothing underflows. */
GC_INLINE double gc_product_error_f64(double x, double y, double p) {
#if GC_HAS_FMA
    return GC_FMA64(x, y, -p);
#else
    const double xh = gc_from_bits_f64(gc_bits_f64(x) & UINT64_C(0xfffffffff8000000));
    const double yh = gc_from_bits_f64(gc_bits_f64(y) & UINT64_C(0xfffffffff8000000));
    const double xl = x - xh;
    const double yl = y - yh;
    return (((xh * yh - p) + xh * yl) + xl * yh) + xl * yl;
#endif
}

GC_INLINE float gc_product_error_f32(float x, float y, float p) {
#if GC_HAS_FMA
    return GC_FMA32(x, y, -p);
#else
    const float xh = gc_from_bits_f32(gc_bits_f32(x) & UINT32_C(0xfffff000));
    const float yh = gc_from_bits_f32(gc_bits_f32(y) & UINT32_C(0xfffff000));
    const float xl = x - xh;
    const float yl = y - yh;
    return (((xh * yh - p) + xh * yl) + xl * yh) + xl * yl;
#endif
}

/* n - q * d for q = n / d rounded, exact likewise. */
GC_INLINE double gc_remainder_f64(double n, double q, double d) {
    const double p = q * d;
    return GC_HAS_FMA ? GC_FMA64(-q, d, n) : (n - p) - gc_product_error_f64(q, d, p);
}

GC_INLINE float gc_remainder_f32(float n, float q, float d) {
    const float p = q * d;
    return GC_HAS_FMA ? GC_FMA32(-q, d, n) : (n - p) - gc_product_error_f32(q, d, p);
}

/* x limited to [lo, hi]; nan stays nan. Both compares stand before both selects: see above. */
GC_INLINE double gc_clamp_f64(double x, double lo, double hi) {
    const int below = x < lo;
    const int above = x > hi;
    x = below ? lo : x;
    return above ? hi : x;
}

GC_INLINE float gc_clamp_f32(float x, float lo, float hi) {
    const int below = x < lo;
    const int above = x > hi;
    x = below ? lo : x;
    return above ? hi : x;
}

#endif
